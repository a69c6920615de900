"""The look of all figures: quantifiers can be told apart."""

from quantlearn.figures import style


def test_quantifiers_differ_without_colour():
    looks = style.looks([f"at_least_{n}" for n in range(7)]).values()
    assert len({(look.line, look.marker) for look in looks}) == 7
    assert len({look.colour for look in looks}) == 7
