"""The states of one network for each quantifier, after each object of some scenes, in their two
main directions (principal components).

The colour says which count the network has read so far. Lines follow three scenes from their first
object (a small circle) to their last one (a square).
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from quantlearn import tables
from quantlearn.figures import formats, style
from quantlearn.figures.course.probes import TARGETS
from quantlearn.pipeline.jobs import run_job

PATHS = 3


def plot_state_space(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the states of the analysis of the same name, one panel for each quantifier."""
    frame = tables.read_csv(numbers, tables.STATE_SPACE)
    quantifiers = settings["quantifiers"]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.3)
        panels = figure.subplots(1, len(quantifiers), squeeze=False)[0]
        for axes, quantifier in zip(panels, quantifiers, strict=True):
            rows = frame[frame["quantifier"] == quantifier]
            target = "both" if rows["automaton"].notna().all() else "difference"
            drawn = draw_states(axes, rows, target)
            figure.colorbar(drawn, ax=axes, label=f"{TARGETS[target]} so far", shrink=0.9)
            axes.set_title(style.label(quantifier))
        style.save_figure(figure, svg, pdf, png)


def draw_states(axes: Axes, rows: pd.DataFrame, target: str) -> Any:
    """Points coloured by a count, with the paths of the longest scenes; returns the points."""
    counts = rows[target].astype(float)
    # A count that can be negative has its middle at zero.
    lowest = -counts.abs().max() if counts.min() < 0 else 0
    drawn = axes.scatter(
        rows["first"],
        rows["second"],
        c=counts,
        s=9,
        cmap="viridis" if lowest == 0 else "coolwarm",
        norm=Normalize(lowest, counts.abs().max()),
        linewidths=0,
    )
    lengths = rows.groupby("scene")["position"].max().sort_values(ascending=False, kind="stable")
    for scene, colour in zip(lengths.index[:PATHS], ("0.0", "0.35", "0.6"), strict=False):
        path = rows[rows["scene"] == scene].sort_values("position")
        x, y = path["first"].to_numpy(), path["second"].to_numpy()
        axes.plot(x, y, color=colour, linewidth=0.8)
        axes.plot(x[:1], y[:1], "o", color=colour, markersize=3.5)
        axes.plot(x[-1:], y[-1:], "s", color=colour, markersize=4.5)
    shares = rows.iloc[0][["first_share", "second_share"]].astype(float)
    names = np.array(["First direction", "Second direction"])
    axes.set(**{
        f"{axis}label": f"{name} ({formats.percent(share)})"
        for axis, name, share in zip("xy", names, shares, strict=True)
    })  # fmt: skip
    return drawn


if __name__ == "__main__":
    run_job(plot_state_space, snakemake)
