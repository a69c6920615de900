"""The pictures of the course: each function draws one into an empty figure; its docstring is the
caption.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from quantlearn.figures import formats, style
from quantlearn.networks.layers import ACTIVATIONS
from quantlearn.report.course.descent import descent, loss
from quantlearn.report.course.learning import Learned
from quantlearn.report.course.neurons import INPUTS, XOR, XOR_NETWORK, Layer, activations
from quantlearn.report.course.optimisers import bowl, descend
from quantlearn.report.course.perceptron import Perceptron
from quantlearn.report.course.slopes import DERIVATIVES, LOSS_SLOPES, NAMES, loss_by_sum
from quantlearn.semantics.automata import Automaton
from quantlearn.semantics.scenes import ZONES

__all__ = [
    "activation_functions",
    "automata",
    "batch_times",
    "decision_regions",
    "descent_paths",
    "hidden_widths",
    "loss_functions",
    "losses_compared",
    "neuron_diagram",
    "optimiser_paths",
    "perceptrons",
    "xor_diagram",
]

COLOURS = style.OKABE_ITO
ZONE_NAMES = dict(zip(ZONES.values(), ("A∩B", "A∖B", "B∖A", "neither"), strict=True))
ARROW = {"arrowstyle": "->", "color": style.GREY}
_AROUND = (-0.6, 1.6)


def perceptrons(figure: Figure, found: Mapping[str, tuple[np.ndarray, Perceptron]]) -> None:
    """What the perceptron algorithm finds for two functions of p and q. Filled circles are the
    cases in which the function is true; a case on the line counts as false. For p ∧ q the last line
    parts them. For p xor q the lines that the algorithm goes through come again and again, and none
    can do it.
    """
    panels = figure.subplots(1, len(found), sharey=True)
    for axes, (name, (truth, perceptron)) in zip(panels, found.items(), strict=True):
        lines = [perceptron.found] if perceptron.period is None else perceptron.cycle
        drawn = [weights for weights in lines if weights[:-1].any()]
        for weights, line in zip(drawn, style.LINES * len(drawn), strict=False):
            _draw_line(axes, weights, COLOURS[0], line)
        _draw_cases(axes, INPUTS, truth)
        axes.set(title=name, xlabel="p")
    panels[0].set_ylabel("q")


def decision_regions(figure: Figure) -> None:
    """The same four cases before and after the hidden layer of the network for xor. Left: the
    inputs, with the lines on which the sums of the two hidden units are 0; dark is where the output
    is close to 1. Right: the outputs of the hidden units, where one line does what is left to do.
    Two of the cases have become one.
    """
    left, right = figure.subplots(1, 2)
    (hidden_weights, hidden_bias), output = XOR_NETWORK
    for axes, network in ((left, XOR_NETWORK), (right, (output,))):
        _shade(axes, network)
    for column, (name, line) in enumerate(zip(("or", "nand"), style.LINES, strict=False)):
        weights = np.append(hidden_weights[:, column], hidden_bias[column])
        _draw_line(left, weights, COLOURS[1], line, name)
    _draw_line(right, np.append(*output), COLOURS[1], style.LINES[0], "and")
    _draw_cases(left, INPUTS, XOR)
    _draw_cases(right, activations(INPUTS, XOR_NETWORK)[0], XOR)
    left.set(title="Inputs", xlabel="p", ylabel="q")
    right.set(title="Hidden units", xlabel="or", ylabel="nand")
    for axes in (left, right):
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=2)


def neuron_diagram(figure: Figure) -> None:
    """A neuron with three inputs. It multiplies each with the weight at its arrow, adds the
    products up, and puts out f of the sum z.
    """
    axes = figure.subplots()
    axes.set(aspect="equal", xlim=(-0.7, 5.3), ylim=(-0.6, 2.6))
    axes.axis("off")
    for number in range(3):
        start = (0, 2 - number)
        _unit(axes, start, f"$a_{number}$")
        _arrow(axes, start, (3, 1), f"$w_{number}$", 0.45)
    _unit(axes, (3, 1), "f(z)")
    axes.annotate("", (4.6, 1), (3.4, 1), arrowprops=ARROW)
    axes.text(4.7, 1, "a", ha="left", va="center", style="italic")


def xor_diagram(figure: Figure) -> None:
    """A network for xor. An arrow carries the output of a unit, times the weight beside it, to the
    next one; the number inside a unit is its bias.
    """
    axes = figure.subplots()
    axes.set(aspect="equal", xlim=(-0.9, 7.3), ylim=(-0.75, 2.75))
    axes.axis("off")
    (hidden_weights, hidden_bias), (output_weights, output_bias) = XOR_NETWORK
    inputs, hidden, output = [(0, 2), (0, 0)], [(3, 2), (3, 0)], (6, 1)
    for row, start in enumerate(inputs):
        _unit(axes, start, ("p", "q")[row])
        for column, end in enumerate(hidden):
            crosses = row != column
            weight = formats.number(hidden_weights[row, column])
            _arrow(axes, start, end, weight, 0.26 if crosses else 0.5)
    for row, (start, name) in enumerate(zip(hidden, ("or", "nand"), strict=True)):
        _unit(axes, start, formats.number(hidden_bias[row]))
        axes.text(start[0], start[1] + 0.5, name, ha="center", va="bottom", style="italic")
        _arrow(axes, start, output, formats.number(output_weights[row, 0]), 0.5)
    _unit(axes, output, formats.number(output_bias[0]))
    axes.text(output[0], output[1] + 0.5, "and", ha="center", va="bottom", style="italic")
    axes.annotate("", (7.2, 1), (6.4, 1), arrowprops=ARROW)


def hidden_widths(
    figure: Figure, shares: Mapping[int, tuple[float, float, float]], trials: int
) -> None:
    """How many networks learn xor, by the number of their hidden units. Bars are 95 % intervals
    (Wilson).
    """
    axes = figure.subplots()
    places = np.arange(len(shares))
    middle, lower, upper = (100 * np.array(column) for column in zip(*shares.values(), strict=True))
    axes.errorbar(
        places, middle, yerr=[middle - lower, upper - middle], fmt="o", color=COLOURS[0], capsize=3
    )
    axes.set_xticks(places, [str(width) for width in shares])
    axes.set(
        xlabel="Hidden units",
        ylabel=f"Learned in % of {trials} trials",
        ylim=(0, 104),
        xlim=(-0.5, len(shares) - 0.5),
    )


def automata(figure: Figure, name: str, automaton: Automaton, counted: str, reach: int) -> None:
    """Two semantic automata. They read a scene object by object and move along the arrow with the
    zone of the object; at all other objects they stay where they are. The scene makes the
    quantifier true if they end in a state with a double ring. Above: the smallest automaton, which
    counts no further than it must. Below: a part of one that has no end on either side.
    """
    above, below = figure.subplots(2, 1)
    moves = [
        (state, int(target), ZONE_NAMES[zone])
        for state, row in enumerate(automaton.transitions)
        for zone, target in enumerate(row)
        if target != state
    ]
    states = [f"{state}" for state in range(len(automaton.accepting))]
    _automaton(above, states, automaton.accepting, moves)
    above.set_title(name)
    counts = range(-reach, reach + 1)
    up = [(place, place + 1, ZONE_NAMES[0]) for place in range(2 * reach)]
    down = [(end, start, ZONE_NAMES[1]) for start, end, _ in up]
    states = [f"{count}".replace("-", "−") for count in counts]
    _automaton(below, states, [count > 0 for count in counts], [*up, *down])
    for place in (-1, 2 * reach + 1):
        below.text(place + 0.2 * np.sign(-place), 0, "…", ha="center", va="center", fontsize=12)
    below.set_title(counted)


def batch_times(figure: Figure, batch_sizes: Sequence[int], seconds: np.ndarray) -> None:
    """Time per example of one layer, by the number of examples in a batch. Measured when this page
    was made, on the machine that made it: the next time it will be a little different.
    """
    axes = figure.subplots()
    axes.semilogx(batch_sizes, 1e6 * seconds, marker="o", color=COLOURS[0])
    axes.set(xlabel="Examples in a batch", ylabel="Microseconds per example", ylim=(0, None))
    axes.set_xticks(batch_sizes, [f"{size:,}" for size in batch_sizes])
    axes.minorticks_off()


def descent_paths(figure: Figure, theta: float, y: float, rates: Sequence[float]) -> None:
    """Gradient descent for one parameter. Left: the loss, with the first steps of three learning
    rates α on it. Right: θ after each step, and the value y that it is to reach (grey).
    """
    left, right = figure.subplots(1, 2)
    reach = 1.35 * abs(theta - y)
    curve = np.linspace(y - reach, y + reach, 200)
    left.plot(curve, loss(curve, y), color=style.GREY, linewidth=1)
    looks = style.looks([str(rate) for rate in rates])
    for rate in rates:
        look = looks[str(rate)]
        drawn = {"color": look.colour, "linestyle": look.line, "marker": look.marker}
        path = descent(theta, y, rate, 8)
        right.plot(path, label=f"α = {rate:g}", linewidth=1.2, **drawn)
        if rate in (rates[0], rates[-3], rates[-1]):
            inside = path[:4][np.abs(path[:4] - y) < reach]
            left.plot(inside, loss(inside, y), linewidth=1, **drawn)
    right.axhline(y, color=style.GREY, linewidth=1)
    left.set(xlabel="θ", ylabel="L(θ)", title="The loss")
    right.set(xlabel="Steps", ylabel="θ", title="The path")
    right.legend(loc="upper left", bbox_to_anchor=(1, 1))


def optimiser_paths(
    figure: Figure, start: np.ndarray, rates: Mapping[str, float], steps: int
) -> None:
    """The first steps of each optimiser on the bowl θ₁² + 25 θ₂², from the same start (a circle) to
    the middle, where the loss is 0. Lines in grey join places with the same loss.
    """
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    x, y = np.meshgrid(np.linspace(-1, 2.2, 161), np.linspace(-1.1, 1.1, 111))
    losses = bowl(np.stack([x, y], axis=-1))
    for axes, (name, rate) in zip(panels.ravel(), rates.items(), strict=True):
        levels = [0.1, 0.5, 2, 6, 14, 26]
        axes.contour(x, y, losses, levels, colors=style.GREY, linewidths=0.5)
        path = descend(name, start, rate, steps)
        axes.plot(*path.T, color=COLOURS[0], marker=".", markersize=3, linewidth=1)
        axes.plot(*start, "o", color="black", markerfacecolor="white", zorder=3)
        axes.set(title=f"{name}, α = {rate:g}", xlim=(-1, 2.2), ylim=(-1.1, 1.1))
    for axes in panels[-1]:
        axes.set_xlabel("θ₁")
    for axes in panels[:, 0]:
        axes.set_ylabel("θ₂")


def activation_functions(figure: Figure) -> None:
    """Activation functions f (full lines) and their derivatives f′ (dashed)."""
    panels = figure.subplots(2, 4, sharex=True, sharey=True)
    x = torch.linspace(-4, 4, 401, dtype=torch.float64)
    for axes, name in zip(panels.ravel(), ACTIVATIONS, strict=False):
        axes.axhline(0, color=style.GREY, linewidth=0.5)
        axes.axvline(0, color=style.GREY, linewidth=0.5)
        axes.plot(x, ACTIVATIONS[name](x), color=COLOURS[0])
        axes.plot(x, DERIVATIVES[name](x), color=COLOURS[1], linestyle=style.LINES[1])
        axes.set(title=NAMES[name], ylim=(-1.3, 3), xticks=[-4, -2, 0, 2, 4])
    for axes in panels.ravel()[len(ACTIVATIONS) :]:
        axes.axis("off")
        axes.plot([], [], color=COLOURS[0], label="f")
        axes.plot([], [], color=COLOURS[1], linestyle=style.LINES[1], label="f′")
        axes.legend(loc="center")


def loss_functions(figure: Figure) -> None:
    """Two losses of an answer, by the probability ŷ that it gives to what is true. Left: the loss.
    Right: how strongly it pulls at the sum before the sigmoid, −∂ℓ/∂z. Cross entropy pulls hardest
    at an answer that is wholly wrong; there the squared error does not pull at all.
    """
    left, right = figure.subplots(1, 2)
    z = torch.linspace(-7, 7, 400, dtype=torch.float64)
    probability = torch.sigmoid(z)
    for name, look in _loss_looks().items():
        drawn = {"color": look.colour, "linestyle": look.line, "label": name.replace("_", " ")}
        left.plot(probability, loss_by_sum(name, z), **drawn)
        right.plot(probability, -LOSS_SLOPES[name](probability), **drawn)
    left.set(xlabel="ŷ of the true answer", ylabel="ℓ", ylim=(0, 5))
    right.set(xlabel="ŷ of the true answer", ylabel="−∂ℓ/∂z")
    left.legend()


def losses_compared(figure: Figure, learned: Mapping[float, Mapping[str, Learned]]) -> None:
    """Learning xor by two losses and some learning rates α, from the same starts. Lines are means
    over all networks, bands their 95 % intervals.
    """
    panels = figure.subplots(1, len(learned), sharey=True)
    for axes, (rate, by_loss) in zip(panels, learned.items(), strict=True):
        for name, look in _loss_looks().items():
            curves = by_loss[name]
            mean = 100 * curves.accuracy.mean(axis=1)
            error = 196 * curves.accuracy.std(axis=1, ddof=1) / np.sqrt(curves.accuracy.shape[1])
            words = name.replace("_", " ")
            axes.plot(curves.steps, mean, color=look.colour, linestyle=look.line, label=words)
            band = np.clip([mean - error, mean + error], 0, 100)
            axes.fill_between(curves.steps, *band, color=look.colour, alpha=0.2, linewidth=0)
        style.step_axis(axes.xaxis, ticks=4)
        axes.set(title=f"α = {rate:g}", xlabel="Steps", ylim=(40, 102))
    panels[0].set_ylabel("Mean accuracy in %")
    panels[0].legend(loc="lower right")


def _loss_looks() -> dict[str, style.Look]:
    return style.looks(list(LOSS_SLOPES))


def _draw_cases(axes: Axes, points: np.ndarray, truth: np.ndarray) -> None:
    """The four cases as circles, filled where the function is true."""
    for point, true in zip(points, truth, strict=True):
        face = "black" if true else "white"
        axes.plot(*point, "o", markersize=9, color="black", markerfacecolor=face, zorder=3)
    axes.set(xlim=_AROUND, ylim=_AROUND, aspect="equal")
    axes.set_xticks([0, 1])
    axes.set_yticks([0, 1])


def _draw_line(
    axes: Axes,
    weights: np.ndarray,
    colour: str,
    line: str | tuple[int, tuple[float, ...]],
    name: str | None = None,
) -> None:
    """The line x w₀ + y w₁ + w₂ = 0."""
    first, second, bias = np.ravel(weights).astype(float)
    nearest = -bias * np.array([first, second]) / (first**2 + second**2)
    axes.axline(
        nearest,
        nearest + np.array([second, -first]),
        color=colour,
        linestyle=line,
        linewidth=1.4,
        label=name,
    )


def _shade(axes: Axes, network: Sequence[Layer]) -> None:
    """The output of a network over the plane, in grey."""
    side = np.linspace(*_AROUND, 121)
    points = np.stack(np.meshgrid(side, side), axis=-1)
    output = activations(points.reshape(-1, 2), network)[-1].reshape(len(side), -1)
    levels = np.linspace(0, 1, 6)
    axes.contourf(side, side, output, levels, cmap="Greys", vmin=0, vmax=2.2)


def _automaton(
    axes: Axes,
    states: Sequence[str],
    accepting: Sequence[bool],
    moves: Sequence[tuple[int, int, str]],
) -> None:
    """States in a row, from left to right, with their moves as arrows; those to the left below."""
    axes.set(aspect="equal", xlim=(-1.2, len(states) + 0.2), ylim=(-0.75, 0.75))
    axes.axis("off")
    for place, (state, accepts) in enumerate(zip(states, accepting, strict=True)):
        for radius in (0.26, 0.21) if accepts else (0.26,):
            axes.add_patch(Circle((place, 0), radius, facecolor="white", edgecolor="black"))
        axes.text(place, 0, state, ha="center", va="center")
    for start, end, zone in moves:
        side = np.sign(end - start)
        axes.annotate(
            "",
            (end - 0.22 * side, 0.17 * side),
            (start + 0.22 * side, 0.17 * side),
            arrowprops=ARROW | {"connectionstyle": "arc3,rad=-0.35"},
        )
        axes.text(
            (start + end) / 2, 0.42 * side, zone, ha="center", va="center", fontsize=8,
            color=style.GREY,
        )  # fmt: skip


def _unit(axes: Axes, place: tuple[float, float], text: str) -> None:
    axes.add_patch(Circle(place, 0.4, facecolor="white", edgecolor="black", zorder=3))
    axes.text(*place, text, ha="center", va="center", zorder=4)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], weight: str, along: float
) -> None:
    """An arrow between two units with its weight, ``along`` the way of it."""
    start, end = np.array(start), np.array(end)
    direction = (end - start) / np.linalg.norm(end - start)
    axes.annotate("", end - 0.4 * direction, start + 0.4 * direction, arrowprops=ARROW)
    axes.text(
        *(start + along * (end - start)),
        weight,
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )
