"""The live page: one file that a run writes anew every few seconds, and a browser reads anew."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from quantlearn.files import write_page
from quantlearn.pipeline.run_progress import Part, RunProgress, duration
from quantlearn.pipeline.training_log import TrainingLine

__all__ = ["RunEnd", "write_live_page"]

_MOST_POINTS = 60  # of a curve: more cannot be seen
_MOST_CURVES = 12  # of an experiment
_WIDTH, _HEIGHT = 160, 40


class RunEnd(NamedTuple):
    """How a run ended: in a word, what was found, and links to the reports."""

    word: str
    found: Sequence[str] = ()
    pages: Sequence[str] = ()


def write_live_page(
    path: str | Path, run: RunProgress, now: float, said: Sequence[str], end: RunEnd | None = None
) -> None:
    """Write what runs, what is done, the time left and learning curves, as one page.

    now: on the clock of the run; said: warnings and errors; end: if the run is over. A page of a
    run that goes on asks the browser to read it again.
    """
    parts = run.parts()
    content = {
        "share": 1 if end and end.word == "done" else run.share(now),
        "left": duration(run.seconds_left(now)),
        "spent": duration(now - run.began),
        "clock": time.strftime("%H:%M:%S"),
        "done": run.done,
        "jobs": len(run.jobs),
        "running": list(run.said_of_running(now)),
        "parts": [
            {"name": name, "part": part, "curves": _curves(part)}
            for name, part in parts.items()
            if name
        ],
        "others": parts.get("", Part()),
        "width": _WIDTH,
        "height": _HEIGHT,
        "said": said,
        "end": end,
    }
    write_page(Path(__file__).with_name("live_page.html.j2"), path, content, result=False)


def _curves(part: Part) -> list[dict[str, Any]]:
    """Median accuracies over steps, each a line in the units of a small drawing, from 0.5 to 1."""
    told = list(part.curves.values())[-_MOST_CURVES:]
    last = [training.lines[-1] for training in told]
    longest = max((line.limit if line.trials else line.step for line in last), default=1)
    curves = []
    for training in told:
        known = [line for line in training.lines if line.accuracy is not None]
        places = [
            (line.step / longest, 2 * (1 - max(line.accuracy, 0.5))) for line in _thinned(known)
        ]
        points = " ".join(f"{_WIDTH * x:.1f},{_HEIGHT * y:.1f}" for x, y in places)
        if known:
            curves.append({"points": points, "last": known[-1]})
    return curves


def _thinned(lines: Sequence[TrainingLine]) -> Sequence[TrainingLine]:
    """At most about as many of the lines as can be seen, the last among them.

    >>> len(_thinned(list(range(1000)))), _thinned(list(range(1000)))[-1], _thinned([1, 2])
    (59, 999, [1, 2])
    """
    every = -(-len(lines) // _MOST_POINTS)
    return lines[::-1][::every][::-1]
