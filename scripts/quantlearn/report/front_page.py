"""What all experiments of a page say together: its first section."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.labels import VERDICTS
from quantlearn.figures.texts import render
from quantlearn.report.pages import embedded_figure
from quantlearn.settings.protocol import trials_lacking

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
    twins = tables.read_csv(as_run, columns.AS_RUN)
    alternative = "Overview of the effects in all experiments"
    facts = {
        "heading": heading,
        "figure": embedded_figure(figure, caption, alternative) if len(pairs) else "",
        "results": VERDICTS,
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
