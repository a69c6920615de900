"""Recorded updates: the same numbers, whether they are recorded, replayed or cannot be recorded.

What is recorded runs on a CPU as it is. The last tests record on a GPU, where there is one.
"""

import contextlib
import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_networks import network
from test_training import FEEDFORWARD, LSTM, curve, run, some_examples, training_settings

from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.training.examples import stack
from quantlearn.training.graphs import Replayed
from quantlearn.training.loop import train

TASK = Task(positions=6, quantifiers=1)
NETWORKS = {
    "lstm": LSTM,
    "gru": network("gru", hidden=7, layers=1),
    "rnn": network("rnn", hidden=5),
    "transformer": network("transformer", hidden=7),
    "feedforward": FEEDFORWARD,
    "batch norm": network("feedforward", hidden=7, batch_norm=True),
}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def on_gpu(test):
    """A test of `make gpu`."""
    return pytest.mark.gpu(needs_gpu(test))


def running_sum(state):
    """A function that changes ``state`` in place, as an update changes the weights."""

    def add(x, y):
        state.add_(x * y)
        return state.clone()

    return add


def test_calls_come_one_after_the_other_and_results_stay():
    x, y = torch.arange(14.0).view(7, 2), torch.arange(7.0).view(7, 1)
    expected = (x * y).cumsum(dim=0)
    replayed = Replayed(running_sum(torch.zeros(2)), most=4)
    found = [replayed(x[part], y[part]) for part in (slice(0, 1), slice(1, 5), slice(5, 7))]
    assert torch.equal(torch.cat(found), expected)


# --- Training ---------------------------------------------------------------------------------


@pytest.fixture
def graph_core(monkeypatch):
    """Ensembles that are trained as on a GPU."""
    return lambda: monkeypatch.setattr(Ensemble, "_choose_core", lambda *_: "graph")


def assert_same(found, expected):
    assert torch.equal(found.weights, expected.weights)
    assert found.stop_reason.tolist() == expected.stop_reason.tolist()
    np.testing.assert_array_equal(found.steps, expected.steps)
    for trial in range(len(expected.weights)):
        assert curve(found, trial) == curve(expected, trial)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_the_same_to_the_last_bit(name, graph_core):
    """Trials with different numbers of scenes end at different steps."""
    settings = training_settings(learning_rate=0.02)
    _, expected = run(NETWORKS[name], [0, 1, 2], settings, core="eager")
    assert len(set(expected.steps)) == 3
    graph_core()
    ensemble, found = run(NETWORKS[name], [0, 1, 2], settings, core="eager")
    assert ensemble.core == "graph"
    assert_same(found, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.01},
        {"optimiser": "adamw", "weight_decay": 0.01, "patience": 2},
        {"optimiser": "rmsprop", "momentum": 0.5},
    ],
    ids=lambda changes: changes["optimiser"],
)
def test_every_optimiser_does_the_same(changes, graph_core):
    settings = training_settings(**changes)
    _, expected = run(LSTM, [0, 1], settings, core="eager")
    graph_core()
    assert_same(run(LSTM, [0, 1], settings, core="eager")[1], expected)


# --- Recording, with a GPU that is only played -------------------------------------------------


class Played(Replayed):
    """Believes that it is on a GPU; while it records, nothing is computed, as on one."""

    recording = False

    def _allocate(self, inputs):
        super()._allocate(inputs)
        self._stream = SimpleNamespace(wait_stream=lambda stream: None)
        self.recorded = self.replays = 0

    def _run(self):
        if self.recording:
            self.recorded += 1
        else:
            super()._run()


@pytest.fixture
def play(monkeypatch):
    """A function that makes a `Played`, whose recordings succeed or not."""

    def make(function, most, fails=False):
        played = Played(function, most)

        class Graph:
            def replay(self):
                played.replays += 1
                played._run()

        @contextlib.contextmanager
        def record(graph, stream):
            played.recording = True
            try:
                yield
                if fails:
                    raise RuntimeError("operation not permitted when stream is capturing")
            finally:
                played.recording = False

        nothing = SimpleNamespace(wait_stream=lambda stream: None)
        monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
        monkeypatch.setattr(torch.cuda, "graph", record)
        monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
        monkeypatch.setattr(torch.cuda, "current_stream", lambda: nothing)
        return played

    return make


def test_it_is_recorded_once_after_calls_that_count(play):
    x, y = torch.rand(10, 2), torch.rand(10, 1)
    played = play(running_sum(torch.zeros(2)), most=8)
    found = torch.cat([played(x[:1], y[:1]), played(x[1:8], y[1:8]), played(x[8:], y[8:])])
    assert torch.equal(found, Replayed(running_sum(torch.zeros(2)), most=10)(x, y))
    assert (played.recorded, played.replays, played.failed) == (1, 7, False)


