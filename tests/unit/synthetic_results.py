"""Training results that look like real ones: noisy logistic curves, runs that end early or late."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import columns, tables
from quantlearn.data.baselines import baseline_accuracy
from quantlearn.semantics.lexicon import load_lexicon

CONFIG = Path(__file__).parents[2] / "config"

EVALUATE_EVERY = 50

ENDPOINT = {
    "measure": "convergence_step",
    "horizon": None,
    "window": None,
    "margin": [0.8, 1.25],
}


def experiment_settings(name: str, quantifiers: list[str], **changes: Any) -> dict[str, Any]:
    """A resolved experiment, as far as tables and figures look at it."""
    lexicon = load_lexicon(CONFIG / "quantifiers.yaml")
    return {
        "name": name,
        "title": f"Title of {name}",
        "chapter": "paper",
        "universal": "monotonicity",
        "quantifiers": quantifiers,
        "comparisons": [[quantifiers[0], other] for other in quantifiers[1:]],
        "documented": None,
        "groups": None,
        "crossed": None,
        "expressions": {name: lexicon[name].expression for name in quantifiers},
        "task": "verification",
        "data": {
            "generate": {
                "method": "sample",
                "min_size": 1,
                "max_size": 8,
                "zones": ["both", "a_only", "b_only", "neither"],
            },
            "split": {
                "by": "scene",
                "only_test": {"sizes_above": None, "counts": 0.0, "quantifiers": []},
            },
        },
        "network": {"quantifiers": "one_hot"},
        "training": {
            "monitor": "test",
            "evaluate_every": EVALUATE_EVERY,
            "together": True,
            "start": None,
        },
        "convergence": {"threshold": 0.95, "window": 20},
        "endpoint": ENDPOINT,
        "family": None,
    } | changes


def asked_by_aggregate(settings: dict[str, Any]) -> dict[str, Any]:
    """What the script aggregate is told of an experiment."""
    return {
        "experiment": settings["name"],
        "quantifiers": settings["quantifiers"],
        "untaught": settings["data"]["split"]["only_test"]["quantifiers"],
        "monitor": settings["training"]["monitor"],
        "criterion": settings["convergence"],
    }


def training_curves(
    quantifiers: list[str],
    midpoints: list[float],
    *,
    trials: int = 10,
    evaluations: int = 300,
    seed: int = 1,
) -> pd.DataFrame:
    """Logistic curves from 0.5 to 0.985 around the midpoints (in evaluations), with noise.

    Every third trial is half as slow again, so that the last quantifiers may stay unlearned; quick
    trials stop some evaluations after their last quantifier is learned.
    """
    random = np.random.default_rng(seed)
    frames = []
    for trial in range(trials):
        pace = random.lognormal(0, 0.2) * (1.5 if trial % 3 == 2 else 1)
        own = [midpoint * pace * random.lognormal(0, 0.12) for midpoint in midpoints]
        length = min(evaluations, int(max(own) * 1.5) + 40)
        steps = 1 + EVALUATE_EVERY * np.arange(length)
        steps[-1] += 7  # a run's last step is seldom one of the regular evaluations
        at = np.arange(length)
        for quantifier, middle in zip(quantifiers, own, strict=True):
            clean = 0.5 + 0.485 / (1 + np.exp(-8 * (at - middle) / middle))
            accuracy = np.clip(clean + random.normal(0, 0.008, length), 0, 1)
            frames.append(
                pd.DataFrame(
                    {
                        "trial": trial,
                        "step": steps,
                        "split": "test",
                        "quantifier": quantifier,
                        "loss": 1.4 * (1 - accuracy),
                        "accuracy": accuracy,
                    }
                )
            )
    parts = pd.concat(frames, ignore_index=True)
    total = parts.groupby(["trial", "step", "split"], as_index=False)[["loss", "accuracy"]].mean()
    curves = pd.concat([parts, total.assign(quantifier="all")], ignore_index=True)
    return curves.assign(sample=0)[list(columns.CURVES)]


def training_cells(
    quantifiers: list[str],
    *,
    trials: int = 10,
    sizes: range = range(1, 21),
    zones: int = 4,
    scenes: int = 6000,
    seed: int = 1,
) -> pd.DataFrame:
    """Counts of right answers that are fewer close to the border of "at least 4"."""
    random = np.random.default_rng(seed)
    frames = []
    for trial in range(trials):
        for place, quantifier in enumerate(quantifiers):
            size = random.choice(sizes, scenes)
            both = random.binomial(size, 1 / zones)
            a_only = random.binomial(size - both, 1 / (zones - 1))
            truth = both >= 4 if place == 0 else (both >= 6) | (both <= 2)
            right = random.random(scenes) < 1 - 0.3 * np.exp(-np.abs(both - 3.5)) - 0.02 * place
            drawn = pd.DataFrame({"size": size, "both": both, "a_only": a_only, "truth": truth})
            cells = (
                drawn.assign(correct=right)
                .groupby(["size", "both", "a_only", "truth"], as_index=False)
                .agg(scenes=("correct", "size"), correct=("correct", "sum"))
            )
            frames.append(cells.assign(trial=trial, split="test", quantifier=quantifier))
    return pd.concat(frames, ignore_index=True).assign(sample=0)[list(columns.CELLS)]


def write_baselines(folder: Path, cells: pd.DataFrame) -> dict[str, Path]:
    """Write what the best rules by size and by zone counts reach in these cells themselves."""
    keys = ["trial", "split", "quantifier", "size"]
    counts = cells.pivot_table("scenes", keys, "truth", aggfunc="sum", fill_value=0)
    right = {
        "majority": counts[True],
        "size": counts.max(axis="columns"),
        "zone_counts": counts.sum(axis="columns"),
    }
    by_size = pd.concat(
        counts.sum(axis="columns")
        .rename("scenes")
        .reset_index()
        .assign(baseline=baseline, unseen=0, correct=correct.to_numpy())
        for baseline, correct in right.items()
    )[list(columns.BASELINE_CELLS)]
    paths = {
        "baselines": folder / "tables/baselines.csv",
        "baseline_cells": folder / "tables/baseline_cells.parquet",
    }
    tables.write_csv(baseline_accuracy(by_size), paths["baselines"])
    tables.write_parquet(by_size, paths["baseline_cells"])
    return paths


def training_trials(curves: pd.DataFrame) -> pd.DataFrame:
    """One line for each trial, with columns as training writes them."""
    last = curves[curves["quantifier"] == "all"].groupby("trial")["step"].max()
    blank = {column: None for column in columns.TRIALS if column.startswith(("train_", "dev_"))}
    return pd.DataFrame(
        {
            **{
                "sample": 0,
                "trial": last.index,
                "quantifier": "all",
                "seed": [f"3141592653589793238462643383279502{trial:02}" for trial in last.index],
                "steps": last,
            },
            **{"best_step": last, "stop_reason": "threshold"},
            **blank,
            **{"test_loss": 0.019, "test_accuracy": 0.98, "train_scenes": 700, "dev_scenes": 0},
            **{"test_scenes": 300, "seconds": 1.5, "device": "cpu", "core": "eager"},
        }
    )[list(columns.TRIALS)]


def leaderboard(ranking: list[int]) -> pd.DataFrame:
    """A leaderboard of samples from the best to the worst, without scores."""
    places = {
        "rank": range(1, len(ranking) + 1),
        "sample": ranking,
        "chosen": [place == 0 for place in range(len(ranking))],
        **{"trials": 1, "diverged": 0},
    }
    blank = {name: np.nan for name in columns.LEADERBOARD if name not in places}
    return pd.DataFrame({**places, **blank})


def write_training(folder: Path, samples: list[dict[str, pd.DataFrame]]) -> dict[str, Any]:
    """Write the results of training and return the inputs of `aggregate` that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    last = max(int(results["curves"]["step"].max()) for results in samples)
    # As many steps as the longest run: 700 training scenes in steps of 7.
    training = {"max_epochs": last // 100 + 1, "batch_size": 7, "evaluate_every": EVALUATE_EVERY}
    row = {f"training.{key}": value for key, value in training.items()}
    tables.write_csv(pd.DataFrame({"sample": range(len(samples))} | row), folder / "samples.csv")
    inputs: dict[str, Any] = {"samples": folder / "samples.csv"}
    for kind, ending in (("curves", "parquet"), ("cells", "parquet"), ("trials", "csv")):
        paths = [folder / f"training/{sample}/{kind}.{ending}" for sample in range(len(samples))]
        write = tables.write_csv if ending == "csv" else tables.write_parquet
        for sample, (path, results) in enumerate(zip(paths, samples, strict=True)):
            write(results[kind].assign(sample=sample), path)
        inputs[f"training_{kind}"] = paths
    return inputs


def table_paths(folder: Path) -> dict[str, Path]:
    """Where an experiment's tables lie, by their names."""
    endings = {"curves": "parquet", "cells": "parquet", "trials": "csv", "convergence": "csv"}
    return {name: folder / f"tables/{name}.{ending}" for name, ending in endings.items()}
