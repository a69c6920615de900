"""The states of one recurrent network for each quantifier, in their two main directions.

A network's state after each object of some test scenes is a point of as many dimensions as it has
hidden and cell units; principal components are the orthogonal directions in which the points lie
furthest apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.course.probes import TARGETS, counts_along
from quantlearn.figures.experiment import Experiment
from quantlearn.seeds import random_stream
from quantlearn.semantics.automata import minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING, ZONES, Space, enumerate_scenes
from quantlearn.semantics.scenes_in_words import OBJECTS

READS = ("samples", "scenes", "weights")

TABLES = {
    "state_space": {
        "quantifier": Column("str", "What the network learns"),
        "scene": Column("int64", "Number of the scene, from 0"),
        "position": Column("int64", "Which object of the scene was the last one read, from 1"),
        "both": Column("Int64", "|A∩B| of the objects so far"),
        "difference": Column("Int64", "|A∩B| − |A∖B| of the objects so far"),
        "automaton": Column(
            "Int64", "State of the smallest automaton; blank where it is not finite"
        ),
        "first": Column(
            "float64",
            "Coordinate of the state, hidden and cell units together, along the first principal "
            "component",
        ),
        "second": Column("float64", "Along the second one"),
        "first_share": Column(
            "float64", "Share of the variance of the quantifier's states along the first one"
        ),
        "second_share": Column("float64", "Along the second one"),
    },
    "exciting_scenes": {
        "quantifier": Column("str", "What the network learns"),
        "unit": Column("int64", "Hidden unit of the highest layer, from 1"),
        "activation": Column("float64", "The unit's value after the scene's last object"),
        "scene": Column("str", "Its objects in their order, as `quantlearn ask` reads them"),
        "both": Column("int64", "Objects in A∩B"),
        "a_only": Column("int64", "Objects in A∖B"),
        "others": Column("int64", "Objects that are no As"),
    },
}

ROWS = {
    "state_space": (
        "The states of the network of the first trial for each quantifier, one row for each "
        "object of some test scenes."
    ),
    "exciting_scenes": (
        "For the same networks the scene, of all with at most six objects, that excites each "
        "hidden unit most."
    ),
}

SCENES = 60
PATHS = 3
LARGEST = 6  # objects of the scenes among which a unit's most exciting one is sought


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Where the states of each quantifier's network of the first trial lie, after each object.

    And what excites each of its hidden units most: the idea of feature visualisation (Olah,
    Mordvintsev & Schubert 2017), with all scenes in the place of pictures.
    """
    # Only here: torch takes seconds to load, and drawing does without it.
    from quantlearn.figures.networks import states_along, trained  # noqa: PLC0415

    networks = trained(experiment, 0, seed)
    frames, excited = [], []
    every, sizes = enumerate_scenes(Space(1, LARGEST))
    for name, expression in experiment.settings["expressions"].items():
        row = networks.rows(name)[0]
        stream = random_stream(seed, experiment.name, row, "state space")
        scenes = stream.permutation(networks.members[row].scenes["test"].scenes)[:SCENES]
        along = states_along(networks, row, scenes)
        states = np.concatenate(
            [part for network, _, part in along if network == "trained"], axis=2
        )
        objects = scenes != PADDING
        counts = {key: values[objects] for key, values in counts_along(scenes).items()}
        points, shares = principal_components(states[objects], counts["both"])
        scene, position = np.nonzero(objects)
        automaton = minimal_automaton(Quantifier(name, expression))
        columns = {
            "quantifier": name,
            "scene": scene,
            "position": position + 1,
            "automaton": pd.NA if automaton is None else automaton.run(scenes)[objects],
            "first": points[:, 0],
            "second": points[:, 1],
            "first_share": shares[0],
            "second_share": shares[1],
        }
        frames.append(pd.DataFrame(columns | counts).astype({"automaton": "Int64"}))
        _, _, hidden = next(states_along(networks, row, every))
        found = exciting_scenes(hidden[np.arange(len(every)), sizes - 1], every)
        excited.append(found.assign(quantifier=name))
    return {
        "state_space": pd.concat(frames)[list(TABLES["state_space"])],
        "exciting_scenes": pd.concat(excited)[list(TABLES["exciting_scenes"])],
    }


