"""Samples of a search from the best to the worst, by their mean accuracy on the dev split.

Each point is the mean over a sample's trials, each bar its 95 % t interval. Colours and markers
tell the architectures apart where they vary. The star is the test accuracy of the chosen sample,
with its interval, and the dashed line marks its height; the test scenes of all other samples stay
closed.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import columns, tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job

ARCHITECTURE = "network.architecture"


def plot_ranking(
    leaderboard: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the leaderboard."""
    board = tables.read_csv(leaderboard, columns.LEADERBOARD)
    kinds = board[ARCHITECTURE] if ARCHITECTURE in board else pd.Series("samples", board.index)
    looks = style.looks(sorted(kinds.unique()))
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.6)
        axes = figure.add_subplot()
        for kind, look in looks.items():
            draw_samples(axes, board[kinds == kind], style.label(kind), look)
        draw_test(axes, board[board["chosen"]])
        axes.set_xlabel("Rank by mean dev accuracy")
        axes.set_ylabel("Accuracy")
        axes.set_xlim(0, len(board) + 1)
        axes.set_ylim(top=1.005)
        axes.set_title(f"{settings['title']} (n = {board['trials'].max()} trials each)", wrap=True)
        figure.legend(loc="outside lower center", ncols=4)
        style.save_figure(figure, svg, pdf, png)


def draw_samples(axes: Axes, rows: pd.DataFrame, label: str, look: style.Look) -> None:
    """The dev accuracy of the samples of one kind."""
    mean = rows["dev_accuracy"].to_numpy()
    bounds = rows[["dev_accuracy_lower", "dev_accuracy_upper"]].to_numpy().T
    axes.errorbar(
        rows["rank"],
        mean,
        yerr=np.nan_to_num(np.abs(bounds - mean)),
        fmt=look.marker,
        color=look.colour,
        elinewidth=0.8,
        label=f"{label}, dev",
    )


def draw_test(axes: Axes, chosen: pd.DataFrame) -> None:
    """The test accuracy of the chosen sample."""
    mean = chosen["test_accuracy"].to_numpy()
    bounds = chosen[["test_accuracy_lower", "test_accuracy_upper"]].to_numpy().T
    axes.axhline(mean[0], color="black", linestyle="--", linewidth=0.8)
    axes.errorbar(
        chosen["rank"] - 0.4,
        mean,
        yerr=np.nan_to_num(np.abs(bounds - mean)),
        fmt="*",
        color="black",
        markersize=9,
        elinewidth=0.8,
        label="chosen sample, test",
    )


if __name__ == "__main__":
    run_job(plot_ranking, snakemake)
