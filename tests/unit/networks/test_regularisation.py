"""Dropout and batch normalisation of an ensemble: as separate torch modules, each on its own."""

import numpy as np
import pytest
import torch
from small_networks import ARCHITECTURES, network, random_batch, start, weights_of
from torch.nn import functional

from quantlearn.errors import QuantlearnError
from quantlearn.networks.dropout_and_batch_norm import Training
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task

TASK = Task(positions=5, quantifiers=2)
TRIALS = 3


def streams(trials=TRIALS):
    return [np.random.default_rng(50 + trial) for trial in range(trials)]


class Twin(torch.nn.Module):
    """A feed-forward network of torch modules, whose masks are drawn from a given stream."""

    def __init__(self, weights, settings, stream):
        super().__init__()
        self.settings, self.stream = settings, stream
        names = [*(f"layer{layer}" for layer in range(settings["layers"])), "readout"]
        self.linear = torch.nn.ModuleList()
        self.norm = torch.nn.ModuleList()
        for name in names:
            kernel = weights[f"{name}.kernel"]
            self.linear.append(torch.nn.Linear(*kernel.shape, dtype=kernel.dtype))
            self.norm.append(torch.nn.BatchNorm1d(kernel.shape[1], dtype=kernel.dtype))
            with torch.no_grad():
                self.linear[-1].weight.copy_(kernel.T)
                self.linear[-1].bias.copy_(weights[f"{name}.bias"])

    def forward(self, tokens):
        vectors = TASK.one_hot(tokens, self.linear[0].weight.dtype)
        x = torch.cat([vectors[..., :4].flatten(start_dim=1), vectors[:, 0, 4:]], dim=1)
        for linear, norm in zip(self.linear[:-1], self.norm[:-1], strict=True):
            x = linear(x)
            x = torch.relu(norm(x) if self.settings["batch_norm"] else x)
            rate = self.settings["dropout"]
            if self.training and rate:
                mask = self.stream.random(x.shape, dtype=np.float32) >= rate
                x = x * torch.as_tensor(mask) / (1 - rate)
        return self.linear[-1](x)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_training_and_evaluation_are_those_of_separate_torch_modules(batch_norm, dropout):
    settings = network("feedforward", batch_norm=batch_norm, dropout=dropout, hidden=7)
    ensemble = Ensemble(settings, TASK)
    flat = torch.nn.Parameter(start(ensemble, TRIALS))
    twins = [
        Twin(weights_of(ensemble, flat, trial), settings, stream)
        for trial, stream in enumerate(streams())
    ]
    mode = Training(streams())
    ours = torch.optim.SGD([flat], lr=0.1, weight_decay=0.01)
    theirs = [torch.optim.SGD(twin.parameters(), lr=0.1, weight_decay=0.01) for twin in twins]
    bound = {"atol": 1e-10, "rtol": 0}
    for step in range(4):
        tokens, lengths, labels = random_batch(TASK, TRIALS, 6, seed=step)
        losses, flat.grad = ensemble.loss_gradient(flat, tokens, lengths, labels, mode)
        ours.step()
        ensemble.update_statistics(flat, mode)
        for trial, (twin, optimiser) in enumerate(zip(twins, theirs, strict=True)):
            optimiser.zero_grad()
            loss = functional.cross_entropy(twin(tokens[trial]), labels[trial])
            loss.backward()
            optimiser.step()
            torch.testing.assert_close(losses[trial], loss.detach(), **bound)
    tokens, lengths, _ = random_batch(TASK, TRIALS, 11, seed=99)
    logits = ensemble.logits(flat, tokens, lengths)
    for trial, twin in enumerate(twins):
        twin.eval()
        torch.testing.assert_close(logits[trial], twin(tokens[trial]), **bound)
        if batch_norm:
            weights = weights_of(ensemble, flat, trial)
            for layer in range(settings["layers"]):
                norm, name = twin.norm[layer], f"layer{layer}.norm"
                mean, variance = (
                    weights[f"{name}.running_mean"],
                    weights[f"{name}.running_variance"],
                )
                torch.testing.assert_close(mean.detach(), norm.running_mean, **bound)
                torch.testing.assert_close(variance.detach(), norm.running_var, **bound)


