"""How the course shows things in a notebook: pictures, formulas, tables, folded solutions."""

import html
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display
from latex2mathml.converter import convert
from matplotlib.figure import Figure

from quantlearn.figures import formats, style
from quantlearn.figures.texts import html_table
from quantlearn.report.pages import embedded_figure, networks_script
from quantlearn.semantics.automata import minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier

__all__ = [
    "Exhibits",
    "action",
    "action_html",
    "automaton_lists",
    "equation",
    "exhibit",
    "figure_html",
    "matrix",
    "page_of",
    "picture",
    "say",
    "solution",
    "table",
]

Exhibits = Mapping[str, Mapping[str, Any]]
"""What the course shows of experiments, by name: their ``settings``; ``samples``, the path of
samples.csv, in whose folder their other results are; ``figures`` and ``texts`` (what is said of
figures), paths by name; and ``captions`` of the figures."""


def exhibit(exhibits: Exhibits, name: str, *figures: str, question: bool = True) -> None:
    """Display some figures of an experiment, and what its analyses say and tabulate.

    Figures that are no analysis have a caption only, and those that the experiment has not are left
    out. Where the experiment is not part of the run, the page says so.
    """
    if name not in exhibits:
        say(
            f"The experiment `{name}`, which belongs here, is not part of this run; "
            "`make course` makes the course in full."
        )
        return
    shown = exhibits[name]
    settings = shown["settings"]
    if question:
        say(f"**[{settings['title']}]({page_of(name)}).** {settings['question']}")
    for figure in [figure for figure in figures if figure in shown["figures"]]:
        alternative = f"{formats.capital(figure.replace('_', ' '))} of {settings['title']}"
        if figure in shown["texts"]:
            say(Path(shown["texts"][figure]).read_text(encoding="utf-8"))
        path, caption = shown["figures"][figure], shown["captions"][figure]
        display(HTML(embedded_figure(path, caption, alternative, f"{name}/{figure}")))


def page_of(experiment: str) -> str:
    """Where the course finds an experiment's own page.

    >>> page_of("tutorial")
    '../experiments/tutorial'
    """
    return f"../experiments/{experiment}"


def say(*paragraphs: str) -> None:
    """Display paragraphs of Markdown."""
    display(Markdown("\n\n".join(paragraphs)))


def table(columns: dict[str, Sequence[Any]], caption: str = "") -> None:
    """Display a table for readers; numbers that are no texts yet are put into words."""
    texts = {
        name: [value if isinstance(value, str) else formats.number(value) for value in values]
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


def equation(*formulas: str) -> None:
    """Display formulas in LaTeX as MathML, which a browser draws without a script, side by side."""
    shown = " ".join(convert(formula) for formula in formulas)
    display(HTML(f'<div class="equation" tabindex="0">{shown}</div>'))


def action(name: str, without: str, asks: str = "", **data: Any) -> None:
    """Display a place where readers do something themselves.

    The script course/``name``.js of the site fills it from ``data``, which becomes JSON. Who has
    no JavaScript reads ``without``: what would be done here, and where it is told. ``asks`` is the
    experiment whose networks the script asks, if it does.
    """
    display(HTML(action_html(name, without, asks, **data)))


def action_html(name: str, without: str, asks: str = "", **data: Any) -> str:
    """The HTML that `action` displays.

    >>> "1 \\\\u003c 2" in action_html("bet", "Bet.", text="1 < 2")
    True
    """
    given = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    experiment, networks = (
        (f' data-experiment="{asks}"', networks_script(asks)) if asks else ("", "")
    )
    return (
        f'<div class="action" data-action="{name}"{experiment}>'
        f"<noscript>{html.escape(without)}</noscript>"
        f'<script type="application/json">{given}</script>{networks}</div>'
    )


def automaton_lists(quantifier: Quantifier) -> dict[str, list] | None:
    """The smallest automaton of a quantifier as scripts read it, for A∩B and A∖B; None without one.

    >>> automaton_lists(Quantifier("some", "|A & B| > 0"))
    {'transitions': [[1, 0], [1, 1]], 'accepting': [False, True]}
    """
    found = minimal_automaton(quantifier)
    return found and {
        "transitions": found.transitions[:, :2].tolist(),
        "accepting": found.accepting.tolist(),
    }


@contextmanager
def solution() -> Iterator[None]:
    """Fold what is displayed within, until a reader opens it."""
    display(HTML('<details class="solution"><summary>Solution</summary>'))
    yield
    display(HTML("</details>"))


def matrix(values: np.ndarray) -> str:
    """A matrix, or a vector as a row, in LaTeX.

    >>> matrix(np.array([20, -30]))
    '\\\\begin{bmatrix}20 & -30\\\\end{bmatrix}'
    """
    rows = (
        " & ".join(formats.number(value).replace("−", "-") for value in row)
        for row in np.atleast_2d(values)
    )
    return r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}"
