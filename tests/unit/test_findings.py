"""Sentences say what the tables hold, and claim no more."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic
from scipy import stats

from aggregate import aggregate
from compare import compare
from overview import overview
from quantlearn.figures.experiment import Results, read_results
from quantlearn.report import experiment_page, front_page, settings_in_words, verdicts
from quantlearn.settings import protocol
from quantlearn.settings.distributions import values_of
from quantlearn.settings.load import load_settings
from quantlearn.settings.search import distributions_of
from quantlearn.statistics import comparison
from quantlearn.statistics.comparison import compare_pair

CONFIG = Path(__file__).parents[2] / "config"
EASY, HARD = "at_least_4", "at_least_6_or_at_most_2"


@pytest.fixture(scope="module")
def settings():
    """The experiments 1(a), as documented and as run, with short windows."""
    change = {"trials": 12, "overrides": {"convergence": {"window": 20}}}
    names = ["exp1a", "exp1a_as_run"]
    return load_settings({"experiments": names, **change}, CONFIG).experiments


def tabulated(folder, settings, midpoints, trials):
    """The paths of an experiment's tables, with synthetic results."""
    curves = synthetic.training_curves(
        settings["quantifiers"], midpoints, trials=trials, evaluations=150
    )
    results = {
        "curves": curves,
        "cells": synthetic.training_cells(settings["quantifiers"], trials=trials, scenes=300),
        "trials": synthetic.training_trials(curves),
    }
    paths = synthetic.table_paths(folder)
    aggregate(
        **synthetic.write_training(folder, [results]),
        **synthetic.asked_by_aggregate(settings),
        **paths,
    )
    paths["comparison"] = folder / "tables/comparison.csv"
    compare(
        paths["curves"],
        paths["convergence"],
        **synthetic.asked_by_compare(settings),
        comparison=paths["comparison"],
    )
    return paths | synthetic.write_baselines(folder, results["cells"])


def from_steps(settings, easy, hard, last=1000):
    """Results in which the trials learned at these steps; None: not learned."""
    rows = [
        {
            "sample": 0,
            "trial": trial,
            "quantifier": name,
            "step": step,
            "converged": step is not None,
            "last_step": last,
            "final_accuracy": 0.9 + 0.001 * trial,
        }
        for name, steps in ((EASY, easy), (HARD, hard))
        for trial, step in enumerate(steps)
    ]
    convergence = pd.DataFrame(rows).astype({"step": "Int64"})
    curves = pd.DataFrame(
        [
            {"trial": row["trial"], "quantifier": row["quantifier"], "step": step, "accuracy": 0.9}
            for row in rows
            for step in (1, last)
        ]
    )
    tests = compare_pair(convergence, curves, EASY, HARD)
    comparison = tests.assign(p_adjusted=tests["p"], experiment="exp1a", sample=0)
    none = pd.DataFrame()
    return Results(settings["exp1a"], none, none, convergence, comparison, "test", none)


def test_conditions_are_listed_with_the_values_they_differ_in():
    names = ["regularisation"]
    settings = load_settings({"experiments": names}, CONFIG).experiments["regularisation"]
    how = settings_in_words.settings_table(constants_of(settings)).set_index("Stage")["How"]
    assert how["Conditions"].startswith(
        "8, which differ in dropout (0 or 0.5), batch norm (no or yes) and weight decay (0 or 0.01)"
    )
    assert "dropout" not in how["Network"]


# --- Verdicts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lead", "lead_p", "ranks", "ranks_p", "expected"),
    [
        (100, 0.01, 0.8, 0.01, "sooner"),
        (-100, 0.01, -0.8, 0.01, "later"),
        (100, 0.01, 0.8, 0.0625, "one test"),
        (100, 0.05, 0.8, 0.01, "one test"),
        (100, 0.01, -0.8, 0.01, "contradiction"),
        (100, 0.3, 0.8, 0.1, "not shown"),
        (np.nan, np.nan, 0.8, 0.01, "one test"),
        (np.nan, np.nan, np.nan, np.nan, "not shown"),
    ],
)
def test_a_difference_counts_only_when_both_tests_show_it(lead, lead_p, ranks, ranks_p, expected):
    assert verdicts.verdict(lead, lead_p, ranks, ranks_p) == expected


@pytest.mark.parametrize("trials", range(1, 12))
def test_smallest_p_is_that_of_leads_of_one_sign(trials):
    assert comparison.smallest_p(trials) == pytest.approx(
        stats.wilcoxon(np.arange(1, trials + 1)).pvalue
    )


# --- Pairs ------------------------------------------------------------------------------------


def test_each_trial_of_a_pair_is_counted_once(settings):
    easy = [100, 300, 200, None, 150, None]
    hard = [200, 100, 200, None, None, 900]
    (pair,) = verdicts.pairs(from_steps(settings, easy, hard))
    assert (pair.sooner, pair.later, pair.together, pair.neither) == (2, 2, 1, 1)
    assert (pair.only_easy, pair.only_hard, pair.n) == (1, 1, 6)
    text = verdicts.pair_summary(pair)
    assert "sooner than *at least 6 or at most 2* in 2 of 6 trials" in text
    assert "In the 3 trials in which both were learned" in text
    assert "neither was learned in 1" in text


