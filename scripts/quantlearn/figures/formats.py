"""Numbers in words, as they stand in the report: no more digits than they can bear."""

from collections.abc import Iterable, Sequence
from math import floor, isnan, log10

from quantlearn.words import counted

__all__ = [
    "MISSING",
    "SUPERSCRIPTS",
    "accuracy_points",
    "capital",
    "correlation",
    "counted",
    "degree",
    "interval",
    "listed",
    "name",
    "number",
    "p_phrase",
    "p_value",
    "percent",
    "ratio",
    "setting",
    "span",
    "steps",
    "times",
]

MISSING = "–"
"""Stands for a number that the data do not give."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def name(quantifier: str) -> str:
    """A quantifier in words and in italics, as Markdown.

    >>> name("at_least_4")
    '*at least 4*'
    """
    return f"*{quantifier.replace('_', ' ')}*"


def capital(text: str) -> str:
    """A sentence with a capital letter, also behind Markdown's stars.

    >>> capital("*most* is learned")
    '*Most* is learned'
    """
    place = next((place for place, letter in enumerate(text) if letter.isalnum()), 0)
    return text[:place] + text[place : place + 1].upper() + text[place + 1 :]


def steps(value: float) -> str:
    """Whole numbers of steps, with three digits that matter and thousands set apart.

    >>> steps(12345.6), steps(-3.3), steps(-0.2), steps(float("nan"))
    ('12,300', '−3', '0', '–')
    """
    if isnan(value):
        return MISSING
    return f"{round(float(f'{value:.3g}')):,}".replace("-", "−")


def times(ratio: float) -> str:
    """How many times as much or as fast.

    >>> times(0.226), times(9.84), times(24.6), times(1200), times(4.54e-7)
    ('0.23', '9.8', '25', '1,200', '4.5 × 10⁻⁷')
    """
    if ratio < 0.95:
        return number(ratio, 2)
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def ratio(value: float) -> str:
    """A ratio that may be near 1.

    >>> ratio(0.0226), ratio(0.8), ratio(1.234), ratio(9.84), ratio(24.6), ratio(float("nan"))
    ('0.023', '0.80', '1.23', '9.8', '25', '–')
    """
    if isnan(value):
        return MISSING
    return f"{value:.2f}" if 0.095 <= value < 1.995 else times(value)


def correlation(value: float, digits: int = 2) -> str:
    """A correlation or another number of order 1, with so many decimals.

    >>> correlation(-0.2381), correlation(-0.2381, 3)
    ('−0.24', '−0.238')
    """
    return MISSING if isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def degree(value: float) -> str:
    """A degree with two decimals; what is not quite 1 or 0 is not rounded to it.

    >>> degree(1.0), degree(0.999), degree(0.6), degree(0.001), degree(0.0)
    ('1', '> 0.99', '0.60', '< 0.01', '0')
    """
    if value in (0, 1):
        return f"{value:g}"
    if value >= 0.995:
        return "> 0.99"
    return "< 0.01" if value < 0.005 else f"{value:.2f}"


def number(value: float, digits: int = 3) -> str:
    """Any number, with so many digits that matter; powers of ten where it is tiny or huge.

    >>> number(-30), number(0.12345), number(4.54e-5), number(0.99995), number(12345)
    ('−30', '0.123', '4.54 × 10⁻⁵', '1', '12,300')
    """
    if isnan(value):
        return MISSING
    if value and not 1e-3 <= abs(value) < 1e6:
        power = floor(log10(abs(value)))
        factor = float(f"{value / 10.0**power:.{digits}g}")
        return f"{factor:g} × 10{str(power).translate(SUPERSCRIPTS)}".replace("-", "−")
    return f"{float(f'{value:.{digits}g}'):,.12g}".replace("-", "−")


def setting(value: float) -> str:
    """A setting, which may be drawn at random: three digits that matter, plain where it can be.

    >>> setting(0.0001), setting(4.69206e-5), setting(2.5e-9), setting(0.9)
    ('0.0001', '0.0000469', '2.5 × 10⁻⁹', '0.9')
    """
    if value and abs(value) < 1e-5:
        return number(value)
    return f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".").replace("-", "−")


def percent(share: float) -> str:
    """A share of the whole; what is not quite all is not rounded to all.

    >>> percent(0.9512), percent(1.0), percent(0.99999), percent(float("nan"))
    ('95.1 %', '100 %', '99.9 %', '–')
    """
    if isnan(share):
        return MISSING
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(100 * share, 0.1), 99.9):.1f} %"


def accuracy_points(difference: float) -> str:
    """A difference of accuracies, in percentage points.

    >>> accuracy_points(-0.0123), accuracy_points(-0.0001)
    ('−1.2', '0.0')
    """
    # Adding 0 makes a negative zero a plain one.
    points = round(100 * difference, 1) + 0
    return MISSING if isnan(difference) else f"{points:.1f}".replace("-", "−")


def interval(lower: str, upper: str) -> str:
    """An interval from its bounds in words; nothing where there is none.

    >>> interval("−30", "1,200"), interval(MISSING, MISSING)
    ('−30 to 1,200', '–')
    """
    return MISSING if MISSING in (lower, upper) else f"{lower} to {upper}"


def p_value(p: float) -> str:
    """A p value with its sign.

    >>> p_value(0.00001), p_value(0.01234), p_value(0.456), p_value(float("nan"))
    ('< 0.001', '0.012', '0.46', '–')
    """
    if isnan(p):
        return MISSING
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def span(values: Sequence[float]) -> str:
    """The range of some whole numbers, or the one that all are.

    >>> span([1200, 900]), span([5, 5])
    ('900 to 1,200', '5')
    """
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def listed(items: Iterable[str]) -> str:
    """Items as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def p_phrase(p: float) -> str:
    """A p value as a sentence has it.

    >>> p_phrase(0.02), p_phrase(0.0001)
    ('p = 0.020', 'p < 0.001')
    """
    value = p_value(p)
    return f"p {value}" if value.startswith("<") else f"p = {value}"
