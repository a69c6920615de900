"""The ensemble LSTM against torch.nn.LSTM holding the same weights."""

import numpy as np
import pytest
import torch

from quantlearn.networks.compiled.recurrent import core
from quantlearn.networks.compiled.recurrent.cells import LSTM
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def lstm_settings(**changes):
    return {
        "architecture": "lstm",
        "layers": 2,
        "hidden": 12,
        "padding": "masked",
        "dropout": 0.0,
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


@pytest.mark.parametrize(("layers", "hidden", "batch"), [(1, 4, 1), (2, 12, 19), (3, 13, 8)])
def test_compiled_gradient_is_that_of_the_recorded_operations(layers, hidden, batch):
    task = Task(positions=9, quantifiers=3)
    ensemble = Ensemble(lstm_settings(layers=layers, hidden=hidden), task, core="compiled")
    flat = 5 * start(ensemble, 3)  # far from the start, where losses are large
    examples = random_batch(task, 3, batch)
    found = ensemble.loss_gradient(flat, *examples)
    eager = Ensemble(lstm_settings(layers=layers, hidden=hidden), task, core="eager")
    recorded = eager.loss_gradient(flat, *examples)
    torch.testing.assert_close(found, recorded, atol=1e-12, rtol=1e-12)
    assert (found[1][:, ensemble.parameters :] == 0).all()
    for threads in (2, 3, 7):
        shape, vectors = core.Shape(LSTM, layers, hidden), task.token_table(flat.dtype, flat.device)
        spread = core.loss_gradient(shape, flat, *examples, vectors, threads=threads)
        assert torch.equal(spread[0], found[0])
        assert torch.equal(spread[1], found[1])


def test_compiled_gradient_of_a_diverged_trial_is_its_own():
    task = Task(positions=9, quantifiers=2)
    ensemble = Ensemble(lstm_settings(), task, core="compiled")
    flat = start(ensemble, 3)
    examples = random_batch(task, 3, 8)
    expected = ensemble.loss_gradient(flat, *examples)
    flat[1] = torch.nan
    losses, gradient = ensemble.loss_gradient(flat, *examples)
    assert losses.isnan().tolist() == [False, True, False]
    assert torch.equal(losses[[0, 2]], expected[0][[0, 2]])
    assert torch.equal(gradient[[0, 2]], expected[1][[0, 2]])


def test_compiled_gradient_refuses_what_does_not_fit():
    task = Task(positions=9, quantifiers=2)
    ensemble = Ensemble(lstm_settings(), task, core="compiled")
    flat = start(ensemble, 2)
    tokens, lengths, labels = random_batch(task, 2, 8)
    with pytest.raises(IndexError, match="is not a row of the table"):
        ensemble.loss_gradient(flat, tokens + 10, lengths, labels)
    with pytest.raises(ValueError, match="too short"):
        ensemble.loss_gradient(flat[:, :500], tokens, lengths, labels)
    with pytest.raises(ValueError, match="between 0 and 9"):
        ensemble.loss_gradient(flat, tokens, lengths + 9, labels)
    with pytest.raises(ValueError, match="labels"):
        ensemble.loss_gradient(flat, tokens, lengths, labels[:, :4])
