"""What the settings of an experiment refer to, which checks look at beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from quantlearn.semantics.lexicon import Lexicon
from quantlearn.settings.schema import Fault, Key, did_you_mean, shown

__all__ = ["Check", "Surroundings", "keys", "not_there", "splits_looked_at"]


@dataclass(frozen=True)
class Surroundings:
    """What an experiment's settings refer to."""

    name: str
    experiments: list[str]
    chosen: list[str]
    lexicon: Lexicon | None  # None when it has faults of its own
    memory: int | None = None  # bytes that a job may take; None where that is not known

    def other_experiment(self, name: str, needed: bool = True) -> str | None:
        """What is wrong with naming an experiment: it is this one, unknown, or left out.

        ``needed`` says whether the other one must be among those of the run.
        """
        others = [other for other in self.experiments if other != self.name]
        if name not in others:
            return f"{shown(name)} is not another experiment{did_you_mean(name, others)}"
        if needed and name not in self.chosen:
            return (
                f"{shown(name)} is not among the experiments of this run: add it to experiments, "
                "or take it from leave_out"
            )
        return None


Check = Callable[[dict, "Surroundings"], Iterator[Fault]]


def not_there(name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
    return f"{shown(name)} is not one of the experiment's quantifiers{hint}"


def splits_looked_at(training: dict) -> dict[Key, str]:
    """The splits that are evaluated and the monitored one, each by its key."""
    evaluated = enumerate(training["evaluate_splits"])
    found = {("training", "evaluate_splits", place): side for place, side in evaluated}
    return {**found, ("training", "monitor"): training["monitor"]}


def keys(*dotted: str) -> tuple[Key, ...]:
    """Keys by their dotted names.

    >>> keys("search", "data.split")
    (('search',), ('data', 'split'))
    """
    return tuple(tuple(name.split(".")) for name in dotted)
