"""Gradients through time: how much the loss depends on what the network knew some objects ago.

The derivative of a scene's loss by the state at position t is that by the last state times one
Jacobian for each step between; where these are small, it vanishes (Hochreiter 1991; Bengio, Simard
& Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult"). Norms are
relative to the norm for the last hidden state, by the distance from the end, before and after
training.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style
from quantlearn.figures.course.sequence_lengths import draw_line
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.statistics.intervals import mean_interval

if TYPE_CHECKING:
    import torch

    from quantlearn.training.weights import Trained

READS = ("samples", "scenes", "weights")

TABLES = {
    "gradients_through_time": {
        "architecture": Column("str", "network.architecture"),
        "part": Column("str", "h (hidden state) or c (cell state) of the highest layer"),
        "network": Column("str", "untrained (with the weights before training) or trained"),
        "distance": Column("int64", "Objects between this state and the last one"),
        "estimate": Column(
            "float64",
            "Norm relative to that by the last hidden state: geometric mean over scenes and trials",
        ),
        "lower": Column(
            "float64", "Lower end of its 95 % interval over trials (t interval of the logarithms)"
        ),
        "upper": Column("float64", "Upper end"),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "gradients_through_time": (
        "Norms of the derivative of a scene's loss by the state some objects before its end, "
        "for test scenes of the largest size that was trained, in an experiment whose samples "
        "are recurrent architectures."
    ),
}

NETWORKS = {"untrained": "before training", "trained": "after training"}

MOST_SCENES = 100


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Norms for test scenes of the largest size that was trained, or that there is.

    Geometric means over scenes and trials, by distance from the end, with 95 % t intervals of the
    logarithms.
    """
    # Only here: torch takes seconds to load, and drawing does without it.
    from quantlearn.figures.networks import trained  # noqa: PLC0415

    data = experiment.settings["data"]
    size = data["split"]["only_test"]["sizes_above"] or data["generate"]["max_size"]
    rows = []
    for sample in experiment.samples:
        networks = trained(experiment, sample, seed)
        for network, flat in (("untrained", networks.before), ("trained", networks.after)):
            for part, norms in zip("hc", norms_of(networks, flat, size), strict=False):
                rows += by_distance((experiment.architecture(sample), part, network), norms)
    columns = list(TABLES["gradients_through_time"])
    return {"gradients_through_time": pd.DataFrame(rows, columns=columns)}


def by_distance(key: tuple[str, str, str], norms: np.ndarray) -> list[tuple]:
    """Rows of the table, (*key, distance from the end, estimate, lower, upper, n).

    ``norms`` (trials, positions) are relative norms, ``key`` is architecture, part and network.
    """
    rows = []
    for distance, values in enumerate(norms.T[::-1]):
        mean = mean_interval(np.log(values))
        bounds = np.exp([mean.estimate, mean.lower, mean.upper])
        rows.append((*key, distance, *bounds, len(values)))
    return rows


def norms_of(networks: "Trained", flat: "torch.Tensor", size: int) -> list[np.ndarray]:
    """Relative norms (networks, size) for each part of the state of these weights."""
    import torch  # noqa: PLC0415 (as above)

    from quantlearn.networks.states import state_gradients  # noqa: PLC0415

    examples = [member.examples["test"] for member in networks.members]
    full = [np.flatnonzero(part.lengths == size) for part in examples]
    count = min(MOST_SCENES, *map(len, full))
    chosen = [part[rows[:count]] for part, rows in zip(examples, full, strict=True)]
    tokens = torch.from_numpy(np.stack([part.tokens[:, :size] for part in chosen]))
    labels = torch.from_numpy(np.stack([part.labels for part in chosen]))
    found = state_gradients(networks.ensemble, flat, tokens, labels)
    norms = [part.double().numpy() for part in found]
    return [relative_norms(part, norms[0][:, :, -1]) for part in norms]


def relative_norms(norms: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Geometric means over scenes of norms (trials, scenes, positions) over last (trials, scenes).

    Norms that are too small for a float count as the smallest one.
    """
    smallest = np.finfo(np.float64).tiny
    ratios = np.maximum(norms, smallest) / np.maximum(last, smallest)[:, :, None]
    return np.exp(np.log(ratios).mean(axis=1))


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """How much the loss depends on the state of a network some objects before the end of a scene.

    Norms of the loss's derivative by the hidden state h, of the LSTM also by its cell state c,
    relative to that by the last hidden state; geometric means over scenes and trials, with 95 %
    intervals. A straight line that falls is a gradient that vanishes exponentially.
    """
    frame = tables["gradients_through_time"]
    parts = frame.groupby(["architecture", "part"], sort=False)
    looks = style.looks([" ".join(key) for key in sorted(parts.groups)])
    figure = style.new_figure(style.PAGE_WIDTH, 3.0)
    panels = figure.subplots(1, len(NETWORKS), sharey=True)
    for axes, (network, title) in zip(panels, NETWORKS.items(), strict=True):
        for (architecture, part), rows in parts:
            label, look = f"{ARCHITECTURES[architecture]}, {part}", looks[f"{architecture} {part}"]
            draw_line(axes, rows[rows["network"] == network], "distance", look, label)
        axes.axhline(1, color=style.GREY, linewidth=0.6)
        axes.set_yscale("log")
        style.powers_of_ten(axes.yaxis)
        axes.invert_xaxis()
        axes.set_title(title)
        axes.set_xlabel("Objects before the end")
    panels[0].set_ylabel("Relative norm of the derivative")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def step_factor(frame: pd.DataFrame, architecture: str, part: str, network: str) -> float:
    """What a step multiplies the norm by: the slope of its logarithm by the distance.

    From distance 1 on: the last hidden state is read out, and no other one is.

    >>> norms = [1.0, 0.3, 0.15, 0.075]
    >>> frame = pd.DataFrame({"architecture": "lstm", "part": "h", "network": "trained",
    ...                       "distance": range(4), "estimate": norms})
    >>> round(step_factor(frame, "lstm", "h", "trained"), 6)
    0.5
    """
    own = frame[
        (frame["architecture"] == architecture)
        & (frame["part"] == part)
        & (frame["network"] == network)
        & (frame["distance"] > 0)
    ]
    slope, _ = np.polyfit(own["distance"], np.log(own["estimate"]), 1)
    return float(np.exp(slope))


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the gradient at the first object, and what a step multiplies it by."""
    frame = tables["gradients_through_time"]
    distance = frame["distance"].max()
    ends = frame[frame["distance"] == distance]
    after = ends[ends["network"] == "trained"].sort_values("estimate", ascending=False)
    rows = [
        {
            "Network": ARCHITECTURES[row.architecture],
            "State": row.part,
            "Weights": NETWORKS[row.network],
            "Trials": str(row.n),
            "Left at the first object": formats.number(row.estimate),
            "95 % interval": formats.interval(formats.number(row.lower), formats.number(row.upper)),
            "Factor of a step": formats.number(
                step_factor(frame, row.architecture, row.part, row.network)
            ),
        }
        for row in ends.itertuples()
    ]
    after = after.assign(network=after["architecture"].map(ARCHITECTURES)).to_dict("records")
    return {"distance": int(distance), "after": after, "rows": rows}
