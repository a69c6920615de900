"""The page of all quantifiers: a table of them, and below it a card for each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from quantlearn.figures import formats
from quantlearn.figures.lexicon.drawings import (
    bars,
    drawn_pair,
    rate_line,
    scene_row,
    small_tree,
    tree_picture,
)
from quantlearn.figures.lexicon.meanings import meaning
from quantlearn.figures.texts import html_table
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.universals import DIRECTIONS, SIGNATURES, VARIANTS

__all__ = ["STEPS", "UNIVERSALS", "quantifiers_page"]

UNIVERSALS = {
    "right_upward": "upward in B",
    "right_downward": "downward in B",
    "left_upward": "upward in A",
    "left_downward": "downward in A",
    "quantity": "quantity",
    "conservativity": "conservativity",
    "extensionality": "extensionality",
}
STEPS = {
    "right_upward": "one more object is a B",
    "right_downward": "one object is no longer a B",
    "left_upward": "one more object is an A",
    "left_downward": "one object is no longer an A",
    "quantity": "two neighbours change places",
    "conservativity": "one object outside A joins or leaves B",
    "extensionality": "one object that is neither comes or goes",
}
"""Universal → what happens between the two scenes of a pair that breaks it."""


def quantifiers_page(
    described: Mapping[str, pd.DataFrame], league: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Make what the template of the page shows.

    described: the tables of `describe_quantifiers` (degrees, complexity, trees, pairs and rates);
    league: the table of quantifiers, of which those that are generated have a row and no card.
    Without it all that is described has a card and nothing was learned.
    """
    of_each = {kind: dict(iter(table.groupby("quantifier"))) for kind, table in described.items()}
    listed = described["degrees"] if league is None else league[~league["generated"]]
    none_broken, cards = described["pairs"].iloc[:0], []
    for row in listed.to_dict("records"):
        name = row["quantifier"]
        tree = of_each["trees"][name]
        [degrees] = of_each["degrees"][name].to_dict("records")
        [complexity] = of_each["complexity"][name].to_dict("records")
        broken = of_each["pairs"].get(name, none_broken).set_index("universal")
        own = card(degrees, complexity, tree, of_each["rates"][name]["truth_rate"], broken)
        cards.append(row | own)
    max_size = int(described["rates"]["size"].max())
    generated = [] if league is None else league[league["generated"]].to_dict("records")
    return {
        "cards": cards,
        "league": (
            [] if league is None else by_experiment([*cards, *map(generated_row, generated)])
        ),
        "shared": {} if league is None else league["orbit"].value_counts().to_dict(),
        "degree": degree_text,
        "formats": formats,
        "max_size": max_size,
        "scenes": formats.counted(Space(0, max_size).count, "scene"),
        "variants": html_table(variants_table(), "Monotonicity as one number"),
        "example": scene_row([0, 1, 2, 3]),
    }


