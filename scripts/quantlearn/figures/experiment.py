"""The tables of one experiment, read for whoever says what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.settings.samples import read_sample
from quantlearn.settings.search import chooses_sample

__all__ = ["Results", "read_results"]


@dataclass(frozen=True)
class Results:
    """The resolved settings and the tables of an experiment's chosen sample.

    Where the samples are conditions, they are those of the first one, and all see the same scenes.
    """

    settings: Mapping[str, Any]
    trials: pd.DataFrame
    cells: pd.DataFrame
    convergence: pd.DataFrame
    comparison: pd.DataFrame
    split: str  # the split of the cells: test, or dev where there is no test
    baselines: pd.DataFrame

    def baseline(self, baseline: str, split: str) -> pd.DataFrame:
        """Accuracy (trials × quantifiers) of a baseline on a split."""
        rows = self.baselines[
            (self.baselines["baseline"] == baseline) & (self.baselines["split"] == split)
        ]
        return rows.pivot_table("accuracy", "trial", "quantifier")


def read_results(settings: Mapping[str, Any], paths: Mapping[str, str]) -> Results:
    """Read the tables trials, cells, convergence, comparison and baselines of an experiment.

    Where settings vary, the settings are those of the chosen sample, by ``paths`` to the tables
    samples and leaderboard, or those of the first of several conditions.
    """
    if settings.get("search"):
        shown = tables.chosen_sample(paths["leaderboard"]) if chooses_sample(settings) else 0
        settings = {**settings, **read_sample(paths["samples"], shown)}

    def of_shown(frame: pd.DataFrame) -> pd.DataFrame:
        if not chooses_sample(settings):
            return frame[frame["sample"] == 0]
        return tables.of_chosen(frame, paths.get("leaderboard"))

    cells, split = tables.held_out(
        of_shown(tables.read_parquet(paths["cells"], columns.CELLS)),
        paths["cells"],
    )
    read = {
        table: of_shown(tables.read_csv(paths[table], schema))
        for table, schema in {
            "trials": columns.TIMELESS_TRIALS,
            "convergence": columns.CONVERGENCE,
            "comparison": columns.COMPARISON,
        }.items()
    }
    baselines = tables.read_csv(paths["baselines"], columns.BASELINES)
    return Results(settings=settings, cells=cells, split=split, baselines=baselines, **read)
