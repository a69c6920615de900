"""What a notebook of one's own imports; docs/api.md shows how it is used."""

from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.shell.cards import card, degrees, orbit
from quantlearn.shell.lookup import quantifier
from quantlearn.shell.results import Experiment

__all__ = ["Experiment", "Quantifier", "card", "degrees", "orbit", "quantifier"]
