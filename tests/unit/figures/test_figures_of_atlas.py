"""The atlas against textbook facts, scipy, and data whose effects are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from quantlearn import columns
from quantlearn.figures import atlas_networks, style
from quantlearn.figures.atlas import atlas, atlas_checks, atlas_effects, atlas_measures
from quantlearn.figures.atlas_networks import (
    ATLAS,
    TRUTH_SET,
    networks_of,
    of_orbits,
    of_quantifiers,
)
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.semantics.complexity import family
from quantlearn.semantics.measures import measures
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import ZONES
from quantlearn.statistics import agreement, correlation, curves
from quantlearn.statistics.intervals import mean_interval

RNG = np.random.default_rng(5)
QUANTIFIERS = 72
PAIRS = 8  # the first quantifiers and their negations
ORBITS = QUANTIFIERS - PAIRS
MARGIN = (0.8, 1.25)


@pytest.fixture(scope="module")
def networks() -> pd.DataFrame:
    """Networks that find orbits harder the less monotone they are, the second kind twice."""
    rows = []
    for number in range(QUANTIFIERS):
        paired = number < 2 * PAIRS
        if number % 2 == 0 or not paired:
            alike = dict(zip(("orbit_mean", "quantity", "sensitivity"), RNG.random(3), strict=True))
            own, apart = 0.02 * RNG.normal(), 0.1 * RNG.normal()
        side = number % 2 if paired else 0
        degrees = {"placebo": apart * (1 - 2 * side), "orbit_max": alike["orbit_mean"] + 0.1}
        drawn = {name: RNG.random() for name in (*TRUTH_SET, "nodes", "lempel_ziv")}
        for kind, slope in (("lstm", -0.2), ("transformer", -0.4)):
            for trial in range(2):
                area = 0.6 + slope * alike["orbit_mean"] + own + 0.01 * RNG.normal()
                rows.append(
                    {
                        **dict.fromkeys(ATLAS, 0.5),
                        **{name: value for name, value in drawn.items() if name in ATLAS},
                        **alike,
                        **degrees,
                        "monotonicity": alike["orbit_mean"] + degrees["placebo"],
                        "architecture": kind,
                        "quantifier": f"q{number}",
                        "orbit": f"q{number - side}",
                        "expression": "A <= B",
                        "family": ("sets", "numbers", "order")[number % 3],
                        "trial": trial,
                        "area": area,
                        "accuracy": 1 - area,
                        "converged": number % 4 < 2,
                        "step": 100 + number if number % 4 < 2 else pd.NA,
                        "truth_rate": abs(side - 0.3 - 0.002 * (number - side)),
                        "weight": 3.0 if number > 2 * PAIRS else np.nan,
                        "nodes": 3 + number % 7,
                        "operators": 2,
                    }
                )
    return pd.DataFrame(rows)[list(ATLAS)].astype(columns.types(ATLAS))


@pytest.fixture(scope="module")
def effects(networks) -> pd.DataFrame:
    return atlas_effects.effects(networks, seed=1)


def found_in(table, analysis, architecture, outcome="area"):
    """The rows of an analysis by what they are of."""
    kept = table[
        (table["analysis"] == analysis)
        & (table["architecture"] == architecture)
        & (table["outcome"] == outcome)
    ]
    return kept.set_index("measure" if "measure" in table else "name")


def settings_of(networks) -> dict:
    names = list(networks["quantifier"].unique())
    counts = {"generated": len(names) - 3, "negations": 1}
    endpoint = {"margin": list(MARGIN)}
    return {"quantifiers": names, "title": "Atlas", "endpoint": endpoint, **counts}


def text_of(module, table, networks=None) -> str:
    """The text of a figure of one table."""
    name = module.__name__.rpartition(".")[2]
    settings = {"endpoint": {"margin": MARGIN}} if networks is None else settings_of(networks)
    text = render(template_of(name), module.facts({name: table}, settings))
    return text.replace("\u00a0", " ")


def drawn_by(module, table, networks, folder) -> str:
    """The SVG of a figure of one table."""
    name = module.__name__.rpartition(".")[2]
    path = folder / "figure.svg"
    with style.figure_style():
        experiment = SimpleNamespace(settings=settings_of(networks))
        style.save_figure(module.draw({name: table}, experiment), path)
    return path.read_text()


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
            "task": "verification",
            "training": {"monitor": "dev", "together": False},
            "network": {},
            "data": {
                "generate": {"method": "sample", "min_size": 1, "max_size": 3, "zones": ZONES},
                "split": {"only_test": {"counts": 0.0, "quantifiers": []}},
            },
            "expressions": {"q": "A <= B", "p": "|A & B| % 2 == 0"},
            "quantifiers": ["q", "p"],
            "drawn_from": {"p": [0.2, 40]},
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
    assert found["orbit"].equals(found["quantifier"])
    assert found["weight"].fillna(0).tolist() == [0, 0, 40, 40] * 2


def test_an_experiment_that_tells_zones_apart_has_no_orbits():
    generate = {"method": "sample", "min_size": 1, "max_size": 4, "zones": list(ZONES)}
    settings = {
        "task": "verification",
        "training": {"together": False},
        "network": {},
        "data": {
            "generate": generate,
            "split": {"only_test": {"counts": 0.0, "quantifiers": []}},
        },
        "expressions": {"every": "A <= B", "some": "|A & B| > 0"},
        "quantifiers": ["every", "some"],
    }
    assert atlas_networks._orbits(settings) == {"every": "every", "some": "every"}
    generate["where"] = "|A| > 0"
    assert atlas_networks._orbits(settings) == {"every": "every", "some": "some"}


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
    assert means.loc[("lstm", "q2"), "step"] == np.inf


def test_correlations_are_those_of_scipy_over_orbits(networks, effects):
    means = of_orbits(of_quantifiers(networks)).query("architecture == 'lstm'")
    row = found_in(effects, "spearman", "lstm").loc["orbit_mean"]
    expected = stats.spearmanr(means["orbit_mean"], means["area"])
    assert row["estimate"] == pytest.approx(expected.statistic)
    assert row["p"] == pytest.approx(expected.pvalue)
    assert row["lower"] < row["estimate"] < row["upper"] < 0
    assert row[["n", "networks"]].tolist() == [ORBITS, 2 * QUANTIFIERS]


def test_a_measure_is_seen_given_the_degree_and_the_degree_given_it(networks, effects):
    means = of_orbits(of_quantifiers(networks)).query("architecture == 'lstm'")
    area, degree, other = (
        stats.rankdata(means[name]) for name in ("area", "orbit_mean", "sensitivity")
    )
    left = [sm.OLS(values, sm.add_constant(degree)).fit().resid for values in (area, other)]
    given = found_in(effects, "given_degree", "lstm")
    assert given.loc["sensitivity", "estimate"] == pytest.approx(stats.pearsonr(*left).statistic)
    assert found_in(effects, "degree_given", "lstm").loc["sensitivity", "estimate"] < -0.8
    assert "orbit_max" not in given.index  # a degree given the degree says nothing


def test_models_find_the_effects_that_are_there(effects):
    for analysis, degree in (("per_orbit", "orbit_mean"), ("published_model", "monotonicity")):
        found = found_in(effects, analysis, "lstm and transformer")
        for term, true in (
            (degree, -0.3),
            (f"{degree} × (transformer encoder less LSTM)", -0.2),
        ):
            if analysis == "per_orbit":  # of the own degree a part is the placebo
                assert found.loc[term, "lower"] < true < found.loc[term, "upper"]
            assert found.loc[term, "p_adjusted"] < 0.001
    regression = found_in(effects, "regression", "transformer")
    assert regression.loc["orbit_mean", "upper"] < 0
    # Nothing can be said of a measure that never varies.
    assert regression.loc["operators", "estimate":"p_adjusted"].isna().all()


def test_the_model_of_orbits_rejects_a_true_0_as_often_as_it_says():
    # Architectures suit orbits differently, which has nothing to do with the degree.
    repetitions, orbits = 400, 30
    rng = np.random.default_rng(3)
    degree = pd.Series(rng.random(orbits))
    rejected = 0
    for _ in range(repetitions):
        suits = 0.1 * (1 + degree) * rng.normal(size=orbits)
        trials = 0.02 * rng.normal(size=(orbits, 2, 2))
        areas = pd.DataFrame(trials.mean(axis=2)).add(0.5 * rng.normal(size=orbits), axis=0)
        areas[1] += suits
        rejected += (
            atlas_effects.on_degree(degree, areas[1] - areas[0]).pvalues["orbit_mean"] < 0.05
        )
    error = 2.6 * np.sqrt(0.05 * 0.95 / repetitions)  # of a simulation of this size, at 99 %
    assert abs(rejected / repetitions - 0.05) < error


def test_weights_stand_for_quantifiers_that_were_not_drawn():
    values = RNG.random((2, 12)).round(1)  # with ties
    weights = RNG.integers(1, 5, size=12)
    repeated = np.repeat(values, weights, axis=1)
    found = correlation.rank_correlation(*values, np.random.default_rng(1), weights=weights)
    assert found["estimate"] == pytest.approx(stats.spearmanr(*repeated).statistic)
    assert found["lower"] < found["estimate"] < found["upper"]


def test_only_drawn_quantifiers_are_weighted(networks, effects):
    row = found_in(effects, "weighted", "lstm").loc["monotonicity"]
    own = of_quantifiers(networks).query("architecture == 'lstm'").dropna(subset="weight")
    expected = stats.spearmanr(own["monotonicity"], own["area"]).statistic  # all weigh the same
    assert row["estimate"] == pytest.approx(expected)
    assert row["n"] == QUANTIFIERS - 2 * PAIRS - 1
    assert np.isnan(row["p"])


def test_steps_that_were_not_reached_rank_last(networks):
    means = of_quantifiers(networks)
    assert np.isinf(means["step"]).sum() == QUANTIFIERS
    found = correlation.rank_correlation(
        (~np.isinf(means["step"])).astype(float), means["step"], np.random.default_rng()
    )
    assert found["estimate"] < -0.8


def test_the_text_says_what_goes_with_the_degree(networks, effects):
    text, _ = text_of(atlas_effects, effects).split("<div")
    assert text.count("more monotone quantifiers are learned sooner; the rank") == 2
    assert text.count(f"; {ORBITS} orbits)") == 2
    assert text.count("given the degree") == text.count("The placebo") == 2
    nothing = text_of(atlas_effects, effects.assign(p_adjusted=0.5))
    assert nothing.count("learned sooner or later is not shown") == 2
    few = networks[networks["quantifier"].isin(["q0", "q1", "q2"])]
    table = atlas_effects.effects(few, seed=1)
    assert table["estimate"].isna().all()
    assert "2 orbits are too few" in text_of(atlas_effects, table)


def test_figures_tell_names_under_the_pointer(networks, effects, tmp_path):
    told = drawn_by(atlas, networks, networks, tmp_path).count("<title>q7: A &lt;= B")
    assert told == 2  # one for each architecture
    drawn = drawn_by(atlas_effects, effects, networks, tmp_path)
    assert "Standardised coefficient" in drawn


# --- Checks -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checks(networks) -> pd.DataFrame:
    return atlas_checks.checks(networks, seed=1, margin=MARGIN)


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
    without = found_in(checks, "without_family", "lstm")
    assert set(without.index) == {"none", "sets", "numbers", "order"}
    assert without.loc["none", "n"] == ORBITS
    units = of_orbits(of_quantifiers(networks)).query("architecture == 'lstm'")
    whole = atlas_effects.regression(units, "area")
    assert without.loc["none", "estimate"] == pytest.approx(whole.params["orbit_mean"])
    assert (without["estimate"] < 0).all()


def test_two_of_an_orbit_are_alike(networks, checks):
    found = found_in(checks, "same_orbit", "lstm")
    assert found["verdict"].eq("no_difference").all()
    assert found["n"].eq(PAIRS).all()
    areas = of_quantifiers(networks).query("architecture == 'lstm'")["area"].to_numpy()
    ratios = np.log(areas[1 : 2 * PAIRS : 2] / areas[: 2 * PAIRS : 2])
    assert found.loc["listed", "estimate"] == pytest.approx(np.exp(ratios.mean()))


def test_a_steady_difference_within_orbits_is_caught(networks):
    # Of five standard deviations of seeds: the intraclass correlation is high all the same.
    apart = networks.copy()
    second = apart["quantifier"] != apart["orbit"]
    apart.loc[second, "area"] += 0.05
    table = atlas_checks.checks(apart, seed=1, margin=MARGIN)
    found = found_in(table, "same_orbit", "lstm")
    assert found.loc["listed", "verdict"] == "differ"
    paired = of_quantifiers(apart).query("architecture == 'lstm'")["area"].to_numpy()[: 2 * PAIRS]
    assert agreement.agreement(pd.DataFrame(paired.reshape(-1, 2)))["estimate"] > 0.7
    assert text_of(atlas_checks, table).count("they differ") == 2


def test_the_text_of_the_checks_says_what_was_found(checks):
    text, _ = text_of(atlas_checks, checks).split("<div")
    assert text.count("still goes with the area") == 2
    assert text.count(f"; {ORBITS} orbits), alone") == 2
    assert text.count("There is no difference larger than the margin") == 2
    assert text.count("in 3 of 3 fits") == 2
    nothing = text_of(atlas_checks, checks.assign(p_adjusted=0.5))
    assert nothing.count("no rank correlation of the area with the degree") == 2
    assert nothing.count("in 0 of 3 fits") == 2
    few = text_of(atlas_checks, checks.assign(estimate=np.nan, p_adjusted=np.nan))
    assert few.count("too few orbits") == 2


def test_measures_are_related_as_scipy_does(networks):
    table = atlas_measures.measures(networks, seed=1).set_index(["first", "second"])
    means = of_orbits(of_quantifiers(networks)).query("architecture == 'lstm'")
    expected = stats.spearmanr(means["orbit_mean"], means["quantity"])
    found = table.loc[("orbit_mean", "quantity")]
    assert found["estimate"] == pytest.approx(expected.statistic)
    text = text_of(atlas_measures, table.reset_index())
    assert "goes most with" in text
    assert f"; {ORBITS} orbits)" in text


@pytest.mark.parametrize("of", ["all", "three"])
def test_checks_are_drawn_with_many_quantifiers_and_with_few(networks, checks, tmp_path, of):
    own = networks if of == "all" else networks[networks["quantifier"].isin(["q0", "q1", "q2"])]
    found = checks if of == "all" else atlas_checks.checks(own, seed=1, margin=MARGIN)
    drawn = drawn_by(atlas_checks, found, own, tmp_path)
    # A point for each orbit, and one for each pair.
    assert drawn.count("<title>q") == 2 * (ORBITS + PAIRS if of == "all" else 1)
    related = atlas_measures.measures(own, seed=1)
    assert "Rank correlation (n = " in drawn_by(atlas_measures, related, own, tmp_path)
    if of == "three":
        assert "2 orbits are too few" in text_of(atlas_measures, related)


def test_the_text_of_the_atlas_says_how_far_trials_agree(networks):
    text = text_of(atlas, networks, networks)
    assert "2 quantifiers of natural language, 70 generated ones" in text
    assert text.count(f"144 networks, of which 0 diverged; in the mean of {ORBITS} orbits") == 2
    assert text.count(f"p < 0.001; {ORBITS} orbits)") == 2
    # Three smallest and three largest of each architecture, with what they mean.
    assert text.count("A &lt;= B") == 2 * 6


def test_the_share_that_converged_has_an_interval_that_covers_it():
    # Two quantifiers of an orbit, two trials each: mostly all four converge, or none.
    rng, true, covered, repetitions = np.random.default_rng(2), 0.6, 0, 1000
    for _ in range(repetitions):
        rates = rng.choice([0.05, 0.975], size=40, p=[0.405, 0.595])
        shares = rng.binomial(4, rates) / 4
        found = mean_interval(shares)
        covered += found.lower < true < found.upper
    assert covered / repetitions > 0.93
