"""How far training is: the line that a training job puts into its log, and who reads it there.

A log is all that a job tells while it runs; it is there on clusters too, and with any executor.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Training", "TrainingLine", "next_sample", "read_training_log"]


class TrainingLine(NamedTuple):
    """Where the training of a sample is, after ``step`` of at most ``limit`` updates.

    trials: those that still train; split, accuracy: the median over trials where they were
    evaluated last, or None; seconds: what is left at most.

    >>> str(TrainingLine(300, 6000, trials=10, split="dev", accuracy=0.8125, seconds=38.2))
    'step 300 of 6000, 10 trials running, median dev accuracy 0.812, at most 38 s left'
    """

    step: int
    limit: int
    trials: int
    split: str | None
    accuracy: float | None
    seconds: float

    def __str__(self) -> str:
        known = self.accuracy is not None
        scored = f"median {self.split} accuracy {self.accuracy:.3f}" if known else "none evaluated"
        return (
            f"step {self.step} of {self.limit}, {self.trials} trials running, {scored}, "
            f"at most {self.seconds:.0f} s left"
        )


def next_sample(sample: int, before: int, samples: int) -> str:
    """Say that a job of several ``samples`` trains the next one, with ``before`` behind it.

    >>> next_sample(17, before=1, samples=8)
    'sample 17, 2 of 8'
    """
    return f"sample {sample}, {before + 1} of {samples}"


_LINE = re.compile(
    r"step (?P<step>\d+) of (?P<limit>\d+), (?P<trials>\d+) trials running, "
    r"(?:median (?P<split>\w+) accuracy (?P<accuracy>\d\.\d+)|none evaluated), "
    r"at most (?P<seconds>\d+) s left"
    r"|sample (?P<sample>\d+), (?P<number>\d+) of (?P<samples>\d+)"
)


class Training(NamedTuple):
    """What the log of a training job tells: the lines of its last sample, and samples before it."""

    lines: Sequence[TrainingLine]
    before: int
    samples: int

    @property
    def share(self) -> float:
        """The share of the updates of all samples that is done, or was left out as not needed."""
        last = self.lines[-1]
        return (self.before + last.step / last.limit) / self.samples


def read_training_log(path: str | Path) -> Training | None:
    """What the log at ``path`` tells of training; None as long as there is nothing.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w+") as log:
    ...     line = TrainingLine(300, 900, trials=3, split="dev", accuracy=0.5, seconds=60)
    ...     print("12:00:00", next_sample(5, before=1, samples=2), file=log)
    ...     print("12:00:07", line, file=log, flush=True)
    ...     read_training_log(log.name) == Training([line], before=1, samples=2)
    True
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines, before, samples = [], 0, 1
    for found in _LINE.finditer(text):
        if found["samples"]:
            lines, before, samples = [], int(found["number"]) - 1, int(found["samples"])
            continue
        lines.append(
            TrainingLine(
                step=int(found["step"]),
                limit=int(found["limit"]),
                trials=int(found["trials"]),
                split=found["split"],
                accuracy=found["accuracy"] and float(found["accuracy"]),
                seconds=float(found["seconds"]),
            )
        )
    return Training(lines, before, samples) if lines else None