def test_a_clear_lead_is_told_with_its_size_and_direction(settings):
    easy = [100 + trial for trial in range(12)]
    later = [300 + 3 * trial for trial in range(12)]
    (pair,) = verdicts.pairs(from_steps(settings, easy, later))
    assert "in 12 of 12 trials" in verdicts.pair_summary(pair)
    assert "came 211 steps sooner" in verdicts.pair_summary(pair)
    sooner = verdicts.conclusion(from_steps(settings, easy, later))
    assert "is learned sooner" in sooner
    assert "as the learnability of monotonicity predicts" in sooner
    reverse = verdicts.conclusion(from_steps(settings, later, easy))
    assert "is learned later" in reverse
    assert "against what" in reverse


def test_few_trials_never_show_a_difference_and_say_so(settings):
    results = from_steps(settings, [100, 110, 120, 130, 140], [500, 520, 505, 530, 541])
    assert "is learned sooner" not in verdicts.conclusion(results)
    text = experiment_page.caveats(results)
    assert "only 5 trials" in text
    assert "at least 0.062 whatever the networks do" in text


def test_nothing_learned_gives_sentences_without_numbers(settings):
    results = from_steps(settings, [None] * 3, [None] * 3)
    (pair,) = verdicts.pairs(results)
    text = " ".join(
        [
            verdicts.pair_summary(pair),
            verdicts.conclusion(results),
            experiment_page.caveats(results),
        ]
    )
    assert "There is no trial in which both were learned" in text
    assert "No difference" in text
    assert "6 of 6 convergence steps are censored" in text
    assert "nan" not in text


# --- Whole experiments --------------------------------------------------------------------------


def test_a_trial_that_diverged_is_told(tmp_path, settings):
    paths = tabulated(tmp_path, settings["exp1a"], [30, 90], 3)
    trials = pd.read_csv(paths["trials"])
    trials.loc[1, "stop_reason"] = "diverged"
    trials.to_csv(paths["trials"], index=False)
    text = experiment_page.run_summary(read_results(settings["exp1a"], paths))
    assert "because the loss was no longer a finite number (1 of 3)" in text


@pytest.mark.parametrize("trials", [1, 2, 12])
def test_every_text_and_table_can_be_written(tmp_path, settings, trials):
    paths = tabulated(tmp_path, settings["exp1a"], [30, 90], trials)
    results = read_results(settings["exp1a"], paths)
    texts = [
        settings_in_words.introduction(results.settings),
        experiment_page.data_summary(results),
        experiment_page.run_summary(results),
        experiment_page.baseline_summary(results),
        experiment_page.error_summary(results),
        verdicts.conclusion(results),
        experiment_page.caveats(results),
        *(verdicts.pair_summary(pair) for pair in verdicts.pairs(results)),
    ]
    frames = [
        settings_in_words.settings_table(results.settings),
        experiment_page.scenes_table(results),
        experiment_page.learning_summary(results),
        *(verdicts.pair_table(pair) for pair in verdicts.pairs(results)),
    ]
    texts += [frame.to_string() for frame in frames]
    assert all(texts)
    assert not any(word in text for text in texts for word in ("nan", "None", "<NA>"))


def test_errors_are_counted_over_all_trials(tmp_path, settings):
    paths = tabulated(tmp_path, settings["exp1a"], [30, 90], 3)
    results = read_results(settings["exp1a"], paths)
    of_first = results.cells[results.cells["quantifier"] == EASY]
    wrong = (of_first["scenes"] - of_first["correct"]).sum()
    assert f" of {wrong}. They are" in experiment_page.error_summary(results).splitlines()[0]


def size_alone(results, accuracy):
    """The results with a rule that knows the size alone and is right this often in each trial."""
    rows = [
        {"trial": trial, "split": "test", "quantifier": name, "baseline": "size", "accuracy": value}
        for name in (EASY, HARD)
        for trial, value in enumerate(accuracy)
    ]
    return replace(results, baselines=pd.DataFrame(rows))


def test_a_curve_that_the_size_explains_is_called_so(settings):
    results = from_steps(settings, [None] * 12, [None] * 12)  # ends at 0.9, 0.901 … 0.911
    above = experiment_page.baseline_summary(size_alone(results, [0.7] * 12))
    assert "is 20.6 percentage points (95 % interval 20.3 to 20.8) above the 70.0 %" in above
    assert "do not rise" not in above
    below = experiment_page.baseline_summary(size_alone(results, [0.9503] * 12))
    assert below.count("do not rise above the 95.0 %") == 2
    assert "4.5 percentage points below it" in below
    # A mean above it that may be chance is not enough.
    scattered = experiment_page.baseline_summary(size_alone(results, [0.8, 0.99] * 6))
    assert "do not rise above the 89.5 %" in scattered
    assert "percentage points above it (95 % interval −" in scattered


