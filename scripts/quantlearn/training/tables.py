"""What training leaves, as tables: learning curves, one row a network, answers by cell."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from quantlearn.columns import CELLS, types
from quantlearn.semantics.quantifiers import zone_counts
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.training.evaluation import Answers, Scores
from quantlearn.training.loop import Evaluation, Outcome
from quantlearn.training.members import Member

__all__ = ["cells_table", "curves_table", "trials_table"]


def curves_table(
    sample: int, outcome: Outcome, members: Sequence[Member], splits: Sequence[str]
) -> pd.DataFrame:
    """Loss and accuracy by trial, step, split (of those evaluated) and quantifier.

    'all' is the total of a network that learns all; those that learn some have no row for it. A
    quantifier without scenes on a split is blank there, and so is a network that diverged before it
    was evaluated, at the step where it did.
    """
    trial = np.array([member.trial for member in members])
    total = ["all"] if members[0].learns == "all" else []  # the last column of the scores
    columns = np.array([[*member.quantifiers, *total] for member in members], dtype=object)
    count = columns.shape[1]
    parts = [*outcome.curve, *_not_evaluated(outcome, count, splits)]
    rows = [len(part.trials) * count for part in parts]
    networks = np.concatenate([part.trials for part in parts])
    table = pd.DataFrame(
        {
            "sample": np.int32(sample),
            "trial": np.repeat(trial[networks], count),
            "step": np.repeat([part.step for part in parts], rows),
            "split": np.repeat(np.array([part.split for part in parts], dtype=object), rows),
            "quantifier": columns[networks].ravel(),
            "loss": np.concatenate([part.scores.loss[:, :count].ravel() for part in parts]),
            "accuracy": np.concatenate([part.scores.accuracy[:, :count].ravel() for part in parts]),
        }
    )
    return table.sort_values(
        ["trial", "step", "split", "quantifier"], ignore_index=True, kind="stable"
    ).astype({"trial": "int32", "step": "int32"})


def _not_evaluated(outcome: Outcome, columns: int, splits: Sequence[str]) -> Iterator[Evaluation]:
    """Blank scores, at their last step, of the networks that no evaluation has looked at."""
    looked_at = {network for part in outcome.curve for network in part.trials.tolist()}
    blank = np.full((1, columns), np.nan)
    for network in sorted(set(range(len(outcome.steps))) - looked_at):
        for split in splits:
            step = int(outcome.steps[network])
            yield Evaluation(step, split, np.array([network]), Scores(blank, blank))


def trials_table(
    sample: int,
    outcome: Outcome,
    members: Sequence[Member],
    scores: Mapping[str, Scores],
    seeds: Sequence[str],
    device: str,
    core: str,
) -> pd.DataFrame:
    """One row for each network: seed, how long it trained and why it stopped, final scores.

    scores: of the final weights on each whole side of the split that has scenes.
    """
    table = pd.DataFrame(
        {
            "sample": sample,
            "trial": [member.trial for member in members],
            "quantifier": [member.learns for member in members],
            "seed": seeds,
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "stop_reason": outcome.stop_reason,
        }
    )
    for side in ("train", "dev", "test"):
        known = side in scores
        table[f"{side}_loss"] = scores[side].loss[:, -1] if known else np.nan
        table[f"{side}_accuracy"] = scores[side].accuracy[:, -1] if known else np.nan
    for side in ("train", "dev", "test"):
        table[f"{side}_scenes"] = [len(member.examples[side]) for member in members]
    return table.assign(seconds=outcome.seconds.round(3), device=device, core=core)


def cells_table(
    sample: int,
    members: Sequence[Member],
    given: Mapping[str, Answers],
    quantifiers: list[str],
) -> pd.DataFrame:
    """Final answers counted by trial, split, quantifier, size, |A∩B|, |A∖B| and truth.

    given: by side of the split, the answers of all networks to at least their n examples.
    """
    parts = []
    for side, of_side in given.items():
        for member, correct, asked in zip(members, of_side.correct, of_side.answers, strict=True):
            scenes = member.scenes[side]
            n = len(scenes)
            parts.append(
                _count_cells(scenes, asked[:n], correct[:n], quantifiers).assign(
                    sample=np.int32(sample), trial=member.trial, split=side
                )
            )
    columns = ["sample", "trial", "split", "quantifier", "size", "both", "a_only", "truth"]
    if not any(map(len, parts)):
        return pd.DataFrame({name: [] for name in CELLS}).astype(types(CELLS))
    # Without empty parts, whose types say nothing.
    table = pd.concat(filter(len, parts), ignore_index=True)[[*columns, "scenes", "correct"]]
    return table.sort_values(columns, ignore_index=True)


def _count_cells(
    scenes: LabelledScenes, asked: np.ndarray, correct: np.ndarray, quantifiers: list[str]
) -> pd.DataFrame:
    counts = zone_counts(scenes.scenes)
    answers = pd.DataFrame(
        {
            "quantifier": np.array(quantifiers, dtype=object)[scenes.quantifiers],
            "size": scenes.sizes,
            "both": counts[:, 0],
            "a_only": counts[:, 1],
            "truth": scenes.truth,
            "scenes": asked,
            "correct": correct,
        }
    )
    keys = ["quantifier", "size", "both", "a_only", "truth"]
    grouped = answers.groupby(keys, as_index=False).sum()
    return grouped.astype(
        {"size": "int16", "both": "int16", "a_only": "int16", "scenes": "int32", "correct": "int32"}
    )
