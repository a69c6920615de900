"""A tiny workflow with a job of each kind, run once: its jobs, each to be run again by itself."""

import pickle
import runpy
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from published_files import write_study

from forks import forking_jobs
from pipeline import CONFIG, ROOT, SEARCH_CONFIG

# Small, and together of each kind: networks that verify beside public data, a search, networks that
# write, a choice among expressions, the check of symmetry. What measures the speed of a machine has
# no bytes to be the same, and is not among them, nor what only tells (ask, verify).
TARGETS = (
    "results/chapters/paper/index.html",
    "results/report/paper.crate.zip",
    "results/atlas/cards.html",
    "results/atlas/tables/generated.csv",
    "results/symmetry/tables/check.csv",
    "results/tiny_search/tables/leaderboard.csv",
    "results/tiny_writes/tables/texts.parquet",
)
BESIDE = """
figures: [learning_curves]
replicates: {study: exp2a, columns: {at_least_2: at_least_3, first_2: first_3}}
"""
WRITES = """
title: Networks that write
chapter: mine
question: Do they?
universal: none
task: description
quantifiers: [some, every]
trials: 1
figures: []
data:
  generate: {method: describe, max_size: 4, scenes_per_quantifier: 20}
  balance: {method: none}
  split: {train: 0.6, dev: 0.2, test: 0.2}
network: {architecture: captioner, layers: 1, hidden: 4}
training: {max_epochs: 1, evaluate_every: 10, evaluate_splits: [dev], monitor: dev, stop_loss: null}
convergence: {window: 1}
"""


@dataclass(frozen=True)
class Job:
    """A job of the run: its rule and script, the files it reads and makes, and what it is told."""

    rule: str
    script: str
    reads: Sequence[str]
    makes: Sequence[str]
    log: Sequence[str]
    told: Any

    def due(self, folder: Path) -> bool:
        """Whether a file that it makes is missing, which is the least that makes it run again."""
        return not all((folder / file).exists() for file in self.makes)

    def run(self) -> None:
        """Do the job here, in a process that has loaded its libraries, as Snakemake does."""
        runpy.run_path(
            str(ROOT / "scripts" / f"{self.script}.py"),
            init_globals={"snakemake": self.told},
            run_name="__main__",
        )


def lay_out_every_kind(folder: Path) -> None:
    """The settings of the workflow, and public data, in folders of their own."""
    experiments = folder / "run" / "config" / "experiments"
    shutil.copytree(CONFIG, experiments.parent)
    shutil.copy(ROOT / "config" / "quantifiers.yaml", experiments.parent)
    for name in ("tiny_as_run", "tiny_alone"):
        (experiments / f"{name}.yaml").unlink()
    tiny = experiments / "tiny.yaml"
    text = tiny.read_text().replace("universal: quantity", "universal: conservativity")
    tiny.write_text(text.replace("trials: 3", "trials: 2") + BESIDE)
    search = (SEARCH_CONFIG / "experiments" / "tiny_search.yaml").read_text()
    search = search.replace("samples: 4", "samples: 2, samples_per_job: 2")
    (experiments / "tiny_search.yaml").write_text(search + "figures: []\n")
    (experiments / "tiny_writes.yaml").write_text(WRITES)
    config = experiments.parent / "config.yaml"
    chosen = "atlas: {expressions: config/expressions.txt, "
    config.write_text(config.read_text().replace("atlas: {", chosen) + "published: ../data\n")
    larger = "greater_than(cardinality(A), cardinality(B))"
    (experiments.parent / "expressions.txt").write_text(f"{larger}\n")
    trials = [{"first_3": 30, "at_least_3": 20 + k} for k in range(5)]
    write_study(folder / "data" / "exp2a", trials)


def run_workflow(arguments: Sequence[str] = (), told: Path | None = None) -> None:
    """Be Snakemake in this folder, whose jobs are forked from this process.

    What each job is told goes to the folder ``told``, if given.
    """
    from snakemake.cli import main
    from snakemake.script import PythonScript

    plain = PythonScript.generate_preamble

    def noting(*given: Any, **more: Any) -> str:
        with patch.object(pickle, "dumps", wraps=pickle.dumps) as dumps:
            text = plain(*given, **more)
        script = Path(given[0].get_path_or_uri(secret_free=True)).stem
        content = pickle.dumps((script, dumps.call_args.args[0]))
        (told / f"{len(list(told.iterdir())):03}").write_bytes(content)
        return text

    sys.argv = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", *arguments]
    noted = patch.object(PythonScript, "generate_preamble", staticmethod(noting if told else plain))
    with noted, forking_jobs():
        main()


def jobs_of(told: Path) -> list[Job]:
    """The jobs that a run noted, in the order in which it did them."""
    jobs: dict[tuple[str, ...], Job] = {}
    for path in sorted(told.iterdir()):
        script, job = pickle.loads(path.read_bytes())
        reads = [file for file in map(str, job.input) if file.startswith("results/")]
        jobs[job.rule, *job.output] = Job(
            job.rule, script, reads, list(map(str, job.output)), list(job.log), job
        )
    return list(jobs.values())