def constants_of(experiment):
    """The settings of one sample: each distribution at one of its ends."""
    space = (experiment["search"] or {}).get("space", {})
    drawn = {
        section: variants[0]
        | {
            name: next(iter(values_of(value, ()).values()))
            for name, value in distributions_of(variants[0]).items()
        }
        for section, variants in space.items()
    }
    return experiment | drawn


def test_every_shipped_experiment_has_words():
    for experiment in load_settings({}, CONFIG).experiments.values():
        sample = constants_of(experiment)
        text = settings_in_words.settings_table(
            sample
        ).to_string() + settings_in_words.introduction(sample)
        assert "None" not in text
        named, _ = protocol.named_and_generated(experiment)
        assert all(name.replace("_", " ") in text for name in named)
        assert experiment["generated"] == 0 or "more generated quantifiers" in text


# --- All experiments ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory, settings):
    """overview.csv and as_run.csv over an experiment and its twin."""
    tmp_path = tmp_path_factory.mktemp("page")
    paths = [
        tabulated(tmp_path / name, settings[name], midpoints, 12)
        for name, midpoints in (("exp1a", [20, 45]), ("exp1a_as_run", [30, 31]))
    ]
    tables = tmp_path / "overview.csv", tmp_path / "as_run.csv"
    overview(
        [path["comparison"] for path in paths],
        [path["convergence"] for path in paths],
        list(settings.values()),
        [path["baselines"] for path in paths],
        overview=tables[0],
        as_run=tables[1],
    )
    return front_page.read_synopsis(*tables)


def test_experiments_about_no_universal_come_last(tmp_path, settings):
    path = tabulated(tmp_path / "exp1a", settings["exp1a"], [20, 45], 3)
    universals = ["none", "quantity", "none", "monotonicity"]
    overview(
        [path["comparison"]] * 4,
        [path["convergence"]] * 4,
        [settings["exp1a"] | {"universal": name} for name in universals],
        [path["baselines"]] * 4,
        overview=tmp_path / "overview.csv",
        as_run=tmp_path / "as_run.csv",
    )
    found = pd.read_csv(tmp_path / "overview.csv", keep_default_na=False)["universal"]
    assert list(dict.fromkeys(found)) == ["quantity", "monotonicity", "none"]


def test_synopsis_tells_documented_from_as_run(page, settings):
    effects, twins = page
    text = front_page.effects_summary(effects)
    assert "**Monotonicity, documented**: the first is learned sooner in 1 of 1 pair" in text
    assert "**Monotonicity, as run**" in text
    assert len(front_page.effects_table(effects)) == 2
    assert "**exp1a**" in front_page.as_run_summary(twins)
    assert len(front_page.as_run_table(twins)) == 2
    assert "nan" not in text + front_page.as_run_summary(twins)
    assert "the test scenes also decide" in front_page.caveats(settings.values(), effects)


class SomeAnalysis:
    """Stands for the module of an analysis, whose remark is the table's only text."""

    @staticmethod
    def remark(numbers, _):
        return numbers["text"].iloc[0]


def test_an_experiment_with_analyses_is_summed_up_by_the_first_statement(tmp_path, monkeypatch):
    class Silent(SomeAnalysis):
        @staticmethod
        def headline(numbers, settings):
            return None

    class Own(SomeAnalysis):
        @staticmethod
        def headline(numbers, settings):
            return f"{settings['name']} says {numbers['text'].iloc[0]}"

    modules = {"list": SomeAnalysis, "plain": SomeAnalysis, "silent": Silent, "own": Own}
    monkeypatch.setattr("quantlearn.figures.registry._module", modules.__getitem__)
    texts = {"list": "How to read.\n\n- first\n- second", "plain": "A.\n\nB.", "own": "c"}
    paths = {}
    for name in modules:
        paths[name] = str(tmp_path / f"{name}.csv")
        pd.DataFrame({"text": [texts.get(name, "d")]}).to_csv(paths[name], index=False)

    def summed_up(*figures):
        one = {"name": "an_experiment", "question": "Why?"}
        return front_page.analyses_summary([one], {"an_experiment": {f: paths[f] for f in figures}})

    link = "([an_experiment](#an-experiment))"
    assert summed_up("list", "plain") == f"- **Why?** First {link}"
    assert summed_up("plain") == f"- **Why?** A. {link}"
    assert summed_up("silent", "own") == f"- **Why?** An_experiment says c {link}"
    assert summed_up("silent") == summed_up() == ""


def test_synopsis_without_pairs_or_twins_says_nothing_of_them(page):
    effects, twins = (frame.iloc[:0] for frame in page)
    assert front_page.effects_summary(effects) == front_page.as_run_summary(twins) == ""
    assert "No experiment has few trials" in front_page.caveats([], effects)
