"""The controls of 2019, from curves whose leads are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from quantlearn.figures import style
from quantlearn.figures.atlas import controls
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render

PAIR = ["at_least_4", "most"]
CONVERGENCE = {"threshold": 0.95, "window": 20}


def source(name, together, steps, *, data=None, samples=(0,), groups=None, rate=1e-3):
    """An experiment whose networks reach accuracy 1 at the given steps (trials, 2); nan: never."""
    evaluated = np.arange(1, 1002, 50)
    curves = pd.DataFrame(
        {
            "sample": sample,
            "trial": trial,
            "step": evaluated,
            "split": "test",
            "quantifier": quantifier,
            "loss": 0.1,
            "accuracy": np.where(evaluated >= step, 1.0, 0.5),
        }
        for sample in samples
        for trial, row in enumerate(steps)
        for quantifier, step in zip(PAIR, row, strict=True)
    ).explode(["step", "accuracy"], ignore_index=True)
    settings = synthetic.experiment_settings(
        name,
        PAIR,
        groups=groups,
        network={"hidden": 12},
        training={"monitor": "test", "together": together, "learning_rate": rate, "max_epochs": 9},
        convergence=CONVERGENCE,
        data=data or {"balance": {"by": "truth"}, "split": {"by": "scene"}},
    )
    drawn = {
        sample: {
            "training": {"learning_rate": rate, "max_epochs": 9},
            "network": {"hidden": 12 + sample},
        }
        for sample in samples
    }
    return SimpleNamespace(
        name=name,
        settings=settings,
        samples=list(drawn),
        sample=drawn.__getitem__,
        curves=curves.astype({"step": "int64", "accuracy": float}),
    )


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    twice = [[101, 201]] * 3 + [[151, 301]] * 4 + [[201, 401]] * 3
    one_only = [[101, np.nan]] * 9 + [[np.nan, np.nan]]
    matched = {"balance": {"by": "truth_and_size"}, "split": {"by": "zone_counts"}}
    beside = [
        source("matched", True, one_only, data=matched, groups=[PAIR], rate=1e-4),
        source("again", True, twice, groups=[["every", "some"], PAIR[::-1]]),
        source("apart", True, twice, groups=[["every", PAIR[0]], ["some", PAIR[1]]]),
        source("published", True, twice),
    ]
    alone = source("alone", False, [[101, 101]] * 10, samples=(0, 1))
    return controls.tables(alone, beside, seed=1)["controls"]


def text_of(numbers) -> str:
    return render(template_of("controls"), controls.facts({"controls": numbers}, {}))


def test_leads_are_ratios_of_steps(numbers):
    published = numbers[numbers["experiment"] == "published"]
    assert published["condition"].iloc[0] == "as documented"
    assert len(published) == 1 + len(controls.THRESHOLDS) + len(controls.WINDOWS)
    ratios = np.array([201 / 101] * 3 + [301 / 151] * 4 + [401 / 201] * 3)
    assert published["ratio"].to_numpy() == pytest.approx(np.exp(np.log(ratios).mean()))
    assert (published["lower"] < published["ratio"]).all()
    assert published["both"].tolist() == [10] * 5


def test_conditions_are_named_by_what_they_change(numbers):
    """And experiments in which no network has to do with the pair alone are no conditions."""
    others = numbers[numbers["experiment"] != "published"].set_index(["experiment", "sample"])
    assert others["condition"].to_dict() == {
        ("alone", 0): "alone",
        ("alone", 1): "alone, 13 units",
        ("matched", 0): "sizes matched, new zone counts, rate 1 × 10⁻⁴",
        ("again", 0): "at most 9 epochs",
    }


def test_what_survives_is_significant_and_in_the_right_direction(numbers):
    assert controls.sooner(numbers).tolist() == [1] * 5 + [0] * 2 + [1] * 2
    backwards = numbers.assign(rank_biserial=-numbers["rank_biserial"])
    assert controls.sooner(backwards).tolist() == [-1] * 5 + [0] * 2 + [-1] * 2


def test_trials_in_which_one_is_learned_count(numbers):
    row = numbers[numbers["experiment"] == "matched"].iloc[0]
    assert row["condition"] == "sizes matched, new zone counts, rate 1 × 10⁻⁴"
    assert row[["n", "both", "only_easy", "only_hard"]].tolist() == [10, 0, 9, 0]
    assert np.isnan(row["ratio"])
    assert row["rank_biserial"] == 1


def test_the_text_says_in_how_many_conditions_an_effect_survives(numbers):
    text = " ".join(text_of(numbers).split())
    assert "the effect that is shown as documented, a lead of 1.99 (95 % interval " in text
    assert "; 10 trials), survives in 6 of 8 other conditions." in text
    assert text.count("<td>the first</td>") == 7
    backwards = " ".join(text_of(numbers.assign(rank_biserial=-numbers["rank_biserial"])).split())
    assert "as documented the second is learned sooner" in backwards
    assert "as in 6 of the others; the first is shown to be sooner in 0 of 8" in backwards
    nothing = " ".join(text_of(numbers.assign(p_adjusted=0.5)).split())
    assert "no effect is shown as documented" in nothing
    assert "one is in 0 of 8 other conditions" in nothing


def test_too_few_trials_for_so_many_rows_are_told(numbers):
    def warning(n, rows):
        return "no row can count as shown" in text_of(numbers.head(rows).assign(n=n))

    # Eight trials that all agree have p = 1/128, seven 1/64: over five rows times 5.
    assert warning(7, 5)
    assert not warning(7, 3)
    assert not warning(8, 5)
    assert not warning(8, 7)  # rows without a p are not counted


def test_the_figure_has_a_panel_for_each_pair(numbers, tmp_path):
    paths = [tmp_path / f"figure.{kind}" for kind in ("svg", "pdf", "png")]
    with style.figure_style():
        style.save_figure(controls.draw({"controls": numbers}, SimpleNamespace()), *paths)
    drawn = paths[0].read_text()
    assert "at least 4" in drawn
    assert "sizes matched" in drawn
