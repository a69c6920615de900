"""What all experiments of a page say together: its first section.

p values are adjusted over all pairs on the page, so that one of many comparisons does not count as
a finding by chance; for a single experiment they are adjusted over its own pairs only.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.texts import render
from quantlearn.report.pages import embedded_figure
from quantlearn.statistics.comparison import FEW_TRIALS, LEVEL, smallest_p, verdict

__all__ = ["front_page", "universal_name"]

RESULTS = {
    "sooner": "first sooner",
    "later": "first later",
    "one test": "one test only",
    "contradiction": "tests disagree",
    "not shown": "not shown",
}
LEADS = RESULTS | {"sooner": "larger as documented", "later": "larger as run"}


def front_page(
    settings: Sequence[Mapping[str, Any]],
    overview: str,
    as_run: str,
    texts: Mapping[str, Mapping[str, str]],
    heading: str,
    figure: str,
    caption: str,
) -> str:
    """Write what all experiments say together as Markdown.

    settings: of each experiment; overview and as_run: the paths of these tables; texts: by
    experiment and figure the path of what is said of the figure; figure: the path of the picture
    of all pairs, as SVG, shown with its caption where there are pairs.
    """
    pairs = tables.read_csv(overview, columns.OVERVIEW)
    twins = tables.read_csv(as_run, columns.AS_RUN)
    shown = pd.DataFrame([_pair(row) for row in pairs.itertuples()], pairs.index)
    pairs = pairs.assign(universal=pairs["universal"].map(universal_name))
    alternative = "Overview of the effects in all experiments"
    facts = {
        "heading": heading,
        "figure": embedded_figure(figure, caption, alternative) if len(pairs) else "",
        "tallies": [
            {
                "of": ", ".join(of),
                "pairs": len(rows),
                "found": shown.loc[rows.index, "Difference"].value_counts(sort=False),
                "censored": rows[["censored_easy", "censored_hard"]].sum().sum(),
                "steps": 2 * rows["n"].sum(),
            }
            for of, rows in pairs.groupby(["universal", "version"], sort=False)
        ],
        "universals": dict(iter(shown.groupby(pairs["universal"], sort=False))),
        "twins": [_twin(row) for row in twins.itertuples()],
        "statements": _statements(settings, texts),
    }
    return render(Path(__file__).with_suffix(".md.j2"), facts | _caveats(settings, pairs))


def universal_name(universal: str) -> str:
    """Name a universal in a heading.

    >>> universal_name("quantity"), universal_name("none")
    ('Quantity', 'No single universal')
    """
    return "No single universal" if universal == "none" else universal.capitalize()


def _pair(row: Any) -> dict[str, str]:
    """One line for each pair: who was learned, how much sooner, how surely."""
    steps, ranks = row.paired_t_steps_estimate, row.wilcoxon_steps_estimate
    p_steps, p_ranks = row.paired_t_steps_p_adjusted, row.wilcoxon_steps_p_adjusted
    learned = (row.n - row.censored_easy, row.n - row.censored_hard)
    medians = map(formats.steps, (row.median_step_easy, row.median_step_hard))
    bounds = map(formats.steps, (row.paired_t_steps_lower, row.paired_t_steps_upper))
    return {
        "Experiment": row.experiment,
        "Version": row.version,
        "First – second": f"{row.easy} – {row.hard}".replace("_", " "),
        "Learned in trials": f"{learned[0]} and {learned[1]} of {row.n}",
        "Median step": " and ".join(medians),
        "First sooner by": formats.steps(steps),
        "95 % interval": formats.interval(*bounds),
        "p, t-test": formats.p_value(p_steps),
        "p, Wilcoxon": formats.p_value(p_ranks),
        "Difference": RESULTS[verdict(steps, p_steps, ranks, p_ranks)],
    }


def _twin(row: Any) -> dict[str, str]:
    """One line for each measure of an experiment that exists twice."""
    steps = row.measure == "step"
    shown = formats.steps if steps else formats.accuracy_points
    # Mann–Whitney's U is half of all pairs of trials where neither version ranks higher.
    ranks = row.mann_whitney_u - row.mann_whitney_n_documented * row.mann_whitney_n_as_run / 2
    found = verdict(row.difference, row.p_adjusted, ranks, row.mann_whitney_p_adjusted)
    return {
        "Experiment": row.documented,
        "First – second": f"{row.easy} – {row.hard}".replace("_", " "),
        "Lead of the first in": "steps" if steps else "accuracy at the end, points",
        "Documented": shown(row.documented_mean),
        "As run": shown(row.as_run_mean),
        "Difference": shown(row.difference),
        "95 % interval": formats.interval(shown(row.lower), shown(row.upper)),
        "Trials": f"{row.n_documented} and {row.n_as_run}",
        "p, Welch": formats.p_value(row.p_adjusted),
        "p, Mann–Whitney": formats.p_value(row.mann_whitney_p_adjusted),
        "Both tests": LEADS[found] if steps else formats.MISSING,
    }


def _statements(
    settings: Sequence[Mapping[str, Any]], texts: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """For each experiment with analyses, its question and what the first of them comes to.

    That is a text's first paragraph; one that begins with an HTML comment has none.
    """
    found = []
    for one in settings:
        said = [Path(path).read_text("utf-8") for path in texts.get(one["name"], {}).values()]
        first = next((text for text in said if not text.startswith("<!--")), "")
        statement = " ".join(first.partition("\n\n")[0].split())
        found.append({"name": one["name"], "question": one["question"], "statement": statement})
    return [one for one in found if one["statement"]]


def _caveats(settings: Sequence[Mapping[str, Any]], pairs: pd.DataFrame) -> dict[str, Any]:
    """What a reader must know before relying on these results."""
    fewest, most = (pairs["n"].min(), pairs["n"].max()) if len(pairs) else (FEW_TRIALS, FEW_TRIALS)
    reach = min(1.0, max(1, pairs["wilcoxon_steps_p"].count()) * smallest_p(most))
    explained = [
        f"{formats.name(row[side])} in `{row['experiment']}`"
        for row in pairs.to_dict("records")
        for side in ("easy", "hard")
        if row[f"final_accuracy_{side}"] <= row[f"size_alone_{side}"]
    ]
    return {
        "most": most,
        "pairs": len(pairs),
        "reach": reach if len(pairs) and reach >= LEVEL else 0,
        "fewest": fewest if fewest < FEW_TRIALS else 0,
        "censored": (pairs[["censored_easy", "censored_hard"]] > 0).any(axis="columns").sum(),
        "explained": list(dict.fromkeys(explained)),
        "on_test": sum(one["training"]["monitor"] == "test" for one in settings),
    }
