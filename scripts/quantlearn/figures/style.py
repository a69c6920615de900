"""One look for all figures: colours that the colour-blind can tell apart, type that prints well.

Each quantifier has a colour, a line style and a marker of its own, so that a figure can also be
read in grey. Sizes are in inches and fit a journal's page; no type is smaller than 8 points.
"""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from math import inf
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from quantlearn.files import replacing

__all__ = [
    "BASELINE",
    "COLUMN_WIDTH",
    "GREY",
    "PAGE_WIDTH",
    "Look",
    "figure_style",
    "label",
    "looks",
    "new_figure",
    "save_figure",
    "spread",
    "step_axis",
    "tell",
    "telling_points",
]

PAGE_WIDTH = 6.5
COLUMN_WIDTH = 4.2
GREY = "#5f5f5f"

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's palette (2008), without its yellow, which is too pale for lines on white."""

LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
BASELINE = (0, (1, 2))
"""Line style of what rules reach that know little of a scene."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")

# seaborn's style "ticks" where it is not matplotlib's own. Importing seaborn would cost each figure
# a second; a test compares the two instead.
SEABORN = {
    "axes.axisbelow": True,
    "axes.edgecolor": ".15",
    "axes.labelcolor": ".15",
    "grid.color": ".8",
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "text.color": ".15",
    "xtick.color": ".15",
    "ytick.color": ".15",
}

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
        mpl.rcParams.update(SEABORN | RC)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, known to no window system."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, svg: str | Path, pdf: str | Path, png: str | Path) -> None:
    """Write the figure in three formats; equal figures give equal bytes, whole or not at all."""
    options = {"png": {"pil_kwargs": {"compress_level": 3}}}  # a little larger, much sooner
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    for kind, path in (("svg", svg), ("pdf", pdf), ("png", png)):
        with replacing(path) as beside:
            figure.savefig(beside, format=kind, metadata=undated[kind], **options.get(kind, {}))
            # Arranged once: the same places in all formats, and a third of the time saved.
            figure.set_layout_engine("none")
            if kind == "svg" and hasattr(figure, "titles"):
                told = _with_titles(beside.read_text("utf-8"), figure.titles)
                beside.write_text(told, "utf-8")


def tell(figure: Figure, titles: Mapping[str, str]) -> None:
    """Give titles to elements of a figure, by their ids; its SVG tells them under the pointer."""
    figure.titles = {**getattr(figure, "titles", {}), **titles}


def telling_points(
    axes: Axes,
    x: Iterable[float],
    y: Iterable[float],
    titles: Mapping[str, str],
    marker: str,
    colour: str,
) -> None:
    """Draw points (n,), each an element with an id, which tells its title under the pointer."""
    for across, up, own in zip(x, y, titles, strict=True):
        axes.plot(across, up, marker, color=colour, alpha=0.6, markeredgewidth=0, gid=own)
    tell(axes.get_figure(root=True), titles)


def _with_titles(content: str, titles: Mapping[str, str]) -> str:
    """An SVG document with a title in each group that has an id among ``titles``.

    >>> _with_titles('<g id="a">', {"a": "1 < 2"})
    '<g id="a"><title>1 &lt; 2</title>'
    """
    for own, title in titles.items():
        start = f'<g id="{own}">'
        content = content.replace(start, f"{start}<title>{html.escape(title, quote=False)}</title>")
    return content


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Places for labels, in the order given, moved up until none is closer than ``gap`` to another.

    >>> spread([0.5, 0.5, 0.9], 0.25)
    [0.5, 0.75, 1.0]
    """
    moved = list(places)
    lowest = -inf
    for index in sorted(range(len(places)), key=lambda index: places[index]):
        moved[index] = max(places[index], lowest)
        lowest = moved[index] + gap
    return moved


def step_axis(axis: mpl.axis.Axis, ticks: int = 6) -> None:
    """Ticks of an axis that counts steps: few, whole, with a comma at the thousands."""
    axis.set_major_locator(MaxNLocator(ticks, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
