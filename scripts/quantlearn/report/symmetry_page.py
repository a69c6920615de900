"""The page on what networks cannot tell apart: its tables, and what it says of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.columns import COMPARISON_SYMMETRIES, EXPERIMENT_SYMMETRIES, ORBITS
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.figures.texts import render
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.symmetry import group_of, labels, orbit, orbits
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.semantics.universals import DIRECTIONS, degrees

__all__ = ["comparisons_table", "experiments_table", "orbits_table", "symmetry_page"]

_SPACE = Space(1, 20)  # the scenes of 2019
_OBJECTS = 7  # of the largest scenes by which degrees are computed


def orbits_table(expressions: Mapping[str, str]) -> pd.DataFrame:
    """Find the orbit of each quantifier (name → expression), with the columns of `ORBITS`.

    Which quantifiers are in one orbit is decided by scenes of 1 to 20 objects in all four zones.

    >>> orbits_table({"every": "A <= B", "some": "|A & B| > 0"})[["orbit", "size"]].values.tolist()
    [['every', 8], ['every', 8]]
    """
    quantifiers = {name: Quantifier(name, text) for name, text in expressions.items()}
    found = orbits(list(quantifiers.values()), _SPACE)
    facts = {name: _facts_of_orbit(quantifiers[name]) for name in dict.fromkeys(found.values())}
    rows = [
        {
            "quantifier": name,
            "expression": quantifier.expression,
            "orbit": found[name],
            "ordered": quantifier.is_positional,
            **facts[found[name]],
        }
        for name, quantifier in quantifiers.items()
    ]
    return pd.DataFrame(rows, columns=list(ORBITS))


def _facts_of_orbit(quantifier: Quantifier) -> dict[str, float]:
    """The size of an orbit, and the range of two degrees within it."""
    members = orbit(quantifier, _SPACE)
    named = [Quantifier(str(place), member.expression) for place, member in enumerate(members)]
    found = degrees(tabulate(named, _OBJECTS))
    monotonicity = found[list(DIRECTIONS)].max(axis="columns")
    return {
        "size": len(members),
        "monotonicity_lowest": monotonicity.min(),
        "monotonicity_highest": monotonicity.max(),
        "conservativity_lowest": found["conservativity"].min(),
        "conservativity_highest": found["conservativity"].max(),
    }


def experiments_table(settings: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Say of each experiment which symmetry it has, with the columns of `EXPERIMENT_SYMMETRIES`."""
    rows = []
    for one in settings:
        group = group_of(one)
        rows.append((one["name"], group.state, len(group.symmetries), group.reason))
    return pd.DataFrame(rows, columns=list(EXPERIMENT_SYMMETRIES))


def comparisons_table(settings: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Label each comparison of the experiments, with the columns of `COMPARISON_SYMMETRIES`."""
    rows = [
        (one["name"], first, second, *labels((first, second), one))
        for one in settings
        for first, second in one["comparisons"]
    ]
    frame = pd.DataFrame(rows, columns=list(COMPARISON_SYMMETRIES))
    return frame.astype({"same_orbit": "boolean", "exchangeable": "boolean"})


def symmetry_page(check: str, orbits: str, experiments: str, comparisons: str, block: str) -> str:
    """Write a block of the page as Markdown, from the paths of the four tables."""
    checked = tables.read_csv(check, columns.SYMMETRY_CHECK)
    found = tables.read_csv(orbits, ORBITS)
    groups = tables.read_csv(experiments, EXPERIMENT_SYMMETRIES)
    pairs = tables.read_csv(comparisons, COMPARISON_SYMMETRIES)
    leaders = found[found["orbit"] == found["quantifier"]]
    spread = leaders["monotonicity_highest"] - leaders["monotonicity_lowest"]
    facts = {
        "check": checked.assign(architecture=checked["architecture"].map(ARCHITECTURES)),
        "largest": checked["largest_difference"].max(),
        "quantifiers": len(found),
        "orbits": leaders.to_dict("records"),
        "members": found.groupby("orbit")["quantifier"].agg(list),
        "widest": leaders.loc[spread.idxmax()],
        "unconservative": (leaders["conservativity_lowest"] < 1).sum(),
        "groups": [
            (*kind, list(rows["experiment"]))
            for kind, rows in groups.sort_values(
                "symmetries", ascending=False, kind="stable"
            ).groupby(["state", "symmetries", "reason"], sort=False)
        ],
        "whole": (groups["state"] == "whole").sum(),
        "experiments": len(groups),
        "pairs": pairs[pairs["same_orbit"].fillna(True)],
        "compared": len(pairs),
        "checks": pairs["exchangeable"].fillna(False).sum(),
    }
    return render(Path(__file__).with_suffix(".md.j2"), facts, block)
