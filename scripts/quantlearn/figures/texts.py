"""Texts from templates: what a figure or a page says, with numbers put in by facts.

Filters are the number formats of `formats`, such as ``{{ share | percent }}``. An estimate, a row
with estimate, lower and upper, is said by ``{{ row | estimate("steps") }}``, and nowhere else.
"""

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from quantlearn.figures import formats
from quantlearn.semantics.scenes_in_words import OBJECTS

__all__ = [
    "cited",
    "estimate",
    "html_table",
    "kept_together",
    "place_in_order",
    "plain",
    "render",
    "tabulated",
]

OBJECT = re.compile("|".join(OBJECTS))
SCENE = re.compile(f"(?:{OBJECT.pattern})(?: (?:{OBJECT.pattern}))*")

DOIS = {
    "Steinert-Threlkeld & Szymanik (2019)": "10.3765/sp.12.4",
    "Simonsohn, Simmons & Nelson (2020)": "10.1038/s41562-020-0912-z",
}
"""Works that sources name, by their DOIs."""

_FILTERS = (
    *("accuracy_points", "capital", "correlation", "counted", "listed", "name", "number"),
    *("p_phrase", "p_value", "percent", "ratio", "setting", "span", "steps", "times"),
)


def render(template: str | Path, facts: Mapping[str, Any], block: str = "") -> str:
    """The Markdown of a template, or of one block of it, with these facts.

    A name that is missing is an error.
    """
    path = Path(template)
    found = _environment(path.parent).get_template(path.name)
    text = "".join(found.blocks[block](found.new_context(facts))) if block else found.render(facts)
    return kept_together(text.strip()) + "\n"


_APART = re.compile(
    r"`[^`]*`"  # code stays as it is
    r"|(?<=\d) (?=%)|(?<=\b[pn]) (?=(?:[=<]|&lt;) )|(?<=\b[pn] [=<]) (?=[\d−])"
    r"|(?<=\b[pn] &lt;) (?=\d)|(?<=\d) × (?=10)"
)


def kept_together(text: str) -> str:
    """Write a text so that no line breaks within "95 %", "p = 0.02" or "4 × 10⁻⁵".

    >>> kept_together("95 % of 10 (p < 0.001)")
    '95\\xa0% of 10 (p\\xa0<\\xa00.001)'
    """
    return _APART.sub(
        lambda found: found[0] if found[0].startswith("`") else found[0].replace(" ", "\u00a0"),
        text,
    )


def estimate(row: Mapping[str, Any], kind: str, unit: str = "", *, n: str = "") -> str:
    """An estimate with its interval, and its p and n where there are any.

    ``row`` has estimate, lower and upper, and may have p_adjusted or p, and n. ``kind`` is the
    number format, ``unit`` follows the estimate, ``n`` is the noun that n counts, if it is said.

    >>> row = {"estimate": 5, "lower": 4, "upper": 6, "p_adjusted": 0.01, "n": 12}
    >>> estimate(row, "steps", " steps"), estimate({**row, "p_adjusted": 0.3}, "steps", n="trial")
    ('5 steps (95 % interval 4 to 6; p = 0.010)', '5 (95 % interval 4 to 6; p = 0.30; 12 trials)')
    """
    form = getattr(formats, kind)
    bounds = formats.interval(form(row["lower"]), form(row["upper"]))
    p = row.get("p_adjusted", row.get("p"))
    parts = [
        *([f"95 % interval {bounds}"] if bounds != formats.MISSING else []),
        *([formats.p_phrase(p)] if p is not None and not pd.isna(p) else []),
        *([formats.counted(int(row["n"]), n)] if n else []),
    ]
    found = f"{form(row['estimate'])}{unit}"
    return f"{found} ({'; '.join(parts)})" if parts else found


