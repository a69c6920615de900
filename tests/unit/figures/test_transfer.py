"""Transfer between quantifiers, against sums by hand and the tests of scipy and statsmodels."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.course import transfer
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.settings.samples import samples_table

TRIALS = 8
STEPS = [1, 11, 21, 31]
EXPRESSIONS = {
    "every": "A <= B",
    "at_least_2": "|A & B| >= 2",
    "first_2": "|A| >= 2 and first(2, A) <= B",
    "even": "|A & B| % 2 == 0",
}
NAMES = list(EXPRESSIONS)
STARTS = dict(enumerate([None, *NAMES]))
SETTINGS = {
    "name": "transfer",
    "title": "Title",
    "quantifiers": NAMES,
    "expressions": EXPRESSIONS,
    "training": {
        **{"monitor": "dev", "stop_loss": None, "patience": None, "max_epochs": 3},
        "start_readout": True,
    },
}
GAINS = {("every", "at_least_2"): 0.1, ("at_least_2", "every"): 0.08, ("even", "every"): -0.2}


def accuracy(sample, trial, target):
    """The accuracies of a network at `STEPS`."""
    rng = np.random.default_rng([sample, trial, NAMES.index(target)])
    shared = np.random.default_rng(trial).normal(0, 0.02)
    gain = GAINS.get((STARTS[sample], target), 0.0)
    return 0.7 + gain + shared + rng.normal(0, 0.01, len(STEPS))


@pytest.fixture(scope="module")
def curves():
    frames = []
    for sample, trial, target in itertools.product(STARTS, range(TRIALS), NAMES):
        rows = {"sample": sample, "trial": trial, "step": STEPS, "quantifier": target}
        rows |= {"loss": 0.5, "accuracy": accuracy(sample, trial, target)}
        frames += [pd.DataFrame(rows | {"split": split}) for split in ("dev", "train")]
    curves = pd.concat(frames, ignore_index=True)
    curves.loc[curves["split"] == "train", "accuracy"] = 0.0  # is not looked at
    return curves.sample(frac=1, random_state=0)


def tables_of(curves, starts=STARTS):
    found = transfer.outcomes(starts, curves, SETTINGS)
    return transfer.transfer_tables(*found, transfer.classes(EXPRESSIONS, objects=4), seed=1)


@pytest.fixture(scope="module")
def made(curves):
    return tables_of(curves)


@pytest.fixture(scope="module")
def table(made):
    return made["transfer"]


def areas(source, target):
    """Half of the first and last value and the whole of those between, over three steps."""
    sample = next(sample for sample, start in STARTS.items() if start == source)
    values = np.array([accuracy(sample, trial, target) for trial in range(TRIALS)])
    return (values[:, 0] / 2 + values[:, 1] + values[:, 2] + values[:, 3] / 2) / 3


PAIRS = [pair for pair in itertools.product(NAMES, NAMES) if pair[0] != pair[1]]


def test_pairs_are_compared_within_trials_and_adjusted_over_all_pairs(table):
    pairs = table[table["kind"] == "pair"].set_index(["source", "target"])
    assert list(pairs.index) == PAIRS
    tests = {pair: stats.ttest_rel(areas(*pair), areas(None, pair[1])) for pair in PAIRS}
    adjusted = multipletests([test.pvalue for test in tests.values()], method="holm")[1]
    assert pairs["p_adjusted"].tolist() == pytest.approx(adjusted)
    for (pair, test), row in zip(tests.items(), pairs.itertuples(), strict=True):
        bounds = test.confidence_interval(0.95)
        assert (row.statistic, row.df, row.p) == pytest.approx(
            (test.statistic, test.df, test.pvalue)
        )
        assert (row.lower, row.upper) == pytest.approx((bounds.low, bounds.high))
        assert row.started == pytest.approx(areas(*pair).mean())
        assert row.scratch == pytest.approx(areas(None, pair[1]).mean())
        assert row.estimate == pytest.approx(row.started - row.scratch)
        assert row.n == TRIALS
        sample = 1 + NAMES.index(pair[0])
        first = np.mean([accuracy(sample, trial, pair[1])[0] for trial in range(TRIALS)])
        assert row.first == pytest.approx(first)


def test_the_control_is_a_family_of_its_own(table):
    same = table[table["kind"] == "same"].set_index("source")
    assert list(same.index) == same["target"].tolist() == NAMES
    p = [stats.ttest_rel(areas(name, name), areas(None, name)).pvalue for name in NAMES]
    assert same["p_adjusted"].tolist() == pytest.approx(multipletests(p, method="holm")[1])


def gains(pairs):
    """The mean gain over some pairs, by trial."""
    return np.mean([areas(*pair) - areas(None, pair[1]) for pair in pairs], axis=0)


@pytest.mark.parametrize(("kind", "end"), [("source", 0), ("target", 1)])
def test_means_leave_out_the_control(table, kind, end):
    rows = table[table["kind"] == kind].set_index(kind)
    assert list(rows.index) == NAMES
    for name, row in rows.iterrows():
        own = [pair for pair in PAIRS if pair[end] == name]
        test = stats.ttest_1samp(gains(own), 0)
        assert (row["estimate"], row["p"]) == pytest.approx((gains(own).mean(), test.pvalue))
        assert row["pairs"] == len(NAMES) - 1
        assert row["source" if end else "target"] == transfer.MEAN
        scratch = np.mean([areas(None, target).mean() for _, target in own])
        assert row["started"] == pytest.approx(scratch + row["estimate"])


def test_classes_follow_from_the_meanings():
    found = transfer.classes(EXPRESSIONS | {"only": "B <= A", "no": "|A & B| == 0"}, objects=4)
    assert found["monotonicity"].to_dict() == {
        **dict.fromkeys(["every", "at_least_2", "first_2"], "upward"),
        **{"even": "neither", "only": "downward", "no": "downward"},
    }
    assert found.index[~found["quantity"]].tolist() == ["first_2"]
    assert found.index[~found["conservativity"]].tolist() == ["only"]


def test_within_classes_against_across(made):
    """All are conservative, so there is nothing to compare by that."""
    table = made["transfer_classes"]
    assert set(table["universal"]) == {"monotonicity", "quantity"}
    odd_one_out = {"monotonicity": "even", "quantity": "first_2"}
    for universal, name in odd_one_out.items():
        rows = table[table["universal"] == universal].set_index("kind")
        across = [pair for pair in PAIRS if name in pair]
        within = [pair for pair in PAIRS if name not in pair]
        test = stats.ttest_rel(gains(within), gains(across))
        assert rows.loc["within", "estimate"] == pytest.approx(gains(within).mean())
        assert rows.loc["across", "pairs"] == len(across)
        assert rows.loc["contrast", "statistic"] == pytest.approx(test.statistic)


def test_permutation_p_is_the_share_of_all_ways_to_class():
    names = list("abcdef")
    labels = pd.Series([0, 0, 1, 1, 1, 2], names)
    pairs = pd.MultiIndex.from_tuples(itertools.permutations(names, 2))
    values = pd.Series(np.random.default_rng(3).normal(size=len(pairs)), pairs)
    values[[labels[a] == labels[b] for a, b in pairs]] += 0.8

    def contrast(order):
        given = dict(zip(names, order, strict=True))
        alike = np.array([given[a] == given[b] for a, b in pairs])
        return abs(values[alike].mean() - values[~alike].mean())

    sizes = [contrast(order) for order in itertools.permutations(labels)]
    exact = np.mean(np.array(sizes) >= contrast(labels) - 1e-12)
    drawn = transfer.permutation_p(values, labels, np.random.default_rng(0))
    assert 0.001 < exact < 0.5
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9999))


def test_overlap_is_the_rank_correlation_of_the_first_accuracy_with_the_gain_after_it(made):
    (row,) = made["transfer_overlap"].itertuples()
    values = []
    for trial in range(TRIALS):
        runs = [accuracy(1 + NAMES.index(a), trial, b) for a, b in PAIRS]
        scratch = [accuracy(0, trial, b) for _, b in PAIRS]
        later = np.trapezoid(np.subtract(runs, scratch)[:, 1:], axis=1)
        values.append(stats.spearmanr(np.array(runs)[:, 0], later).statistic)
    assert row.estimate == pytest.approx(np.mean(values))


def test_noise_of_the_first_evaluation_is_no_overlap():
    """Where evaluations are luck alone, the gain does not go with the first one."""
    rng = np.random.default_rng(5)
    keys = itertools.product(STARTS, range(30), STEPS, NAMES)
    luck = pd.DataFrame(keys, columns=["sample", "trial", "step", "quantifier"])
    luck = luck.assign(split="dev", accuracy=rng.normal(0.7, 0.05, len(luck)))
    (row,) = tables_of(luck)["transfer_overlap"].itertuples()
    assert row.lower < 0 < row.upper
    area, first, _ = transfer.outcomes(STARTS, luck, SETTINGS)
    gains = pd.DataFrame({pair: area[pair] - area[transfer.SCRATCH, pair[1]] for pair in PAIRS})
    assert transfer.of_overlap(gains, first)["lower"] > 0  # with the first evaluation it does


def test_a_network_that_diverged_is_left_out_and_n_says_so(curves):
    bad = (curves["sample"] == 1) & (curves["trial"] == 2) & (curves["quantifier"] == "even")
    spoilt = curves.assign(accuracy=curves["accuracy"].mask(bad & (curves["step"] > 11)))
    n = tables_of(spoilt)["transfer"].set_index(["kind", "source", "target"])["n"]
    assert n["pair", "every", "even"] == n["source", "every", transfer.MEAN] == TRIALS - 1
    assert n["pair", "even", "every"] == TRIALS


def test_networks_that_learned_all_are_a_source_of_no_class(curves):
    starts = {sample: "all" if start == "even" else start for sample, start in STARTS.items()}
    made = tables_of(curves, starts)
    sources = made["transfer"].query("kind == 'source'")["source"]
    assert sources.tolist() == [*NAMES[:-1], "all"]
    contrast = made["transfer_classes"].query("kind == 'contrast' and universal == 'monotonicity'")
    assert contrast["pairs"].tolist() == [9]


def test_the_text_tells_what_helps_and_what_hurts(made):
    facts = transfer.facts(made, SETTINGS)
    text = " ".join(render(template_of("transfer"), facts).split())
    assert text.startswith("Of 12 pairs of different quantifiers (n = 8 trials each)")
    assert "help the target in 2 and to hurt it in 1; in 9 no difference is shown" in text
    assert "trains for 3 epochs; its read-out is taken over as well." in text
    largest = text.partition("The largest gains and losses: ")[2]
    assert largest.startswith("*every* for *at least 2* ")
    assert "; *even* for *every* −" in largest
    assert "direction of monotonicity" in text
    assert [row["Quantifier"] for row in facts["rows"]] == [
        name.replace("_", " ") for name in NAMES
    ]
    assert [row["Helps, hurts"] for row in facts["rows"]] == ["1, 0", "1, 0", "0, 0", "0, 1"]


def test_classes_given_at_random_are_said_where_a_difference_is_shown(made):
    row = {"estimate": 0.05, "lower": 0.04, "upper": 0.06, "pairs": 6, "n": 8, "p_permuted": 0.2}
    classes = [
        {"universal": universal, "kind": kind, "p_adjusted": p} | row
        for universal, p in (("monotonicity", 0.01), ("quantity", 0.4))
        for kind in ("within", "across", "contrast")
    ]
    facts = transfer.facts(made | {"transfer_classes": pd.DataFrame(classes)}, SETTINGS)
    text = " ".join(render(template_of("transfer"), facts).split())
    assert text.count("classes given to them at random may differ as much") == 1
    assert "No difference is shown: 5.0 points (95 % interval 4.0 to 6.0; p = 0.40; 8" in text


def test_from_results_to_a_figure_with_the_same_bytes(tmp_path, curves):
    samples = [{"training": {"start": start}} for start in STARTS.values()]
    tables.write_csv(samples_table(samples), tmp_path / "samples.csv")
    tables.write_parquet(curves, tmp_path / "tables/curves.parquet")
    written = []
    for turn in ("first", "second"):
        experiment = Experiment(SETTINGS, tmp_path)
        made = transfer.tables(experiment, [], 1)
        path = tmp_path / f"{turn}.svg"
        with style.figure_style():
            style.save_figure(transfer.draw(made, experiment), path)
        written.append((made, path.read_text()))
    (first, text), (second, same) = written
    assert text == same
    for name, frame in first.items():
        pd.testing.assert_frame_equal(frame, second[name])
    assert all(name.replace("_", " ") in text for name in NAMES)
    assert f"n = {TRIALS} trials" in text
    assert text.count("*<") + text.count("* <") >= 3
