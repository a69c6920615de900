"""The atlas against textbook facts, scipy, and data whose effects are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plot_atlas import plot_atlas
from plot_atlas_effects import plot_atlas_effects
from quantlearn import tables
from quantlearn.analyses import atlas, atlas_effects

RNG = np.random.default_rng(5)
QUANTIFIERS = 40


@pytest.fixture(scope="module")
def networks() -> pd.DataFrame:
    """Networks that find quantifiers harder the less monotone they are, the second kind twice."""
    rows = []
    for number in range(QUANTIFIERS):
        measures = {name: RNG.random() for name in ("monotonicity", "quantity", "conservativity")}
        own = 0.02 * RNG.normal()
        for kind, slope in (("lstm", -0.2), ("transformer", -0.4)):
            for trial in range(2):
                area = 0.6 + slope * measures["monotonicity"] + own + 0.01 * RNG.normal()
                rows.append(
                    {
                        **dict.fromkeys(tables.ATLAS, 0.5),
                        **measures,
                        "architecture": kind,
                        "quantifier": f"q{number}",
                        "expression": "A <= B",
                        "trial": trial,
                        "area": area,
                        "accuracy": 1 - area,
                        "converged": number % 2 == 0,
                        "step": 100 + number if number % 2 == 0 else pd.NA,
                        "truth_rate": 0.3 + 0.01 * number,
                        "size_alone": 0.5 + 0.1 * RNG.random(),
                        "lempel_ziv": 1000 * RNG.random(),
                        "extensionality": 1.0,
                    }
                )
    return pd.DataFrame(rows)[list(tables.ATLAS)].astype(dict(tables.ATLAS))


@pytest.fixture(scope="module")
def effects(networks) -> pd.DataFrame:
    return atlas_effects.effects_table(networks, seed=1)


def test_measures_are_those_of_the_textbook():
    found = atlas.measures(
        {"every": "A <= B", "M": "|A| > |B|", "first_3": "|A| >= 3 and first(3, A) <= B"}, 5
    )
    assert found.loc["every", ["right_upward", "left_downward", "monotonicity"]].tolist() == [1] * 3
    assert found.loc["M", "conservativity"] < 1 == found.loc["every", "conservativity"]
    assert found.loc["first_3", "quantity"] < 1 == found.loc["M", "quantity"]


def test_the_area_is_the_mean_loss_and_blank_for_a_run_that_diverged():
    steps = np.array([1, 11, 31])
    assert atlas.area_under_curve(steps, np.full(3, 0.7)) == pytest.approx(0.7)
    assert atlas.area_under_curve(steps, np.array([1.0, 0.0, 0.0])) == pytest.approx(5 / 30)
    assert np.isnan(atlas.area_under_curve(steps, np.array([1.0, np.nan, 0.0])))


def test_a_quantifier_is_the_mean_of_its_trials(networks):
    broken = networks.copy()
    broken.loc[0, "area"] = np.nan
    means = atlas.of_quantifiers(broken).set_index(["architecture", "quantifier"])
    assert len(means) == 2 * QUANTIFIERS
    assert means.loc[("lstm", "q0"), "area"] == broken.loc[1, "area"]
    assert means.loc[("lstm", "q1"), "step"] == np.inf


def test_correlations_are_those_of_scipy(networks, effects):
    means = atlas.of_quantifiers(networks[networks["architecture"] == "lstm"])
    by_place = effects.set_index(["analysis", "outcome", "architecture", "measure"])
    for kind, function in (("spearman", stats.spearmanr), ("pearson", stats.pearsonr)):
        row = by_place.loc[(kind, "area", "lstm", "monotonicity")]
        expected = function(means["monotonicity"], means["area"])
        assert row["estimate"] == pytest.approx(expected.statistic)
        assert row["p"] == pytest.approx(expected.pvalue)
        assert row["lower"] < row["estimate"] < row["upper"] < 0
        assert row[["n", "networks"]].tolist() == [QUANTIFIERS, 2 * QUANTIFIERS]


def test_models_find_the_effects_that_are_there(effects):
    keys = ["analysis", "outcome", "architecture", "measure"]
    by_place = effects.set_index(keys).sort_index()
    mixed = by_place.loc[("mixed", "area", "lstm and transformer")]
    for term, true in (
        ("monotonicity", -0.3),
        ("monotonicity × (transformer less lstm)", -0.2),
    ):
        assert mixed.loc[term, "lower"] < true < mixed.loc[term, "upper"]
        assert mixed.loc[term, "p_adjusted"] < 0.001
    regression = by_place.loc[("regression", "area", "transformer")]
    assert regression.loc["monotonicity", "upper"] < 0
    # Nothing can be said of a measure that never varies.
    assert regression.loc["extensionality", "estimate":"p_adjusted"].isna().all()


def test_steps_that_were_not_reached_rank_last(networks):
    means = atlas.of_quantifiers(networks)
    assert np.isinf(means["step"]).sum() == QUANTIFIERS
    found = atlas_effects.correlation(
        (~np.isinf(means["step"])).astype(float), means["step"], "spearman", np.random.default_rng()
    )
    assert found["estimate"] < -0.8


def test_every_sentence_has_n_interval_and_p(effects):
    lines = atlas_effects.remark(effects, {}).splitlines()[2:]
    assert len(lines) == 5
    for line in lines:
        assert all(part in line for part in ("n = 40 quantifiers", "networks", "p ", " to "))
    assert len(atlas_effects.shown(effects)) == 2 * 2 * 7 + 3


def test_few_quantifiers_leave_blanks(networks):
    few = networks[networks["quantifier"].isin(["q0", "q1", "q2"])]
    table = atlas_effects.effects_table(few, seed=1)
    assert table["estimate"].isna().all()
    text = atlas_effects.remark(table, {})
    assert "3 quantifiers are too few" in text
    assert "not to be estimated" in text


def test_figures_tell_names_under_the_pointer(networks, effects, tmp_path):
    names = list(networks["quantifier"].unique())
    settings = {"quantifiers": names, "generated": len(names) - 2, "title": "Atlas"}
    paths = [tmp_path / f"figure.{kind}" for kind in ("svg", "pdf", "png")]
    tables.write_csv(networks, tmp_path / "atlas.csv")
    plot_atlas(
        tmp_path / "atlas.csv", settings, **dict(zip(("svg", "pdf", "png"), paths, strict=True))
    )
    drawn = paths[0].read_text()
    assert drawn.count("<title>q7: A &lt;= B") == 2  # one for each architecture
    tables.write_csv(effects, tmp_path / "effects.csv")
    plot_atlas_effects(
        tmp_path / "effects.csv", settings, **dict(zip(("svg", "pdf", "png"), paths, strict=True))
    )
    assert "Standardised coefficient" in paths[0].read_text()
