"""Files in the format of the public data of 2019, made up."""

from pathlib import Path

import numpy as np
import pandas as pd

EVERY = 50


def write_trial(path: Path, learned: dict[str, int | None], evaluations: int, loss: float) -> None:
    """A trial whose quantifiers jump from .5 to .99 at these evaluations, or never.

    The loss falls evenly from ln 2 to ``loss``.
    """
    at = np.arange(evaluations)
    accuracy = {
        f"{name}_accuracy": np.where(at >= (evaluations if first is None else first), 0.99, 0.5)
        for name, first in learned.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(
        {
            **accuracy,
            "global_step": 1 + EVERY * at,
            "loss": np.linspace(np.log(2), loss, evaluations),
            "total_accuracy": 0.7,
        }
    ).to_csv(path)


def write_study(folder: Path, trials: list[dict[str, int | None]], loss: float = 0.019) -> Path:
    """The trials of a study in its folder; each is 40 evaluations and one more than the last."""
    for number, learned in enumerate(trials):
        write_trial(folder / f"trial_{number}.csv", learned, evaluations=40 + number, loss=loss)
    return folder
