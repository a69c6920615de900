"""One look for all figures: colours that the colour-blind can tell apart, type that prints well.

Each quantifier has a colour, a line style and a marker of its own, so that a figure can also be
read in grey. Sizes are in inches and fit a journal's page; no type is smaller than 7 points.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from math import inf
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation
from PIL import Image
from scipy.optimize import isotonic_regression
from seaborn import axes_style

from quantlearn.figures.formats import SUPERSCRIPTS, number
from quantlearn.figures.svg_titles import finished
from quantlearn.files import replacing

__all__ = [
    "BASELINE",
    "COLUMN_WIDTH",
    "GREY",
    "LABEL",
    "MANY",
    "PAGE_WIDTH",
    "End",
    "Look",
    "contrast",
    "figure_style",
    "ink",
    "label",
    "label_ends",
    "looks",
    "new_figure",
    "percent_axis",
    "powers_of_ten",
    "readable_on",
    "save_figure",
    "spread",
    "step_axis",
]

PAGE_WIDTH = 6.5
COLUMN_WIDTH = 4.5
GREY = "#5f5f5f"

LABEL = 8
"""Points of what is written into a panel."""

MANY = 6
"""More curves than these have a legend; names at their ends would not find room."""

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's palette (2008), without its yellow, which is too pale for lines on white."""

LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
BASELINE = (0, (1, 2))
"""Line style of what rules reach that know little of a scene."""

READABLE = 4.55
"""The least contrast of text to white; WCAG 2.2, 1.4.3, asks for 4.5."""

