"""Growing scenes, gradients through time and the scoreboard: tables with known numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_leaderboard import trials_of

from plot_gradients_through_time import plot_gradients_through_time
from plot_scoreboard import plot_scoreboard
from plot_sequence_lengths import plot_sequence_lengths
from quantlearn import tables
from quantlearn.errors import QuantlearnError
from quantlearn.figures import registry
from quantlearn.figures.course.gradients_through_time import gradients_table, relative_norms
from quantlearn.figures.course.scoreboard import MEAN, Contest, scoreboard_table
from quantlearn.figures.course.sequence_lengths import sequence_lengths_table
from quantlearn.settings.protocol import PAIRS
from quantlearn.statistics.intervals import mean_interval

NAMES = [name for pair in PAIRS.values() for name in pair]


def settings_of(name, by="scene", border=8):
    only_test = {"sizes_above": border, "quantifiers": []}
    split = {"by": by, "only_test": only_test}
    search = {"sampler": "grid", "choose": False}
    return {
        **{"name": name, "title": "Title", "quantifiers": NAMES, "data": {"split": split}},
        **{"search": search, "task": "verification", "start_from": None},
    }


def cells_of(right, samples, trials=3, sizes=(7, 8, 9)):
    """Answers in 100 scenes of each size, of which right(sample, trial, quantifier, size) count."""
    return pd.DataFrame(
        [
            {
                **{"sample": sample, "trial": trial, "split": split, "quantifier": name},
                **{"size": size, "both": 1, "a_only": 1, "truth": True, "scenes": 100},
                "correct": right(sample, trial, name, size) if split == "test" else 0,
            }
            for sample in range(samples)
            for trial in range(trials)
            for split in ("dev", "test")
            for name in NAMES
            for size in sizes
        ]
    )


def drawn(plot, table, settings, folder):
    """The SVG of a figure, which must be the same each time."""
    texts = []
    for run in ("once", "again"):
        paths = {kind: folder / run / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
        tables.write_csv(table, folder / "numbers.csv")
        plot(folder / "numbers.csv", settings, **paths)
        texts.append(paths["svg"].read_text())
    assert texts[0] == texts[1]
    return texts[0]


def test_accuracy_by_size_is_that_of_the_test_scenes(tmp_path):
    cells = cells_of(lambda sample, trial, _, size: 90 - 10 * (size > 8) - trial - sample, 2)
    table = sequence_lengths_table(cells, {0: "gru", 1: "rnn"}, 8)
    rows = table[(table["architecture"] == "rnn") & (table["quantifier"] == "first_3")]
    by_size = rows.dropna(subset="size").set_index("size")["estimate"]
    assert by_size.to_dict() == pytest.approx({7: 0.88, 8: 0.88, 9: 0.78})
    whole = rows[rows["size"].isna()].set_index("trained")
    expected = mean_interval(np.array([0.89, 0.88, 0.87]))
    assert whole.loc[True, ["estimate", "lower", "upper"]].tolist() == pytest.approx(
        [expected.estimate, expected.lower, expected.upper]
    )
    settings = settings_of("growing")
    assert "GRU 89.0 %" in registry.remark("sequence_lengths", table, settings)
    assert len(registry.shown("sequence_lengths", table)) == 2 * 2 * len(NAMES)
    assert "Objects in the scene" in drawn(plot_sequence_lengths, table, settings, tmp_path)


def test_a_gradient_that_halves_with_each_step_is_reported_so(tmp_path):
    halving = 0.5 ** np.arange(5)[::-1]
    scales = np.array([[[1.0], [8.0]], [[4.0], [2.0]]])
    norms = scales * halving
    ratios = relative_norms(norms, norms[:, :, -1])
    np.testing.assert_allclose(ratios, np.tile(halving, (2, 1)))
    table = gradients_table(
        {
            ("lstm", "h", "untrained"): ratios,
            ("lstm", "c", "untrained"): np.ones((2, 5)),
            ("lstm", "h", "trained"): ratios * [[2], [0.5]],
            ("lstm", "c", "trained"): np.ones((2, 5)),
        }
    )
    h = table[(table["part"] == "h") & (table["network"] == "trained")].set_index("distance")
    np.testing.assert_allclose(h["estimate"], 0.5 ** np.arange(5))
    spread = mean_interval(np.log([2, 0.5])).upper
    np.testing.assert_allclose(np.log(h["upper"]) - np.log(h["estimate"]), spread)
    said = registry.remark("gradients_through_time", table, {})
    assert "4 objects before the end" in said
    assert "0.062 for LSTM (× 0.5 a step)" in said.replace("the ", "")
    assert registry.shown("gradients_through_time", table)["Factor of a step"].tolist() == [
        *("0.5", "1"),
        *("0.5", "1"),
    ]
    assert "LSTM, c" in drawn(plot_gradients_through_time, table, settings_of("g"), tmp_path)


def test_a_gradient_too_small_for_a_number_is_no_gap():
    ratios = relative_norms(np.array([[[0.0, 1.0]]]), np.array([[1.0]]))
    assert 0 < ratios[0, 0] < 1e-300


def contest(name, right, by="scene", border=8):
    """Two architectures, the first with two samples, of which sample 1 is better on dev."""
    samples = pd.DataFrame({"sample": [0, 1, 2], "network.architecture": ["gru", "gru", "rnn"]})
    trials = pd.concat(trials_of(n, dev) for n, dev in enumerate([[0.5] * 3, [0.9] * 3, [0.8] * 3]))
    return Contest(settings_of(name, by, border), samples, trials, cells_of(right, 3))


def right(sample, trial, name, size):
    """Sample 0, which is not chosen, would be the best one; first 3 and large scenes are hard."""
    return [100, 80, 70][sample] - 10 * (name == "first_3") - 20 * (size > 8) + trial


def test_scores_are_of_the_sample_that_is_best_on_dev(tmp_path):
    table = scoreboard_table(
        [contest("here", right), contest("counts", right, "zone_counts", None)]
    )
    found = table.set_index(["architecture", "task"])
    assert found.loc[("gru", "monotonicity"), "sample"] == 1
    scores = found.loc["gru", "estimate"].to_dict()
    third, large = 10 / 6, 20 / 3
    assert scores == pytest.approx(
        {
            **{"monotonicity": 0.81, "quantity": 0.76, "conservativity": 0.81},
            "longer_scenes": 0.61 - third / 100,
            "unseen_counts": 0.81 - (third + large) / 100,
            MEAN: np.mean([0.81, 0.76, 0.81, 0.61 - third / 100, 0.81 - (third + large) / 100]),
        }
    )
    assert found.loc[("gru", MEAN), "lower"] == pytest.approx(
        mean_interval(scores[MEAN] + np.array([-0.01, 0, 0.01])).lower
    )
    assert table["architecture"].iloc[0] == "gru"
    said = registry.remark("scoreboard", table, {})
    assert said.startswith("The GRU has the best mean")
    assert "their intervals do not overlap" in said
    shown = registry.shown("scoreboard", table)
    assert shown.columns.tolist() == ["Task", "GRU", "Elman network"]
    assert shown.set_index("Task").loc["Quantity"].tolist() == ["76.0 %", "66.0 %"]
    assert shown["Task"].tolist()[-2:] == ["Mean", "95 % interval of the mean"]
    assert "conservativity" in drawn(plot_scoreboard, table, settings_of("here"), tmp_path)


@pytest.mark.parametrize(
    ("task", "change"),
    [
        ("description", {"task": "description"}),
        ("transfer", {"start_from": "sources"}),
        ("search", {"search": {"sampler": "sobol", "choose": False}}),
    ],
)
def test_an_experiment_may_be_a_task_as_a_whole(task, change):
    one = contest("here", right)
    other = contest("other", right)
    if task == "description":  # in which the architecture is that of the part that reads
        samples = other.samples.rename(columns={"network.architecture": "network.reader"})
        other = replace(other, samples=samples.assign(**{"network.architecture": "captioner"}))
    table = scoreboard_table([one, replace(other, settings=other.settings | change)])
    found = table.set_index(["architecture", "task"])
    of_all = 0.8 - 0.1 / len(NAMES) - 0.2 / 3 + 0.01
    assert found.loc[("gru", task), ["estimate", "sample"]].tolist() == pytest.approx([of_all, 1])
    means = found.loc["gru"].drop(MEAN)["estimate"]
    assert len(means) == len(PAIRS) + 2
    assert found.loc[("gru", MEAN), "estimate"] == pytest.approx(means.mean())


def test_a_mean_over_fewer_tasks_than_those_of_others_is_refused():
    one, other = contest("here", right), contest("other", right, "zone_counts", None)
    samples = other.samples.assign(**{"network.architecture": "gru"})
    with pytest.raises(
        QuantlearnError, match=r"no sample of the task unseen zone counts has .* rnn"
    ):
        scoreboard_table([one, replace(other, samples=samples)])
