"""Accuracy by counts: the scenes on which trained networks err.

In the SVG each square of the heat map is an element with the id
``cell-<quantifier>-both-<objects in A∩B>-a_only-<objects in A∖B>``, such as
``cell-at_least_4-both-3-a_only-2``, which tells its accuracy under the pointer.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.formats import counted, percent

FEW_SCENES = 10

Grids = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Where the trained networks err: accuracy by the number of objects in A∩B and in A∖B.

    Each square holds the test scenes with these two counts, over all trials; darker squares are
    answered worse. Hatched squares hold fewer than ten scenes and do not set the scale. The heavy
    line separates the scenes where the quantifier is true from those where it is false, if the two
    counts decide its truth.
    """
    scored, split = experiment.held_out
    quantifiers = experiment.settings["quantifiers"]
    across = min(len(quantifiers), 3)
    rows = -(-len(quantifiers) // across)
    figure = style.new_figure(max(2.6 * across, 3.6) + 0.7, 2.75 * rows + 0.3)
    panels = figure.subplots(rows, across, squeeze=False, sharex=True, sharey=True).ravel()
    grids = {name: count_grids(scored[scored["quantifier"] == name]) for name in quantifiers}
    worst = min(
        (correct[n >= FEW_SCENES] / n[n >= FEW_SCENES]).min(initial=0.9)
        for correct, n, _ in grids.values()
    )
    for axes, (name, grid) in zip(panels, grids.items(), strict=False):
        mesh = draw_panel(axes, name, grid, lowest=worst)
    for axes in panels[len(quantifiers) :]:
        axes.remove()
    title = f"{experiment.settings['title']} (n = {scored['trial'].nunique()} trials)"
    figure.suptitle(title, x=0.02, ha="left", fontsize=9, wrap=True)
    figure.supxlabel("Objects in A∩B", fontsize=9)
    figure.supylabel("Objects in A∖B", fontsize=9)
    figure.colorbar(
        mesh,
        ax=list(panels[: len(quantifiers)]),
        label=f"Accuracy ({split} scenes)",
        extend="min",
    )
    return figure


def count_grids(cells: pd.DataFrame) -> Grids:
    """Correct answers, scenes and true scenes, each of shape (counts of A∖B, counts of A∩B)."""
    shape = cells["a_only"].max() + 1, cells["both"].max() + 1
    place = cells["a_only"].to_numpy(), cells["both"].to_numpy()
    grids = []
    for values in (cells["correct"], cells["scenes"], cells["scenes"].where(cells["truth"], 0)):
        grid = np.zeros(shape)
        np.add.at(grid, place, values.to_numpy())
        grids.append(grid)
    return grids[0], grids[1], grids[2]


def draw_panel(axes: Axes, name: str, grids: Grids, lowest: float) -> PolyCollection:
    """One quantifier's heat map."""
    correct, scenes, true = grids
    known = np.where(scenes > 0, scenes, np.nan)
    cells = np.argwhere(scenes > 0)
    mesh = PolyCollection(squares(scenes > 0), cmap="cividis", linewidths=0, antialiased=False)
    mesh.set_array((correct / known)[scenes > 0])
    mesh.set_clim(lowest, 1)
    axes.add_collection(mesh)
    titles = {
        f"cell-{name}-both-{both}-a_only-{a_only}": (
            f"{style.label(name)}, {both} in A∩B, {a_only} in A∖B: "
            f"{percent(correct[a_only, both] / scenes[a_only, both])} of "
            f"{counted(int(scenes[a_only, both]), 'scene')}"
        )
        for a_only, both in cells.tolist()
    }
    svg_titles.tell(mesh, titles)
    axes.autoscale_view()
    few = squares((scenes > 0) & (scenes < FEW_SCENES))
    axes.add_collection(
        PolyCollection(few, facecolors="none", edgecolors="0.35", linewidths=0, hatch="/////")
    )
    truth = true / known
    decided = np.isin(truth[scenes > 0], (0, 1)).all()
    if decided:
        axes.add_collection(LineCollection(boundary(truth), colors="white", linewidths=3))
        axes.add_collection(LineCollection(boundary(truth), colors="black", linewidths=1.5))
    else:
        axes.text(
            0.98, 0.98, "truth depends\non more", transform=axes.transAxes, ha="right", va="top"
        )
    axes.set_title(style.label(name))
    axes.set_aspect("equal")
    axes.tick_params(labelbottom=True)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    return mesh


def squares(chosen: np.ndarray) -> np.ndarray:
    """Corners, shape (k, 4, 2), of the squares of the grid where ``chosen`` is true."""
    middles = np.argwhere(chosen)[:, ::-1]
    return middles[:, None, :] + [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]


def boundary(truth: np.ndarray) -> list[list[tuple[float, float]]]:
    """Segments between neighbouring squares of which one is true (1) and the other false (0).

    >>> boundary(np.array([[0.0, 1.0]]))
    [[(0.5, -0.5), (0.5, 0.5)]]
    """
    upright = np.argwhere(np.abs(np.diff(truth, axis=1)) == 1)
    level = np.argwhere(np.abs(np.diff(truth, axis=0)) == 1)
    return [[(x + 0.5, y - 0.5), (x + 0.5, y + 0.5)] for y, x in upright.tolist()] + [
        [(x - 0.5, y + 0.5), (x + 0.5, y + 0.5)] for y, x in level.tolist()
    ]
