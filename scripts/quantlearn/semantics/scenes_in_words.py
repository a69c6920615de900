"""Sentences about scenes: which words say that a quantifier is true, and which truth says most.

A quantifier is put into words by its name, numbers spelled out: ``exactly_3_of_the_5`` becomes
"exactly three of the five A are B". So the quantifiers of an experiment are its grammar, and a line
in config/quantifiers.yaml is a rule of it. A scene is put into words object by object.
"""

from collections.abc import Sequence

import numpy as np

from quantlearn.semantics.quantifiers import Quantifier

__all__ = [
    "COLON",
    "OBJECTS",
    "STOP",
    "WRITING",
    "by_informativeness",
    "most_informative",
    "sentence",
    "vocabulary",
    "words_of_scene",
]

WRITING = ("language_model", "description")
"""The tasks in which networks write words; in the others they say true or false."""

OBJECTS = ("AB", "A-", "-B", "--")
"""The word for an object of each zone: A and B, A alone, B alone, neither."""

STOP, COLON = ".", ":"
"""What ends a text, and what stands between a scene and the sentence about it."""

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip

# Quantifiers that go with a noun in the singular.
SINGULAR = ("every", "the", "neither")


def sentence(quantifier: str) -> tuple[str, ...]:
    """The words that say of A and B what the quantifier of this name means.

    >>> " ".join(sentence("exactly_3_of_the_5")), " ".join(sentence("every"))
    ('exactly three of the five A are B', 'every A is B')
    """
    spelled = {str(number): word for number, word in enumerate(NUMBERS)}
    parts = [spelled.get(part, part) for part in quantifier.split("_")]
    return (*parts, "A", "is" if quantifier in SINGULAR else "are", "B")


def vocabulary(quantifiers: Sequence[str]) -> tuple[str, ...]:
    """Every word of scenes and of the sentences with these quantifiers, those of scenes first.

    >>> vocabulary(["every", "no"])
    ('AB', 'A-', '-B', '--', '.', ':', 'every', 'A', 'is', 'B', 'no', 'are')
    """
    spoken = (word for name in quantifiers for word in sentence(name))
    return tuple(dict.fromkeys([*OBJECTS, STOP, COLON, *spoken]))


def words_of_scene(scene: np.ndarray) -> tuple[str, ...]:
    """A scene in words, without its padding.

    >>> words_of_scene(np.array([0, 1, 1, 4], dtype=np.uint8))
    ('AB', 'A-', 'A-')
    """
    return tuple(OBJECTS[code] for code in scene if code < len(OBJECTS))


# Informativeness ----------------------------------------------------------------------------------


def by_informativeness(quantifiers: Sequence[Quantifier], models: np.ndarray) -> np.ndarray:
    """The quantifiers' indices, the most informative one first, (quantifiers,).

    A quantifier says the more, the fewer of the ``models`` make it true: zone counts (n, 4), all
    that the scenes may have. Of two that say as much the one with the shorter sentence comes first,
    and then the one that comes first in ``quantifiers``.

    None of them may depend on the order of objects.

    >>> from quantlearn.semantics.quantifiers import all_zone_counts
    >>> lexicon = {"some": "|A & B| > 0", "the": "|A| == 1 and A <= B", "every": "A <= B"}
    >>> quantifiers = [Quantifier(*item) for item in lexicon.items()]
    >>> by_informativeness(quantifiers, all_zone_counts(1, 5, zones=(0, 1, 2, 3))).tolist()
    [1, 2, 0]
    """
    true = [quantifier.verify_counts(models).sum() for quantifier in quantifiers]
    lengths = [len(sentence(quantifier.name)) for quantifier in quantifiers]
    return np.lexsort((np.arange(len(quantifiers)), lengths, true))


def most_informative(
    quantifiers: Sequence[Quantifier], counts: np.ndarray, models: np.ndarray
) -> np.ndarray:
    """Index of the most informative quantifier that is true, (n,); −1 where none is.

    ``counts`` (n, 4) are the zone counts of scenes, ``models`` those that scenes may have.

    >>> quantifiers = [Quantifier("no", "|A & B| == 0"), Quantifier("some", "|A & B| > 0")]
    >>> counts = np.array([[2, 0, 0, 1]])
    >>> most_informative(quantifiers, counts, models=counts)
    array([1])
    """
    order = by_informativeness(quantifiers, models)
    true = np.stack([quantifiers[index].verify_counts(counts) for index in order])
    return np.where(true.any(axis=0), order[true.argmax(axis=0)], -1)
