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
from quantlearn.statistics.comparison import FEW_TRIALS, smallest_p, verdict
from quantlearn.statistics.multiple_tests import LEVEL

__all__ = ["front_page", "universal_name"]


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
    pairs["title"] = pairs["universal"].map(universal_name)
    pairs["verdict"] = _verdicts(
        (pairs["paired_t_steps_estimate"], pairs["paired_t_steps_p_adjusted"]),
        (pairs["wilcoxon_steps_estimate"], pairs["wilcoxon_steps_p_adjusted"]),
    )
    twins = tables.read_csv(as_run, columns.AS_RUN)
    # Mann–Whitney's U is half of all pairs of trials where neither version ranks higher.
    balance = twins["mann_whitney_n_documented"] * twins["mann_whitney_n_as_run"] / 2
    twins["verdict"] = _verdicts(
        (twins["difference"], twins["p_adjusted"]),
        (twins["mann_whitney_u"] - balance, twins["mann_whitney_p_adjusted"]),
    )
    alternative = "Overview of the effects in all experiments"
    facts = {
        "heading": heading,
        "figure": embedded_figure(figure, caption, alternative) if len(pairs) else "",
        "versions": dict(iter(pairs.groupby(["title", "version"], sort=False))),
        "universals": dict(iter(pairs.groupby("title", sort=False))),
        "twins": twins.to_dict("records"),
        "statements": _statements(settings, texts),
    }
    return render(Path(__file__).with_suffix(".md.j2"), facts | _caveats(settings, pairs))


def universal_name(universal: str) -> str:
    """Name a universal in a heading.

    >>> universal_name("quantity"), universal_name("none")
    ('Quantity', 'No single universal')
    """
    return "No single universal" if universal == "none" else universal.capitalize()


def _verdicts(leads: Sequence[pd.Series], ranks: Sequence[pd.Series]) -> list[str]:
    """The verdict of each row by two tests, each given by its estimates and its p values."""
    return list(map(verdict, leads[0], leads[1], ranks[0], ranks[1]))


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
