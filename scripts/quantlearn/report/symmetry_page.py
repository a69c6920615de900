"""The page on what networks cannot tell apart."""

from pathlib import Path

from quantlearn import report_columns, tables
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.figures.texts import render
from quantlearn.report_columns import COMPARISON_SYMMETRIES, EXPERIMENT_SYMMETRIES, ORBITS

__all__ = ["symmetry_page"]


def symmetry_page(check: str, orbits: str, experiments: str, comparisons: str, block: str) -> str:
    """Write a block of the page as Markdown, from the paths of the four tables."""
    checked = tables.read_csv(check, report_columns.SYMMETRY_CHECK)
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
