"""An experiment's results as one object: its settings, and its tables when they are asked for."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.registry import FILES, load
from quantlearn.settings.samples import read_sample
from quantlearn.settings.search import chooses_sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Experiment"]


class Experiment:
    """The results of an experiment.

    Args:
        settings: its resolved settings.
        folder: where its results are, such as results/exp1a.
        source: the experiment whose networks are its starts, if there is one.

    A table is read once, when it is first asked for. Where samples are compared, a table has the
    rows of all of them: `shown` picks those that pages and figures show.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        folder: str | Path,
        source: "Experiment | None" = None,
    ) -> None:
        self.settings = settings
        self.source = source
        self.folder = Path(folder)
        self.name: str = settings["name"]

    def path(self, result: str, job: int = 0) -> Path:
        """Where a result lies, by its name in `FILES`."""
        return self.folder / FILES[result].format(job=job)

    def draw(self, figure: str) -> "Figure":
        """Draw a figure of the experiment from its tables; `style.figure_style` is the caller's."""
        module = load(figure)
        made = {
            name: tables.read_csv(self.folder / f"tables/{name}.csv", schema)
            for name, schema in getattr(module, "TABLES", {}).items()
        }
        return module.draw(made, self)

    # Tables ---------------------------------------------------------------------------------------

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """The settings of each sample, as texts: samples.csv."""
        return pd.read_csv(self.path("samples"), dtype=str, keep_default_na=False)

    @cached_property
    def samples(self) -> list[int]:
        """The numbers of the samples."""
        return tables.read_csv(self.path("samples"), columns.SAMPLES)["sample"].to_list()

    @cached_property
    def curves(self) -> pd.DataFrame:
        return tables.read_parquet(self.path("curves"), columns.CURVES)

    @cached_property
    def cells(self) -> pd.DataFrame:
        return tables.read_parquet(self.path("cells"), columns.CELLS)

    @cached_property
    def trials(self) -> pd.DataFrame:
        return tables.read_csv(self.path("trials"), columns.TIMELESS_TRIALS)

    @cached_property
    def timed_trials(self) -> pd.DataFrame:
        """The trials of all samples with their seconds, as each training job noted them."""
        jobs = dict.fromkeys(map(self._job, self.samples))
        paths = [self.path("timed_trials", job) for job in jobs]
        return pd.concat(tables.read_csv(path, columns.TRIALS) for path in paths)

    @cached_property
    def convergence(self) -> pd.DataFrame:
        return tables.read_csv(self.path("convergence"), columns.CONVERGENCE)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        return tables.read_csv(self.path("verdicts"), columns.VERDICTS)

    @cached_property
    def published(self) -> pd.DataFrame:
        """When the runs of the published experiment, which this one repeats, learned."""
        return tables.read_csv(self.path("published"), columns.PUBLISHED)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        return tables.read_csv(self.path("comparison"), columns.COMPARISON)

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        return tables.read_csv(self.path("leaderboard"), columns.LEADERBOARD)

    @cached_property
    def baselines(self) -> pd.DataFrame:
        return tables.read_csv(self.path("baselines"), columns.BASELINES)

    @cached_property
    def baseline_cells(self) -> pd.DataFrame:
        return tables.read_parquet(self.path("baseline_cells"), columns.BASELINE_CELLS)

    @cached_property
    def texts(self) -> pd.DataFrame:
        return tables.read_parquet(self.path("texts"), columns.TEXTS)

    # Samples --------------------------------------------------------------------------------------

    @cached_property
    def chosen(self) -> int:
        """The sample that is shown: the chosen one of a search, the first of several conditions."""
        if self.settings["search"] is None or not chooses_sample(self.settings):
            return 0
        return tables.chosen_sample(self.path("leaderboard"))

    def shown(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the sample that is shown."""
        return frame[frame["sample"] == self.chosen]

    def sample(self, number: int) -> dict[str, Any]:
        """The settings network and training of a sample."""
        return read_sample(self.path("samples"), number)

    def architecture(self, number: int) -> str:
        """The name of a sample's architecture."""
        return self.sample(number)["network"]["architecture"]

    @cached_property
    def constants(self) -> Mapping[str, Any]:
        """The settings with those of the sample that is shown in the place of what varies."""
        if self.settings["search"] is None:
            return self.settings
        return {**self.settings, **self.sample(self.chosen)}

    @cached_property
    def held_out(self) -> tuple[pd.DataFrame, str]:
        """The answers of the shown sample on scenes it has not learned from, and their split.

        That is test, or dev where there is no test.
        """
        return tables.held_out(self.shown(self.cells), self.path("cells"))

    def baseline(self, rule: str, split: str) -> pd.DataFrame:
        """Accuracy (trials × quantifiers) of a rule without learning on a split."""
        rows = self.baselines[
            (self.baselines["baseline"] == rule) & (self.baselines["split"] == split)
        ]
        return rows.pivot_table("accuracy", "trial", "quantifier")

    def weights_of(self, number: int) -> Path:
        """The file with the weights of a sample."""
        return self.path("weights", job=self._job(number))

    def _job(self, number: int) -> int:
        search = self.settings["search"]
        return number // search["samples_per_job"] if search else 0
