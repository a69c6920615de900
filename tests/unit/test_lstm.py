"""The ensemble LSTM against torch.nn.LSTM holding the same weights."""

import numpy as np
import pytest
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def lstm_settings(**changes):
    return {
        "architecture": "lstm",
        "layers": 2,
        "hidden": 12,
        "padding": "masked",
        "initialisation": "torch",
        "precision": "float64",
        **changes,
    }


def start(ensemble, trials):
    return ensemble.initialise([np.random.default_rng(trial) for trial in range(trials)])


def random_batch(task, trials, batch, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, task.positions, size=(trials, batch), endpoint=True)
    scenes = rng.integers(4, size=(trials, batch, task.positions)).astype(np.uint8)
    scenes[np.arange(task.positions) >= lengths[..., None]] = 4
    quantifiers = rng.integers(task.quantifiers, size=(trials, batch))
    tokens = np.stack([task.tokens(s, q) for s, q in zip(scenes, quantifiers, strict=True)])
    labels = torch.as_tensor(rng.integers(2, size=(trials, batch)))
    return torch.as_tensor(tokens), torch.as_tensor(lengths), labels


def torch_twin(weights, trial, settings, inputs):
    """torch.nn.LSTM and read-out with the weights of one trial."""
    hidden = settings["hidden"]
    lstm = torch.nn.LSTM(
        inputs,
        hidden,
        settings["layers"],
        batch_first=True,
        dtype=getattr(torch, settings["precision"]),
    )
    with torch.no_grad():
        for layer in range(settings["layers"]):
            kernel = weights[f"layer{layer}.kernel"][trial]
            width = len(kernel) - hidden
            getattr(lstm, f"weight_ih_l{layer}").copy_(kernel[:width].T)
            getattr(lstm, f"weight_hh_l{layer}").copy_(kernel[width:].T)
            getattr(lstm, f"bias_ih_l{layer}").copy_(weights[f"layer{layer}.bias"][trial])
            getattr(lstm, f"bias_hh_l{layer}").zero_()
    return lstm


@pytest.mark.parametrize("core", ["eager", "compiled"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("padding", ["masked", "read"])
@pytest.mark.parametrize(("layers", "hidden"), [(1, 5), (2, 12), (3, 7)])
def test_forward_and_gradients_agree_with_torch(core, precision, padding, layers, hidden):
    settings = lstm_settings(precision=precision, padding=padding, layers=layers, hidden=hidden)
    task = Task(positions=9, quantifiers=2)
    ensemble = Ensemble(settings, task, core=core)
    flat = start(ensemble, 3).requires_grad_()
    tokens, lengths, labels = random_batch(task, 3, 6)

    logits = ensemble.logits(flat, tokens, lengths)
    losses, gradient = ensemble.loss_gradient(flat, tokens, lengths, labels)
    gradients = ensemble.unpack(gradient)

    weights = {name: array.detach() for name, array in ensemble.unpack(flat).items()}
    for trial in range(3):
        lstm = torch_twin(weights, trial, settings, task.inputs)
        kernel = weights["readout.kernel"][trial].clone().requires_grad_()
        bias = weights["readout.bias"][trial].clone().requires_grad_()
        states, _ = lstm(task.one_hot(tokens[trial], ensemble.dtype))
        last = lengths[trial] - 1 if padding == "masked" else torch.full((6,), 8)
        expected = states[torch.arange(6), last] @ kernel + bias
        loss = torch.nn.functional.cross_entropy(expected, labels[trial])
        loss.backward()
        bound = {"atol": TOLERANCE[precision], "rtol": 0}
        torch.testing.assert_close(losses[trial], loss.detach(), **bound)
        torch.testing.assert_close(logits[trial], expected, **bound)
        torch.testing.assert_close(gradients["readout.kernel"][trial], kernel.grad, **bound)
        for layer in range(layers):
            both = torch.cat(
                [getattr(lstm, f"weight_{part}_l{layer}").grad.T for part in ("ih", "hh")]
            )
            torch.testing.assert_close(gradients[f"layer{layer}.kernel"][trial], both, **bound)
            torch.testing.assert_close(
                gradients[f"layer{layer}.bias"][trial],
                getattr(lstm, f"bias_ih_l{layer}").grad,
                **bound,
            )


@pytest.mark.parametrize("padding", ["masked", "read"])
def test_planned_evaluation_gives_the_logits(padding):
    task = Task(positions=9, quantifiers=2)
    ensemble = Ensemble(lstm_settings(padding=padding), task, core="compiled")
    flat = start(ensemble, 3)
    tokens, lengths, _ = random_batch(task, 3, 40)
    planned = ensemble.planned_logits(flat, ensemble.plan(tokens, lengths))
    bound = {"atol": 1e-12, "rtol": 0}
    torch.testing.assert_close(planned, ensemble.logits(flat, tokens, lengths), **bound)


@pytest.mark.parametrize("core", ["eager", "compiled"])
def test_masked_padding_is_not_read(core):
    task = Task(positions=8, quantifiers=1)
    ensemble = Ensemble(lstm_settings(), task, core=core)
    flat = start(ensemble, 2)
    tokens, lengths, _ = random_batch(task, 2, 5)
    other = tokens.clone()
    other[torch.arange(8) >= lengths[..., None]] = 2
    torch.testing.assert_close(
        ensemble.logits(flat, tokens, lengths),
        ensemble.logits(flat, other, lengths),
        atol=0,
        rtol=0,
    )


@pytest.mark.parametrize("core", ["eager", "compiled"])
def test_read_padding_is_read(core):
    task = Task(positions=8, quantifiers=1)
    ensemble = Ensemble(lstm_settings(padding="read"), task, core=core)
    flat = start(ensemble, 1)
    tokens = torch.tensor([[[0, 4, 4, 4, 4, 4, 4, 4], [0, 4, 4, 4, 4, 4, 4, 2]]], dtype=torch.uint8)
    first, second = ensemble.logits(flat, tokens, torch.ones(1, 2))[0]
    assert not torch.equal(first, second)


def test_glorot_start_follows_the_2019_protocol():
    settings = lstm_settings(initialisation="glorot")
    task = Task(positions=20, quantifiers=2)
    weights = Ensemble(settings, task).unpack(start(Ensemble(settings, task), 200))
    for layer, inputs in enumerate((6, 12)):
        bound = np.sqrt(6 / (inputs + 12 + 48))
        kernel = weights[f"layer{layer}.kernel"]
        assert kernel.shape == (200, inputs + 12, 48)
        assert 0.99 * bound < kernel.abs().max() <= bound
        assert kernel.mean().abs() < 0.01 * bound
        bias = weights[f"layer{layer}.bias"]
        assert (bias[:, 12:24] == 1).all()
        assert (bias[:, :12] == 0).all()
        assert (bias[:, 24:] == 0).all()
    assert weights["readout.kernel"].abs().max() <= np.sqrt(6 / 14)
    assert (weights["readout.bias"] == 0).all()
