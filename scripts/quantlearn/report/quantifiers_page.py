"""The page of all quantifiers: a table of them, and below it a card for each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from quantlearn.figures import formats
from quantlearn.figures.labels import STEPS, UNIVERSALS
from quantlearn.figures.lexicon.drawings import (
    bars,
    drawn_pair,
    rate_line,
    scene_row,
    small_tree,
    tree_picture,
)
from quantlearn.figures.lexicon.meanings import meaning, profile
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.truth_tables import tabulate, tree_of_numbers
from quantlearn.semantics.universals import DIRECTIONS, VARIANTS, degrees

__all__ = ["quantifiers_page"]


def quantifiers_page(
    described: Mapping[str, pd.DataFrame], league: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Make what the template of the page shows.

    described: the tables of `described` (degrees, complexity, trees, pairs and rates); league: the
    table of quantifiers, of which those that are generated have a row and no card. Without it all
    that is described has a card and nothing was learned.
    """
    of_each = {kind: dict(iter(table.groupby("quantifier"))) for kind, table in described.items()}
    max_size = int(described["rates"]["size"].max())
    listed = described["degrees"].assign(generated=False) if league is None else league
    # Those that are generated are in no table of what is described.
    texts = listed.loc[listed["generated"], ["quantifier", "expression"]]
    generated = tabulate([Quantifier(*text) for text in texts.itertuples(index=False)], max_size)
    trees = of_each["trees"] | {name: tree_of_numbers(generated, name) for name in generated.names}
    held = pd.concat([described["degrees"].set_index("quantifier"), degrees(generated)])
    rows = [
        row | in_short(row["quantifier"], held.loc[row["quantifier"]], trees[row["quantifier"]])
        for row in listed.to_dict("records")
    ]
    pairs = described["pairs"].set_index(["quantifier", "universal"])
    cards = [row | card(row["quantifier"], of_each, pairs) for row in rows if not row["generated"]]
    return {
        "cards": cards,
        "league": [] if league is None else by_experiment(rows),
        "shared": {} if league is None else league["orbit"].value_counts().to_dict(),
        "formats": formats,
        "max_size": max_size,
        "scenes": formats.counted(Space(0, max_size).count, "scene"),
        "variants": VARIANTS,
        "example": scene_row([0, 1, 2, 3]),
    }


def by_experiment(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what one experiment learned together, sooner first; the experiment with the most first.

    >>> nan = float("nan")
    >>> rows = [("", nan), ("b", 9.0), ("a", 2.0), ("b", nan), ("b", 3.0)]
    >>> rows = [{"experiment": name, "median_step": step} for name, step in rows]
    >>> [(row["experiment"], row["median_step"]) for row in by_experiment(rows)]
    [('b', 3.0), ('b', 9.0), ('b', nan), ('a', 2.0), ('', nan)]
    """
    number = Counter(row["experiment"] for row in rows)

    def place(row: Mapping[str, Any]) -> tuple[Any, ...]:
        name, step = row["experiment"], row["median_step"]
        return not name, -number[name], name, isnan(step), step

    return sorted(rows, key=place)


def in_short(name: str, held: Mapping[str, float], tree: pd.DataFrame) -> dict[str, Any]:
    """What a row of the table and a card say: which universals hold, and the tree of numbers."""
    holding = [universal for universal in UNIVERSALS if held[universal] == 1]
    words = name.replace("_", " ")
    return {
        "anchor": name.replace("_", "-"),
        "words": words,
        "holding": [UNIVERSALS[universal] for universal in holding],
        "monotone": bool(set(holding) & set(DIRECTIONS)),
        "profile": profile(holding),
        "small_tree": small_tree(tree, words),
    }


def card(
    name: str, of_each: Mapping[str, Mapping[str, pd.DataFrame]], pairs: pd.DataFrame
) -> dict[str, Any]:
    """What a card alone says of a quantifier: texts, and pictures as SVG.

    of_each: kind of table → quantifier → its rows; pairs: by quantifier and universal.
    """
    [held] = of_each["degrees"][name].to_dict("records")
    complexity = of_each["complexity"][name].astype(object)
    written = {key: (held[key], formats.degree(held[key])) for key in (*UNIVERSALS, *VARIANTS)}
    return {
        "meaning": meaning(Quantifier(name, held["expression"]).tree),
        "tree": tree_picture(of_each["trees"][name], name.replace("_", " ")),
        "rates": rate_line(of_each["rates"][name]["truth_rate"].tolist()),
        "universals": bars({text: written[key] for key, text in UNIVERSALS.items()}),
        "variants": bars({key.replace("_", " "): written[key] for key in VARIANTS}),
        "complexity": complexity.where(complexity.notna(), None).iloc[0].to_dict(),
        "pairs": [
            {"universal": UNIVERSALS[universal], "step": STEPS[universal]}
            | drawn_pair(*pairs.loc[(name, universal), ["true", "false"]])
            for universal in UNIVERSALS
            if (name, universal) in pairs.index
        ],
    }
