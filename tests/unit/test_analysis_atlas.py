"""The atlas against textbook facts, scipy, and data whose effects are known."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from plot_atlas import plot_atlas
from plot_atlas_checks import plot_atlas_checks
from plot_atlas_effects import plot_atlas_effects
from plot_atlas_measures import plot_atlas_measures
from quantlearn import columns, tables
from quantlearn.figures.atlas import atlas, atlas_checks, atlas_effects, atlas_measures
from quantlearn.semantics.complexity import family
from quantlearn.semantics.measures import measures
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.statistics import agreement, correlation, curves

RNG = np.random.default_rng(5)
QUANTIFIERS = 40


@pytest.fixture(scope="module")
def networks() -> pd.DataFrame:
    """Networks that find quantifiers harder the less monotone they are, the second kind twice."""
    rows = []
    for number in range(QUANTIFIERS):
        degrees = {name: RNG.random() for name in ("monotonicity", "quantity", "conservativity")}
        own = 0.02 * RNG.normal()
        for kind, slope in (("lstm", -0.2), ("transformer", -0.4)):
            for trial in range(2):
                area = 0.6 + slope * degrees["monotonicity"] + own + 0.01 * RNG.normal()
                rows.append(
                    {
                        **dict.fromkeys(tables.ATLAS, 0.5),
                        **degrees,
                        "architecture": kind,
                        "quantifier": f"q{number}",
                        "expression": "A <= B",
                        "family": ("sets", "numbers", "order")[number % 3],
                        "negation": f"q{number ^ 1}",
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
    return pd.DataFrame(rows)[list(tables.ATLAS)].astype(columns.types(tables.ATLAS))


@pytest.fixture(scope="module")
def effects(networks) -> pd.DataFrame:
    return atlas_effects.effects_table(networks, seed=1)


def test_measures_are_those_of_the_textbook():
    found = measures(
        {"every": "A <= B", "M": "|A| > |B|", "first_3": "|A| >= 3 and first(3, A) <= B"}, 5
    )
    assert found.loc["every", ["right_upward", "left_downward", "monotonicity"]].tolist() == [1] * 3
    assert found.loc["M", "conservativity"] < 1 == found.loc["every", "conservativity"]
    assert found.loc["first_3", "quantity"] < 1 == found.loc["M", "quantity"]


def test_the_area_is_the_mean_loss_and_blank_for_a_run_that_diverged():
    steps = np.array([1, 11, 31])
    assert curves.area_under_curve(steps, np.full(3, 0.7)) == pytest.approx(0.7)
    assert curves.area_under_curve(steps, np.array([1.0, 0.0, 0.0])) == pytest.approx(5 / 30)
    assert np.isnan(curves.area_under_curve(steps, np.array([1.0, np.nan, 0.0])))


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
        ("monotonicity × (transformer encoder less LSTM)", -0.2),
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
    found = correlation.correlation(
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
    counts = {"generated": len(names) - 3, "negations": 1}
    settings = {"quantifiers": names, **counts, "title": "Atlas"}
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


# --- Checks -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checks(networks) -> pd.DataFrame:
    return atlas_checks.checks_table(networks, seed=1)


def estimates(table, analysis, architecture="lstm", outcome="area"):
    kept = table[
        (table["analysis"] == analysis)
        & (table["architecture"] == architecture)
        & (table["outcome"] == outcome)
    ]
    return kept.set_index("name")


def test_negations_are_found_by_their_truths():
    found = measures({"every": "A <= B", "some": "|A & B| > 0", "not_all": "not A <= B"}, 4)
    assert found["negation"].tolist() == ["not_all", "", "every"]
    variants = ["max_with_negation", "two_sided_mean", "violation_rate"]
    assert (found.loc["every", variants] == found.loc["not_all", variants]).all()


def test_a_quantifier_and_its_negation_are_of_one_family():
    for expression in ("A <= B or B <= A", "|A| > 2 and first(1, A) <= B", "A[1] <= B"):
        negation = Quantifier("negation", f"not ({expression})")
        assert family(negation) == family(Quantifier("itself", expression))
    assert family(Quantifier("at_least_3", "|A & B| >= 3")) == "numbers"


def test_partial_correlation_is_that_of_residuals():
    cause, noise, other = RNG.normal(size=(3, 60))
    first, second = cause + noise, cause - noise + 0.3 * other
    given = np.stack([cause, other])
    found = correlation.partial_correlation(first, second, given, np.random.default_rng(1))
    left = [correlation.residuals(values, given) for values in (first, second)]
    expected, _ = stats.pearsonr(*left)
    assert found["estimate"] == pytest.approx(expected)
    t = expected * np.sqrt(56 / (1 - expected**2))  # Fisher (1924): a degree less for each
    assert found["p"] == pytest.approx(2 * stats.t.sf(abs(t), 56))
    assert found["lower"] < expected < found["upper"] < 0


def test_agreement_is_that_of_an_analysis_of_variance():
    wide = pd.DataFrame(RNG.normal(size=(12, 3)) + RNG.normal(size=(12, 1)))
    found = agreement.agreement(wide)
    f, p = stats.f_oneway(*wide.to_numpy())
    assert found["p"] == pytest.approx(p)
    assert found["estimate"] == pytest.approx((f - 1) / (f + 2))
    assert found["lower"] < found["estimate"] < found["upper"]
    assert np.isnan(agreement.agreement(wide[[0]])["estimate"])


def test_intervals_of_means_pool_the_variance_within_rows():
    wide = pd.DataFrame(RNG.normal(size=(50, 2)) + RNG.normal(size=(50, 1)))
    model = sm.OLS(wide.to_numpy().ravel(), np.repeat(np.eye(50), 2, axis=0)).fit()
    low, high = model.conf_int()[0]
    assert agreement.half_width(wide) == pytest.approx((high - low) / 2)
    assert np.isnan(agreement.half_width(wide[[0]]))


def test_families_are_left_out_one_at_a_time(networks, checks):
    without = estimates(checks, "without_family")
    assert set(without.index) == {"none", "sets", "numbers", "order"}
    assert without.loc["none", "n"] == QUANTIFIERS
    assert without.loc["sets", "n"] == QUANTIFIERS - 14
    whole = atlas_effects.regression(
        atlas.of_quantifiers(networks).query("architecture == 'lstm'").assign(imbalance=0.0), "area"
    )
    assert without.loc["none", "estimate"] == pytest.approx(whole.params["monotonicity"], abs=0.1)
    assert (without["estimate"] < 0).all()


def test_pairs_differ_as_they_were_made_to(networks, checks):
    by_name = atlas.of_quantifiers(networks).query("architecture == 'lstm'")
    assert len(atlas_checks.pairs(by_name)) == QUANTIFIERS // 2
    more = estimates(checks, "more_monotone").loc["all"]
    assert more["lower"] < more["estimate"] < more["upper"] < 0  # the more monotone, the easier
    assert more[["n", "networks"]].tolist() == [QUANTIFIERS // 2, 2 * QUANTIFIERS]
    truer = estimates(checks, "truer").loc["all"]
    assert truer["lower"] < 0 < truer["upper"]
    assert (estimates(checks, "degrees_of_pairs", "all", "degree")["n"] == QUANTIFIERS // 2).all()


def test_every_sentence_of_the_checks_has_n_interval_and_p(checks):
    lines = [line for line in atlas_checks.remark(checks, {}).splitlines() if line[:2] == "- "]
    assert len(lines) == 2 * 5
    for line in lines:
        assert all(part in line for part in ("n = ", "networks", "p ", " to "))
    few = atlas_checks.remark(checks.assign(estimate=np.nan, p_adjusted=np.nan), {})
    assert "too few" in few


def test_variants_of_the_degree_are_compared_by_what_is_left_of_them(checks):
    fixed = checks["analysis"] == "given_truth_set"
    numbers = {"lower": -0.99, "upper": 0.1, "p_adjusted": 0.01, "n": 40, "networks": 80}
    varied = checks.copy()
    for name, estimate in {"monotonicity": -0.5, "max_with_negation": -0.9}.items():
        rows = fixed & (varied["name"] == name)
        varied.loc[rows, ["estimate", *numbers]] = [estimate, *numbers.values()]
    others = fixed & ~varied["name"].isin(["monotonicity", "max_with_negation"])
    varied.loc[others, ["estimate", *numbers]] = [-0.7, *numbers.values()]
    lines = [line for line in atlas_checks.remark(varied, {}).splitlines() if "variants of" in line]
    assert len(lines) == 2
    for line in lines:
        assert "*monotonicity, negation too* goes most with small areas" in line
        assert "(−0.90, −0.99 to 0.10, p = 0.010, n = 40 quantifiers, 80 networks)" in line
        assert "*monotonicity* least (−0.50" in line


def test_measures_are_related_as_scipy_does(networks):
    table = atlas_measures.measures_table(networks, seed=1).set_index(["first", "second"])
    means = atlas.of_quantifiers(networks).query("architecture == 'lstm'")
    expected = stats.spearmanr(means["monotonicity"], means["quantity"])
    found = table.loc[("monotonicity", "quantity")]
    assert found["estimate"] == pytest.approx(expected.statistic)
    text = atlas_measures.remark(table.reset_index(), {})
    assert all(part in text for part in ("n = 40 quantifiers", " to ", "p "))


@pytest.mark.parametrize("of", ["all", "three"])
def test_checks_are_drawn_with_many_quantifiers_and_with_few(networks, checks, tmp_path, of):
    own = networks if of == "all" else networks[networks["quantifier"].isin(["q0", "q1", "q2"])]
    paths = {kind: tmp_path / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
    found = checks if of == "all" else atlas_checks.checks_table(own, seed=1)
    for table, plot in (
        (found, plot_atlas_checks),
        (atlas_measures.measures_table(own, seed=1), plot_atlas_measures),
    ):
        tables.write_csv(table, tmp_path / "numbers.csv")
        plot(tmp_path / "numbers.csv", {}, **paths)
        drawn = paths["svg"].read_text()
        if of == "all" and plot is plot_atlas_checks:
            assert drawn.count("<title>q") == 2 * (QUANTIFIERS + QUANTIFIERS // 2)
    assert "n = " in atlas_checks.remark(found, {}) or "too few" in atlas_checks.remark(found, {})


def test_the_first_remark_says_how_far_trials_agree(networks):
    names = list(networks["quantifier"].unique())
    settings = {"quantifiers": names, "generated": len(names) - 3, "negations": 1}
    lines = atlas.remark(networks, settings).splitlines()[2:]
    assert len(lines) == 2
    for line in lines:
        assert all(part in line for part in ("n = 40 quantifiers", " to ", "p < 0.001"))
        # What a generated name means is told behind it.
        assert line.count("`: ") == sum(f"*{name}* (`" in line for name in names) > 0
