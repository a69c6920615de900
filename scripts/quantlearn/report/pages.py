"""Figures and other HTML as parts of a page, and texts as names of places on it."""

import html
import re
from pathlib import Path
from xml.etree import ElementTree

from quantlearn.errors import QuantlearnError, damaged

__all__ = ["ask_the_network", "embedded_figure", "networks_script", "parted", "raw_html", "slug"]


def slug(text: str) -> str:
    """A text as an anchor.

    >>> slug("Data in numbers"), slug("exp1a_as_run")
    ('data-in-numbers', 'exp1a-as-run')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def ask_the_network(experiment: str) -> str:
    """A place on a page of the site where readers ask an experiment's networks, as HTML.

    >>> ask_the_network("exp1a").count("exp1a")
    2
    """
    return (
        f'<div class="ask" data-experiment="{experiment}"><noscript>With JavaScript, trained '
        f"networks read scenes of your own here.</noscript>{networks_script(experiment)}</div>"
    )


def networks_script(experiment: str) -> str:
    """The element that hands an experiment's networks to a page of the site, in a folder of it.

    It stands in what needs them, which `site` leaves out where the networks are not.

    >>> networks_script("exp1a")
    '<script defer src="../files/exp1a/networks.js"></script>'
    """
    return f'<script defer src="../files/{experiment}/networks.js"></script>'


def embedded_figure(path: str | Path, caption: str, alternative: str, name: str = "") -> str:
    """An SVG file as a figure whose drawing is part of the HTML.

    ``alternative`` says what it shows to whoever cannot see it. ``name`` is experiment/figure,
    where it is one of an experiment; `site` adds links to its files. The caption's first sentence
    is shown, the rest is folded.

    Raises `QuantlearnError` when the file is not whole: a browser would show a broken picture.
    """
    try:
        content = Path(path).read_text(encoding="utf-8")
        ElementTree.fromstring(content)
    except (UnicodeDecodeError, ElementTree.ParseError) as fault:
        raise QuantlearnError(damaged(path, "a figure", fault)) from fault
    first, rest = parted(" ".join(caption.split()))
    own = slug(name or alternative)
    more = f"<details><summary>How to read it</summary>{html.escape(rest)}</details>"
    return (
        f'<figure class="drawing" id="figure-{own}" data-figure="{html.escape(name)}">'
        f'<div class="drawn" tabindex="0" role="group" aria-label="{html.escape(alternative)}">'
        f"{_inline(content, own, alternative)}</div>"
        f"<figcaption>{html.escape(first)}{more if rest else ''}</figcaption></figure>"
    )


def parted(text: str) -> tuple[str, str]:
    """Part a text into its first sentence and the others.

    >>> parted("Steps of 2.5 units. A point is a trial.")
    ('Steps of 2.5 units.', 'A point is a trial.')
    """
    found = re.match(r"(.+?[.?!])\s+(.+)", text)
    return (found[1], found[2]) if found else (text, "")


def _inline(content: str, own: str, alternative: str) -> str:
    """An SVG document as an element of a page, on which its ids are found once.

    >>> _inline('<?xml version="1.0"?><svg><g id="a"/><use href="#a"/></svg>', "f", "A < B")
    '<svg role="img" aria-label="A &lt; B"><g id="f-a"/><use href="#f-a"/></svg>'
    """
    drawing = content[content.index("<svg") :]
    # matplotlib's style would hold for all drawings of a page, which site.css does as well.
    drawing = re.sub(r"<(metadata|style)\b.*?</\1>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{own}-", drawing)
    drawing = re.sub(r"\s*\n\s*", "\n", drawing).strip()  # no blank line, which would end it
    return drawing.replace("<svg", f'<svg role="img" aria-label="{html.escape(alternative)}"', 1)


def raw_html(content: str) -> str:
    """HTML as a block of Markdown, whatever lines it has."""
    return f"``````{{raw}} html\n{content}\n``````"
