"""What the experiments of a site say: the sentences of its front page and of its chapters."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import report_columns, tables
from quantlearn.figures import formats
from quantlearn.figures.labels import VERDICTS
from quantlearn.figures.texts import render
from quantlearn.settings.protocol import trials_lacking

__all__ = [
    "badges",
    "caveats",
    "pairs_page",
    "said_in_short",
    "statement",
    "universal_name",
    "universals",
    "verdict_in_words",
]

ADJECTIVES = {
    "monotonicity": "Monotone",
    "quantity": "Quantitative",
    "conservativity": "Conservative",
}
"""What quantifiers are called that have a universal."""


def universal_name(universal: str) -> str:
    """Name a universal in a heading.

    >>> universal_name("quantity"), universal_name("none")
    ('Quantity', 'No single universal')
    """
    return "No single universal" if universal == "none" else universal.capitalize()


def universals(pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Count what the pairs of each universal come to, as documented and as run.

    pairs: rows of OVERVIEW. Pairs that a symmetry swaps are counted apart, as checks: nothing can
    be found in them.
    """
    found = []
    for universal, rows in pairs.groupby("universal", sort=False):
        checks = rows["exchangeable"].fillna(False).astype(bool)
        told, checked = rows[~checks], rows[checks]
        found.append(
            {
                "name": universal_name(universal),
                "quantifiers": ADJECTIVES.get(universal),
                "by_version": {
                    version: _counted(own) for version, own in told.groupby("version", sort=False)
                },
                "checks": len(checked),
                "alarms": int(checked["verdict"].isin(["sooner", "later"]).sum()),
            }
        )
    return found


def _counted(rows: pd.DataFrame) -> dict[str, Any]:
    """How many pairs have which verdict, and how many times as many steps the later one takes."""
    times = rows["ratio"].where(rows["verdict"] != "later", 1 / rows["ratio"])
    # Where only the later one was not learned by all, it takes at least so many.
    failed = {side: rows[f"learned_{side}"] < rows["n"] for side in ("first", "second")}
    bounds = {
        "sooner": failed["second"] & ~failed["first"],
        "later": failed["first"] & ~failed["second"],
    }
    return {
        "pairs": len(rows),
        "verdicts": {verdict: int((rows["verdict"] == verdict).sum()) for verdict in VERDICTS},
        "times": {
            verdict: formats.span(times[own].round(1).tolist())
            + (" times or more" if (own & bounds[verdict]).any() else " times")
            for verdict in bounds
            if (own := rows["verdict"] == verdict).any()
        },
    }


def said_in_short(overview: str | Path) -> list[str]:
    """Say in a line for each universal what its pairs come to, from the table of all pairs.

    Of a single pair its verdict is said.
    """
    pairs = tables.read_csv(overview, report_columns.OVERVIEW)
    if len(pairs) == 1:
        return [verdict_in_words(pairs.to_dict("records")[0])]
    template = Path(__file__).with_name("universal.md.j2")
    lines = []
    for one in universals(pairs):
        line, heading = render(template, {"one": one}).strip().replace("**", ""), f"{one['name']}: "
        lines.append(line if line.startswith(heading) else heading + line)
    return lines


def verdict_in_words(row: Mapping[str, Any]) -> str:
    """Say a row of verdicts.csv as pages do, in plain text."""
    text = render(Path(__file__).with_name("answer.md.j2"), {"row": row})
    return re.sub(r"[*`\\]", "", " ".join(text.split()))


def statement(texts: Mapping[str, str]) -> str:
    """The finding of an experiment's analyses: the first paragraph of the first of their texts.

    texts: figure → path of its text. One that begins with an HTML comment has no finding.
    """
    said = [Path(path).read_text("utf-8") for path in texts.values()]
    first = next((text for text in said if not text.startswith("<!--")), "")
    return " ".join(first.partition("\n\n")[0].split())


def badges(record: Mapping[str, Any], settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say when and with how much a run was made: the date, quick or full, trials, the commit."""
    overlays = record["settings"]["overlays"]
    return {
        "made": record["made"][:10],
        "run": "Quick run"
        if any("quick" in one for one in overlays)
        else "Full run"
        if not overlays
        else "Changed settings",
        "trials": formats.span([one["trials"] for one in settings]),
        "commit": (record["code"]["commit"] or "")[:7],
        "changed": bool(record["code"]["uncommitted_changes"]),
    }


def caveats(settings: Sequence[Mapping[str, Any]], pairs: pd.DataFrame) -> dict[str, Any]:
    """Find what a reader must know before relying on these results."""
    explained = [
        f"{formats.name(row[side])} in `{row['experiment']}`"
        for row in pairs.to_dict("records")
        for side in ("first", "second")
        if row[f"final_accuracy_{side}"] <= row[f"size_alone_{side}"]
    ]
    return {
        "lacking": {one["name"]: needed for one in settings if (needed := trials_lacking(one))},
        "explained": list(dict.fromkeys(explained)),
        "on_test": sum(one["training"]["monitor"] == "test" for one in settings),
    }


def pairs_page(pairs: pd.DataFrame, twins: pd.DataFrame) -> str:
    """Write the tables of all pairs, and of experiments as documented and as run, as Markdown."""
    facts = {
        "results": VERDICTS,
        "universals": dict(iter(pairs.groupby(pairs["universal"].map(universal_name), sort=False))),
        "twins": twins.to_dict("records"),
    }
    return render(Path(__file__).with_name("pairs.md.j2"), facts)
