"""How well recurrent networks verify scenes of growing size.

To the right of the grey line are sizes that no network was trained on. Lines are means over trials,
bands their 95 % intervals; half of the answers are right by guessing.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.pipeline.jobs import run_job


def plot_sequence_lengths(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the accuracy by size of the analysis of the same name, a panel for each quantifier."""
    frame = tables.read_csv(numbers, tables.SEQUENCE_LENGTHS).dropna(subset="size")
    looks = style.looks(sorted(frame["architecture"].unique()))
    quantifiers = settings["quantifiers"]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.0)
        panels = figure.subplots(1, len(quantifiers), sharey=True, squeeze=False)[0]
        for axes, quantifier in zip(panels, quantifiers, strict=True):
            of_quantifier = frame[frame["quantifier"] == quantifier]
            for name, look in looks.items():
                rows = of_quantifier[of_quantifier["architecture"] == name].sort_values("size")
                x = rows["size"].to_numpy(dtype=float)
                drawn = {"color": look.colour, "linestyle": look.line}
                axes.plot(x, rows["estimate"], **drawn, label=ARCHITECTURES[name])
                axes.fill_between(
                    x, rows["lower"], rows["upper"], color=look.colour, alpha=0.2, linewidth=0
                )
            mark_border(axes, settings["data"]["split"]["only_test"]["sizes_above"] + 0.5)
            axes.set_title(style.label(quantifier))
            axes.set_xlabel("Objects in the scene")
        panels[0].set_ylabel("Accuracy")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        style.save_figure(figure, svg, pdf, png)


def mark_border(axes: Axes, border: float) -> None:
    """A line where sizes begin that were not trained."""
    axes.axvline(border, color=style.GREY, linewidth=0.8)
    axes.axhline(0.5, color=style.GREY, linestyle=style.BASELINE, linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_ylim(0.45, 1.02)


if __name__ == "__main__":
    run_job(plot_sequence_lengths, snakemake)
