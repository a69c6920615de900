"""Accuracy of the best of n samples against n, for random samples and for those of a grid.

Lines are means over random choices of n of the samples of each search, bands the middle 95 % of
them (Bergstra & Bengio 2012). A sample is chosen by the dev accuracy of one half of its trials, and
the accuracy drawn is that of the other half, so that it is not better for having been chosen.
"""

from typing import Any

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job


def plot_random_against_grid(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the efficiency curves."""
    table = tables.read_csv(numbers, tables.RANDOM_AGAINST_GRID)
    searches = list(table.groupby("sampler", sort=False))
    looks = style.looks([sampler for sampler, _ in searches])
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.4)
        axes = figure.add_subplot()
        for sampler, rows in searches:
            look = looks[sampler]
            axes.fill_between(
                rows["budget"],
                rows["lower"],
                rows["upper"],
                color=look.colour,
                alpha=0.15,
                linewidth=0,
            )
            axes.plot(
                rows["budget"],
                rows["mean"],
                color=look.colour,
                linestyle=look.line,
                label=f"{sampler} ({len(rows)} samples)",
            )
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(1, table["budget"].max())
        axes.set_xlabel("Samples tried")
        axes.set_ylabel("Dev accuracy of the best (other trials)")
        axes.set_title(settings["title"], wrap=True)
        axes.legend(loc="lower right", handlelength=3)
        style.save_figure(figure, svg, pdf, png)


if __name__ == "__main__":
    run_job(plot_random_against_grid, snakemake)
