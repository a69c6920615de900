"""Training: independence of trials, reasons to stop, the order of scenes."""

import logging

import numpy as np
import pytest
import torch
from small_networks import ARCHITECTURES, assert_step_within_company, network, random_batch, start

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.layers import ACTIVATIONS
from quantlearn.networks.task import Task
from quantlearn.pipeline.training_log import read_training_log
from quantlearn.training import loop
from quantlearn.training.checkpoints import read_checkpoint, write_checkpoint
from quantlearn.training.evaluation import evaluate
from quantlearn.training.examples import Examples, stack
from quantlearn.training.loop import train

CPU = torch.device("cpu")

LSTM = network("lstm", hidden=5, initialisation="glorot", precision="float32")
FEEDFORWARD = network("feedforward", hidden=7, activation="sigmoid", precision="float32")


def training_settings(**changes):
    return {
        "optimiser": "adam",
        "weight_decay": 0.0,
        "learning_rate": 0.01,
        "batch_size": 3,
        "max_epochs": 2,
        "shuffle_buffer": None,
        "evaluate_every": 10,
        "monitor": "test",
        "stop_loss": None,
        "patience": None,
        **changes,
    }


def some_examples(trial, n, positions=6):
    """Scenes labelled by whether at least half of the positions hold zone 0."""
    rng = np.random.default_rng(1000 + trial)
    lengths = rng.integers(1, positions, size=n, endpoint=True)
    tokens = rng.integers(4, size=(n, positions)).astype(np.uint8)
    tokens[np.arange(positions) >= lengths[:, None]] = 4
    labels = ((tokens == 0).sum(axis=1) * 2 >= lengths).astype(np.int64)
    return Examples(tokens, lengths, labels, np.zeros(n, dtype=np.int64))


def run(
    network, trials, settings, sizes=None, start=None, core="auto", loss="cross_entropy", **hooks
):
    """Train the given trials together, each with its own streams and number of scenes."""
    task = Task(positions=6, quantifiers=1)
    ensemble = Ensemble(network, task, core=core, loss=loss)
    if start is None:
        start = ensemble.initialise([np.random.default_rng(trial) for trial in trials])
    n = {trial: 40 + 7 * trial for trial in trials} | (sizes or {})
    outcome = train(
        ensemble,
        start,
        stack([some_examples(trial, n[trial]) for trial in trials], CPU),
        {"test": stack([some_examples(500 + trial, 31) for trial in trials], CPU)},
        [np.random.default_rng(100 + trial) for trial in trials],
        settings,
        **hooks,
    )
    return ensemble, outcome


def curve(outcome, position):
    return [
        (part.step, *part.scores.loss[row], *part.scores.accuracy[row])
        for part in outcome.curve
        for row in np.flatnonzero(part.trials == position)
    ]


def assert_company_does_not_matter(network, settings, **more):
    _, together = run(network, list(range(30)), settings, **more)
    for trial in (0, 13, 29):
        _, alone = run(network, [trial], settings, **more)
        assert torch.equal(alone.weights[0], together.weights[trial])
        assert alone.steps[0] == together.steps[trial]
        assert curve(alone, 0) == curve(together, trial)


ODD_SHAPES = {
    "lstm": LSTM,
    "lstm with dropout": network("lstm", hidden=5, dropout=0.3),
    "rnn": network("rnn", hidden=11, activation="relu", layers=1),
    "rnn with dropout": network("rnn", hidden=5, dropout=0.2),
    "gru": network("gru", hidden=7, layers=1),
    "gru with dropout": network("gru", hidden=5, dropout=0.3),
    "transformer": network("transformer", heads=3, head_size=5, hidden=13, position="learned"),
    "transformer with dropout": network("transformer", head_size=3, hidden=7, dropout=0.1),
    **{name: network("feedforward", hidden=7, activation=name) for name in ACTIVATIONS},
    "dropout": network("feedforward", hidden=7, dropout=0.2),
    "batch norm": network("feedforward", hidden=7, batch_norm=True),
    "both": network("feedforward", hidden=7, activation="elu", dropout=0.3, batch_norm=True),
}


