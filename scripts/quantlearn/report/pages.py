"""HTML pages that need nothing but themselves: figures and style are inside the file."""

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing

__all__ = ["embedded_figure", "main_part", "placed", "slug", "write_page"]


def slug(text: str) -> str:
    """A text as an anchor.

    >>> slug("Data in numbers"), slug("exp1a_as_run")
    ('data-in-numbers', 'exp1a-as-run')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def embedded_figure(path: str | Path, caption: str, alternative: str) -> str:
    """An SVG file as a figure whose picture is inside the HTML.

    As an image of its own, its ids cannot clash with those of other figures on the page.
    ``alternative`` says what it shows to whoever cannot see it. Elements with a title tell it under
    the pointer, which needs a document of its own in place of an image.

    Raises `QuantlearnError` when the file is not whole: a browser would show a broken picture.
    """
    content = Path(path).read_bytes()
    try:
        ElementTree.fromstring(content)
    except ElementTree.ParseError as fault:
        raise QuantlearnError(damaged(path, "a figure", fault)) from fault
    source = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
    picture = f'<img src="{source}" alt="{html.escape(alternative)}">'
    if b"<title>" in content:
        picture = (
            f'<object type="image/svg+xml" data="{source}">{html.escape(alternative)}</object>'
        )
    text = html.escape(" ".join(caption.split()))  # no blank line, which would end it in Markdown
    return f"<figure>{picture}<figcaption>{text}</figcaption></figure>"


def placed(body: str, prefix: str, deeper: int) -> str:
    """A notebook's body as part of a page.

    Headings go ``deeper`` levels down, and each gets an anchor that begins with ``prefix``; the
    first heading's anchor is the prefix alone.
    """
    soup = BeautifulSoup(body, "html.parser")
    for place, heading in enumerate(soup.find_all(re.compile("^h[1-6]$"))):
        level = int(heading.name[1:])
        heading.name = f"h{min(level + deeper, 6)}"
        heading["id"] = prefix if place == 0 else f"{prefix}-{slug(heading.get_text())}"
    return str(soup)


def main_part(path: str | Path) -> str:
    """What a page that `write_page` wrote has in its element `main`.

    Raises `QuantlearnError` when it has no whole one.
    """
    found = re.search(r"<main>(.*)</main>", Path(path).read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise QuantlearnError(damaged(path, "a page", "it has no whole main part"))
    return found[1]


def write_page(template: str | Path, path: str | Path, content: Mapping[str, Any]) -> None:
    """Fill a Jinja template with ``content`` and write the page, whole or not at all.

    The template may extend and include files beside it. A name that it uses and ``content`` lacks
    is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(template).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(Path(template).name).render(content)
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
