"""Make a page of cards, one for each quantifier: what follows from its meaning, to look at."""

from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.card_drawings import bars, rate_line, scene_row, tree_picture
from quantlearn.report.pages import html_table, slug, write_page
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.universals import DIRECTIONS, SIGNATURES, VARIANTS

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


def render_cards(
    degrees: str,
    complexity: str,
    trees: str,
    pairs: str,
    rates: str,
    template: str,
    title: str,
    *,
    page: str,
) -> None:
    """Write ``page`` from the tables of `describe_quantifiers`, with the cards in their order."""
    found = tables.read_csv(degrees, tables.DEGREES)
    broken = dict(iter(tables.read_csv(pairs, tables.MINIMAL_PAIRS).groupby("quantifier")))
    nodes = dict(iter(tables.read_csv(trees, tables.TREES).groupby("quantifier")))
    shares = tables.read_csv(rates, tables.TRUTH_RATES)
    by_size = dict(iter(shares.groupby("quantifier")))
    max_size = int(shares["size"].max())
    complex_ = tables.read_csv(complexity, tables.COMPLEXITY).set_index("quantifier")
    cards = [
        card(
            row,
            nodes[row["quantifier"]],
            by_size[row["quantifier"]]["truth_rate"].tolist(),
            complex_.loc[row["quantifier"]],
            broken.get(row["quantifier"], pd.DataFrame(columns=list(tables.MINIMAL_PAIRS))),
        )
        for row in found.to_dict("records")
    ]
    content = {
        "title": title,
        "cards": cards,
        "ranking": ranking(cards),
        "max_size": max_size,
        "scenes": formats.counted(Space(0, max_size).count, "scene"),
        "variants": html_table(variants_table(), "Monotonicity as one number"),
        "example": scene_row([0, 1, 2, 3]),
    }
    write_page(template, page, content)


def card(
    row: dict[str, Any],
    tree: pd.DataFrame,
    rates: list[float],
    complexity: pd.Series,
    pairs: pd.DataFrame,
) -> dict[str, Any]:
    """What the template needs for one quantifier: texts, and pictures as SVG."""
    name = row["quantifier"].replace("_", " ")
    broken = {pair["universal"]: pair for pair in pairs.to_dict("records")}
    holding = [universal for universal in UNIVERSALS if universal not in broken]
    return {
        "anchor": f"card-{slug(row['quantifier'])}",
        "name": name,
        "expression": row["expression"],
        "profile": profile(holding),
        "arguments": monotone_arguments(holding),
        "max_direction": row["max_direction"],
        "degree": degree_text(row["max_direction"]),
        "tree": tree_picture(tree, name),
        "rates": rate_line(rates),
        "universals": bars({text: _written(row[key]) for key, text in UNIVERSALS.items()}),
        "variants": bars({key.replace("_", " "): _written(row[key]) for key in VARIANTS}),
        "complexity": complexity_texts(complexity),
        "pairs": [
            {"universal": UNIVERSALS[universal], "step": STEPS[universal]}
            | drawn_pair(pair["true"], pair["false"])
            for universal in UNIVERSALS
            if (pair := broken.get(universal))
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


def monotone_arguments(holding: list[str]) -> int:
    """In how many of the two arguments a quantifier is monotone, in one direction or both.

    >>> monotone_arguments(["left_upward", "left_downward"])
    1
    """
    return len({universal.split("_")[0] for universal in holding if universal in DIRECTIONS})


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


def complexity_texts(row: pd.Series) -> dict[str, str]:
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


def drawn_pair(true: str, false: str) -> dict[str, str]:
    """The two scenes of a pair, given as zone codes, with the objects marked that differ."""
    scenes = [list(map(int, codes)) for codes in (true, false)]
    differing = differing_places(*scenes)
    true_row, false_row = (
        scene_row(scene, marked) for scene, marked in zip(scenes, differing, strict=True)
    )
    return {"true": true_row, "false": false_row}


def differing_places(first: list[int], second: list[int]) -> tuple[set[int], set[int]]:
    """The places in each scene that the other has not so; of an object more, the first that fits.

    >>> differing_places([0, 1], [0, 3]), differing_places([0, 3], [0])
    (({1}, {1}), ({1}, set()))
    """
    if len(first) == len(second):
        places = {place for place, (a, b) in enumerate(zip(first, second, strict=True)) if a != b}
        return places, places
    if len(first) < len(second):
        return differing_places(second, first)[::-1]
    extra = next(
        place for place in range(len(first)) if first[:place] + first[place + 1 :] == second
    )
    return {extra}, set()


def ranking(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cards by degree of monotonicity: in both arguments, in one, and the rest downwards."""
    titles = {2: "Monotone in both arguments", 1: "Monotone in one argument", 0: "Not monotone"}
    groups = []
    for arguments, title in titles.items():
        members = [one for one in cards if one["arguments"] == arguments]
        members.sort(key=lambda one: -one["max_direction"])  # equal ones stay in their order
        if members:
            groups.append({"title": title, "cards": members, "arguments": arguments})
    return groups


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


if __name__ == "__main__":
    run_job(render_cards, snakemake)
