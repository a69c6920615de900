"""What the tables of all experiments say together: which universals show an effect, as documented
and as run, in sentences and in tables for readers.

p values are adjusted over all pairs on the page, so that one of many comparisons does not count as
a finding by chance; for a single experiment they are adjusted over its own pairs only.
"""

from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.report.verdicts import verdict
from quantlearn.statistics.comparison import FEW_TRIALS, LEVEL, smallest_p

__all__ = [
    "analyses_summary",
    "as_run_summary",
    "as_run_table",
    "caveats",
    "effects_summary",
    "effects_table",
    "read_synopsis",
    "universal_name",
]

RESULTS = {
    "sooner": "first sooner",
    "later": "first later",
    "one test": "one test only",
    "contradiction": "tests disagree",
    "not shown": "not shown",
}
VERSIONS = ("documented", "as run")


def read_synopsis(overview: str, as_run: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables overview.csv, with a column verdict, and as_run.csv: the first samples of each."""
    effects = tables.read_csv(overview, tables.OVERVIEW)
    effects = effects[effects["sample"] == effects.groupby("experiment")["sample"].transform("min")]
    twins = tables.read_csv(as_run, tables.AS_RUN)
    twins = twins[twins["sample"] == twins.groupby("as_run")["sample"].transform("min")]
    verdicts = [
        verdict(
            row.paired_t_steps_estimate,
            row.paired_t_steps_p_adjusted,
            row.wilcoxon_steps_estimate,
            row.wilcoxon_steps_p_adjusted,
        )
        for row in effects.itertuples()
    ]
    return effects.assign(verdict=pd.Series(verdicts, index=effects.index, dtype="str")), twins


def analyses_summary(
    settings: Iterable[Mapping[str, Any]], texts: Mapping[str, Mapping[str, str]]
) -> str:
    """For each experiment with analyses, its question and what the first of them says of it.

    ``texts``: by experiment and figure the path of what is said of the figure. Its first paragraph
    is what it comes to; a text that begins with an HTML comment has nothing for a summary.
    """
    lines = []
    for one in settings:
        name = one["name"]
        found = (Path(path).read_text(encoding="utf-8") for path in texts.get(name, {}).values())
        first = next((text for text in found if not text.startswith("<!--")), None)
        if first:
            statement = " ".join(first.partition("\n\n")[0].split())
            link = f"[{name}](#{name.replace('_', '-')})"
            lines.append(f"- **{one['question']}** {statement} ({link})")
    return "\n".join(lines)


def universal_name(universal: str) -> str:
    """A universal as a heading.

    >>> universal_name("quantity"), universal_name("none")
    ('Quantity', 'No single universal')
    """
    return "No single universal" if universal == "none" else universal.capitalize()


# --- Effects ----------------------------------------------------------------------------------


def effects_summary(effects: pd.DataFrame) -> str:
    """For each universal, in how many pairs its quantifier was learned sooner, by version."""
    sentences = []
    for universal, rows in effects.groupby("universal", sort=False):
        for version in VERSIONS:
            of_version = rows[rows["version"] == version]
            if len(of_version):
                sentences.append(
                    f"- **{universal_name(universal)}, {version}**: {_tally(of_version)}"
                )
    return "\n".join(sentences)


def _tally(rows: pd.DataFrame) -> str:
    """Every pair of these rows, by its verdict."""
    ways = {
        "sooner": "the first is learned sooner",
        "later": "the first is learned later",
        "one test": "only one of two tests shows a difference",
        "contradiction": "the two tests show opposite differences",
        "not shown": "no difference could be shown",
    }
    parts = []
    for way, text in ways.items():
        found = rows[rows["verdict"] == way]
        if len(found):
            names = formats.listed(
                f"{formats.name(row.easy)} – {formats.name(row.hard)} in `{row.experiment}`"
                for row in found.itertuples()
            )
            parts.append(
                f"{text} in {len(found)} of {formats.counted(len(rows), 'pair')} ({names})"
            )
    text = "; ".join(parts) + "."
    censored = int(rows[["censored_easy", "censored_hard"]].sum().sum())
    all_runs = int(2 * rows["n"].sum())
    if censored:
        text += f" {censored} of {all_runs} convergence steps are censored."
    return text


def effects_table(effects: pd.DataFrame) -> pd.DataFrame:
    """One line for each pair: who was learned, how much sooner, how surely."""
    return pd.DataFrame(
        [
            {
                "Experiment": row.experiment,
                "First – second": f"{_plain(row.easy)} – {_plain(row.hard)}",
                "Learned in trials": f"{row.n - row.censored_easy} and "
                f"{row.n - row.censored_hard} of {row.n}",
                "Median step": f"{formats.steps(row.median_step_easy)} and "
                f"{formats.steps(row.median_step_hard)}",
                "First sooner by": formats.steps(row.paired_t_steps_estimate),
                "95 % interval": formats.interval(
                    formats.steps(row.paired_t_steps_lower),
                    formats.steps(row.paired_t_steps_upper),
                ),
                "p, t-test": formats.p_value(row.paired_t_steps_p_adjusted),
                "p, Wilcoxon": formats.p_value(row.wilcoxon_steps_p_adjusted),
                "Difference": RESULTS[row.verdict],
            }
            for row in effects.itertuples()
        ]
    )


# --- Documented against as run ----------------------------------------------------------------


def as_run_summary(twins: pd.DataFrame) -> str:
    """For each experiment that exists twice, whether its effect on the steps differs."""
    steps = twins[twins["measure"] == "step"]
    return "\n".join(f"- {_twin(row)}" for row in steps.itertuples())


def _twin(row: Any) -> str:
    pair = f"{formats.name(row.easy)} – {formats.name(row.hard)}"
    # Mann–Whitney's U is half of all pairs of trials where neither version ranks higher.
    balance = row.mann_whitney_n_documented * row.mann_whitney_n_as_run / 2
    found = verdict(
        row.difference,
        row.p_adjusted,
        row.mann_whitney_u - balance,
        row.mann_whitney_p_adjusted,
    )
    means = (
        f"the first was learned {_lead(row.documented_mean)} as documented "
        f"(mean of {formats.counted(row.n_documented, 'trial')} in which both were learned) and "
        f"{_lead(row.as_run_mean)} as run ({row.n_as_run})"
    )
    tests = (
        f"Welch's t-test: {p_phrase(row.p_adjusted)}; "
        f"Mann–Whitney test: {p_phrase(row.mann_whitney_p_adjusted)}"
    )
    ends = {
        "not shown": "That the two differ could not be shown",
        "one test": "Only one of two tests shows that they differ",
        "contradiction": "Two tests show opposite differences",
        "sooner": "Both tests show that the lead is larger as documented",
        "later": "Both tests show that the lead is larger as run",
    }
    return f"**{row.documented}** ({pair}): {means}. {ends[found]} ({tests})."


def _lead(steps: float) -> str:
    if isnan(steps):
        return "at an unknown distance"
    if steps == 0:
        return "at the same step"
    return f"{formats.steps(abs(steps))} steps {'sooner' if steps > 0 else 'later'}"


def as_run_table(twins: pd.DataFrame) -> pd.DataFrame:
    """One line for each measure of each experiment that exists twice."""
    lines = []
    for row in twins.itertuples():
        accuracy = row.unit == "accuracy"
        shown = formats.accuracy_points if accuracy else formats.steps
        lines.append(
            {
                "Experiment": row.documented,
                "Lead of the first in": "accuracy at the end, points" if accuracy else "steps",
                "Documented": shown(row.documented_mean),
                "As run": shown(row.as_run_mean),
                "Difference": shown(row.difference),
                "95 % interval": formats.interval(shown(row.lower), shown(row.upper)),
                "Trials": f"{row.n_documented} and {row.n_as_run}",
                "p, Welch": formats.p_value(row.p_adjusted),
                "p, Mann–Whitney": formats.p_value(row.mann_whitney_p_adjusted),
            }
        )
    return pd.DataFrame(lines)


# --- Caveats ----------------------------------------------------------------------------------


def caveats(settings: Iterable[Mapping[str, Any]], effects: pd.DataFrame) -> str:
    """What a reader must know before relying on these results."""
    found = []
    if len(effects):
        tested = effects[effects["wilcoxon_steps_p"].notna()]
        most = int(effects["n"].max())
        reach = min(1.0, max(1, len(tested)) * smallest_p(most))
        if reach >= LEVEL:
            found.append(
                f"With at most {formats.counted(most, 'trial')} in each of "
                f"{formats.counted(len(effects), 'pair')}, the adjusted p of the Wilcoxon "
                f"signed-rank test is at least {formats.p_value(reach)} whatever the networks "
                f"do, so "
                "no difference can count as shown: these results only tell where to look with more "
                "trials."
            )
        elif effects["n"].min() < FEW_TRIALS:
            found.append(
                f"Some experiments have few trials, the smallest number is {effects['n'].min()}."
            )
        censored = effects[(effects["censored_easy"] > 0) | (effects["censored_hard"] > 0)]
        if len(censored):
            found.append(
                f"In {len(censored)} of {formats.counted(len(effects), 'pair')} some trials never "
                "learned a quantifier. The paired t-test leaves these trials out, the Wilcoxon "
                "test does not."
            )
        explained = [
            f"{formats.name(row[side])} in `{row['experiment']}`"
            for _, row in effects.iterrows()
            for side in ("easy", "hard")
            if row[f"final_accuracy_{side}"] <= row[f"size_alone_{side}"]
        ]
        if explained:
            found.append(
                "No more right answers than the size of a scene alone gives, on average over "
                f"trials: {formats.listed(dict.fromkeys(explained))}."
            )
    on_test = [
        experiment["name"] for experiment in settings if experiment["training"]["monitor"] == "test"
    ]
    if on_test:
        found.append(
            f"In {formats.counted(len(on_test), 'experiment')} the test scenes also decide when "
            "training stops, as in 2019, so final accuracies are slightly too good."
        )
    return "\n".join(f"- {sentence}" for sentence in found) or (
        "No experiment has few trials, censored steps or a test set that stops training."
    )


def _plain(quantifier: str) -> str:
    return quantifier.replace("_", " ")
