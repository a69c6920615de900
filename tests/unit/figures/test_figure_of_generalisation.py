"""What carries over to new scenes: the right rows, the right tests, and no claim beyond them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from quantlearn import tables
from quantlearn.figures.practice import generalisation
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.statistics.comparison import welch_test
from quantlearn.statistics.intervals import mean_interval

NAMES = ["at_least_2", "at_least_3"]
SIZES = range(2, 7)


def settings(name="here", by="scene", **kept):
    only_test = {"sizes_above": None, "quantifiers": []} | kept
    return {
        "name": name,
        "title": f"Title of {name}",
        "quantifiers": NAMES,
        "data": {"split": {"by": by, "only_test": only_test}},
    }


def answers_of(experiment, right, trials=4, scenes=100):
    """An experiment in which right(trial, quantifier, size) of 100 answers are right."""
    rows = pd.DataFrame(
        [
            {"trial": trial, "quantifier": name, "size": size, "scenes": scenes}
            | {"correct": right(trial, name, size), "split": "test"}
            for trial in range(trials)
            for name in NAMES
            for size in SIZES
        ]
    )
    baselines = pd.concat(
        rows.assign(baseline=baseline, correct=correct, unseen=0)
        for baseline, correct in (("majority", 50), ("size", 60), ("zone_counts", 90))
    )
    return SimpleNamespace(
        name=experiment["name"],
        settings=experiment,
        cells=rows,
        baseline_cells=baselines,
        shown=lambda frame: frame,
    )


def table_of(experiment, beside=()):
    return generalisation.tables(experiment, beside, 1)["generalisation"]


def text_of(table, experiment):
    facts = generalisation.facts({"generalisation": table}, experiment.settings)
    return " ".join(render(template_of("generalisation"), facts).split())


def by_size():
    """Right in 98 of 100 short scenes and, from trial to trial, in 80 to 86 of the long ones."""
    return answers_of(
        settings(sizes_above=4), lambda trial, _, size: 98 if size <= 4 else 80 + 2 * trial
    )


def by_quantifier():
    return answers_of(
        settings(quantifiers=["at_least_3"]),
        lambda trial, name, _: 95 + trial if name == "at_least_2" else 70 + trial,
    )


def by_experiment():
    new = answers_of(settings(by="zone_counts"), lambda trial, *_: 88 + trial)
    return new, [answers_of(settings("control"), lambda trial, *_: 93 + 2 * trial, trials=5)]


def test_larger_scenes_are_compared_with_trained_sizes_by_trial():
    table = table_of(by_size())
    assert len(table) == len(NAMES) * (2 + len(SIZES))
    whole = table[table["size"].isna() & (table["quantifier"] == "at_least_2")]
    known, new = whole[whole["trained"]].iloc[0], whole[~whole["trained"]].iloc[0]
    assert (known["scenes"], new["scenes"]) == (4 * 3 * 100, 4 * 2 * 100)
    expected = mean_interval(0.98 - np.array([0.80, 0.82, 0.84, 0.86]))
    assert new["loss"] == pytest.approx(0.15)
    assert new["loss_lower"] == pytest.approx(expected.lower)
    assert np.isnan(known["loss"])
    assert (new["majority"], new["size_alone"], new["zone_counts"]) == (0.5, 0.6, 0.9)


def test_the_parts_of_each_kind_make_its_whole():
    table = table_of(by_size())
    whole, parts = table[table["size"].isna()], table.dropna(subset="size")
    keys = ["quantifier", "trained"]
    sums = [part.groupby(keys)["scenes"].sum().to_list() for part in (whole, parts)]
    assert sums[0] == sums[1]


def test_quantifiers_that_were_not_trained_are_compared_with_the_others():
    table = table_of(by_quantifier()).set_index(["quantifier", "trained"])
    assert table.loc[("at_least_3", False), "loss"] == pytest.approx(0.25)
    assert table.loc[("all", False), "loss"] == pytest.approx(0.25)
    # Each trial is as much better in both: the difference has no variance and so no interval.
    assert np.isnan(table.loc[("all", False), "loss_lower"])
    assert table.loc[("at_least_2", True), "accuracy"] == pytest.approx(0.965)


def test_two_experiments_are_compared_as_independent_samples():
    table = table_of(*by_experiment())
    assert list(table["experiment"]) == ["control", "here"] * 2
    expected = welch_test(
        np.array([0.93, 0.95, 0.97, 0.99, 1.01]), np.array([0.88, 0.89, 0.90, 0.91])
    )
    new = table[~table["trained"]].iloc[0]
    found = [new["loss"], new["loss_lower"], new["loss_upper"]]
    assert found == pytest.approx([expected.estimate, expected.lower, expected.upper])


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ((by_size(), []), "a loss of 15.0 percentage points (95 % interval"),
        ((by_quantifier(), []), "fewest answers are right for *at least 3*: 71.5 %"),
        (by_experiment(), "a loss of"),
    ],
    ids=["sizes", "quantifiers", "experiments"],
)
def test_each_kind_has_words_and_a_figure(tmp_path, results, said):
    path, experiment = tmp_path / "generalisation.csv", results[0]
    tables.write_csv(table_of(*results), path)
    read = tables.read_csv(path, generalisation.TABLES["generalisation"])
    text = text_of(read, experiment)
    assert said in text
    assert "nan" not in text
    figure = generalisation.draw({"generalisation": read}, experiment)
    assert "size alone" in [one.get_text().strip() for one in figure.findobj(Text)]


def test_scenes_split_by_size_are_compared_with_those_of_the_control():
    new, beside = by_experiment()
    new.settings["data"]["split"]["by"] = "size"
    table = table_of(new, beside)
    assert list(table["experiment"]) == ["control", "here"] * 2
    assert "From any sizes to sizes that were not trained" in text_of(table, new)


def test_a_difference_within_its_interval_is_not_called_a_loss():
    scattered = answers_of(
        settings(sizes_above=4),
        lambda trial, _, size: 90 if size <= 4 else 89 + 10 * (-1) ** trial,
    )
    text = text_of(table_of(scattered), scattered)
    assert text.count("no loss that could be shown") == len(NAMES)
    assert "a loss of" not in text
