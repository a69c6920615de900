"""Every figure that a test here draws in the project's style can be read."""

import matplotlib as mpl
import pytest
from legibility import faults

from quantlearn.figures import style


@pytest.fixture(autouse=True)
def legible(monkeypatch):
    """Look through the figures that the test draws, when they are saved or, if not, at its end."""
    drawn = []
    new_figure, save_figure = style.new_figure, style.save_figure

    def noted(width, height):
        figure = new_figure(width, height)
        if mpl.rcParams["svg.hashsalt"] == style.RC["svg.hashsalt"]:
            drawn.append(figure)
        return figure

    def looked_through(figure, *paths, **named):
        save_figure(figure, *paths, **named)
        if figure in drawn:
            drawn.remove(figure)
            assert faults(figure) == []

    monkeypatch.setattr(style, "new_figure", noted)
    monkeypatch.setattr(style, "save_figure", looked_through)
    yield
    with style.figure_style():
        assert [fault for figure in drawn for fault in faults(figure)] == []
