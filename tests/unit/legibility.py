"""What a reader would stumble on in a figure, found in the figure itself."""

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from quantlearn.figures.style import contrast

SMALLEST = 7
"""Points of the smallest type in print."""

CONTRAST = 4.5
"""Of text to what lies behind it: level AA of WCAG 2.2, 1.4.3."""

OVERLAP = 1.5
"""Points by which the boxes of two texts may overlap: a box is higher than its letters."""


Boxes = Sequence[tuple[Text, Bbox]]


def faults(figure: Figure) -> list[str]:
    """Each fault in words; none of a figure that can be read.

    Type is at least 7 points, contrast at least 4.5 : 1 to what is drawn behind the middle of a
    text, no two ticks of an axis say the same, a minus is none of the hyphens, no axes are without
    data, no text lies over another or beyond the edge.
    """
    figure.canvas.draw()
    texts = list(_texts(figure))
    # Of an annotation: without its arrow.
    boxes = [(text, Text.get_window_extent(text)) for text in texts]
    return [
        *(f"small: {text.get_text()!r}" for text in texts if text.get_fontsize() < SMALLEST),
        *(f"formula: {text.get_text()!r}" for text in texts if "$" in text.get_text()),
        *(f"hyphen: {text.get_text()!r}" for text in texts if _hyphen(text.get_text())),
        *_pale(figure, boxes),
        *_same_ticks(figure),
        *(f"empty axes: {axes.get_title()!r}" for axes in figure.axes if _empty(axes)),
        *_misplaced(figure, boxes),
    ]


def _texts(figure: Figure) -> Iterator[Text]:
    """All texts that are seen, but for the ticks beyond an axis."""
    beyond = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for label in _beyond(axis)
    }
    unseen = beyond | _unseen(figure)
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and id(text) not in unseen:
            yield text


def _beyond(axis) -> Iterator[Text]:
    shown = {id(tick) for tick in axis._update_ticks()} if axis.get_visible() else set()
    for tick in (*axis.majorTicks, *axis.minorTicks):
        if id(tick) not in shown:
            yield tick.label1
            yield tick.label2


def _unseen(figure: Figure) -> set[int]:
    """What belongs to axes, or to their sides, that are not shown."""
    hidden = {id(part) for axes in figure.axes if not axes.get_visible() for part in axes.findobj()}
    off = {
        id(part)
        for axes in figure.axes
        if not axes.axison
        for axis in (axes.xaxis, axes.yaxis)
        for part in axis.findobj()
    }
    return hidden | off


def _hyphen(text: str) -> bool:
    return re.search(r"(?<![\w)\]}])-[\d.]", text) is not None


def _pale(figure: Figure, boxes: Boxes) -> Iterator[str]:
    """Texts with too little contrast to what is behind them."""
    before = [text.get_alpha() for text, _ in boxes]
    for text, _ in boxes:
        text.set_alpha(0)
    figure.canvas.draw()
    behind = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3] / 255
    for (text, box), alpha in zip(boxes, before, strict=True):
        text.set_alpha(alpha)
        x, y = round((box.x0 + box.x1) / 2), round((box.y0 + box.y1) / 2)
        around = behind[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
        found = contrast(to_rgb(text.get_color()), np.median(around, axis=(0, 1)))
        if found < CONTRAST:
            yield f"pale ({found:.2f}): {text.get_text()!r} in {text.get_color()}"


def _same_ticks(figure: Figure) -> Iterator[str]:
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not axes.get_visible() or not axes.axison:
                continue
            labels = [tick.label1.get_text() for tick in axis._update_ticks()]
            labels = [label for label in labels if label.strip()]
            # Names may stand twice, numbers may not.
            numbers = any(re.match(r"[−\d]", label) for label in labels)
            if numbers and len(set(labels)) < len(labels):
                yield f"same ticks: {labels}"


def _empty(axes: Axes) -> bool:
    return axes.get_visible() and axes.axison and not axes.has_data()


def _misplaced(figure: Figure, boxes: Boxes) -> Iterator[str]:
    """Texts over one another or beyond the edge; those that stand askew have no box to compare."""
    points = 72 / figure.dpi
    straight = [(text, box) for text, box in boxes if text.get_rotation() % 90 == 0]
    for text, box in straight:
        out = max(-box.x0, -box.y0, box.x1 - figure.bbox.x1, box.y1 - figure.bbox.y1) * points
        if out > OVERLAP:
            yield f"beyond the edge by {out:.1f} points: {text.get_text()!r}"
    for (one, a), (other, b) in itertools.combinations(straight, 2):
        common = Bbox.intersection(a, b)
        if common is not None and min(common.width, common.height) * points > OVERLAP:
            yield f"over one another: {one.get_text()!r} and {other.get_text()!r}"
