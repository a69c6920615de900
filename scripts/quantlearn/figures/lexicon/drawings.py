"""Pictures of quantifiers: trees of numbers, scenes, bars, as SVG inside HTML.

Each is one `svg` element, which has a text for whoever cannot see it; its colours are in cards.css.
"""

import html
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from quantlearn.figures.labels import ZONES as ZONES_IN_WORDS
from quantlearn.semantics.scenes import ZONES

__all__ = ["bars", "drawn_pair", "rate_line", "scene_row", "small_tree", "tree_picture"]

NODE, PITCH = 10, 12
"""Side of a node of the tree of numbers, and how far apart two of them are, in pixels."""
OBJECT, STEP = 14, 18
"""Side of an object in a scene, and how far apart two of them are."""
BAR, LINE = 110, 17
"""Length of a full bar, and the height of its line."""
LABEL = 124
"""Width of the labels of bars."""

_NAMES = {code: name for name, code in ZONES.items()}
_IN_A, _IN_B = ("both", "a_only"), ("both", "b_only")


def node_corner(a_only: int, both: int, rows: int) -> tuple[int, int]:
    """Left and top of a node in a tree of so many rows.

    Rows are card(A) from the top, and in a row card(A∩B) grows to the right, so the node of a scene
    in which all As are Bs is at the right edge.

    >>> node_corner(0, 0, rows=3), node_corner(2, 0, rows=3), node_corner(0, 2, rows=3)
    ((13, 1), (1, 25), (25, 25))
    """
    row = a_only + both
    return (rows - 1 - row) * PITCH // 2 + both * PITCH + 1, row * PITCH + 1


def tree_picture(tree: pd.DataFrame, name: str) -> str:
    """The tree of numbers of a quantifier, from its rows of the table of trees.

    A node is filled where the quantifier is true, and empty where it is false. Where it is mixed it
    is filled from below, by the share of its scenes that are true.
    """
    rows = int((tree["a_only"] + tree["both"]).max()) + 1
    paths: dict[str, list[str]] = {"false": [], "true": [], "mixed": []}
    for node in tree.itertuples():
        left, top = node_corner(node.a_only, node.both, rows)
        whole = _rectangle(left, top, NODE)
        if node.true == node.scenes:
            paths["true"].append(whole)
            continue
        paths["false"].append(whole)
        if node.mixed:
            # Neither so low that it looks empty, nor so high that it looks full.
            height = round(min(max(NODE * node.true / node.scenes, 2), NODE - 2), 1)
            paths["mixed"].append(_rectangle(left, top + NODE - height, height))
    drawn = "".join(f'<path class="{kind}" d="{"".join(d)}"/>' for kind, d in paths.items() if d)
    side = rows * PITCH
    return _svg(side, side, f"Tree of numbers of {name}", drawn, "tree")


def small_tree(tree: pd.DataFrame, name: str) -> str:
    """The tree of numbers of a quantifier, small enough for a cell of a table.

    Nodes are dashes as wide as they are high, so that 45 of them take half a kilobyte: dark where
    the quantifier is true, in the middle where it is mixed, pale where it is false.
    """
    rows = int((tree["a_only"] + tree["both"]).max()) + 1
    dashes: dict[str, str] = {"false": "", "true": "", "mixed": ""}
    for node in tree.itertuples():
        row = node.a_only + node.both
        left, middle = 2 * (rows - 1 - row + 2 * node.both), 4 * row + 1.5
        kind = "mixed" if node.mixed else str(node.true == node.scenes).lower()
        dashes[kind] += f"M{left} {middle}h3"
    drawn = "".join(f'<path class="{kind}" d="{d}"/>' for kind, d in dashes.items() if d)
    return _svg(4 * rows - 1, 4 * rows - 1, f"Tree of numbers of {name}", drawn, "small-tree")


