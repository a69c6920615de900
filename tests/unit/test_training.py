"""Training: independence of trials, reasons to stop, the order of scenes."""

import numpy as np
import pytest
import torch

from quantlearn.evaluation import evaluate
from quantlearn.examples import Examples, stack
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.training import train

CPU = torch.device("cpu")

LSTM = {
    "architecture": "lstm",
    "layers": 2,
    "hidden": 5,
    "padding": "masked",
    "initialisation": "glorot",
    "precision": "float32",
}
FEEDFORWARD = {
    "architecture": "feedforward",
    "layers": 2,
    "hidden": 7,
    "activation": "sigmoid",
    "initialisation": "torch",
    "precision": "float32",
}


def training_settings(**changes):
    return {
        "learning_rate": 0.01,
        "batch_size": 3,
        "max_epochs": 2,
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


def run(network, trials, settings, sizes=None, start=None, core="auto"):
    """Train the given trials together, each with its own streams and number of scenes."""
    task = Task(positions=6, quantifiers=1)
    ensemble = Ensemble(network, task, core=core)
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
    )
    return ensemble, outcome


def curve(outcome, position):
    return [
        (part.step, *part.scores.loss[row], *part.scores.accuracy[row])
        for part in outcome.curve
        for row in np.flatnonzero(part.trials == position)
    ]


@pytest.mark.parametrize(
    ("network", "core"),
    [(LSTM, "eager"), (LSTM, "compiled"), (FEEDFORWARD, "eager")],
    ids=["eager lstm", "compiled lstm", "feedforward"],
)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_trial_alone_equals_itself_in_an_ensemble_of_thirty(network, core, precision):
    network = {**network, "precision": precision}
    _, together = run(network, list(range(30)), training_settings(), core=core)
    for trial in (0, 13, 29):
        _, alone = run(network, [trial], training_settings(), core=core)
        assert torch.equal(alone.weights[0], together.weights[trial])
        assert alone.steps[0] == together.steps[trial]
        assert curve(alone, 0) == curve(together, trial)


def test_compiled_and_eager_training_agree():
    network = {**LSTM, "precision": "float64"}
    _, eager = run(network, [0, 1], training_settings(), core="eager")
    _, compiled = run(network, [0, 1], training_settings(), core="compiled")
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


def test_patience_keeps_the_weights_of_the_best_evaluation():
    # Few scenes and a large step over-fit at once, so that the test loss soon rises.
    settings = training_settings(patience=4, max_epochs=2000, learning_rate=0.05)
    ensemble, outcome = run(LSTM, [0, 1], settings, sizes={0: 12, 1: 12})
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
    _, alone = run(FEEDFORWARD, [2], training_settings())
    assert torch.equal(alone.weights[0], outcome.weights[2])


def test_learns_what_can_be_learned():
    settings = training_settings(max_epochs=150, batch_size=8)
    ensemble, outcome = run(LSTM, [0, 1, 2], settings, sizes=dict.fromkeys(range(3), 400))
    fresh = stack([some_examples(900, 500) for _ in range(3)], CPU)
    assert (evaluate(ensemble, outcome.weights, fresh).accuracy[:, -1] > 0.95).all()
