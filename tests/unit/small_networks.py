"""Networks of every architecture and random batches for them."""

import numpy as np
import torch
from torch.func import functional_call

from quantlearn.networks import settings
from quantlearn.networks.dropout_and_batch_norm import Training

ARCHITECTURES = ["feedforward", "gru", "lstm", "rnn", "transformer"]

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def network(architecture, **changes):
    """The settings of a network: the defaults of its architecture, but for some changes."""
    own = settings.ARCHITECTURES[architecture].settings
    defaults = {name: part["default"] for name, part in own.items()}
    common = {
        **{"architecture": architecture, "initialisation": "torch", "precision": "float64"},
        "quantifiers": "one_hot",
    }
    return {**common, **defaults, **changes}


def start(ensemble, trials):
    return ensemble.initialise([np.random.default_rng(trial) for trial in range(trials)])


def random_batch(task, trials, batch, seed=0):
    """Tokens, lengths and labels of random scenes."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, task.positions, size=(trials, batch), endpoint=True)
    scenes = rng.integers(4, size=(trials, batch, task.positions)).astype(np.uint8)
    scenes[np.arange(task.positions) >= lengths[..., None]] = 4
    quantifiers = rng.integers(task.quantifiers, size=(trials, batch))
    tokens = np.stack([task.tokens(s, q) for s, q in zip(scenes, quantifiers, strict=True)])
    labels = torch.as_tensor(rng.integers(2, size=(trials, batch)))
    return torch.as_tensor(tokens), torch.as_tensor(lengths), labels


def assert_step_within_company(ensemble, flat, batch, trials):
    """A step's loss and gradient of some trials are, within 1e-6, those of each trial alone.

    batch: tokens, lengths and labels of all trials. Masks come from each trial's own stream.
    """

    def step(some):
        mode = Training([np.random.default_rng(trial) for trial in some])
        return ensemble.loss_gradient(flat[some], *(part[some] for part in batch), mode)

    loss, gradient = step(list(range(len(flat))))
    for trial in trials:
        alone = step([trial])
        torch.testing.assert_close(alone, (loss[[trial]], gradient[[trial]]), atol=1e-6, rtol=0)


def weights_of(ensemble, flat, trial):
    """Weights of one trial by name, each a leaf that collects its own gradient."""
    unpacked = ensemble.unpack(flat.detach())
    return {name: array[trial].clone().requires_grad_() for name, array in unpacked.items()}


def torch_states(weights, tokens, settings, task):
    """What torch.nn.RNN, GRU or LSTM gives for tokens (batch, positions), with the weights."""
    hidden, layers = settings["hidden"], settings["layers"]
    kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    more = {"nonlinearity": settings["activation"]} if "activation" in settings else {}
    module = kind[settings["architecture"]](
        task.inputs,
        hidden,
        layers,
        batch_first=True,
        dtype=weights["readout.kernel"].dtype,
        **more,
    )
    given = {}
    for layer in range(layers):
        kernel, bias = weights[f"layer{layer}.kernel"], weights[f"layer{layer}.bias"]
        inputs = len(kernel) - hidden
        given[f"weight_ih_l{layer}"] = kernel[:inputs].T
        given[f"weight_hh_l{layer}"] = kernel[inputs:].T
        given[f"bias_ih_l{layer}"] = bias
        reset = weights.get(f"layer{layer}.reset_bias", bias[:0])
        zeros = torch.zeros_like(bias[len(reset) :])
        given[f"bias_hh_l{layer}"] = torch.cat([zeros, reset])
    return functional_call(module, given, (task.one_hot(tokens, kernel.dtype),))
