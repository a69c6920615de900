"""What goes with a small area under the loss curve, each measure alone and all of them at once.

Left of zero, more of the measure goes with faster learning. On the left rank correlations with 95 %
bootstrap intervals over quantifiers; on the right standardised coefficients of one regression on
all measures, with robust 95 % intervals. Filled markers: p < 0.05 after Holm's adjustment within
the panel's analysis. Measures that are the same for all quantifiers have no mark; with too few
quantifiers for the regression, the right panel is left out.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.atlas.atlas_effects import MEASURES
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.comparison import LEVEL

PANELS = {"spearman": "Rank correlation", "regression": "Standardised coefficient"}


def plot_atlas_effects(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the two analyses side by side."""
    frame = tables.read_csv(numbers, tables.ATLAS_EFFECTS)
    area = frame[frame["outcome"] == "area"]
    kinds = area.loc[area["analysis"] == "spearman", "architecture"].unique()
    looks = style.looks(kinds)
    estimated = area.dropna(subset="estimate")["analysis"].unique()
    drawn = [analysis for analysis in PANELS if analysis in estimated] or list(PANELS)[:1]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 1.2 + 0.35 * len(MEASURES))
        panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
        for axes, analysis in zip(panels, drawn, strict=True):
            of_panel = area[area["analysis"] == analysis]
            for place, kind in enumerate(kinds):
                own = of_panel[of_panel["architecture"] == kind].set_index("measure")
                shift = 0.24 * (place - (len(kinds) - 1) / 2)
                draw(axes, own, looks[kind], shift, ARCHITECTURES[kind])
            axes.axvline(0, color=style.GREY, linestyle="--", linewidth=0.8)
            axes.set_xlabel(PANELS[analysis])
            axes.xaxis.set_major_locator(MaxNLocator(5))
        panels[0].set_yticks(range(len(MEASURES)), list(MEASURES.values()))
        panels[0].set_ylim(len(MEASURES) - 0.5, -0.5)
        n = int(area["n"].max())
        figure.suptitle(f"{settings['title']} (n = {n} quantifiers)", x=0.01, ha="left", fontsize=9)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(kinds))
        style.save_figure(figure, svg, pdf, png)


def draw(axes: Axes, rows: pd.DataFrame, look: style.Look, shift: float, label: str) -> None:
    """The estimates of one architecture."""
    axes.plot([], [], look.marker, color=look.colour, label=label)
    for height, measure in enumerate(MEASURES):
        row = rows.loc[measure]
        axes.hlines(height + shift, row["lower"], row["upper"], color=look.colour, linewidth=1.2)
        axes.plot(
            row["estimate"],
            height + shift,
            look.marker,
            color=look.colour,
            markerfacecolor=look.colour if row["p_adjusted"] < LEVEL else "white",
        )


if __name__ == "__main__":
    run_job(plot_atlas_effects, snakemake)
