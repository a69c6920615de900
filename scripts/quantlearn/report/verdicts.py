"""How the quantifiers of a pair compare, in sentences and in a table for readers.

A difference counts as shown when both tests of the convergence steps say so: the paired t-test of
the 2019 paper, which knows only trials in which both quantifiers were learned, and the Wilcoxon
signed-rank test, which also ranks the trials in which only one was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.figures import formats
from quantlearn.figures.experiment import Results
from quantlearn.figures.formats import MISSING, p_phrase
from quantlearn.statistics.comparison import LEVEL
from quantlearn.statistics.convergence import FINAL_EVALUATIONS, step_leads

__all__ = [
    "HOW_TO_READ_TESTS",
    "Pair",
    "conclusion",
    "pair_summary",
    "pair_table",
    "pairs",
    "verdict",
]

TEST_NAMES = {
    "paired_t_steps": "Convergence step, paired t-test (2019)",
    "paired_t_accuracy": f"Accuracy, last {FINAL_EVALUATIONS} evaluations, paired t-test (2019)",
    "wilcoxon_steps": "Convergence step, Wilcoxon signed-rank",
    "logrank": "Share learned, log-rank",
    "area_between_curves": "Area between the curves",
}
UNITS = {
    "steps": "steps",
    "accuracy": "percentage points",
    "rank-biserial correlation": "rank correlation",
    "steps (restricted mean)": "steps",
    "steps × accuracy": "steps × accuracy",
}

HOW_TO_READ_TESTS = (
    "A positive difference means that the first quantifier of the pair was learned sooner or "
    "better. The paired t-tests are those of the 2019 paper; the one on convergence steps knows "
    "only the trials in which both quantifiers were learned. The other tests count all trials. "
    "Adjusted p values (Holm) allow for the number of pairs in this experiment."
)


@dataclass(frozen=True)
class Pair:
    """How two quantifiers compare in the trials of an experiment: numbers of trials.

    ``sooner`` counts the trials in which the first quantifier was learned sooner, also those in
    which only it was learned (``only_easy``); ``later`` and ``only_hard`` the other way round.
    """

    easy: str
    hard: str
    n: int
    sooner: int
    later: int
    together: int
    neither: int
    only_easy: int
    only_hard: int
    tests: pd.DataFrame  # by name of the test

    @property
    def verdict(self) -> str:
        """One of the verdicts of `verdict`."""
        steps, ranks = self.tests.loc["paired_t_steps"], self.tests.loc["wilcoxon_steps"]
        return verdict(
            steps["estimate"], steps["p_adjusted"], ranks["estimate"], ranks["p_adjusted"]
        )


def verdict(lead: float, lead_p: float, ranks: float, ranks_p: float) -> str:
    """What two tests of one difference say together, by their estimates and adjusted p values.

    "sooner" and "later" if both tests show the same direction, "one test" if only one shows a
    difference, "contradiction" if they show opposite ones, "not shown" otherwise.

    >>> verdict(800, 0.01, 0.9, 0.02), verdict(800, 0.01, 0.9, 0.06), verdict(800, 0.2, 0.1, 0.9)
    ('sooner', 'one test', 'not shown')
    """
    directions = [
        "sooner" if estimate > 0 else "later"
        for estimate, p in ((lead, lead_p), (ranks, ranks_p))
        if p < LEVEL
    ]
    if len(directions) < 2:
        return "one test" if directions else "not shown"
    return directions[0] if directions[0] == directions[1] else "contradiction"


def pairs(results: Results) -> Iterator[Pair]:
    """The compared pairs of quantifiers, in the order of the settings."""
    by_name = {
        quantifier: rows.set_index("trial").sort_index()
        for quantifier, rows in results.convergence.groupby("quantifier")
    }
    for easy, hard in results.settings["comparisons"]:
        leads = step_leads(by_name[easy], by_name[hard])
        of_pair = (results.comparison["easy"] == easy) & (results.comparison["hard"] == hard)
        yield Pair(
            easy=easy,
            hard=hard,
            n=len(leads),
            sooner=int((leads > 0).sum()),
            later=int((leads < 0).sum()),
            together=int((leads == 0).sum()),
            neither=int(np.isnan(leads).sum()),
            only_easy=int(np.isposinf(leads).sum()),
            only_hard=int(np.isneginf(leads).sum()),
            tests=results.comparison[of_pair].set_index("test"),
        )


def pair_table(pair: Pair) -> pd.DataFrame:
    """All tests of one pair of quantifiers."""
    rows = []
    for test, title in TEST_NAMES.items():
        found = pair.tests.loc[test]
        shown = {
            "accuracy": formats.accuracy_points,
            "rank-biserial correlation": formats.correlation,
        }.get(found["unit"], formats.steps)
        rows.append(
            {
                "Test": title,
                "Difference": f"{shown(found['estimate'])} {UNITS[found['unit']]}"
                if not isnan(found["estimate"])
                else MISSING,
                "95 % interval": formats.interval(shown(found["lower"]), shown(found["upper"])),
                "Trials": f"{found['n']}",
                "p": formats.p_value(found["p"]),
                "p adjusted": formats.p_value(found["p_adjusted"]),
            }
        )
    return pd.DataFrame(rows)


def pair_summary(pair: Pair) -> str:
    """Which of the two was learned sooner, in how many trials, by how much and how surely."""
    easy, hard = formats.name(pair.easy), formats.name(pair.hard)
    trials = formats.counted(pair.n, "trial")
    parts = [f"{easy} was learned sooner than {hard} in {pair.sooner} of {trials}"]
    if pair.only_easy:
        parts[0] += f" (in {pair.only_easy} of them {hard} was not learned at all)"
    if pair.later:
        parts.append(f"later in {pair.later}")
        if pair.only_hard:
            parts[-1] += f" (in {pair.only_hard} of them {easy} was not learned at all)"
    if pair.together:
        parts.append(f"at the same evaluation in {pair.together}")
    if pair.neither:
        parts.append(f"and neither was learned in {pair.neither}")
    sentences = [formats.capital(", ".join(parts)) + "."]
    steps = pair.tests.loc["paired_t_steps"]
    n = int(steps["n"])
    if n == 0:
        sentences.append("There is no trial in which both were learned.")
    else:
        where = (
            "On average"
            if n == pair.n
            else f"In the {formats.counted(n, 'trial')} in which both were learned"
        )
        sentences.append(f"{where}, {easy} came {_lead(steps['estimate'])}{_surely(steps)}.")
    ranks = pair.tests.loc["wilcoxon_steps"]
    if not isnan(ranks["p"]):
        sentences.append(
            f"The Wilcoxon signed-rank test, which also counts trials in which only one was "
            f"learned, gives {p_phrase(ranks['p_adjusted'])}."
        )
    return " ".join(sentences)


def _lead(steps: float) -> str:
    if steps == 0:
        return "at the same step"
    return f"{formats.steps(abs(steps))} steps {'sooner' if steps > 0 else 'later'}"


def _surely(found: pd.Series) -> str:
    if isnan(found["p"]):
        return ", too few or too equal trials for a test"
    return (
        f" (mean lead {formats.steps(found['estimate'])}, 95 % interval {_bounds(found)}; "
        f"paired t-test, {p_phrase(found['p_adjusted'])})"
    )


def conclusion(results: Results) -> str:
    """What the tests together say about each pair."""
    found = [f"- {_conclusion_of(pair, results.settings)}" for pair in pairs(results)]
    return "\n".join(found) or (
        "This experiment compares no quantifiers with each other. What it shows is said with its "
        "figures."
    )


def _conclusion_of(pair: Pair, settings: Mapping[str, Any]) -> str:
    easy, hard = formats.name(pair.easy), formats.name(pair.hard)
    universal = settings["universal"]
    predicted = (
        ""
        if universal == "none"
        else f", as the learnability of {universal} predicts"
        if pair.verdict == "sooner"
        else f", against what the learnability of {universal} predicts"
    )
    sentence = {
        "sooner": f"{easy} is learned sooner than {hard}{predicted}.",
        "later": f"{easy} is learned later than {hard}{predicted}.",
        "one test": f"Only one of the two tests of the convergence steps shows a difference "
        f"between {easy} and {hard}: the result is open.",
        "contradiction": f"The two tests of the convergence steps show opposite differences "
        f"between {easy} and {hard}: the result is open.",
        "not shown": f"No difference between {easy} and {hard} could be shown, which is no proof "
        f"that there is none{_compatible(pair)}.",
    }[pair.verdict]
    return formats.capital(sentence)


def _compatible(pair: Pair) -> str:
    """Which differences the trials leave open."""
    steps = pair.tests.loc["paired_t_steps"]
    if isnan(steps["lower"]):
        return ""
    return (
        f": by the trials in which both were learned, {formats.name(pair.easy)} may lead by "
        f"{_bounds(steps)} steps (95 % interval; a minus means that it comes later)"
    )


def _bounds(found: pd.Series) -> str:
    return formats.interval(formats.steps(found["lower"]), formats.steps(found["upper"]))