@pytest.mark.processor
@pytest.mark.parametrize(
    "network",
    [
        LSTM,
        network("gru", hidden=7, layers=2, dropout=0.2),
        network("rnn", hidden=11, activation="relu", layers=1),
        *(network("rnn", hidden=units, activation="tanh", layers=2) for units in range(1, 6)),
        network("feedforward", hidden=7, activation="gelu", dropout=0.2, batch_norm=True),
        network("transformer", heads=3, head_size=5, hidden=13, position="learned", dropout=0.1),
    ],
    ids=lambda network: f"{network['architecture']}{network['hidden']}",
)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_trial_of_the_compiled_core_equals_itself_in_an_ensemble_of_thirty(network, precision):
    settings = training_settings(max_epochs=1)
    assert_company_does_not_matter({**network, "precision": precision}, settings, core="compiled")


@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.01},
        {"optimiser": "adamw", "weight_decay": 0.01},
        {"optimiser": "rmsprop", "momentum": 0.5},
        {"optimiser": "adam", "shuffle_buffer": 20},
    ],
    ids=lambda changes: changes["optimiser"],
)
def test_company_does_not_matter_to_any_optimiser_or_loss(changes):
    settings = training_settings(max_epochs=1, **changes)
    assert_company_does_not_matter(LSTM, settings, core="compiled", loss="squared_error")


