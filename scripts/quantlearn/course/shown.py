"""How the course shows things: pictures, matrices and tables as HTML for a notebook."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display
from matplotlib.figure import Figure

from quantlearn import prose, style
from quantlearn.pages import embedded_figure, html_table

__all__ = ["equation", "figure_html", "matrix", "opening", "picture", "say", "table"]


def say(*paragraphs: str) -> None:
    """Display paragraphs of Markdown."""
    display(Markdown("\n\n".join(paragraphs)))


def opening(text: str) -> str:
    """The first paragraph of a Markdown text, without a last sentence that leads over to a list.

    >>> opening("Nothing helps. Or hardly. In numbers:\\n\\n- little")
    'Nothing helps. Or hardly.'
    """
    first = text.partition("\n\n")[0].strip()
    return first.rpartition(". ")[0] + "." if first.endswith(":") else first


def table(columns: dict[str, Sequence[Any]], caption: str = "") -> None:
    """Display a table for readers; numbers that are no texts yet are put into words."""
    texts = {
        name: [value if isinstance(value, str) else prose.number(value) for value in values]
        for name, values in columns.items()
    }
    display(HTML(html_table(pd.DataFrame(texts), caption)))


def picture(draw: Callable[..., None], height: float, *data: Any) -> None:
    """Display what ``draw(figure, *data)`` draws, as wide as the page and ``height`` inches high.

    Its docstring is the caption, whose first sentence also stands for the picture where it cannot
    be seen.
    """
    display(HTML(figure_html(draw, height, *data)))


def figure_html(draw: Callable[..., None], height: float, *data: Any) -> str:
    """The HTML that `picture` displays."""
    caption = " ".join((draw.__doc__ or "").split())
    with style.figure_style(), tempfile.TemporaryDirectory() as folder:
        figure: Figure = style.new_figure(style.PAGE_WIDTH, height)
        draw(figure, *data)
        path = Path(folder) / "picture.svg"
        figure.savefig(path, format="svg", metadata={"Date": None})
        return embedded_figure(path, caption, f"{caption.partition('.')[0]}.")


def equation(*parts: str) -> None:
    """Display formulas, some of them matrices, in one line."""
    display(HTML(f'<div class="equation">{" ".join(parts)}</div>'))


def matrix(values: np.ndarray) -> str:
    """A matrix, or a vector as a row, as an HTML table within brackets.

    >>> matrix(np.array([20, -30]))
    '<table class="matrix"><tr><td>20</td><td>−30</td></tr></table>'
    """
    rows = (
        "".join(f"<td>{prose.number(value)}</td>" for value in row) for row in np.atleast_2d(values)
    )
    return f'<table class="matrix">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'
