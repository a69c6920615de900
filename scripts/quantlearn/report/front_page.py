"""What the tables of all experiments say together: the facts of the first section of a page.

p values are adjusted over all pairs on the page, so that one of many comparisons does not count as
a finding by chance; for a single experiment they are adjusted over its own pairs only.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.statistics.comparison import FEW_TRIALS, LEVEL, smallest_p, verdict

__all__ = ["facts", "universal_name"]

RESULTS = {
    "sooner": "first sooner",
    "later": "first later",
    "one test": "one test only",
    "contradiction": "tests disagree",
    "not shown": "not shown",
}
LEADS = RESULTS | {"sooner": "larger as documented", "later": "larger as run"}


def facts(
    settings: Iterable[Mapping[str, Any]],
    overview: str,
    as_run: str,
    texts: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Gather what the template says, from the first sample of each experiment.

    settings: of each experiment; overview and as_run: the paths of these tables; texts: by
    experiment and figure the path of what is said of the figure.
    """
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
    effects = effects.assign(result=pd.Series(verdicts, effects.index, "str").map(RESULTS))
    names = {name: universal_name(name) for name in effects["universal"].unique()}
    return {
        "tallies": [
            _tally(names[universal], version, rows)
            for (universal, version), rows in effects.groupby(["universal", "version"], sort=False)
        ],
        "universals": {
            title: [_pair(row) for row in effects[effects["universal"] == name].itertuples()]
            for name, title in names.items()
        },
        "twins": [_twin(row) for row in twins.itertuples()],
        "statements": _statements(settings, texts),
        **_caveats(settings, effects),
    }


def universal_name(universal: str) -> str:
    """A universal as a heading.

    >>> universal_name("quantity"), universal_name("none")
    ('Quantity', 'No single universal')
    """
    return "No single universal" if universal == "none" else universal.capitalize()


def _tally(universal: str, version: str, rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "universal": universal,
        "version": version,
        "results": {
            found: number
            for found in RESULTS.values()
            if (number := (rows["result"] == found).sum())
        },
        "pairs": len(rows),
        "censored": int(rows[["censored_easy", "censored_hard"]].sum().sum()),
        "steps": int(2 * rows["n"].sum()),
    }


def _pair(row: Any) -> dict[str, str]:
    """One line for each pair: who was learned, how much sooner, how surely."""
    bounds = map(formats.steps, (row.paired_t_steps_lower, row.paired_t_steps_upper))
    medians = map(formats.steps, (row.median_step_easy, row.median_step_hard))
    return {
        "Experiment": row.experiment,
        "Version": row.version,
        "First – second": f"{row.easy} – {row.hard}".replace("_", " "),
        "Learned in trials": f"{row.n - row.censored_easy} and {row.n - row.censored_hard} of {row.n}",
        "Median step": " and ".join(medians),
        "First sooner by": formats.steps(row.paired_t_steps_estimate),
        "95 % interval": formats.interval(*bounds),
        "p, t-test": formats.p_value(row.paired_t_steps_p_adjusted),
        "p, Wilcoxon": formats.p_value(row.wilcoxon_steps_p_adjusted),
        "Difference": row.result,
    }


def _twin(row: Any) -> dict[str, str]:
    """One line for each measure of an experiment that exists twice."""
    steps = row.measure == "step"
    shown = formats.steps if steps else formats.accuracy_points
    # Mann–Whitney's U is half of all pairs of trials where neither version ranks higher.
    balance = row.mann_whitney_n_documented * row.mann_whitney_n_as_run / 2
    ranks = row.mann_whitney_u - balance
    found = verdict(row.difference, row.p_adjusted, ranks, row.mann_whitney_p_adjusted)
    return {
        "Experiment": row.documented,
        "First – second": f"{row.easy} – {row.hard}".replace("_", " "),
        "Lead of the first in": "steps" if steps else "accuracy at the end, points",
        "Documented": shown(row.documented_mean),
        "As run": shown(row.as_run_mean),
        "Difference": shown(row.difference),
        "95 % interval": formats.interval(*map(shown, (row.lower, row.upper))),
        "Trials": f"{row.n_documented} and {row.n_as_run}",
        "p, Welch": formats.p_value(row.p_adjusted),
        "p, Mann–Whitney": formats.p_value(row.mann_whitney_p_adjusted),
        "Both tests": LEADS[found] if steps else formats.MISSING,
    }


def _statements(
    settings: Iterable[Mapping[str, Any]], texts: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """For each experiment with analyses, its question and what the first of them comes to.

    That is a text's first paragraph; one that begins with an HTML comment has none.
    """
    found = []
    for one in settings:
        said = [Path(path).read_text("utf-8") for path in texts.get(one["name"], {}).values()]
        first = next((text for text in said if not text.startswith("<!--")), None)
        if first:
            statement = " ".join(first.partition("\n\n")[0].split())
            found.append({"name": one["name"], "question": one["question"], "statement": statement})
    return found


def _caveats(settings: Iterable[Mapping[str, Any]], effects: pd.DataFrame) -> dict[str, Any]:
    """What a reader must know before relying on these results."""
    most, fewest = (
        int(effects["n"].agg(of)) if len(effects) else FEW_TRIALS for of in ("max", "min")
    )
    tested = effects["wilcoxon_steps_p"].notna().sum()
    reach = min(1.0, max(1, tested) * smallest_p(most))
    return {
        "most": most,
        "pairs": len(effects),
        "reach": reach if len(effects) and reach >= LEVEL else 0,
        "fewest": fewest if fewest < FEW_TRIALS else 0,
        "censored": ((effects["censored_easy"] > 0) | (effects["censored_hard"] > 0)).sum(),
        "explained": list(
            dict.fromkeys(
                f"{formats.name(row[side])} in `{row['experiment']}`"
                for row in effects.to_dict("records")
                for side in ("easy", "hard")
                if row[f"final_accuracy_{side}"] <= row[f"size_alone_{side}"]
            )
        ),
        "on_test": sum(one["training"]["monitor"] == "test" for one in settings),
    }