def plain(text: str) -> str:
    """Free text as Markdown that shows it as it is.

    >>> plain("<b> & *x*")
    '\\\\<b\\\\> \\\\& \\\\*x\\\\*'
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


@cache
def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown: what comes from settings as text is escaped where it enters
    )
    environment.filters |= {name: getattr(formats, name) for name in _FILTERS}
    environment.filters["estimate"] = estimate
    environment.filters["words"] = lambda name: name.replace("_", " ")
    environment.filters["plain"] = plain
    environment.filters["tabulated"] = tabulated
    environment.filters["cited"] = cited
    environment.globals |= {"table": html_table, "interval": formats.interval}
    return environment


def cited(source: str) -> str:
    """A source, which is free text, as Markdown with a link where its DOI is known.

    >>> cited("Simonsohn, Simmons & Nelson (2020), *")
    '[Simonsohn, Simmons & Nelson (2020)](https://doi.org/10.1038/s41562-020-0912-z)\\\\, \\\\*'
    """
    text = plain(source)
    for work, doi in DOIS.items():
        text = text.replace(plain(work), f"[{work}](https://doi.org/{doi})")
    return text


# Numbers, percentages, ranges and what stands for a missing one.
NUMBER = re.compile(
    r"([<−]?\s?[\d.,]+( × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?( %)?|–)( (to|and) (−?[\d.,]+( %)?|–))?( of \d+)?"
    r"|from [\d.,]+ on"
)


# A number that a cell begins with, also one of so many, or one that is a bound.
_LEADING = re.compile(
    r"(?:from\s)?(?P<sign>[<>])?\s?(?P<number>[−-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+))"
    r"(?:\s×\s10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?:\sof\s(?P<all>\d[\d,]*))?(?=$|[\s;,)%×])"
)
_PLAIN = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", ",")


def place_in_order(text: str) -> float | None:
    """The number by which a cell is sorted, that it begins with; None where it begins with none.

    A range or an estimate counts by its first number, "3 of 10" by its share, "< 0.001" as a little
    less than 0.001; what stands for a missing number is nan.

    >>> place_in_order("1,234"), place_in_order("−1.2 × 10⁻³"), place_in_order("3 of 10 trials")
    (1234.0, -0.0012, 0.3)
    >>> place_in_order("–"), place_in_order("2x12")
    (nan, None)
    """
    if text.strip() in ("", formats.MISSING):
        return float("nan")
    found = _LEADING.match(text.strip())
    if found is None:
        return None
    number, power, all_of = (
        float((found[part] or default).translate(_PLAIN))
        for part, default in (("number", ""), ("power", "0"), ("all", "1"))
    )
    little = {"<": 1 - 1e-9, ">": 1 + 1e-9}.get(found["sign"], 1)
    return float(f"{number * 10**power * little / (all_of or 1):.12g}")


def _are_numbers(texts: Iterable[str]) -> bool:
    """Whether cells begin with numbers, all that are not missing."""
    places = [place_in_order(text) for text in texts]
    return None not in places and not all(math.isnan(place) for place in places)


def tabulated(text: str, caption: str = "") -> str:
    """Make a table for readers of lines of cells set apart by " | ", the first line its headings.

    A line that begins with "| " goes on with the row before it.

    >>> tabulated("Quantifier | Steps\\nmost | 12").count("<tr>")
    2
    """
    rows = text.strip().replace("\n| ", " | ").splitlines()
    lines = [line.split(" | ") for line in rows if line.strip()]
    # A blank line ends the HTML: templates drop the line break behind a filter.
    return html_table(pd.DataFrame(lines[1:], columns=lines[0]), caption) + "\n\n"


def html_table(rows: pd.DataFrame | Sequence[Mapping[str, str]], caption: str = "") -> str:
    """Rows of texts as a table; the first column names the row, numbers stand to the right.

    Cells of a column that holds numbers, in whatever words, say in ``data-order`` how they sort.

    >>> html_table([{"Quantifier": "most", "Steps": "12"}], "When").count("<tr>")
    2
    >>> html_table([{"Scene": "AB A- --"}]).count('<span class="object">')
    3
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    right = {
        column
        for column in frame.columns[1:]
        if all(NUMBER.fullmatch(text) for text in frame[column])
    }
    numbers = {column for column in frame.columns if _are_numbers(frame[column])}

    def cell(tag: str, column: str, text: str, more: str = "") -> str:
        kind = ' class="number"' if column in right else ""
        content = html.escape(text)
        if SCENE.fullmatch(text):  # a line may end at a hyphen, and would within an object
            content = OBJECT.sub(r'<span class="object">\g<0></span>', content)
        return f"<{tag}{more}{kind}>{content}</{tag}>"

    def body_cell(tag: str, column: str, text: str, more: str = "") -> str:
        place = place_in_order(text) if column in numbers else None
        order = "" if place is None else f' data-order="{"" if math.isnan(place) else place}"'
        return cell(tag, column, text, more + order)

    head = "".join(cell("th", column, column, ' scope="col"') for column in frame.columns)
    rows = []
    for values in frame.itertuples(index=False):
        first, *others = zip(frame.columns, values, strict=True)
        cells = body_cell("th", *first, ' scope="row"')
        cells += "".join(body_cell("td", *item) for item in others)
        rows.append(f"<tr>{cells}</tr>")
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    body = "\n".join(rows)
    return (
        f'<div class="table"><table>{title}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