def by_experiment(cards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what one experiment learned together, sooner first; the experiment with the most first.

    >>> nan = float("nan")
    >>> rows = [("", nan), ("b", 9.0), ("a", 2.0), ("b", nan), ("b", 3.0)]
    >>> cards = [{"experiment": name, "median_step": step} for name, step in rows]
    >>> [(card["experiment"], card["median_step"]) for card in by_experiment(cards)]
    [('b', 3.0), ('b', 9.0), ('b', nan), ('a', 2.0), ('', nan)]
    """
    rows = Counter(card["experiment"] for card in cards)

    def place(card: Mapping[str, Any]) -> tuple[Any, ...]:
        name, step = card["experiment"], card["median_step"]
        return not name, -rows[name], name, isnan(step), step

    return sorted(cards, key=place)


def generated_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the table shows of a generated quantifier, which has no card: its row of the league."""
    holding = [universal for universal in SIGNATURES if row[universal] == 1]
    monotone, told = row["monotonicity"] == 1, profile(holding)
    return {
        **row,
        "anchor": row["quantifier"].replace("_", "-"),
        "words": row["quantifier"].replace("_", " "),
        "holding": [UNIVERSALS[universal] for universal in holding],
        "monotone": monotone,
        "profile": told.removeprefix("not ") if monotone else told,
        "small_tree": "–",
    }


def card(
    degrees: Mapping[str, Any],
    complexity: Mapping[str, Any],
    tree: pd.DataFrame,
    rates: pd.Series,
    broken: pd.DataFrame,
) -> dict[str, Any]:
    """What the template needs for one quantifier: texts, and pictures as SVG.

    broken: the true and the false scene of a pair, by the universal that it breaks.
    """
    name, expression = degrees["quantifier"], degrees["expression"]
    words = name.replace("_", " ")
    holding = [universal for universal in UNIVERSALS if universal not in broken.index]
    return {
        "anchor": name.replace("_", "-"),
        "words": words,
        "expression": expression,
        "meaning": meaning(Quantifier(name, expression).tree),
        "holding": [UNIVERSALS[universal] for universal in holding],
        "monotone": bool(set(holding) & set(DIRECTIONS)),
        "profile": profile(holding),
        "tree": tree_picture(tree, words),
        "small_tree": small_tree(tree, words),
        "rates": rate_line(rates.tolist()),
        "universals": bars({text: _written(degrees[key]) for key, text in UNIVERSALS.items()}),
        "variants": bars({key.replace("_", " "): _written(degrees[key]) for key in VARIANTS}),
        "complexity": complexity_texts(complexity),
        "pairs": [
            {"universal": UNIVERSALS[universal], "step": STEPS[universal]}
            | drawn_pair(*broken.loc[universal, ["true", "false"]])
            for universal in UNIVERSALS
            if universal in broken.index
        ],
    }


def profile(holding: list[str]) -> str:
    """The universals that hold, as readers look for them: monotone or not, then what is broken.

    >>> profile(["right_upward", "quantity", "extensionality"])
    'upward in B; not conservative'
    """
    directions = [UNIVERSALS[universal] for universal in DIRECTIONS if universal in holding]
    adjectives = {
        "quantity": "not quantitative",
        "conservativity": "not conservative",
        "extensionality": "not extensional",
    }
    broken = [adjectives[universal] for universal in SIGNATURES if universal not in holding]
    return "; ".join([" and ".join(directions) or "not monotone", *broken])


def degree_text(value: float) -> str:
    """A degree with two decimals; what is not quite 1 or 0 is not rounded to it.

    >>> degree_text(1.0), degree_text(0.999), degree_text(0.6), degree_text(0.001), degree_text(0.0)
    ('1', '> 0.99', '0.60', '< 0.01', '0')
    """
    if value in (0, 1):
        return f"{value:g}"
    if value >= 0.995:
        return "> 0.99"
    return "< 0.01" if value < 0.005 else f"{value:.2f}"


def complexity_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """Measure → its value in words."""
    words = row["shortest_words"]
    in_all, in_row = row["boundaries"], row["boundaries_in_row"]
    return {
        "Shortest expression": (
            "none found"
            if pd.isna(words)
            else f"{row['shortest']} ({formats.counted(words, 'word')})"
        ),
        "Lempel–Ziv complexity": f"{row['lempel_ziv']:,.0f} bits",
        "Boundaries in the tree": (
            "not defined, some nodes are mixed"
            if pd.isna(in_all)
            else f"{in_all}, at most {in_row} in a row"
        ),
        "Boundary density": formats.number(row["boundary_density"]),
        "States of the smallest automaton": (
            "too many, or infinitely many" if pd.isna(row["states"]) else str(row["states"])
        ),
    }


def variants_table() -> pd.DataFrame:
    """What each variant of the degree of monotonicity is, and where it is from."""
    return pd.DataFrame(
        {
            "Name": [name.replace("_", " ") for name in VARIANTS],
            "What it is": [variant.means for variant in VARIANTS.values()],
            "Source": [variant.source for variant in VARIANTS.values()],
            "Same for the negation": [
                "yes" if variant.same_for_negation else "no" for variant in VARIANTS.values()
            ],
        }
    )


def _written(value: float) -> tuple[float, str]:
    return value, degree_text(value)
