"""Which hyperparameter matters: how much a forest that predicts the dev accuracy relies on each.

A random forest (Breiman 2001) learns to predict the mean dev accuracy of a sample from its
settings. The importance of a setting is by how much the explained variance R² of samples that the
forest has not seen falls when the setting's values are shuffled among them (permutation importance,
ibid., section 10). A setting that does not apply to a sample has a value of its own, "none".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import RepeatedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from quantlearn import tables
from quantlearn.figures import formats

__all__ = ["FEWEST_SAMPLES", "importances", "knob_values", "remark", "shown"]

FOLDS, REPEATS, SHUFFLES, TREES = 4, 10, 3, 50
FEWEST_SAMPLES = 32
"""With fewer samples a forest has too little to learn from: none is grown."""

COURSE_ORDER = ("network.architecture", "network.activation", "training.optimiser")
"""What the course advises to vary first."""


def knob_values(samples: pd.DataFrame, leaderboard: pd.DataFrame) -> pd.DataFrame:
    """The settings that vary, one column each, and the column dev_accuracy; one row a sample.

    ``samples`` holds samples.csv as texts. Numbers stay numbers where a setting is one in all
    samples to which it applies; everything else is a word, and blank is "none".

    >>> samples = pd.DataFrame({"sample": ["0", "1"], "training.rate": ["0.1", "0.01"],
    ...                         "network.kind": ["a", "b"], "network.same": ["x", ""]})
    >>> board = pd.DataFrame({"sample": [1, 0], "dev_accuracy": [0.6, 0.7]})
    >>> knob_values(samples, board)
       training.rate network.kind  dev_accuracy
    0           0.10            a           0.7
    1           0.01            b           0.6
    """
    varying = [name for name in samples.columns[1:] if len(set(samples[name]) - {""}) > 1]
    values = {name: _numbers_or_words(samples[name]) for name in varying}
    accuracy = leaderboard.set_index("sample")["dev_accuracy"]
    numbers = samples["sample"].astype(int)
    return pd.DataFrame({**values, "dev_accuracy": numbers.map(accuracy)})


def importances(values: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Permutation importance of each column of `knob_values` but the last, highest first.

    Estimates are means over forests that each learned on three quarters of the samples and were
    asked about the rest (4-fold cross-validation, ten times); ``lower`` and ``upper`` hold the
    middle 95 % of the ten means. ``explained`` is the mean R² of the unshuffled rest: near or below
    0 the forest explains nothing, and no importance means anything. With fewer than
    `FEWEST_SAMPLES` samples all of these are NaN, and the settings stay in their order.
    """
    if len(values) < FEWEST_SAMPLES:
        knobs = pd.DataFrame({"knob": values.columns[:-1], "samples": len(values)})
        return knobs.reindex(columns=list(tables.KNOBS))
    knobs, accuracy = values.drop(columns="dev_accuracy"), values["dev_accuracy"].to_numpy()
    folds = RepeatedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    falls, explained = [], []
    for fold, (seen, unseen) in enumerate(folds.split(knobs)):
        forest = _forest(knobs, seed + fold).fit(knobs.iloc[seen], accuracy[seen])
        explained.append(forest.score(knobs.iloc[unseen], accuracy[unseen]))
        shuffled = permutation_importance(
            forest, knobs.iloc[unseen], accuracy[unseen], n_repeats=SHUFFLES, random_state=seed
        )
        falls.append(shuffled.importances_mean)
    by_repeat = np.reshape(falls, (REPEATS, FOLDS, -1)).mean(axis=1)
    lower, upper = np.quantile(by_repeat, [0.025, 0.975], axis=0)
    table = pd.DataFrame(
        {
            "knob": knobs.columns,
            "importance": by_repeat.mean(axis=0),
            "lower": lower,
            "upper": upper,
            "samples": len(knobs),
            "explained": np.mean(explained),
        }
    )
    return table.sort_values("importance", ascending=False, kind="stable")[list(tables.KNOBS)]


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """Which settings matter, and whether in the order that the course claims."""
    samples, explained = int(numbers["samples"].iloc[0]), float(numbers["explained"].iloc[0])
    if samples < FEWEST_SAMPLES:
        return (
            f"{formats.capital(formats.counted(samples, 'sample'))} say too little about single "
            f"settings: a random forest learns which matter from {FEWEST_SAMPLES} or more."
        )
    text = (
        f"Having seen three quarters of the {samples} samples, a random forest explains "
        f"{formats.percent(max(explained, 0.0))} of the variance of the others' dev accuracy."
    )
    if explained <= 0:
        return f"{text} It explains nothing, so the importances below mean nothing."
    sure = numbers[numbers["lower"] > 0]
    ranked = [words(knob) for knob in sure["knob"]]
    text += (
        f" Settings whose importance is above 0 in nearly all repetitions, most important first: "
        f"{formats.listed(ranked)}."
        if ranked
        else " No setting has an importance that is surely above 0."
    )
    claimed = [knob for knob in COURSE_ORDER if knob in set(numbers["knob"])]
    if len(claimed) < len(COURSE_ORDER):
        return text
    found = [knob for knob in numbers["knob"] if knob in claimed]
    verdict = "the same" if found == claimed else "another"
    return (
        f"{text} The course names {formats.listed([words(knob) for knob in claimed])} as what to "
        f"vary first, in this order; here the order of the three is {verdict}: "
        f"{formats.listed([words(knob) for knob in found])}."
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame | None:
    """The importances for readers, where there are samples enough to learn them from."""
    if numbers["samples"].iloc[0] < FEWEST_SAMPLES:
        return None
    return pd.DataFrame(
        {
            "Setting": [words(knob) for knob in numbers["knob"]],
            "Importance (fall of R²)": [f"{value:.3f}" for value in numbers["importance"]],
            "Middle 95 % of repetitions": [
                formats.interval(f"{low:.3f}", f"{high:.3f}")
                for low, high in zip(numbers["lower"], numbers["upper"], strict=True)
            ],
        }
    )


def words(knob: str) -> str:
    """A setting's name for readers.

    >>> words("training.learning_rate")
    'learning rate'
    """
    return knob.split(".", 1)[-1].replace("_", " ")


def _numbers_or_words(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().all() else column.replace("", "none")


def _forest(knobs: pd.DataFrame, seed: int) -> Pipeline:
    words_in = [name for name in knobs if not pd.api.types.is_numeric_dtype(knobs[name])]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words_in), remainder="passthrough"
    )
    return make_pipeline(columns, RandomForestRegressor(TREES, random_state=seed, n_jobs=1))
