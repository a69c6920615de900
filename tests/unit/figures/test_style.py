"""The look of all figures: seaborn's, and quantifiers that can be told apart."""

import matplotlib
import seaborn

from quantlearn.figures import style


def test_the_style_is_seaborns():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        ticks = seaborn.axes_style("ticks")
        apart = {"font.family", "font.sans-serif", "image.cmap"}
        for key in set(ticks) - apart:
            assert (matplotlib.rcParams | style.SEABORN)[key] == ticks[key], key


def test_quantifiers_differ_without_colour():
    looks = style.looks([f"at_least_{n}" for n in range(7)]).values()
    assert len({(look.line, look.marker) for look in looks}) == 7
    assert len({look.colour for look in looks}) == 7