@pytest.mark.parametrize("architecture", ["gru", "lstm", "rnn"])
def test_recurrent_dropout_falls_between_layers_and_before_the_readout(architecture):
    rate, hidden, batch = 0.4, 5, 3
    settings = network(architecture, dropout=rate, hidden=hidden, layers=2)
    ensemble = Ensemble(settings, TASK, core="eager")
    flat = start(ensemble, 1)
    tokens, lengths, _ = random_batch(TASK, 1, batch)
    found = ensemble.logits(flat, tokens, lengths, Training(streams(1)))

    weights = {name: array[0] for name, array in ensemble.unpack(flat).items()}
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}[architecture]
    [stream] = streams(1)
    x = TASK.one_hot(tokens[0], ensemble.dtype)
    for layer in range(2):
        kernel, bias = weights[f"layer{layer}.kernel"], weights[f"layer{layer}.bias"]
        inputs = len(kernel) - hidden
        module = kind(inputs, hidden, batch_first=True, dtype=ensemble.dtype)
        with torch.no_grad():
            module.weight_ih_l0.copy_(kernel[:inputs].T)
            module.weight_hh_l0.copy_(kernel[inputs:].T)
            module.bias_ih_l0.copy_(bias)
            module.bias_hh_l0.zero_()
            if architecture == "gru":
                module.bias_hh_l0[2 * hidden :] = weights[f"layer{layer}.reset_bias"]
        x, _ = module(x)
        if layer == 0:
            mask = stream.random((batch, TASK.positions, hidden), dtype=np.float32) >= rate
            x = x * torch.as_tensor(mask) / (1 - rate)
    read = x[torch.arange(batch), lengths[0] - 1]
    read = read * torch.as_tensor(stream.random((batch, hidden), dtype=np.float32) >= rate)
    expected = read / (1 - rate) @ weights["readout.kernel"] + weights["readout.bias"]
    torch.testing.assert_close(found[0], expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_is_random_in_training_and_absent_in_evaluation(architecture):
    settings = network(architecture, dropout=0.5)
    ensemble = Ensemble(settings, TASK, core="eager")
    flat = start(ensemble, 2)
    tokens, lengths, _ = random_batch(TASK, 2, 4)
    mode = Training(streams(2))
    first, second = (ensemble.logits(flat, tokens, lengths, mode) for _ in range(2))
    assert not torch.equal(first, second)
    without = Ensemble(settings | {"dropout": 0.0}, TASK, core="eager")
    expected = without.logits(flat, tokens, lengths)
    for _ in range(2):
        assert torch.equal(ensemble.logits(flat, tokens, lengths), expected)


def test_dropout_drops_its_share_and_keeps_the_expectation():
    mode = Training(streams())
    dropped = mode.dropout(torch.ones(TRIALS, 400, 250), 0.3)
    torch.testing.assert_close(dropped.unique(), torch.tensor([0.0, 1 / 0.7]))
    for trial in dropped:  # a standard error is 0.0015 of the share, 0.002 of the mean
        assert abs((trial == 0).float().mean() - 0.3) < 0.006
        assert abs(trial.mean() - 1) < 0.008
    assert not torch.equal(dropped[0], dropped[1])


def test_batch_normalisation_of_one_scene_is_refused():
    ensemble = Ensemble(network("feedforward", batch_norm=True), TASK)
    with pytest.raises(QuantlearnError, match="1 scene has no variance"):
        ensemble.loss_gradient(start(ensemble, 2), *random_batch(TASK, 2, 1), Training(streams(2)))


def test_nothing_is_dropped_when_a_network_with_dropout_is_evaluated():
    ensemble = Ensemble(network("lstm", dropout=0.5), TASK, "cpu", "auto")
    assert ensemble.core == "compiled"
    eager = Ensemble(network("lstm", dropout=0.5), TASK, "cpu", "eager")
    assert not eager.planned
    flat = start(ensemble, 2)
    tokens, lengths, _ = random_batch(TASK, 2, 9)
    planned = ensemble.planned_logits(flat, ensemble.plan(tokens, lengths))
    torch.testing.assert_close(planned, eager.logits(flat, tokens, lengths), atol=1e-12, rtol=0)


def test_the_eager_core_takes_some_networks_at_a_time_without_a_difference():
    network_, task = network("feedforward", dropout=0.3, batch_norm=True), Task(4, 2)
    ensemble = Ensemble(network_, task, core="eager")
    flat, batch = start(ensemble, 37), random_batch(task, trials=37, batch=6)

    in_parts, at_once = Training(streams(37)), Training(streams(37))
    loss, gradient = ensemble.loss_gradient(flat, *batch, in_parts)
    expected_loss, expected = ensemble._loss_gradient(flat, *batch, at_once)
    bound = {"atol": 1e-12, "rtol": 0}
    torch.testing.assert_close((loss, gradient), (expected_loss, expected), **bound)
    torch.testing.assert_close(in_parts.statistics, at_once.statistics, **bound)
