"""Ranking: the samples of a search from the best to the worst."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate

ARCHITECTURE = "network.architecture"


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Samples of a search from the best to the worst, by their mean accuracy on the dev split.

    Each point is the mean over a sample's trials, each bar its 95 % t interval. Colours and markers
    tell the architectures apart where they vary. The star is the test accuracy of the chosen
    sample, with its interval, and the dashed line marks its height; the test scenes of all other
    samples stay closed.
    """
    board = experiment.leaderboard
    kinds = board[ARCHITECTURE] if ARCHITECTURE in board else pd.Series("samples", board.index)
    figure = style.new_figure(style.PAGE_WIDTH, 3.6)
    axes = figure.add_subplot()
    for kind, look in style.looks(sorted(kinds.unique())).items():
        draw_accuracy(
            axes,
            board[kinds == kind],
            "dev",
            fmt=look.marker,
            color=look.colour,
            label=f"{style.label(kind)}, dev",
        )
    chosen = board[board["chosen"]]
    axes.axhline(chosen["test_accuracy"].iloc[0], color="black", linestyle="--", linewidth=0.8)
    draw_accuracy(
        axes,
        chosen,
        "test",
        shift=-0.4,
        fmt="*",
        color="black",
        markersize=9,
        label="chosen sample, test",
    )
    axes.set_xlabel("Rank by mean dev accuracy")
    axes.set_ylabel("Accuracy")
    axes.set_xlim(0, len(board) + 1)
    axes.set_ylim(top=1.005)
    title = f"{experiment.settings['title']} (n = {board['trials'].max()} trials each)"
    axes.set_title(title, wrap=True)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def draw_accuracy(
    axes: Axes, rows: pd.DataFrame, split: str, shift: float = 0, **look: Any
) -> None:
    """The accuracy of some samples on a split, each at its rank, moved by so much."""
    mean = rows[f"{split}_accuracy"].to_numpy()
    bounds = rows[[f"{split}_accuracy_lower", f"{split}_accuracy_upper"]].to_numpy().T
    bars = np.nan_to_num(np.abs(bounds - mean))
    drawn = axes.errorbar(rows["rank"] + shift, mean, yerr=bars, elinewidth=0.8, **look)
    columns = {f"{split}_accuracy": "estimate"} | {
        f"{split}_accuracy_{side}": side for side in ("lower", "upper")
    }
    titles = [
        f"sample {row['sample']}, rank {row['rank']}, {split}: {estimate(row, 'percent')}"
        for row in rows.rename(columns=columns).to_dict("records")
    ]
    svg_titles.tell(drawn.lines[0], titles)