def rate_line(rates: Sequence[float]) -> str:
    """The share of true scenes of size 0, 1, 2 …, as a line from left to right."""
    left, top, width, height = 24, 8, 150, 62
    most = max(len(rates) - 1, 1)
    places = [
        (left + width * size / most, top + height * (1 - rate)) for size, rate in enumerate(rates)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    points = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in places)
    grid = "".join(
        f'<path class="grid" d="M{left} {y}h{width}"/>'
        for y in (top, top + height // 2, top + height)
    )
    base = top + height + 14
    drawn = (
        f"{grid}{_text(left - 6, top + 4, '1', 'end')}"
        f"{_text(left - 6, top + height + 4, '0', 'end')}"
        f'<polyline points="{line}"/>{points}{_text(left, base, "0", "middle")}'
        f"{_text(left + width / 2, base, 'objects', 'middle')}"
        f"{_text(left + width, base, str(len(rates) - 1), 'middle')}"
    )
    values = ", ".join(f"{rate:.2f}" for rate in rates)
    return _svg(
        left + width + 8, base + 5, f"Share of true scenes by size: {values}", drawn, "rate"
    )


def bars(values: Mapping[str, tuple[float, str]]) -> str:
    """Horizontal bars from 0 to 1: label → the value, and how it is written.

    A full bar is dark, so that what holds without exception is seen at once.
    """
    lines = []
    for place, (label, (value, text)) in enumerate(values.items()):
        top = place * LINE
        kind = "full" if value == 1 else "part"
        length = f"{BAR * value:.1f}"
        lines.append(
            f"{_text(LABEL - 6, top + 12, label, 'end')}"
            f'<path class="grid" d="M{LABEL} {top + 8}h{BAR}"/>'
            f'<rect class="{kind}" x="{LABEL}" y="{top + 3}" width="{length}" height="10"/>'
            f"{_text(LABEL + BAR + 6, top + 12, text)}"
        )
    told = ", ".join(f"{label} {text}" for label, (_, text) in values.items())
    return _svg(LABEL + BAR + 48, len(values) * LINE, told, "".join(lines), "bars")


def scene_row(scene: Sequence[int], marked: Iterable[int] = ()) -> str:
    """A scene as a row of objects: the upper half is filled if it is an A, the lower if it is a B.

    scene: zone codes; marked: places of the objects that are underlined.
    """
    if not scene:
        return '<span class="nothing">no object</span>'
    zones = [_NAMES[code] for code in scene]
    half = OBJECT // 2
    drawn = []
    for place, zone in enumerate(zones):
        left = place * STEP + 1
        if zone in _IN_A:
            drawn.append(f'<path class="a" d="M{left} 1h{OBJECT}v{half}h-{OBJECT}z"/>')
        if zone in _IN_B:
            drawn.append(f'<path class="b" d="M{left} {1 + half}h{OBJECT}v{half}h-{OBJECT}z"/>')
        drawn.append(f'<path class="object" d="{_rectangle(left, 1, OBJECT, OBJECT)}"/>')
    drawn += [
        f'<path class="mark" d="M{place * STEP + 1} {OBJECT + 4.5}h{OBJECT}"/>'
        for place in sorted(marked)
    ]
    told = ", ".join(ZONES_IN_WORDS[zone] for zone in zones)
    return _svg(len(scene) * STEP - STEP + OBJECT + 2, OBJECT + 7, told, "".join(drawn), "scene")


def drawn_pair(true: str, false: str) -> dict[str, str]:
    """The two scenes of a pair, given as zone codes, with the objects marked that differ."""
    scenes = [list(map(int, codes)) for codes in (true, false)]
    differing = differing_places(*scenes)
    true_row, false_row = (
        scene_row(scene, marked) for scene, marked in zip(scenes, differing, strict=True)
    )
    return {"true": true_row, "false": false_row}


def differing_places(first: list[int], second: list[int]) -> tuple[set[int], set[int]]:
    """The places in each scene that the other has not so; of an object more, the first that fits.

    >>> differing_places([0, 1], [0, 3]), differing_places([0, 3], [0])
    (({1}, {1}), ({1}, set()))
    """
    if len(first) == len(second):
        places = {place for place, (a, b) in enumerate(zip(first, second, strict=True)) if a != b}
        return places, places
    if len(first) < len(second):
        return differing_places(second, first)[::-1]
    extra = next(
        place for place in range(len(first)) if first[:place] + first[place + 1 :] == second
    )
    return {extra}, set()


def _rectangle(left: float, top: float, height: float, width: int = NODE) -> str:
    return f"M{left} {top:g}h{width}v{height:g}h-{width}z"


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _svg(width: float, height: float, told: str, drawn: str, kind: str) -> str:
    return (
        f'<svg class="{kind}" role="img" aria-label="{html.escape(told)}" width="{width:g}" '
        f'height="{height:g}" viewBox="0 0 {width:g} {height:g}">{drawn}</svg>'
    )
