"""The look of all figures: quantifiers can be told apart."""

from xml.etree import ElementTree

from matplotlib.figure import Figure

from quantlearn.figures import style


def test_quantifiers_differ_without_colour():
    looks = style.looks([f"at_least_{n}" for n in range(7)]).values()
    assert len({(look.line, look.marker) for look in looks}) == 7
    assert len({look.colour for look in looks}) == 7


def test_titles_are_text_also_where_they_look_like_markup(tmp_path):
    title = r"$\frobnicate$ <b>&amp; most</b> $x$"
    with style.figure_style():
        figure = Figure()
        figure.subplots().set_title(title)
        style.save_figure(figure, tmp_path / "figure.svg")
    drawn = ElementTree.parse(tmp_path / "figure.svg").iter("{http://www.w3.org/2000/svg}text")
    assert title in ["".join(text.itertext()) for text in drawn]
