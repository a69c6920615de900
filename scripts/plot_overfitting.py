"""Training and held-out loss over training: where they part, and where early stopping would end.

Lines are medians over trials of the loss on all scenes of a split, bands their quartiles. The solid
vertical line is the step of the smallest dev loss (median over trials, shaded: its 95 % interval);
from there on the network over-fits. Dashed lines say where training would end if it waited that
many evaluations for a smaller dev loss (median over trials).
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job

LOSSES = {"cross_entropy": "Loss (cross entropy, nats)", "squared_error": "Loss (squared error)"}
NAMES = {"train": "training scenes", "dev": "dev scenes", "test": "test scenes"}


def plot_overfitting(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the table of the analysis of over-fitting."""
    frame = tables.read_csv(numbers, tables.OVERFITTING)
    loss = frame[frame["kind"] == "loss"]
    turn = frame[frame["kind"] == "turn"].iloc[0]
    stops = frame[(frame["kind"] == "early stopping") & (frame["quantity"] == "stop step")]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.9)
        axes = figure.add_subplot()
        for split, look in style.looks(list(NAMES)).items():
            rows = loss[loss["quantity"] == split].astype({"step": "float64"})
            axes.fill_between(
                rows["step"],
                rows["lower"],
                rows["upper"],
                color=look.colour,
                alpha=0.2,
                linewidth=0,
            )
            axes.plot(
                rows["step"],
                rows["estimate"],
                color=look.colour,
                linestyle=look.line,
                label=NAMES[split],
            )
        axes.set_xlim(0, float(loss["step"].max()))
        axes.set_ylim(0, loss["upper"].max() * 1.12)
        mark(axes, turn["estimate"], f"smallest dev loss, step {turn['estimate']:,.0f}", "-")
        if pd.notna(turn["lower"]) and pd.notna(turn["upper"]):
            axes.axvspan(turn["lower"], turn["upper"], color=style.GREY, alpha=0.15, linewidth=0)
        for row in stops.itertuples():
            mark(axes, row.estimate, f"patience {row.patience}", (0, (5, 3)))
        style.step_axis(axes.xaxis)
        axes.set_xlabel("Training step")
        axes.set_ylabel(LOSSES[settings["training"]["loss"]])
        axes.set_title(f"{settings['title']} (n = {turn['n']} trials)", wrap=True)
        figure.legend(loc="outside lower center", ncols=3, handlelength=3)
        style.save_figure(figure, svg, pdf, png)


def mark(axes: Axes, step: float, text: str, line: Any) -> None:
    """A vertical line with its name beside it."""
    axes.axvline(step, color=style.GREY, linestyle=line, linewidth=0.9)
    axes.annotate(
        text,
        (step, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(2, -2),
        textcoords="offset points",
        rotation=90,
        ha="left",
        va="top",
        fontsize=8,
        color=style.GREY,
        # Readable where another line runs through it.
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
    )


if __name__ == "__main__":
    run_job(plot_overfitting, snakemake)
