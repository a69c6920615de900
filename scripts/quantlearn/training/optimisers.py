"""The rules by which training moves the weights: torch.optim on the rows of an ensemble.

All of them work element by element, so that one optimiser trains every network of the ensemble.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from quantlearn.networks.compiled.batches import Adam

__all__ = [
    "AdamInRounds",
    "Optimiser",
    "export_optimiser",
    "keep_rows",
    "make_optimiser",
    "restore_optimiser",
]

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


class AdamInRounds:
    """Adam or AdamW for compiled and fused code, which takes all steps of a round by itself.

    Remembers what torch's own does, by the same names: ``state`` of the weights ``flat``. To make
    that one would load the compiler of torch, which nothing here needs.
    """

    def __init__(self, flat: torch.nn.Parameter, settings: Mapping[str, Any]) -> None:
        self.flat = flat
        self.settings = settings
        averages = {name: torch.zeros_like(flat) for name in ("exp_avg", "exp_avg_sq")}
        self.state = {flat: {"step": torch.zeros(()), **averages}}

    def next_steps(self, count: int) -> Adam:
        """What code needs to take so many steps; their number is counted here."""
        state, rate = self.state[self.flat], self.settings["learning_rate"]
        steps = state["step"].item() + np.arange(1, count + 1)
        state["step"] += count
        mean, square = _BETAS
        decay = self.settings["weight_decay"]
        known = [
            rate / (1 - mean**steps),
            np.sqrt(1 - square**steps),
            [1 - mean, 1 - square, _EPSILON],
            [0.0, rate * decay] if self.settings["optimiser"] == "adamw" else [decay, 0.0],
        ]
        rates, roots, keep, decays = (self.flat.new_tensor(part) for part in known)
        return Adam(
            rates=rates,
            roots=roots,
            means=state["exp_avg"],
            squares=state["exp_avg_sq"],
            keep=keep,
            decay=decays,
        )


Optimiser = torch.optim.Optimizer | AdamInRounds


def make_optimiser(
    flat: torch.nn.Parameter,
    settings: dict[str, Any],
    recorded: bool = False,
    in_rounds: bool = False,
) -> Optimiser:
    """The optimiser that an experiment's ``training`` asks for, on weights (trials, row).

    What the settings leave open is as in the 2019 protocol and torch: Adam's averages decay by 0.9
    and 0.999, RMSprop's by 0.99, ε = 1e-8. ``weight_decay`` λ adds λ · weights to the gradient (L2
    regularisation); for AdamW it shrinks the weights by themselves (Loshchilov & Hutter 2019).

    ``recorded``: its steps will be recorded as a CUDA graph, so that it must count them on the GPU;
    SGD counts none. ``in_rounds``: there is code that takes the steps, if it is Adam or AdamW.
    """
    if in_rounds and settings["optimiser"] in ("adam", "adamw"):
        return AdamInRounds(flat, settings)
    common = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
    match settings["optimiser"]:
        case "sgd":
            return torch.optim.SGD([flat], momentum=settings["momentum"], fused=True, **common)
        case "rmsprop":
            momentum = settings["momentum"]
            return torch.optim.RMSprop(
                [flat], momentum=momentum, alpha=0.99, eps=1e-8, capturable=recorded, **common
            )
        case "adam" | "adamw" as name:
            kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
            return kind(
                [flat], betas=_BETAS, eps=_EPSILON, fused=True, capturable=recorded, **common
            )
    raise ValueError(f"unknown optimiser {settings['optimiser']!r}")


def keep_rows(optimiser: Optimiser, flat: torch.nn.Parameter, rows: np.ndarray) -> None:
    """Cut the weights that ``optimiser`` moves, and all it remembers of them, to some rows."""
    index = torch.as_tensor(rows, device=flat.device)
    state = optimiser.state[flat]
    for name, value in state.items():
        if isinstance(value, torch.Tensor) and value.shape == flat.shape:  # not the step count
            state[name] = value[index]
    flat.grad = None
    flat.data = flat.data[index]


def export_optimiser(
    optimiser: Optimiser, flat: torch.nn.Parameter
) -> dict[str, np.ndarray | None]:
    """All that ``optimiser`` remembers of the weights that it moves."""
    return {
        name: None if value is None else value.cpu().numpy()
        for name, value in optimiser.state[flat].items()
    }


def restore_optimiser(optimiser: Optimiser, exported: dict[str, np.ndarray | None]) -> None:
    """Let a new ``optimiser`` with the same settings go on from what was exported."""
    remembered = {
        name: None if value is None else torch.tensor(value) for name, value in exported.items()
    }
    if isinstance(optimiser, AdamInRounds):
        flat = optimiser.flat
        for name in optimiser.state[flat].keys() & remembered.keys():
            place = "cpu" if name == "step" else flat.device
            optimiser.state[flat][name] = remembered[name].to(place)
        return
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": {0: remembered}, "param_groups": groups})
