"""Feed-forward networks: ŷ = f_L(… f_2(f_1(x W¹ + b¹) W² + b²) …).

The input x is the whole scene at once: the zone one-hots of all positions side by side, and the
quantifier one-hot once, or those of these inputs that `Task.scene_inputs` says. With batch
normalisation each hidden sum is normalised before the activation, and dropout comes after it.
"""

from typing import Any

import numpy as np
import torch

from quantlearn.networks.dropout_and_batch_norm import Evaluation
from quantlearn.networks.layers import ACTIVATIONS, affine, bias, kernel
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES


def compiled_core(settings: dict[str, Any], task: Task, threads: int) -> Any:
    """The same network, compiled for the CPU."""
    # numba takes half a second, which the eager core saves.
    from quantlearn.networks.compiled.feedforward import FeedforwardCore  # noqa: PLC0415

    return FeedforwardCore(settings, task, threads)


def initialise(
    settings: dict[str, Any], task: Task, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one network by name, layer0 … and readout."""
    scheme = settings["initialisation"]
    hidden = [settings["hidden"]] * settings["layers"]
    widths = [len(task.scene_inputs(settings["objects"])), *hidden, task.outputs]
    names = [*(f"layer{layer}" for layer in range(settings["layers"])), "readout"]
    weights = {}
    for name, inputs, outputs in zip(names, widths[:-1], widths[1:], strict=True):
        weights[f"{name}.kernel"] = kernel(rng, inputs, outputs, scheme)
        weights[f"{name}.bias"] = bias(rng, outputs, scheme, fan_in=inputs)
        if settings["batch_norm"] and name != "readout":
            weights[f"{name}.norm.scale"] = np.ones(outputs)
            weights[f"{name}.norm.shift"] = np.zeros(outputs)
            weights[f"{name}.norm.running_mean"] = np.zeros(outputs)
            weights[f"{name}.norm.running_variance"] = np.ones(outputs)
    return weights


def forward(
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    settings: dict[str, Any],
    task: Task,
    mode: Evaluation,
) -> torch.Tensor:
    """Logits (trials, batch, 2) for tokens (trials, batch, positions)."""
    vectors = task.one_hot(tokens, weights["readout.kernel"].dtype)
    zones = vectors[..., : len(ZONES)].flatten(start_dim=2)
    x = torch.cat([zones, vectors[:, :, 0, len(ZONES) :]], dim=2)
    if settings["objects"] == "binary":
        x = x[..., task.scene_inputs("binary")]
    activation = ACTIVATIONS[settings["activation"]]
    for layer in range(settings["layers"]):
        x = affine(x, weights, f"layer{layer}")
        if settings["batch_norm"]:
            x = mode.batch_norm(x, weights, f"layer{layer}.norm")
        x = mode.dropout(activation(x), settings["dropout"])
    return affine(x, weights, "readout")