@pytest.mark.processor
@pytest.mark.parametrize("name", ODD_SHAPES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_a_step_of_the_eager_core_is_within_a_millionth_of_itself_alone(name, precision, loss):
    task = Task(positions=6, quantifiers=1)
    ensemble = Ensemble({**ODD_SHAPES[name], "precision": precision}, task, "cpu", "eager", loss)
    flat = start(ensemble, 30)
    assert_step_within_company(ensemble, flat, random_batch(task, 30, 3), (0, 13, 29))


@pytest.mark.parametrize("core", ["eager", "compiled"])
def test_what_adds_the_same_to_all_scores_does_not_move(core):
    """The bias of a transformer's keys, whose derivative is 0."""
    settings = network("transformer", heads=3, head_size=5, precision="float32")
    ensemble, outcome = run(settings, [0, 1], training_settings(max_epochs=1), core=core)
    for layer in range(settings["layers"]):
        biases = ensemble.unpack(outcome.weights)[f"layer{layer}.attention.inputs.bias"]
        queries, keys, values = biases.chunk(3, dim=1)
        assert (keys == 0).all()
        assert (queries != 0).all()
        assert (values != 0).all()


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_compiled_and_eager_training_agree(loss):
    network = {**LSTM, "precision": "float64"}
    _, eager = run(network, [0, 1], training_settings(), core="eager", loss=loss)
    ensemble, compiled = run(network, [0, 1], training_settings(), core="compiled", loss=loss)
    assert ensemble.core == "compiled"
    torch.testing.assert_close(compiled.weights, eager.weights, atol=1e-9, rtol=0)
    np.testing.assert_allclose(curve(compiled, 0), curve(eager, 0), atol=1e-9)


def test_same_seeds_give_the_same_numbers():
    _, first = run(LSTM, [0, 1], training_settings())
    _, second = run(LSTM, [0, 1], training_settings())
    assert torch.equal(first.weights, second.weights)


def test_epochs_limit_counts_scenes_of_each_trial():
    _, outcome = run(LSTM, [0, 1, 2], training_settings(max_epochs=3))
    assert outcome.stop_reason.tolist() == ["epochs"] * 3
    assert outcome.steps.tolist() == [3 * (40 + 7 * trial) // 3 for trial in range(3)]


def test_evaluations_come_at_1_and_every_n_and_at_the_end():
    _, outcome = run(LSTM, [0], training_settings(max_epochs=3))
    assert [row[0] for row in curve(outcome, 0)] == [1, 11, 21, 31, 40]


def test_stops_at_the_first_evaluation_below_the_threshold():
    settings = training_settings(stop_loss=0.5, max_epochs=60)
    _, outcome = run(LSTM, [0, 1, 2, 3], settings)
    assert "threshold" in outcome.stop_reason
    for position in np.flatnonzero(outcome.stop_reason == "threshold"):
        losses = [row[2] for row in curve(outcome, position)]
        assert losses[-1] < 0.5
        assert min(losses[:-1]) >= 0.5


@pytest.mark.parametrize(
    "network", [LSTM, network("feedforward", batch_norm=True)], ids=["lstm", "batch norm"]
)
def test_patience_keeps_the_weights_of_the_best_evaluation(network):
    # Few scenes and a large step over-fit at once, so that the test loss soon rises.
    settings = training_settings(patience=4, max_epochs=2000, learning_rate=0.05)
    ensemble, outcome = run(network, [0, 1], settings, sizes={0: 12, 1: 12})
    assert outcome.stop_reason.tolist() == ["patience"] * 2
    for position, trial in enumerate([0, 1]):
        rows = curve(outcome, position)
        losses = [row[2] for row in rows]
        best = int(np.argmin(losses))
        assert len(losses) == best + 1 + 4
        assert outcome.best_step[position] == rows[best][0]
        test = stack([some_examples(500 + trial, 31)], CPU)
        score = evaluate(ensemble, outcome.weights[position : position + 1], test)
        assert score.loss[0, -1] == losses[best]


def test_diverging_trial_is_recorded_and_the_others_go_on():
    task = Task(positions=6, quantifiers=1)
    ensemble = Ensemble(FEEDFORWARD, task)
    start = ensemble.initialise([np.random.default_rng(trial) for trial in range(3)])
    start[1] = float("nan")
    _, outcome = run(FEEDFORWARD, [0, 1, 2], training_settings(), start=start)
    assert outcome.stop_reason.tolist() == ["epochs", "diverged", "epochs"]
    assert outcome.steps[1] == 1
    assert outcome.weights[[0, 2]].isfinite().all()


def test_a_trial_found_diverged_when_it_is_evaluated_ended_at_that_step():
    """An update makes the weights infinite, and no batch comes between it and the evaluation."""
    settings = training_settings(
        optimiser="sgd",
        momentum=0.0,
        learning_rate=1.0,
        weight_decay=10.0,
        evaluate_every=1,
        max_epochs=200,
    )
    _, outcome = run(network("feedforward", hidden=7), range(6), settings)
    diverged = np.flatnonzero(outcome.stop_reason == "diverged")
    assert len(diverged)
    for trial in diverged:
        last = max(part.step for part in outcome.curve if trial in part.trials)
        assert last <= outcome.steps[trial] <= last + 1
        assert outcome.best_step[trial] == outcome.steps[trial]


def test_a_shuffle_buffer_is_the_same_for_every_core():
    settings = training_settings(shuffle_buffer=17, evaluate_every=5)
    eager, compiled = (
        run(LSTM, [0, 1, 2], settings, core=core)[1] for core in ("eager", "compiled")
    )
    assert torch.allclose(eager.weights, compiled.weights, atol=1e-4)
    other = run(LSTM, [0, 1, 2], training_settings(evaluate_every=5), core="eager")[1]
    assert (eager.steps == other.steps).all()
    assert not torch.allclose(eager.weights, other.weights, atol=1e-4)


# Each with what its steps remember: masks, statistics, moments, the best weights so far.
INTERRUPTED = {
    "compiled lstm": (LSTM, {}),
    "lstm with dropout": (ODD_SHAPES["lstm with dropout"], {}),
    "batch norm": (ODD_SHAPES["both"], {"optimiser": "sgd", "momentum": 0.9}),
    "transformer": (ODD_SHAPES["transformer with dropout"], {"optimiser": "adamw"}),
    "plain sgd": (ODD_SHAPES["gru with dropout"], {"optimiser": "sgd", "momentum": 0.0}),
    "rmsprop": (FEEDFORWARD, {"optimiser": "rmsprop", "momentum": 0.5}),
    "shuffle buffer": (LSTM, {"shuffle_buffer": 17}),
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_training_goes_on_from_a_checkpoint_as_if_never_interrupted(tmp_path, name):
    network, changes = INTERRUPTED[name]
    settings = training_settings(
        patience=3, max_epochs=8, learning_rate=0.05, evaluate_every=7, **changes
    )
    sizes = {0: 12, 1: 24, 2: 47}
    paths = []

    def keep(export):
        paths.append(tmp_path / str(len(paths)))
        write_checkpoint(paths[-1], export(), {})

    _, whole = run(network, [0, 1, 2], settings, sizes, offer=keep)
    assert len(paths) > 4
    assert len(set(whole.steps)) > 1
    for path in (paths[0], paths[len(paths) // 2], paths[-1]):
        exported = read_checkpoint(path, {})
        _, resumed = run(network, [0, 1, 2], settings, sizes, exported=exported)
        assert torch.equal(resumed.weights, whole.weights)
        assert (resumed.steps == whole.steps).all()
        assert (resumed.best_step == whole.best_step).all()
        assert (resumed.stop_reason == whole.stop_reason).all()
        assert (resumed.seconds >= exported["outcome"]["seconds"]).all()
        assert [curve(resumed, trial) for trial in range(3)] == [
            curve(whole, trial) for trial in range(3)
        ]


def test_rounds_are_short_however_rare_evaluations_are():
    rounds = []
    settings = training_settings(max_epochs=20, evaluate_every=1000)
    _, outcome = run(FEEDFORWARD, [0], settings, offer=lambda export: rounds.append(export()))
    steps = [0, *(exported["state"]["step"] for exported in rounds)]
    assert np.diff(steps).max() == 50
    assert [row[0] for row in curve(outcome, 0)] == [1, 20 * 40 // 3]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_learns_what_can_be_learned(architecture):
    settings = training_settings(max_epochs=40, batch_size=16, stop_loss=0.05, evaluate_every=20)
    ensemble, outcome = run(
        network(architecture, precision="float32"),
        [0, 1, 2],
        settings,
        sizes=dict.fromkeys(range(3), 400),
    )
    fresh = stack([some_examples(900, 500) for _ in range(3)], CPU)
    assert (evaluate(ensemble, outcome.weights, fresh).accuracy[:, -1] > 0.95).all()


def test_the_log_tells_how_far_training_is(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(loop, "_FIRST_PAUSE", 0)
    # Libraries that other tests load may configure logging, which disables all loggers there are.
    for logger in (logging.getLogger("quantlearn"), loop.log):
        monkeypatch.setattr(logger, "disabled", False)
        monkeypatch.setattr(logger, "propagate", True)
        caplog.set_level(logging.INFO, logger=logger.name)
    _, outcome = run(FEEDFORWARD, [0, 1], training_settings())
    log = tmp_path / "0.log"
    log.write_text("\n".join(f"12:00:00 {message}" for message in caplog.messages))
    told = read_training_log(log)
    assert [line.step for line in told.lines] == sorted({one.step for one in outcome.curve})
    assert {line.limit for line in told.lines} == {outcome.steps.max()}
    last = told.lines[-1]
    assert (last.step, last.trials, last.seconds) == (outcome.steps.max(), 0, 0)
    assert told.share == 1
    assert last.accuracy == pytest.approx(
        np.median(outcome.curve[-1].scores.accuracy[:, -1]), abs=5e-4
    )
