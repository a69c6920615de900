"""Growing scenes, gradients through time and the scoreboard: tables with known numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_leaderboard import trials_of

from quantlearn.errors import QuantlearnError
from quantlearn.figures import style
from quantlearn.figures.course import gradients_through_time, scoreboard, sequence_lengths
from quantlearn.figures.course.gradients_through_time import by_distance, relative_norms
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
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


def experiment_of(settings, networks, **results):
    """The results of an experiment with a sample for each of these settings of a network."""
    samples = [{"network": network} for network in networks]
    return SimpleNamespace(
        name=settings["name"],
        settings=settings,
        samples=range(len(samples)),
        sample=samples.__getitem__,
        architecture=lambda sample: samples[sample]["network"]["architecture"],
        **results,
    )


def drawn(module, made, settings, folder):
    """The SVG of a figure, which must be the same each time."""
    texts = []
    for run in ("once", "again"):
        path = folder / f"{run}.svg"
        with style.figure_style():
            style.save_figure(module.draw(made, SimpleNamespace(settings=settings)), path)
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    return texts[0]


def said(module, made, settings):
    """The text of a figure, on one line."""
    name = module.__name__.rpartition(".")[2]
    return " ".join(render(template_of(name), module.facts(made, settings)).split())


def test_accuracy_by_size_is_that_of_the_test_scenes(tmp_path):
    settings = settings_of("growing")
    cells = cells_of(lambda sample, trial, _, size: 90 - 10 * (size > 8) - trial - sample, 2)
    networks = [{"architecture": "gru"}, {"architecture": "rnn"}]
    made = sequence_lengths.tables(experiment_of(settings, networks, cells=cells), [], 1)
    table = made["sequence_lengths"]
    rows = table[(table["architecture"] == "rnn") & (table["quantifier"] == "first_3")]
    by_size = rows.dropna(subset="size").set_index("size")["estimate"]
    assert by_size.to_dict() == pytest.approx({7: 0.88, 8: 0.88, 9: 0.78})
    whole = rows[rows["size"].isna()].set_index("trained")
    expected = mean_interval(np.array([0.89, 0.88, 0.87]))
    assert whole.loc[True, ["estimate", "lower", "upper"]].tolist() == pytest.approx(
        [expected.estimate, expected.lower, expected.upper]
    )
    text = said(sequence_lengths, made, settings)
    assert text.startswith("In scenes of more than 8 objects, which no network was trained on")
    assert "for *first 3* from the GRU, 79.0 % (95 % interval" in text
    assert text.count('<th scope="row">') == 2 * 2 * len(NAMES)
    assert "Objects in the scene" in drawn(sequence_lengths, made, settings, tmp_path)


def test_a_gradient_that_halves_with_each_step_is_reported_so(tmp_path):
    halving = 0.5 ** np.arange(5)[::-1]
    scales = np.array([[[1.0], [8.0]], [[4.0], [2.0]]])
    norms = scales * halving
    ratios = relative_norms(norms, norms[:, :, -1])
    np.testing.assert_allclose(ratios, np.tile(halving, (2, 1)))
    columns = list(gradients_through_time.TABLES["gradients_through_time"])
    table = pd.DataFrame(
        [
            *by_distance(("lstm", "h", "untrained"), ratios),
            *by_distance(("lstm", "c", "untrained"), np.ones((2, 5))),
            *by_distance(("lstm", "h", "trained"), ratios * [[2], [0.5]]),
            *by_distance(("lstm", "c", "trained"), np.ones((2, 5))),
        ],
        columns=columns,
    )
    h = table[(table["part"] == "h") & (table["network"] == "trained")].set_index("distance")
    np.testing.assert_allclose(h["estimate"], 0.5 ** np.arange(5))
    spread = mean_interval(np.log([2, 0.5])).upper
    np.testing.assert_allclose(np.log(h["upper"]) - np.log(h["estimate"]), spread)
    made = {"gradients_through_time": table}
    text = said(gradients_through_time, made, {})
    assert text.startswith("4 objects before the end, of a gradient of 1")
    assert "1 for the LSTM's *c*, 0.0625 (95 % interval" in text
    rows = gradients_through_time.facts(made, {})["rows"]
    assert [row["Factor of a step"] for row in rows] == ["0.5", "1", "0.5", "1"]
    assert "LSTM, c" in drawn(gradients_through_time, made, settings_of("g"), tmp_path)


def test_a_gradient_too_small_for_a_number_is_no_gap():
    ratios = relative_norms(np.array([[[0.0, 1.0]]]), np.array([[1.0]]))
    assert 0 < ratios[0, 0] < 1e-300


NETWORKS = [{"architecture": "gru"}, {"architecture": "gru"}, {"architecture": "rnn"}]


def contest(name, by="scene", border=8, networks=NETWORKS, **changes):
    """Two architectures, the first with two samples, of which sample 1 is better on dev."""
    trials = pd.concat(trials_of(n, dev) for n, dev in enumerate([[0.5] * 3, [0.9] * 3, [0.8] * 3]))
    settings = settings_of(name, by, border) | changes
    return experiment_of(settings, networks, trials=trials, cells=cells_of(right, 3))


def right(sample, trial, name, size):
    """Sample 0, which is not chosen, would be the best one; first 3 and large scenes are hard."""
    return [100, 80, 70][sample] - 10 * (name == "first_3") - 20 * (size > 8) + trial


def scores_of(*contests):
    return scoreboard.tables(contests[0], contests[1:], 1)["scoreboard"]


def test_scores_are_of_the_sample_that_is_best_on_dev(tmp_path):
    table = scores_of(contest("here"), contest("counts", "zone_counts", None))
    found = table.set_index(["architecture", "task"])
    assert found.loc[("gru", "monotonicity"), "sample"] == 1
    scores = found.loc["gru", "estimate"].to_dict()
    third, large = 10 / 6, 20 / 3
    assert scores == pytest.approx(
        {
            **{"monotonicity": 0.81, "quantity": 0.76, "conservativity": 0.81},
            "longer_scenes": 0.61 - third / 100,
            "unseen_counts": 0.81 - (third + large) / 100,
            "mean": np.mean([0.81, 0.76, 0.81, 0.61 - third / 100, 0.81 - (third + large) / 100]),
        }
    )
    assert found.loc[("gru", "mean"), "lower"] == pytest.approx(
        mean_interval(scores["mean"] + np.array([-0.01, 0, 0.01])).lower
    )
    assert table["architecture"].iloc[0] == "gru"
    contests = contest("here"), contest("counts", "zone_counts", None)
    made, settings = scoreboard.tables(contests[0], contests[1:], 1), settings_of("here")
    text = said(scoreboard, made, settings)
    assert text.startswith("By their mean rank over 5 tasks the architectures stand in this order:")
    assert "GRU (1.0), Elman network (2.0). Whichever task is left out, the GRU stays" in text
    rows = scoreboard.facts(made, settings)["rows"].to_dict("records")
    assert rows[1] == {"Task": "Quantity", "GRU": "76.0 %", "Elman network": "66.0 %"}
    assert rows[-1] == {"Task": "Mean rank", "GRU": "1.0", "Elman network": "2.0"}
    assert "conservativity" in drawn(scoreboard, made, settings, tmp_path)


def boards(**scores):
    """A leaderboard of LSTM, GRU and feed-forward network, from scores (trials, 3) by task."""
    names = ["lstm", "gru", "feedforward"]
    return scoreboard.ranked(
        {task: pd.DataFrame(own, columns=names) for task, own in scores.items()}, {}
    )


def near(*means, trials=10):
    """Scores of some trials around these means, each trial with luck that all share."""
    rng = np.random.default_rng(1)
    luck = rng.normal(0, 0.1, (trials, 1))
    return np.array(means) + luck + rng.normal(0, 0.01, (trials, len(means)))


def test_one_task_with_a_wide_spread_decides_nothing():
    """Behind in three of four tasks, far ahead in one: the best mean, and the last place."""
    usual = near(0.62, 0.6, 0.55)
    made = boards(monotonicity=usual, quantity=usual, search=usual, description=near(0.1, 0.2, 0.8))
    table = made["scoreboard"].set_index(["task", "architecture"])
    assert table.loc["mean", "estimate"].idxmax() == "feedforward"
    assert table.loc["mean", "rank"].to_dict() == {"lstm": 1.5, "gru": 2.0, "feedforward": 2.5}
    text = said(scoreboard, made, settings_of("here"))
    assert "order: LSTM (1.5), GRU (2.0), feed-forward network (2.5)." in text
    assert "sequence to sequence (the feed-forward network)" in text
    alone = said(scoreboard, boards(description=near(0.1, 0.2, 0.8)), settings_of("here"))
    assert "Who is first hangs on single tasks" in alone


def test_architectures_are_compared_within_trials():
    """Trials differ by far more than architectures, so that all intervals overlap."""
    made = boards(monotonicity=near(0.65, 0.6, 0.6), quantity=near(0.65, 0.6, 0.6))
    task = made["scoreboard"].query("task == 'monotonicity'").set_index("architecture")
    assert task.loc["lstm", "lower"] < task.loc["gru", "upper"]
    found = made["scoreboard_differences"].query("task == 'monotonicity'")
    assert found["verdict"].tolist() == ["higher", "higher", "no_difference"]
    text = said(scoreboard, made, settings_of("here"))
    assert "ahead of all others, within trials, in monotonicity (the LSTM)" in text


def test_equal_means_share_their_rank_in_whatever_order_they_are_summed():
    scores = np.array([[0.1, 0.3, 0.1], [0.2, 0.2, 0.1], [0.3, 0.1, 0.1]])
    ranks = boards(search=scores)["scoreboard"].query("task == 'search'")["rank"]
    assert ranks.tolist() == [1.5, 1.5, 3]


@pytest.mark.parametrize(
    ("task", "change"),
    [
        ("description", {"task": "description"}),
        ("transfer", {"start_from": "sources"}),
        ("search", {"search": {"sampler": "sobol", "choose": False}}),
    ],
)
def test_an_experiment_may_be_a_task_as_a_whole(task, change):
    networks = NETWORKS
    if task == "description":  # in which the architecture is that of the part that reads
        networks = [
            {"architecture": "captioner", "reader": own["architecture"]} for own in NETWORKS
        ]
    found = scores_of(contest("here"), contest("other", networks=networks, **change))
    found = found.set_index(["architecture", "task"])
    of_all = 0.8 - 0.1 / len(NAMES) - 0.2 / 3 + 0.01
    assert found.loc[("gru", task), ["estimate", "sample"]].tolist() == pytest.approx([of_all, 1])
    means = found.loc["gru"].drop("mean")["estimate"]
    assert len(means) == len(PAIRS) + 2
    assert found.loc[("gru", "mean"), "estimate"] == pytest.approx(means.mean())


def test_a_mean_over_fewer_tasks_than_those_of_others_is_refused():
    other = contest("other", "zone_counts", None, networks=NETWORKS[:2] * 2)
    with pytest.raises(
        QuantlearnError, match=r"no sample of the task unseen zone counts has .* rnn"
    ):
        scores_of(contest("here"), other)
