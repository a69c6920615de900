"""The page of an experiment says what the tables hold, and claims no more."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from page_results import CONFIG, tabulated
from scipy import stats

from quantlearn.figures.experiment import Experiment
from quantlearn.report.experiment_page import how_run, pairs, section
from quantlearn.settings.load import load_settings
from quantlearn.settings.protocol import named_and_generated
from quantlearn.settings.samples import draw_samples, samples_table
from quantlearn.statistics.comparison import compare_pair, smallest_p, verdict

EASY, HARD = "at_least_4", "at_least_6_or_at_most_2"


@pytest.fixture(scope="module")
def settings():
    """The experiment 1(a) with a short window."""
    change = {"trials": 12, "overrides": {"convergence": {"window": 20}}}
    return load_settings({"experiments": ["exp1a"], **change}, CONFIG).experiments["exp1a"]


def from_steps(settings, easy, hard, last=1000):
    """An experiment in which the trials learned at these steps; None: not learned."""
    rows = [
        {
            "sample": 0,
            "trial": trial,
            "quantifier": name,
            "step": step,
            "converged": step is not None,
            "last_step": last,
            "final_accuracy": 0.9 + 0.001 * trial,
            "last_50_accuracy": 0.9 + 0.001 * trial,
        }
        for name, steps in ((EASY, easy), (HARD, hard))
        for trial, step in enumerate(steps)
    ]
    experiment = Experiment(settings, "nowhere")
    experiment.convergence = pd.DataFrame(rows).astype({"step": "Int64"})
    curves = pd.DataFrame(
        [
            {"trial": row["trial"], "quantifier": row["quantifier"], "step": step, "accuracy": 0.9}
            for row in rows
            for step in (1, last)
        ]
    )
    tests = compare_pair(experiment.convergence, curves, EASY, HARD)
    experiment.comparison = tests.assign(p_adjusted=tests["p"], experiment="exp1a", sample=0)
    ends = {"sample": 0, "steps": last, "stop_reason": "epochs"}
    experiment.trials = pd.DataFrame([{"trial": trial} | ends for trial in range(len(easy))])
    return experiment


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
    assert verdict(lead, lead_p, ranks, ranks_p) == expected


@pytest.mark.parametrize("trials", range(1, 12))
def test_smallest_p_is_that_of_leads_of_one_sign(trials):
    assert smallest_p(trials) == pytest.approx(stats.wilcoxon(np.arange(1, trials + 1)).pvalue)


# --- Pairs ------------------------------------------------------------------------------------


def test_each_trial_of_a_pair_is_counted_once(settings):
    easy = [100, 300, 200, None, 150, None]
    hard = [200, 100, 200, None, None, 900]
    experiment = from_steps(settings, easy, hard)
    (pair,) = pairs(experiment)
    counts = ("sooner", "later", "together", "neither", "only_easy", "only_hard", "n")
    assert [pair[count] for count in counts] == [2, 2, 1, 1, 1, 1, 6]
    text = section("tests", experiment)
    assert "sooner than *at least 6 or at most 2* in 2 of 6 trials" in text
    assert "; 3 trials)" in text  # in which both were learned
    assert "neither was learned in 1" in text


def test_a_clear_lead_is_told_with_its_size_and_direction(settings):
    easy = [100 + trial for trial in range(12)]
    later = [300 + 3 * trial for trial in range(12)]
    experiment = from_steps(settings, easy, later)
    assert "in 12 of 12 trials" in section("tests", experiment)
    assert "211 steps (95 % interval" in section("tests", experiment)
    assert "is learned sooner" in section("conclusion", experiment)
    assert "as the learnability of monotonicity predicts" in section("conclusion", experiment)
    reverse = section("conclusion", from_steps(settings, later, easy))
    assert "is learned later" in reverse
    assert "against what" in reverse


def test_few_trials_never_show_a_difference_and_say_so(settings):
    experiment = from_steps(settings, [100, 110, 120, 130, 140], [500, 520, 505, 530, 541])
    assert "is learned sooner" not in section("conclusion", experiment)
    text = section("caveats", experiment)
    assert "only 5 trials" in text
    assert "at least 0.062 whatever the networks do" in text


def test_nothing_learned_gives_sentences_without_numbers(settings):
    experiment = from_steps(settings, [None] * 3, [None] * 3)
    text = "".join(section(name, experiment) for name in ("tests", "conclusion", "caveats"))
    assert "There is no trial in which both were learned" in text
    assert "No difference" in text
    assert "6 of 6 convergence steps are censored" in text
    assert "nan" not in text


# --- Whole experiments ------------------------------------------------------------------------

SECTIONS = ("introduction", "trials", "data", "learning", "tests", "errors", "conclusion")


def test_a_trial_that_diverged_is_told(tmp_path, settings):
    experiment = tabulated(tmp_path, settings, [30, 90], 3)
    experiment.trials.loc[1, "stop_reason"] = "diverged"
    text = section("learning", experiment)
    assert "because the loss was no longer a finite number (1 of 3)" in text


@pytest.mark.parametrize("trials", [1, 2, 12])
def test_every_section_can_be_written(tmp_path, settings, trials):
    experiment = tabulated(tmp_path, settings, [30, 90], trials)
    texts = [section(name, experiment) for name in (*SECTIONS, "caveats")]
    assert all(text.strip() for text in texts)
    assert not any(word in text for text in texts for word in ("nan", "None", "<NA>", "{"))


def test_errors_are_counted_over_all_trials(tmp_path, settings):
    experiment = tabulated(tmp_path, settings, [30, 90], 3)
    of_first = experiment.cells[experiment.cells["quantifier"] == EASY]
    wrong = (of_first["scenes"] - of_first["correct"]).sum()
    assert f" of {wrong}</td>" in section("errors", experiment)


def learning(experiment, accuracy):
    """What is said of learning where a rule that knows the size alone is right this often."""
    rows = [
        {"trial": trial, "split": "test", "quantifier": name, "baseline": "size", "accuracy": value}
        for name in (EASY, HARD)
        for trial, value in enumerate(accuracy)
    ]
    experiment.baselines = pd.DataFrame(rows)
    return section("learning", experiment)


def test_a_curve_that_the_size_explains_is_called_so(settings):
    experiment = from_steps(settings, [None] * 12, [None] * 12)  # ends at 0.9, 0.901 … 0.911
    above = learning(experiment, [0.7] * 12)
    row = ("70.0 %", "20.6", "20.3 to 20.8")
    assert "".join(f'<td class="number">{cell}</td>' for cell in row) in above
    assert "do not rise" not in above
    below = learning(experiment, [0.9503] * 12)
    assert "*at least 4* and *at least 6 or at most 2* do not rise above" in below
    assert ">−4.5<" in below
    # A mean above it that may be chance is not enough.
    scattered = learning(experiment, [0.8, 0.99] * 6)
    assert "do not rise above" in scattered
    assert ">89.5 %<" in scattered


# --- Settings ---------------------------------------------------------------------------------


def of_settings(settings):
    """What a page asks of an experiment before there are results: its settings and its samples."""
    samples = draw_samples(settings, 2019)
    return SimpleNamespace(
        settings=settings, constants=settings | samples[0], drawn=samples_table(samples)
    )


def test_conditions_are_listed_with_the_values_they_differ_in():
    shipped = load_settings({"experiments": ["regularisation"]}, CONFIG).experiments
    how = how_run(of_settings(shipped["regularisation"]))
    assert how["Conditions"].startswith(
        "8, which differ in dropout (0 or 0.5), batch norm (no or yes) and weight decay (0 or 0.01)"
    )
    assert "dropout" not in how["Network"]


def test_every_shipped_experiment_has_words():
    for settings in load_settings({}, CONFIG).experiments.values():
        experiment = of_settings(settings)
        text = section("introduction", experiment) + str(how_run(experiment))
        assert "None" not in text
        named, _ = named_and_generated(settings)
        assert all(name.replace("_", " ") in text for name in named)
        assert settings["generated"] == 0 or "more generated quantifiers" in text