def test_what_cannot_be_recorded_goes_on_loudly(play, caplog):
    x, y = torch.rand(10, 2), torch.rand(10, 1)
    played = play(running_sum(torch.zeros(2)), most=10, fails=True)
    with caplog.at_level(logging.WARNING, "quantlearn"):
        found = played(x, y)
    assert torch.equal(found, Replayed(running_sum(torch.zeros(2)), most=10)(x, y))
    assert (played.recorded, played.replays, played.failed) == (1, 0, True)
    assert "operation not permitted when stream is capturing" in caplog.text


# --- The choice of the core -------------------------------------------------------------------


def test_a_gpu_trains_by_graphs_where_it_can(caplog):
    assert Ensemble(LSTM, TASK, "cuda").core == "graph"
    assert Ensemble(LSTM, TASK, "cuda", core="eager").core == "eager"
    with caplog.at_level(logging.INFO, "quantlearn"):
        assert Ensemble({**LSTM, "dropout": 0.2}, TASK, "cuda").core == "eager"
    assert "lstm with dropout, whose masks the CPU draws, is no CUDA graph" in caplog.text


@pytest.mark.parametrize(
    ("changes", "device", "core", "message"),
    [
        ({}, "cpu", "graph", "lstm on cpu has no graph core"),
        ({}, "cuda", "compiled", "lstm on cuda has no compiled core"),
        ({"dropout": 0.2}, "cuda", "graph", "lstm with dropout, whose masks .* is no CUDA graph"),
    ],
)
def test_a_core_that_cannot_be_is_refused(changes, device, core, message):
    with pytest.raises(QuantlearnError, match=rf"{core} was asked for, but {message}; use auto"):
        Ensemble({**LSTM, **changes}, TASK, device, core=core)


@pytest.mark.parametrize(
    ("changes", "task", "message"),
    [
        ({}, TASK, "training.core: fused is for a GPU, and the device is cpu; use auto"),
        ({"hidden": 65}, TASK, "network.hidden: 65 .* trains with 1 to 64: take one, or .* auto"),
        ({"dropout": 0.2}, TASK, "network.dropout: 0.2 is not for training.core: fused"),
        ({"precision": "float64"}, TASK, "network.precision: .* trains with float32"),
        ({**NETWORKS["transformer"], "heads": 5}, TASK, "network.heads: 5 .* with 1 to 4"),
        ({**NETWORKS["transformer"], "head_size": 17}, TASK, "network.head_size: 17 .* 1 to 16"),
        (
            {},
            Task(6, 51, codes=tuple((1.0,) * 61 for _ in range(51))),
            "networks that read at most 64 numbers",
        ),
    ],
)
def test_what_the_fused_core_cannot_train_is_refused(changes, task, message, monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(QuantlearnError, match=message):
        Ensemble({**LSTM, **changes}, task, "cpu", core="fused")


# --- On a GPU ---------------------------------------------------------------------------------


def run_on_gpu(settings, core, trials=(0, 1, 2), network=LSTM):
    device = torch.device("cuda")
    ensemble = Ensemble({**network, "precision": "float64"}, TASK, device, core=core)
    outcome = train(
        ensemble,
        ensemble.initialise([np.random.default_rng(trial) for trial in trials]).to(device),
        stack([some_examples(trial, 300 + 50 * trial) for trial in trials], device),
        {"test": stack([some_examples(500 + trial, 31) for trial in trials], device)},
        [np.random.default_rng(100 + trial) for trial in trials],
        settings,
    )
    return ensemble, outcome


@on_gpu
@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_recorded_update_trains_as_the_eager_core_does(name, optimiser):
    settings = training_settings(optimiser=optimiser, momentum=0.5, max_epochs=1)
    _, eager = run_on_gpu(settings, "eager", network=NETWORKS[name])
    ensemble, recorded = run_on_gpu(settings, "graph", network=NETWORKS[name])
    assert ensemble.core == "graph"  # nothing could not be recorded
    torch.testing.assert_close(recorded.weights, eager.weights, atol=1e-9, rtol=0)
    np.testing.assert_array_equal(recorded.steps, eager.steps)


@on_gpu
def test_a_gpu_repeats_itself():
    first, second = (run_on_gpu(training_settings(), "graph")[1] for _ in range(2))
    assert torch.equal(first.weights, second.weights)
