"""What the settings of an experiment refer to, which checks look at beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from quantlearn.semantics.lexicon import Lexicon
from quantlearn.settings.schema import Fault, Key, did_you_mean, shown

__all__ = ["Check", "Surroundings", "keys", "not_there"]


@dataclass(frozen=True)
class Surroundings:
    """What an experiment's settings refer to."""

    name: str
    experiments: list[str]
    chosen: list[str]
    lexicon: Lexicon | None  # None when it has faults of its own
    memory: int | None = None  # bytes that a job may take; None where that is not known


Check = Callable[[dict, "Surroundings"], Iterator[Fault]]


def not_there(name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
    return f"{shown(name)} is not one of the experiment's quantifiers{hint}"


def keys(*dotted: str) -> tuple[Key, ...]:
    """Keys by their dotted names.

    >>> keys("search", "data.split")
    (('search',), ('data', 'split'))
    """
    return tuple(tuple(name.split(".")) for name in dotted)
