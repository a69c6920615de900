"""How much the loss depends on the state of a network some objects before the end of a scene.

Norms of the loss's derivative by the hidden state h, of the LSTM also by its cell state c, relative
to that by the last hidden state; geometric means over scenes and trials, with 95 % intervals. A
straight line that falls is a gradient that vanishes exponentially.
"""

from typing import Any

from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.course.gradients_through_time import NETWORKS
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.pipeline.jobs import run_job


def plot_gradients_through_time(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the norms of the analysis of the same name, before and after training."""
    frame = tables.read_csv(numbers, tables.GRADIENTS_THROUGH_TIME)
    keys = list(dict.fromkeys(zip(frame["architecture"], frame["part"], strict=True)))
    looks = style.looks([" ".join(key) for key in sorted(keys)])
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.0)
        panels = figure.subplots(1, len(NETWORKS), sharey=True)
        for axes, (network, title) in zip(panels, NETWORKS.items(), strict=True):
            of_network = frame[frame["network"] == network]
            for architecture, part in keys:
                rows = of_network[
                    (of_network["architecture"] == architecture) & (of_network["part"] == part)
                ]
                look = looks[f"{architecture} {part}"]
                axes.plot(
                    rows["distance"], rows["estimate"], color=look.colour, linestyle=look.line,
                    label=f"{ARCHITECTURES[architecture]}, {part}",
                )  # fmt: skip
                axes.fill_between(
                    rows["distance"], rows["lower"], rows["upper"], color=look.colour, alpha=0.2,
                    linewidth=0,
                )  # fmt: skip
            label_axes(axes, title)
        panels[0].set_ylabel("Relative norm of the derivative")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        style.save_figure(figure, svg, pdf, png)


def label_axes(axes: Axes, title: str) -> None:
    """A logarithmic axis with 1 marked, and the end of the scene on the right."""
    axes.axhline(1, color=style.GREY, linewidth=0.6)
    axes.set_yscale("log")
    axes.invert_xaxis()
    axes.set(title=title, xlabel="Objects before the end")


if __name__ == "__main__":
    run_job(plot_gradients_through_time, snakemake)
