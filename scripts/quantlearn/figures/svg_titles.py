"""What an SVG tells: titles under the pointer, and no more digits than can be seen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from math import inf
from xml.etree import ElementTree

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

__all__ = ["Titles", "finished", "tell", "tell_along"]

SVG = "{http://www.w3.org/2000/svg}"
NAMESPACES = {
    "": "http://www.w3.org/2000/svg",
    "xlink": "http://www.w3.org/1999/xlink",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "cc": "http://creativecommons.org/ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
}
LONG = re.compile(r"(\.\d\d)\d+")
"""Digits of a coordinate (in points) that nobody sees."""

Titles = str | Sequence[str] | Mapping[str, str]


def tell(artist: Artist, titles: Titles) -> None:
    """Give titles to what is drawn; the figure's SVG tells them under the pointer.

    titles: one for the whole, or one for each mark of a line or shape of a collection, in their
    order; where these are a mapping, its keys are the ids of the marks in the SVG.

    >>> figure = Figure()
    >>> tell(figure.add_subplot().plot([1, 2], "o")[0], ["one", "two"])
    >>> len(figure.told)
    1
    """
    figure = artist.get_figure(root=True)
    figure.told = [*getattr(figure, "told", []), (artist, titles)]
    artist.set_gid(artist.get_gid() or f"told-{len(figure.told)}")


def tell_along(
    axes: Axes, x: Sequence[float], y: Sequence[float], titles: Sequence[str], most: int = 25
) -> None:
    """Let a curve tell its values, at about so many places at most, by marks that are not seen."""
    every = slice(None, None, -(-len(titles) // most) or 1)
    (marks,) = axes.plot(list(x)[every], list(y)[every], "o", alpha=0, markersize=8, zorder=4)
    tell(marks, list(titles)[every])


def finished(svg: str, figure: Figure) -> str:
    """An SVG document of a figure with its titles, and with no more digits than can be seen."""
    root = ElementTree.fromstring(svg)
    groups = {group.get("id"): group for group in root.iter(f"{SVG}g")}
    for artist, titles in getattr(figure, "told", []):
        if isinstance(titles, str):
            _entitle(groups[artist.get_gid()], titles)
            continue
        named = list(titles.items() if isinstance(titles, Mapping) else enumerate(titles))
        for shape, place in _marks(artist, groups[artist.get_gid()] if named else None):
            own, title = named[place]
            if isinstance(own, str):
                shape.set("id", own)
            _entitle(shape, title)
    for shape in root.iter():
        if shape.tag != f"{SVG}text":
            shape.text = (shape.text or "").strip()
        shape.tail = "\n" if shape.tag == f"{SVG}g" else ""
        for key in {"d", "x", "y"} & set(shape.keys()):
            shape.set(key, " ".join(LONG.sub(r"\1", shape.get(key)).split()))
    for prefix, address in NAMESPACES.items():
        ElementTree.register_namespace(prefix, address)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _entitle(shape: ElementTree.Element, title: str) -> None:
    child = ElementTree.Element(f"{SVG}title")
    child.text = title
    shape.insert(0, child)


def _marks(
    artist: Artist, group: ElementTree.Element | None
) -> Iterator[tuple[ElementTree.Element, int]]:
    """The marks of a line, or the shapes of a collection, each with its place in their order."""
    uses = [] if group is None else list(group.iter(f"{SVG}use"))
    if isinstance(artist, Line2D):
        # Found by where they are: those beyond the figure are not drawn.
        figure = artist.get_figure(root=True)
        at = artist.get_transform().transform(artist.get_xydata()) * 72 / figure.dpi
        at[:, 1] = 72 * figure.get_figheight() - at[:, 1]
        for use in uses:
            apart = np.hypot(*(at - [float(use.get("x")), float(use.get("y"))]).T)
            apart[np.isnan(apart)] = inf
            nearest = int(np.argmin(apart))
            if apart[nearest] < 0.01:
                yield use, nearest
                at[nearest] = inf
    elif group is not None:
        defined = {id(path) for defs in group.iter(f"{SVG}defs") for path in defs.iter()}
        paths = [path for path in group.iter(f"{SVG}path") if id(path) not in defined]
        yield from zip(uses or paths, count(), strict=False)
