"""The page of an experiment says what the tables hold, and claims no more."""

from types import SimpleNamespace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from page_results import CONFIG, tabulated

from quantlearn.figures.experiment import Experiment
from quantlearn.report.experiment_page import how_run, section
from quantlearn.settings.load import load_settings
from quantlearn.settings.protocol import named_and_generated
from quantlearn.settings.samples import draw_samples, samples_table
from quantlearn.statistics.comparison import area_test, paper_tests, verdicts

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
    looked_at = range(1, last, 10)
    curves = pd.DataFrame(
        [
            {
                "trial": row["trial"],
                "quantifier": row["quantifier"],
                "step": step,
                "accuracy": 1.0 if row["converged"] and step >= row["step"] else 0.5,
            }
            for row in rows
            for step in looked_at
        ]
    )
    networks = pd.DataFrame({"trial": range(len(easy)), "quantifier": "all", "train_scenes": 2000})
    experiment.verdicts = verdicts(
        curves,
        networks.assign(stop_reason="epochs"),
        settings["comparisons"],
        training=settings["training"] | {"evaluate_every": 10},
        endpoint=settings["endpoint"],
        threshold=0.95,
        family={"name": "exp1a", "size": None},
    ).assign(sample=0, exchangeable=False)
    tests = pd.concat(
        [
            paper_tests(experiment.convergence, EASY, HARD),
            area_test(curves, EASY, HARD, last),
        ]
    )
    experiment.comparison = tests.assign(p_adjusted=tests["p"], experiment="exp1a", sample=0)
    ends = {"sample": 0, "steps": last, "stop_reason": "epochs"}
    experiment.trials = pd.DataFrame([{"trial": trial} | ends for trial in range(len(easy))])
    return experiment


def test_of_a_search_the_chosen_sample_is_told_with_its_test(settings):
    experiment = from_steps(settings, [101] * 5, [201] * 5)
    experiment.leaderboard = pd.DataFrame(
        {
            "chosen": [True, False],
            "trials": [5, 5],
            "dev_accuracy": [0.975, 0.8],
            "test_accuracy": [0.95, None],
            "test_accuracy_lower": [0.925, None],
            "test_accuracy_upper": [0.975, None],
            "dev_accuracy_lower": [0.95, 0.7],
            "dev_accuracy_upper": [1.0, 0.9],
        }
    )
    text = section("ranking", experiment).replace("\u00a0", " ")
    assert "97.5 % over 5 trials, was chosen of 2 samples" in text
    assert "95.0 % (95 % interval 92.5 % to 97.5 %)" in text


# --- Pairs ------------------------------------------------------------------------------------


def test_a_clear_lead_is_told_with_its_size_and_direction(settings):
    easy = [101 + 10 * trial for trial in range(12)]
    later = [2 * step - 1 for step in easy]
    experiment = from_steps(settings, easy, later)
    text = section("tests", experiment).replace("\u00a0", " ")
    assert "in 12 and later in 0 of 12 trials" in text
    found = section("conclusion", experiment).replace("\u00a0", " ")
    assert "takes 1.99 times as many steps (95 % interval 1.99 to 1.99; p < 0.001)" in found
    assert "***At least 4* is learned sooner" in found
    assert "as the learnability of monotonicity predicts" in found
    reverse = section("conclusion", from_steps(settings, later, easy))
    assert "is learned later" in reverse
    assert "against what" in reverse


@pytest.mark.parametrize(("last", "is_there"), [(2451, False), (2501, True)])
def test_the_last_50_evaluations_are_told_of_runs_that_have_more(settings, last, is_there):
    """Evaluations are 50 steps apart: a run of 2,451 steps has 50, and begins at chance."""
    one = from_steps(settings, range(100, 220, 10), range(300, 420, 10), last)
    assert ("Accuracy, last 50 evaluations" in section("tests", one)) == is_there


def test_what_was_never_learned_is_a_bound(settings):
    """Learned in 9 of 10 trials against 0 of 10: sooner, by a ratio that is at least so large."""
    experiment = from_steps(settings, [101] * 10, [None] * 10)
    assert "is learned sooner than *at least 6 or at most 2***, which takes at least 9.9" in (
        section("conclusion", experiment)
    )
    experiment = from_steps(settings, [101] * 9 + [None], [None] * 10)
    text = section("conclusion", experiment)
    assert "is learned sooner" in text
    assert "in 9 and 0 of 10 trials by step 1,000" in text


def test_few_trials_never_show_a_difference_and_say_so(settings):
    few = settings | {"trials": 5}
    experiment = from_steps(few, [101, 111, 121, 131, 141], [501, 521, 501, 531, 541])
    assert "is open" in section("conclusion", experiment)
    assert "With 5 trials no difference can be shown" in section("caveats", experiment)
    assert "no difference can be shown" not in section("caveats", from_steps(settings, [1], [1]))


def test_a_check_of_the_procedure_is_called_so_and_predicts_nothing(settings):
    experiment = from_steps(settings, [101] * 12, [501] * 12)
    experiment.verdicts["exchangeable"] = True
    text = section("conclusion", experiment)
    assert "checks the procedure" in text
    assert "predicts" not in text


def test_nothing_learned_gives_sentences_without_numbers(settings):
    experiment = from_steps(settings, [None] * 3, [None] * 3)
    text = "".join(section(name, experiment) for name in ("tests", "conclusion", "caveats"))
    assert "is open" in text
    assert "in 0 and 0 of 3 trials" in text
    assert "nan" not in text


# --- Whole experiments ------------------------------------------------------------------------

SECTIONS = (
    "introduction",
    "meaning",
    "conclusion",
    "learned",
    "learning",
    "tests",
    "errors",
    "trials",
    "data",
)


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
    caveats = texts.pop()
    assert caveats.startswith("```{admonition}")
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
    [row, *_] = BeautifulSoup(above, "html.parser").select("tbody tr")
    shown = [cell.text for cell in row.find_all("td")]
    assert shown[-3:] == ["70.0\u00a0%", "20.6", "20.3 to 20.8"]
    assert "end no more" not in above
    below = learning(experiment, [0.9503] * 12)
    assert "*at least 4* and *at least 6 or at most 2* end no more than 2.0 points above" in below
    assert ">−4.5<" in below
    # What may be chance shows neither: an interval from −1.7 to 9.4 is open.
    scattered = learning(experiment, [0.8, 0.99] * 6)
    assert "end no more" not in scattered
    assert "*at least 6 or at most 2* end above that is open" in scattered
    assert ">89.5\u00a0%<" in scattered


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
        text = section("meaning", experiment) + str(how_run(experiment))
        assert "None" not in text
        named, _ = named_and_generated(settings)
        assert all(name.replace("_", " ") in text for name in named)
        assert settings["generated"] == 0 or "more generated quantifiers" in text