def exciting_scenes(ends: np.ndarray, scenes: np.ndarray) -> pd.DataFrame:
    """Which of the scenes (n, positions) excites each unit most, by their last states (n, units).

    >>> ends = np.array([[0.1, 0.9], [0.2, 0.3]])
    >>> exciting_scenes(ends, np.array([[3, 4], [0, 1]])).to_numpy().tolist()
    [[1, 0.2, 'AB A-', 1, 1, 0], [2, 0.9, '--', 0, 0, 1]]
    """
    best = scenes[ends.argmax(axis=0)]
    both, a_only = ((best == ZONES[zone]).sum(axis=1) for zone in ("both", "a_only"))
    return pd.DataFrame(
        {
            "unit": np.arange(1, len(best) + 1),
            "activation": ends.max(axis=0),
            "scene": [" ".join(OBJECTS[zone] for zone in row if zone != PADDING) for row in best],
            "both": both,
            "a_only": a_only,
            "others": (best != PADDING).sum(axis=1) - both - a_only,
        }
    )


def principal_components(states: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n, 2) of states (n, units), and the shares (2,) of the variance that they hold.

    A direction is turned so that the numbers ``along`` (n,) grow with it.
    """
    centred = states - states.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    coordinates = centred @ directions[:2].T
    turned = np.where((along - along.mean()) @ coordinates < 0, -1, 1)
    return coordinates * turned, (spread**2 / (spread**2).sum())[:2]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """The states of one network for each quantifier, after each object of some scenes, in their two
    main directions (principal components).

    The colour says which count the network has read so far. Lines follow three scenes from their
    first object (a small circle) to their last one (a square).
    """
    frame, quantifiers = tables["state_space"], experiment.settings["quantifiers"]
    figure = style.new_figure(style.PAGE_WIDTH, 3.3)
    panels = figure.subplots(1, len(quantifiers), squeeze=False)[0]
    for axes, quantifier in zip(panels, quantifiers, strict=True):
        rows = frame[frame["quantifier"] == quantifier]
        target = "both" if rows["automaton"].notna().all() else "difference"
        points = draw_states(axes, rows, rows[target].astype(float), TARGETS[target])
        figure.colorbar(points, ax=axes, label=f"{TARGETS[target]} so far", shrink=0.9)
        axes.set_title(style.label(quantifier))
        first, second = rows.iloc[0][["first_share", "second_share"]].astype(float)
        axes.set_xlabel(f"First direction ({formats.percent(first)})")
        axes.set_ylabel(f"Second direction ({formats.percent(second)})")
    return figure


def draw_states(axes: Axes, rows: pd.DataFrame, counts: pd.Series, name: str) -> ScalarMappable:
    """Points coloured by a count, with the paths of the longest scenes; returns the colours."""
    # A count that can be negative has its middle at zero.
    lowest = -counts.abs().max() if counts.min() < 0 else 0
    colours = ScalarMappable(
        Normalize(lowest, counts.abs().max()), "viridis" if lowest == 0 else "coolwarm"
    )
    for count, own in rows.groupby(counts):
        # One element for each count and not for each of a thousand points.
        (points,) = axes.plot(
            own["first"], own["second"], "o", color=colours.to_rgba(count), markersize=3,
            markeredgewidth=0,
        )  # fmt: skip
        svg_titles.tell(points, f"{name} so far: {formats.number(count)}")
    lengths = rows.groupby("scene")["position"].max().sort_values(ascending=False, kind="stable")
    for scene, colour in zip(lengths.index[:PATHS], ("0.0", "0.35", "0.6"), strict=False):
        path = rows[rows["scene"] == scene].sort_values("position")
        x, y = path["first"].to_numpy(), path["second"].to_numpy()
        axes.plot(x, y, color=colour, linewidth=0.8)
        axes.plot(x[:1], y[:1], "o", color=colour, markersize=3.5)
        axes.plot(x[-1:], y[-1:], "s", color=colour, markersize=4.5)
    return colours


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """How much of the states the pictures show, and what runs along their main direction."""
    networks = []
    for quantifier, rows in tables["state_space"].groupby("quantifier", sort=False):
        share = rows.iloc[0][["first_share", "second_share"]].sum()
        counts = rows[["both", "difference"]].astype(float).rename(columns=TARGETS)
        along = counts.corrwith(rows["first"]).abs().sort_values(ascending=False)
        networks.append({"quantifier": quantifier, "share": share, "along": list(along.items())})
    excited = tables["exciting_scenes"]
    rows = pd.DataFrame(
        {
            "Quantifier": excited["quantifier"].map(style.label),
            "Unit": excited["unit"].astype(str),
            "Activation": excited["activation"].map(lambda value: formats.number(value, 2)),
            "Scene": excited["scene"],
            "A∩B": excited["both"].astype(str),
            "A∖B": excited["a_only"].astype(str),
            "Others": excited["others"].astype(str),
        }
    )
    return {"networks": networks, "excited": rows, "largest": LARGEST}
