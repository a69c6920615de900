"""The rules by which training moves the weights: torch.optim on the rows of an ensemble.

All of them work element by element, so that one optimiser trains every network of the ensemble.
"""

from typing import Any

import numpy as np
import torch

from quantlearn.networks.compiled.batches import Adam

__all__ = [
    "compiled_adam",
    "export_optimiser",
    "keep_rows",
    "make_optimiser",
    "restore_optimiser",
]


def make_optimiser(
    flat: torch.nn.Parameter, settings: dict[str, Any], recorded: bool = False
) -> torch.optim.Optimizer:
    """The optimiser that an experiment's ``training`` asks for, on weights (trials, row).

    What the settings leave open is as in the 2019 protocol and torch: Adam's averages decay by 0.9
    and 0.999, RMSprop's by 0.99, ε = 1e-8. ``weight_decay`` λ adds λ · weights to the gradient (L2
    regularisation); for AdamW it shrinks the weights by themselves (Loshchilov & Hutter 2019).

    ``recorded``: its steps will be recorded as a CUDA graph, so that it must count them on the GPU;
    SGD counts none.
    """
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
                [flat], betas=(0.9, 0.999), eps=1e-8, fused=True, capturable=recorded, **common
            )
    raise ValueError(f"unknown optimiser {settings['optimiser']!r}")


def compiled_adam(
    optimiser: torch.optim.Optimizer, flat: torch.nn.Parameter, steps: int
) -> Adam | None:
    """What compiled and fused code needs to take the next steps in the place of ``optimiser``.

    It moves the optimiser's own averages, and its count of steps is moved here. None where it is
    neither Adam nor AdamW.
    """
    if not isinstance(optimiser, torch.optim.Adam):
        return None
    [group] = optimiser.param_groups
    state = optimiser.state[flat]
    if not state:
        state["step"] = torch.zeros((), dtype=torch.float32)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(flat), torch.zeros_like(flat)
    count = state["step"].item() + np.arange(1, steps + 1)
    state["step"] += steps
    rate, decay, (mean, square) = group["lr"], group["weight_decay"], group["betas"]
    decoupled = isinstance(optimiser, torch.optim.AdamW)
    known = [
        rate / (1 - mean**count),
        np.sqrt(1 - square**count),
        [1 - mean, 1 - square, group["eps"]],
        [0.0, rate * decay] if decoupled else [decay, 0.0],
    ]
    rates, roots, keep, decays = (flat.new_tensor(part) for part in known)
    return Adam(
        rates=rates,
        roots=roots,
        means=state["exp_avg"],
        squares=state["exp_avg_sq"],
        keep=keep,
        decay=decays,
    )


def keep_rows(optimiser: torch.optim.Optimizer, flat: torch.nn.Parameter, rows: np.ndarray) -> None:
    """Cut the weights that ``optimiser`` moves, and all it remembers of them, to some rows."""
    index = torch.as_tensor(rows, device=flat.device)
    state = optimiser.state[flat]
    for name, value in state.items():
        if isinstance(value, torch.Tensor) and value.shape == flat.shape:  # not the step count
            state[name] = value[index]
    flat.grad = None
    flat.data = flat.data[index]


def export_optimiser(
    optimiser: torch.optim.Optimizer, flat: torch.nn.Parameter
) -> dict[str, np.ndarray | None]:
    """All that ``optimiser`` remembers of the weights that it moves."""
    return {
        name: None if value is None else value.cpu().numpy()
        for name, value in optimiser.state[flat].items()
    }


def restore_optimiser(
    optimiser: torch.optim.Optimizer, exported: dict[str, np.ndarray | None]
) -> None:
    """Let a new ``optimiser`` with the same settings go on from what was exported."""
    remembered = {
        name: None if value is None else torch.tensor(value) for name, value in exported.items()
    }
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": {0: remembered}, "param_groups": groups})
