"""Ask Quantlearn in a shell.

    python -m quantlearn card QUANTIFIER...                what follows from its meaning
    python -m quantlearn degree QUANTIFIER...              how far it keeps each universal
    python -m quantlearn orbit QUANTIFIER                  what is one learning problem with it
    python -m quantlearn ask FOLDER SCENE [QUANTIFIER]     what trained networks say of a scene
    python -m quantlearn new NAME QUANTIFIER QUANTIFIER [CHAPTER]   a file for an experiment

A QUANTIFIER is a name of config/quantifiers.yaml, such as most or at_least_7, or an expression,
such as "|A & B| >= 3". A FOLDER holds results, such as results/exp1a. A SCENE is a word for each
object, AB, A-, -B or -- for one that is neither, such as "AB AB A- -B --".
"""

import sys
from collections.abc import Sequence

from quantlearn.errors import QuantlearnError

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Print the answer to a command; the exit status is 1 for bad input, 2 for a wrong call.

    >>> main(["orbit", "every", "some"])
    2
    """
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    try:
        answer = _answer(list(arguments))
    except QuantlearnError as fault:
        print(fault, file=sys.stderr)
        return 1
    if answer is None:
        print(f"not a command: {' '.join(arguments)}", __doc__.strip(), sep="\n", file=sys.stderr)
        return 2
    print(answer)
    return 0


def _answer(arguments: list[str]) -> str | None:
    """The answer; each command loads what it needs: torch alone would take a second."""
    # ruff: noqa: PLC0415
    match arguments:
        case ["card", _, *_]:
            from quantlearn.shell.cards import card

            return "\n\n".join(map(card, arguments[1:]))
        case ["degree", _, *_]:
            from quantlearn.shell.cards import degrees_in_words

            return degrees_in_words(arguments[1:])
        case ["orbit", quantifier]:
            from quantlearn.shell.cards import orbit_in_words

            return orbit_in_words(quantifier)
        case ["ask", folder, scene, *asked] if len(asked) <= 1:
            from quantlearn.shell.results import Experiment, answers_in_words

            return answers_in_words(Experiment(folder).ask(scene, *asked))
        case ["new", name, first, second, *chapter] if len(chapter) <= 1:
            from quantlearn.shell.new_experiment import new_experiment

            return new_experiment(name, [first, second], *chapter)
    return None
