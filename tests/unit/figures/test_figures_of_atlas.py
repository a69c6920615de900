"""The atlas against textbook facts, scipy, and data whose effects are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from quantlearn import columns
from quantlearn.figures import style
from quantlearn.figures.atlas import atlas, atlas_checks, atlas_effects, atlas_measures
from quantlearn.figures.atlas_networks import ATLAS, networks_of, of_quantifiers
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
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
                        **dict.fromkeys(ATLAS, 0.5),
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
    return pd.DataFrame(rows)[list(ATLAS)].astype(columns.types(ATLAS))


@pytest.fixture(scope="module")
def effects(networks) -> pd.DataFrame:
    return atlas_effects.effects(networks, seed=1)


def settings_of(networks) -> dict:
    names = list(networks["quantifier"].unique())
    counts = {"generated": len(names) - 3, "negations": 1}
    return {"quantifiers": names, "title": "Atlas", **counts}


def text_of(module, table, networks=None) -> str:
    """The text of a figure of one table."""
    name = module.__name__.rpartition(".")[2]
    settings = {} if networks is None else settings_of(networks)
    return render(template_of(name), module.facts({name: table}, settings))


def drawn_by(module, table, networks, folder) -> str:
    """The SVG of a figure of one table."""
    name = module.__name__.rpartition(".")[2]
    paths = [folder / f"figure.{kind}" for kind in ("svg", "pdf", "png")]
    with style.figure_style():
        experiment = SimpleNamespace(settings=settings_of(networks))
        style.save_figure(module.draw({name: table}, experiment), *paths)
    return paths[0].read_text()


def test_a_network_stands_beside_its_quantifier_and_what_rules_reach():
    places = [(sample, trial, name) for sample in (0, 1) for trial in (0, 1) for name in ("q", "p")]
    keys = pd.DataFrame(places, columns=["sample", "trial", "quantifier"])
    learned = [keys.assign(step=step, loss=loss) for step, loss in ((1, 1.0), (11, 0.0), (31, 0.0))]
    rules = [(name, rule) for name in ("q", "p") for rule in ("majority", "size", "zone_counts")]
    cells = pd.DataFrame(rules, columns=["quantifier", "baseline"]).merge(
        pd.DataFrame({"size": [1, 2], "scenes": [10, 30], "unseen": 0}), how="cross"
    )
    right = {"majority": 5, "size": 6, "zone_counts": 10}
    cells["correct"] = cells["baseline"].map(right)
    cells = cells.merge(pd.DataFrame({"trial": [0, 1], "split": "dev"}), how="cross")
    experiment = SimpleNamespace(
        settings={
            "training": {"monitor": "dev"},
            "expressions": {"q": "A <= B", "p": "|A & B| % 2 == 0"},
            "quantifiers": ["q", "p"],
        },
        curves=pd.concat(learned).assign(split="dev", accuracy=0.5),
        convergence=keys.assign(step=11, converged=True, final_accuracy=0.9, last_step=31),
        baseline_cells=cells[list(columns.BASELINE_CELLS)],
        samples=[0, 1],
        architecture=["transformer", "lstm"].__getitem__,
    )
    found = networks_of(experiment, objects=3)
    assert found["architecture"].tolist() == ["lstm"] * 4 + ["transformer"] * 4
    assert found["quantifier"].tolist() == ["q", "q", "p", "p"] * 2
    assert found["area"].to_numpy() == pytest.approx(5 / 30)
    assert found["size_alone"].to_numpy() == pytest.approx(12 / 40)
    assert found["counts_alone"].to_numpy() == pytest.approx(20 / 40)
    assert found.set_index("quantifier").loc["q", "monotonicity"].eq(1).all()


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
    means = of_quantifiers(broken).set_index(["architecture", "quantifier"])
    assert len(means) == 2 * QUANTIFIERS
    assert means.loc[("lstm", "q0"), "area"] == broken.loc[1, "area"]
    assert means.loc[("lstm", "q1"), "step"] == np.inf


def test_correlations_are_those_of_scipy(networks, effects):
    means = of_quantifiers(networks[networks["architecture"] == "lstm"])
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
    means = of_quantifiers(networks)
    assert np.isinf(means["step"]).sum() == QUANTIFIERS
    found = correlation.correlation(
        (~np.isinf(means["step"])).astype(float), means["step"], "spearman", np.random.default_rng()
    )
    assert found["estimate"] < -0.8


def test_the_text_says_what_monotonicity_does(networks, effects):
    text, _ = text_of(atlas_effects, effects).split("<div")
    assert text.count("the more monotone a quantifier, the smaller the area") == 2
    assert text.count("more monotone quantifiers have a smaller one") == 2
    assert text.count("95 % interval") == 4
    assert text.count("; 40 quantifiers)") == 2
    nothing = text_of(atlas_effects, effects.assign(p_adjusted=0.5))
    assert nothing.count("is not shown to depend on monotonicity") == 2
    assert nothing.count("no effect of monotonicity is shown") == 2
    few = networks[networks["quantifier"].isin(["q0", "q1", "q2"])]
    table = atlas_effects.effects(few, seed=1)
    assert table["estimate"].isna().all()
    assert "3 quantifiers are too few" in text_of(atlas_effects, table)


def test_figures_tell_names_under_the_pointer(networks, effects, tmp_path):
    told = drawn_by(atlas, networks, networks, tmp_path).count("<title>q7: A &lt;= B")
    assert told == 2  # one for each architecture
    drawn = drawn_by(atlas_effects, effects, networks, tmp_path)
    assert "Standardised coefficient" in drawn


# --- Checks -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checks(networks) -> pd.DataFrame:
    return atlas_checks.checks(networks, seed=1)


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
        of_quantifiers(networks).query("architecture == 'lstm'").assign(imbalance=0.0), "area"
    )
    assert without.loc["none", "estimate"] == pytest.approx(whole.params["monotonicity"], abs=0.1)
    assert (without["estimate"] < 0).all()


def test_pairs_differ_as_they_were_made_to(networks, checks):
    by_name = of_quantifiers(networks).query("architecture == 'lstm'")
    assert len(atlas_checks.pairs(by_name)) == QUANTIFIERS // 2
    more = estimates(checks, "more_monotone").loc["all"]
    assert more["lower"] < more["estimate"] < more["upper"] < 0  # the more monotone, the easier
    assert more[["n", "networks"]].tolist() == [QUANTIFIERS // 2, 2 * QUANTIFIERS]
    truer = estimates(checks, "truer").loc["all"]
    assert truer["lower"] < 0 < truer["upper"]
    assert (estimates(checks, "degrees_of_pairs", "all", "degree")["n"] == QUANTIFIERS // 2).all()


def test_the_text_of_the_checks_gives_verdicts(checks):
    text, _ = text_of(atlas_checks, checks).split("<div")
    assert text.count("monotonicity still goes with the area") == 2
    assert text.count("; 40 quantifiers), alone") == 2
    assert text.count("the more monotone one has a smaller area") == 2
    assert text.count("the truer one is not shown to differ") == 2
    assert text.count("in 3 of 3 fits") == 2
    nothing = text_of(atlas_checks, checks.assign(p_adjusted=0.5))
    assert nothing.count("no rank correlation of the area with monotonicity is shown") == 2
    assert nothing.count("in 0 of 3 fits") == 2
    few = text_of(atlas_checks, checks.assign(estimate=np.nan, p_adjusted=np.nan))
    assert few.count("too few quantifiers") == 2


def test_variants_of_the_degree_are_compared_by_what_is_left_of_them(checks):
    fixed = checks["analysis"] == "given_truth_set"
    numbers = {"lower": -0.99, "upper": 0.1, "p_adjusted": 0.01, "n": 40, "networks": 80}
    varied = checks.copy()
    for name, estimate in {"monotonicity": -0.5, "max_with_negation": -0.9}.items():
        rows = fixed & (varied["name"] == name)
        varied.loc[rows, ["estimate", *numbers]] = [estimate, *numbers.values()]
    others = fixed & ~varied["name"].isin(["monotonicity", "max_with_negation"])
    varied.loc[others, ["estimate", *numbers]] = [-0.7, *numbers.values()]
    text = text_of(atlas_checks, varied)
    assert text.count("*monotonicity, negation too* goes most with small areas") == 2
    assert text.count("and *monotonicity* least") == 2
    assert "−0.50 (95 % interval −0.99 to 0.10; p = 0.010; 40 quantifiers)" in text


def test_measures_are_related_as_scipy_does(networks):
    table = atlas_measures.measures(networks, seed=1).set_index(["first", "second"])
    means = of_quantifiers(networks).query("architecture == 'lstm'")
    expected = stats.spearmanr(means["monotonicity"], means["quantity"])
    found = table.loc[("monotonicity", "quantity")]
    assert found["estimate"] == pytest.approx(expected.statistic)
    text = text_of(atlas_measures, table.reset_index())
    assert "goes most with" in text
    assert "; 40 quantifiers)" in text


@pytest.mark.parametrize("of", ["all", "three"])
def test_checks_are_drawn_with_many_quantifiers_and_with_few(networks, checks, tmp_path, of):
    own = networks if of == "all" else networks[networks["quantifier"].isin(["q0", "q1", "q2"])]
    found = checks if of == "all" else atlas_checks.checks(own, seed=1)
    drawn = drawn_by(atlas_checks, found, own, tmp_path)
    # A point for each quantifier, and one for each pair.
    assert drawn.count("<title>q") == 2 * (QUANTIFIERS + QUANTIFIERS // 2 if of == "all" else 1)
    related = atlas_measures.measures(own, seed=1)
    assert "Rank correlation (n = " in drawn_by(atlas_measures, related, own, tmp_path)
    if of == "three":
        assert "3 quantifiers are too few" in text_of(atlas_measures, related)


def test_the_text_of_the_atlas_says_how_far_trials_agree(networks):
    text = text_of(atlas, networks, networks)
    assert "2 quantifiers of natural language, 38 generated ones" in text
    assert text.count("of 80 networks, 50.0 % (95 % interval 39.3 % to 60.7 %) converged") == 2
    assert text.count("p < 0.001; 40 quantifiers)") == 2
    # Three smallest and three largest of each architecture, with what they mean.
    assert text.count("A &lt;= B") == 2 * 6