WEIGHTS = np.array([0.2126, 0.7152, 0.0722])
"""What red, green and blue light give to brightness (WCAG 2.2)."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")

RC = {
    "axes.axisbelow": True,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 9,
    "hatch.linewidth": 0.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "pdf.fonttype": 42,  # whole fonts: the text can be searched and edited
    "savefig.dpi": 300,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "quantlearn",  # the same ids, so the same bytes, every time
    "text.parse_math": False,  # a title may have dollar signs
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}


@dataclass(frozen=True)
class Look:
    """How a quantifier is drawn."""

    colour: str
    line: str | tuple[int, tuple[float, ...]]
    marker: str


def label(name: str) -> str:
    """A quantifier's name in words.

    >>> label("at_least_6_or_at_most_2")
    'at least 6 or at most 2'
    """
    return name.replace("_", " ")


def contrast(colour: Sequence[float], ground: Sequence[float] = (1, 1, 1)) -> float:
    """The contrast of two colours (red, green, blue, 0 to 1), 1 to 21 (WCAG 2.2).

    >>> contrast((0, 0, 0)), round(contrast((0.5, 0.5, 0.5)), 1)
    (21.0, 4.0)
    """
    darker, lighter = sorted(WEIGHTS @ _linear(one) for one in (colour, ground))
    return float((lighter + 0.05) / (darker + 0.05))


def ink(colour: str) -> str:
    """A colour for text: as dark as it takes to read it on white, of the same hue.

    >>> ink("#0072B2"), ink("#56B4E9")
    ('#0072b2', '#397da2')
    """
    linear = _linear(to_rgb(colour))
    bright = WEIGHTS @ linear
    darkest = 1.05 / READABLE - 0.05
    kept = linear * min(1, darkest / bright) if bright else linear
    return to_hex(np.where(kept <= 0.0031308, 12.92 * kept, 1.055 * kept ** (1 / 2.4) - 0.055))


def readable_on(ground: Sequence[float]) -> str:
    """Black or white, whichever is easier to read on a colour (red, green, blue, 0 to 1).

    >>> readable_on((1, 1, 0)), readable_on((0, 0, 0.5))
    ('black', 'white')
    """
    return max(("black", "white"), key=lambda colour: contrast(to_rgb(colour), ground))


def _linear(colour: Sequence[float]) -> np.ndarray:
    """Light of a colour in sRGB, for red, green and blue."""
    values = np.asarray(colour, dtype=float)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def looks(quantifiers: Sequence[str]) -> dict[str, Look]:
    """The look of each quantifier of an experiment, by its place in the list.

    >>> looks(["most", "even"])["even"].colour
    '#D55E00'
    """
    styles = zip(cycle(OKABE_ITO), cycle(LINES), cycle(MARKERS), strict=False)
    return {
        name: Look(*style)
        for name, style in zip(quantifiers, islice(styles, len(quantifiers)), strict=True)
    }


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw and save with the project's style, whatever matplotlib is set to elsewhere."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(axes_style("ticks") | RC)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, known to no window system."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def save_figure(
    figure: Figure, svg: str | Path, pdf: str | Path | None = None, png: str | Path | None = None
) -> None:
    """Write the figure in the formats that have a place; equal figures give equal bytes, whole or
    not at all.
    """
    options = {"png": {"pil_kwargs": {"compress_level": 3}}}  # a little larger, much sooner
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    for kind, path in (("svg", svg), ("pdf", pdf), ("png", png)):
        if path is None:
            continue
        # Not into the file: where the disk is full, what writes PDF hides why it fails.
        drawn = io.BytesIO()
        figure.savefig(drawn, format=kind, metadata=undated[kind], **options.get(kind, {}))
        # Arranged once: the same places in all formats, and a third of the time saved.
        figure.set_layout_engine("none")
        if kind == "png":
            drawn = _with_palette(drawn)
        if kind == "svg":
            drawn = io.BytesIO(finished(drawn.getvalue().decode(), figure).encode())
        with replacing(path) as beside:
            beside.write_bytes(drawn.getvalue())


def _with_palette(image: io.BytesIO) -> io.BytesIO:
    """A PNG with the 256 colours that suit it: a third as large, and no eye sees it."""
    with Image.open(image) as drawn:
        resolution = drawn.info["dpi"]
        # Half as long as the usual method, and the same colours where there are no more than 256.
        method = Image.Quantize.MAXCOVERAGE
        small = drawn.convert("RGB").quantize(256, method=method, dither=Image.Dither.NONE)
    stored = io.BytesIO()
    small.save(stored, format="png", dpi=resolution)
    return stored


def spread(
    places: Sequence[float], gap: float, low: float = -inf, high: float = inf
) -> list[float]:
    """Places for labels, in the order given, moved as little as keeps them ``gap`` apart.

    They stay between ``low`` and ``high`` if there is room.

    >>> spread([0.5, 0.5, 0.9], 0.25), spread([0.5, 0.4, 0.9], 0.25, high=0.8)
    ([0.625, 0.375, 0.9], [0.55, 0.3, 0.8])
    """
    order = np.lexsort((-np.arange(len(places)), places))  # of equals, the first on top
    steps = gap * np.arange(len(order))
    # Without the gaps, what is to be found is the nearest order that never falls.
    level = isotonic_regression(np.asarray(places, dtype=float)[order] - steps).x
    level = np.maximum(np.minimum(level, high - steps[-1]), low) if len(order) else level
    moved = np.empty(len(order))
    moved[order] = level + steps
    return [round(float(place), 9) for place in moved]


End = tuple[str, str, Sequence[tuple[float, float]]]
"""A text, its colour, and the points (in data) that it names."""


def label_ends(axes: Axes, labels: Sequence[End]) -> None:
    """Write names to the right of axes, each with a thin line to the ends of what it names.

    Call it last: limits and whatever else takes room must stand.
    """
    figure = axes.get_figure(root=True)
    figure.draw_without_rendering()  # for the height of the axes
    to_axes = axes.transData - axes.transAxes
    heights = [
        np.mean([to_axes.transform(point)[1] for point in points]) for _, _, points in labels
    ]
    gap = LABEL * 1.3 * figure.dpi / 72 / axes.bbox.height
    beside = axes.transAxes + ScaledTranslation(10 / 72, 0, figure.dpi_scale_trans)
    gutter = ScaledTranslation(2 / 72, 0, figure.dpi_scale_trans)
    for (text, colour, points), height in zip(labels, spread(heights, gap, 0, 1), strict=True):
        axes.text(
            1,
            height,
            text,
            transform=beside + gutter,
            va="center",
            fontsize=LABEL,
            color=ink(colour),
        )
        for point in points:
            axes.annotate(
                "", (1, height), point, xycoords=beside, textcoords="data", annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0
                },
            )  # fmt: skip


def percent_axis(axis: mpl.axis.Axis) -> None:
    """Ticks of an axis of shares (0 to 1) as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{number(100 * share)}\u00a0%"))


def powers_of_ten(axis: mpl.axis.Axis) -> None:
    """Ticks of a logarithmic axis as powers of ten, in type that can be read: 10⁻³."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))
    axis.set_minor_formatter(NullFormatter())


def _power(value: float) -> str:
    """A power of ten; the plain number where that is short.

    >>> _power(0.001), _power(0.1), _power(100.0)
    ('10⁻³', '0.1', '100')
    """
    power = round(np.log10(value))
    plain = 0.01 <= value <= 1000
    return f"{value:,g}" if plain else f"10{str(power).translate(SUPERSCRIPTS)}"


def step_axis(axis: mpl.axis.Axis, ticks: int = 6) -> None:
    """Ticks of an axis that counts steps: few, whole, with a comma at the thousands."""
    axis.set_major_locator(MaxNLocator(ticks, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
