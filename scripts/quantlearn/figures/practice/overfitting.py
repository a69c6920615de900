"""Over-fitting: where held-out loss parts from training loss, and what early stopping saves.

A network over-fits from the step on at which its loss on held-out scenes is smallest: later steps
make only the training loss smaller. Early stopping with patience P watches the dev loss, ends after
P evaluations without a smaller one and keeps the weights of the smallest (Prechelt 1998, "Early
stopping – but when?"). Runs that were not stopped show for every P where it would have ended.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.statistics.comparison import kaplan_meier
from quantlearn.statistics.intervals import Interval, mean_interval
from quantlearn.tables import TableError

__all__ = [
    "PATIENCES",
    "check_stopped_runs",
    "headline",
    "overfitting_table",
    "remark",
    "shown",
    "stopping_point",
    "stopping_points",
    "turning_points",
]

PATIENCES = (5, 20, 50)
"""Evaluations without a smaller dev loss after which training would end."""

SPLITS = ("train", "dev", "test")


# --- Where to stop --------------------------------------------------------------------------------


def stopping_point(losses: np.ndarray, patience: int) -> tuple[int, int]:
    """The places (stop, best) of early stopping in the monitored losses (n,) of one run.

    Training ends at the first evaluation with ``patience`` evaluations since the smallest loss so
    far, or at the last one, and goes back to the place of that loss. Of equal losses the first
    counts, and one that is no number never.

    >>> stopping_point(np.array([0.7, 0.5, 0.6, 0.55, 0.4]), patience=2)
    (3, 1)
    >>> stopping_point(np.array([0.7, 0.5, 0.6, 0.55, 0.4]), patience=3)
    (4, 4)
    """
    known = np.where(np.isnan(losses), np.inf, losses)
    smaller = known < np.minimum.accumulate(np.concatenate([[np.inf], known[:-1]]))
    places = np.arange(len(losses))
    best = np.maximum.accumulate(np.where(smaller, places, 0))
    waited = np.flatnonzero(places - best >= patience)
    stop = int(waited[0]) if len(waited) else len(losses) - 1
    return stop, int(best[stop])


def stopping_points(curves: pd.DataFrame, patience: int) -> pd.DataFrame:
    """Step of the stop and of the best weights, by trial; the columns ``stop`` and ``best``.

    ``curves`` has the columns trial, step and loss: the dev curve of every trial.
    """
    found = {}
    for trial, run in curves.sort_values("step").groupby("trial"):
        steps = run["step"].to_numpy()
        stop, best = stopping_point(run["loss"].to_numpy(), patience)
        found[trial] = {"stop": steps[stop], "best": steps[best]}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("trial")


def turning_points(curves: pd.DataFrame) -> pd.Series:
    """The step of the smallest loss of each trial: from there on it learns its scenes by heart."""
    return stopping_points(curves, patience=len(curves) + 1)["best"].rename("step")


def check_stopped_runs(curves: pd.DataFrame, trials: pd.DataFrame, patience: int) -> None:
    """Insist that runs with early stopping ended where the rule, applied to their curves, says.

    Raises `TableError` for the first run that did not: then the curves do not show what training
    monitored.
    """
    expected = stopping_points(curves, patience)
    for run in trials.itertuples():
        stop, best = expected.loc[run.trial, ["stop", "best"]]
        if (run.steps, run.best_step) != (stop, best):
            raise TableError(
                f"trial {run.trial} stopped at step {run.steps} with the weights of step "
                f"{run.best_step}, where its dev curve says {stop} and {best}: evaluate the whole "
                "dev split (training.eval_scenes: 0) and train again"
            )


# --- The table ------------------------------------------------------------------------------------


def overfitting_table(
    curves: pd.DataFrame, stopped: tuple[pd.DataFrame, pd.DataFrame, int] | None = None
) -> pd.DataFrame:
    """Loss along training, the turning point, and what early stopping gives.

    ``curves`` holds the totals ('all') of runs without early stopping on train, dev and test;
    ``stopped`` the curves and trials of runs with it, and their patience. Columns: those of
    `quantlearn.tables.OVERFITTING`. Steps are medians over trials, everything else means, with 95 %
    intervals; the loss at a step is a median with quartiles.
    """
    dev = curves[curves["split"] == "dev"]
    rows = [
        *_loss_course(curves),
        _row("turn", "step", _median(turning_points(dev))),
        _row("end", "step", _median(dev.groupby("trial")["step"].max())),
    ]
    for patience in PATIENCES:
        rows += _early_stopping(curves, stopping_points(dev, patience), patience)
    if stopped is not None:
        rows += _stopped_runs(*stopped)
    return pd.DataFrame(rows, columns=list(tables.OVERFITTING))


def _loss_course(curves: pd.DataFrame) -> list[dict[str, Any]]:
    """Median and quartiles over trials of the loss on each split, at every evaluation."""
    rows = []
    for split in SPLITS:
        of_split = curves[curves["split"] == split]
        wide = of_split.pivot_table(index="step", columns="trial", values="loss")
        quartiles = wide.ffill().quantile([0.25, 0.5, 0.75], axis="columns").T
        for step, low, middle, high in quartiles.itertuples():
            found = Interval(middle, low, high), wide.shape[1]
            rows.append(_row("loss", split, found, step=step))
    return rows


def _early_stopping(
    curves: pd.DataFrame, points: pd.DataFrame, patience: int
) -> list[dict[str, Any]]:
    """What ending at these points would have given the runs that went on."""
    test = curves[curves["split"] == "test"].set_index(["trial", "step"]).sort_index()
    end = test.reset_index("step").groupby("trial")["step"].max().loc[points.index]
    found = {
        "stop step": _median(points["stop"]),
        "best step": _median(points["best"]),
        "steps saved": _mean(1 - points["stop"] / end),
    }
    for metric in ("loss", "accuracy"):
        at_best, at_end = (
            test.loc[list(steps.items()), metric].to_numpy() for steps in (points["best"], end)
        )
        found[f"test {metric} at best step"] = _mean(at_best)
        found[f"test {metric} at end"] = _mean(at_end)
        found[f"test {metric}, best step less end"] = _mean(at_best - at_end)
    return [
        _row("early stopping", name, estimate, patience=patience)
        for name, estimate in found.items()
    ]


def _stopped_runs(
    curves: pd.DataFrame, trials: pd.DataFrame, patience: int
) -> list[dict[str, Any]]:
    """How the runs went that early stopping really ended, after a check that they kept the rule."""
    check_stopped_runs(curves[curves["split"] == "dev"], trials, patience)
    found = {
        "stop step": _median(trials["steps"]),
        "best step": _median(trials["best_step"]),
        "stopped early": _mean(trials["stop_reason"] == "patience"),
        "test loss at best step": _mean(trials["test_loss"]),
        "test accuracy at best step": _mean(trials["test_accuracy"]),
    }
    return [
        _row("stopped runs", name, estimate, patience=patience) for name, estimate in found.items()
    ]


def _mean(values: Any) -> tuple[Interval, int]:
    return mean_interval(np.asarray(values, dtype=float)), len(values)


def _median(values: pd.Series) -> tuple[Interval, int]:
    every = np.full(len(values), True)
    return kaplan_meier(values.to_numpy(dtype=float), every).median(), len(values)


def _row(
    kind: str, quantity: str, found: tuple[Interval, int], step: Any = None, patience: Any = None
) -> dict[str, Any]:
    interval, n = found
    return {
        "kind": kind,
        "quantity": quantity,
        "patience": patience,
        "step": step,
        "estimate": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "n": n,
    }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """Where the losses part, and what early stopping saves and costs."""
    stopping = numbers[numbers["kind"] == "early stopping"]
    sentences = [_saved(rows, patience) for patience, rows in stopping.groupby("patience")]
    stopped = numbers[numbers["kind"] == "stopped runs"]
    lines = [headline(numbers, settings), "", *(f"- {sentence}" for sentence in sentences)]
    if _disagree(stopping):
        lines += [
            "",
            "Loss and accuracy tell different stories here: a network that goes on grows surer of "
            "its errors, which makes the loss large, and all the same answers more scenes rightly.",
        ]
    if len(stopped):
        lines += ["", _really_stopped(stopped.set_index("quantity"), settings)]
    return "\n".join(lines)


def headline(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """Where the losses part."""
    turn, end = (numbers[numbers["kind"] == kind].iloc[0] for kind in ("turn", "end"))
    if turn["estimate"] >= end["estimate"]:
        return "The dev loss is still falling at the end: these runs do not over-fit."
    course = numbers[numbers["kind"] == "loss"].set_index(["quantity", "step"])["estimate"]
    last = {split: course[split].iloc[-1] for split in SPLITS}
    return (
        f"The dev loss is smallest at step {formats.steps(turn['estimate'])} (median of "
        f"{formats.counted(turn['n'], 'trial')}, 95 % interval {_steps_between(turn)}). There the "
        f"losses part: by step {formats.steps(end['estimate'])} the median training loss has "
        f"fallen "
        f"to {_loss(last['train'])}, and the dev loss has gone from its smallest median, "
        f"{_loss(course['dev'].min())}, to {_loss(last['dev'])}."
    )


def _saved(rows: pd.DataFrame, patience: float) -> str:
    by_name = rows.set_index("quantity")
    saved = by_name.loc["steps saved"]
    loss, accuracy = (
        by_name.loc[f"test {metric}, best step less end"] for metric in ("loss", "accuracy")
    )
    return (
        f"With patience {patience:.0f} training would end at step "
        f"{formats.steps(by_name.loc['stop step', 'estimate'])} (median), which saves "
        f"{formats.percent(saved['estimate'])} of the steps. Against the end, the weights of the "
        f"best step have a test loss that is {_difference(loss, _loss, '')} and a test accuracy "
        f"that is {_difference(accuracy, formats.accuracy_points, ' percentage points')}."
    )


def _difference(row: pd.Series, words: Any, unit: str) -> str:
    direction = "lower" if row["estimate"] < 0 else "higher"
    low, high = sorted((abs(row["lower"]), abs(row["upper"])))
    if not row["lower"] * row["upper"] > 0:
        shown = formats.interval(words(row["lower"]), words(row["upper"]))
        difference = f"{words(row['estimate'])}{unit}"
        return f"not shown to differ (difference {difference}, 95 % interval {shown})"
    return (
        f"{direction} by {words(abs(row['estimate']))}{unit} (95 % interval {words(low)} to "
        f"{words(high)})"
    )


def _disagree(stopping: pd.DataFrame) -> bool:
    """Whether, for some patience, the best step has a lower test loss and a lower accuracy."""
    upper = stopping.set_index(["quantity", "patience"])["upper"]
    loss, accuracy = (
        upper[f"test {metric}, best step less end"] for metric in ("loss", "accuracy")
    )
    return bool(((loss < 0) & (accuracy < 0)).any())


def _really_stopped(stopped: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    step, early, accuracy = (
        stopped.loc[name] for name in ("stop step", "stopped early", "test accuracy at best step")
    )
    names = formats.listed(f"`{name}`" for name in settings["beside"])
    return (
        f"In {names} {formats.counted(step['n'], 'network')} were trained with patience "
        f"{step['patience']:.0f}. They ended at step {formats.steps(step['estimate'])} (median, "
        f"95 % "
        f"interval {_steps_between(step)}), each at the evaluation at which the rule, applied to "
        f"its curve, ends it; {round(early['estimate'] * early['n'])} of them stopped before the "
        f"last epoch. Their kept weights answer {formats.percent(accuracy['estimate'])} "
        "of the test scenes rightly."
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each patience, and one for the runs that were really stopped."""
    rows = []
    for kind, label in (("early stopping", ""), ("stopped runs", ", really stopped")):
        of_kind = numbers[numbers["kind"] == kind]
        for patience, group in of_kind.groupby("patience"):
            by_name = group.set_index("quantity")
            rows.append(
                {
                    "Patience": f"{patience:.0f} evaluations{label}",
                    "Stop step": formats.steps(by_name.loc["stop step", "estimate"]),
                    "Best step": formats.steps(by_name.loc["best step", "estimate"]),
                    "Steps saved": _cell(by_name, "steps saved", formats.percent),
                    "Test loss at best step": _cell(by_name, "test loss at best step", _loss),
                    "Test loss at the end": _cell(by_name, "test loss at end", _loss),
                    "Test accuracy at best step": _cell(
                        by_name, "test accuracy at best step", formats.percent
                    ),
                    "Test accuracy at the end": _cell(
                        by_name, "test accuracy at end", formats.percent
                    ),
                }
            )
    return pd.DataFrame(rows)


def _cell(by_name: pd.DataFrame, quantity: str, words: Any) -> str:
    return (
        words(by_name.loc[quantity, "estimate"]) if quantity in by_name.index else formats.MISSING
    )


def _steps_between(row: pd.Series) -> str:
    return formats.interval(formats.steps(row["lower"]), formats.steps(row["upper"]))


def _loss(value: float) -> str:
    return formats.MISSING if np.isnan(value) else f"{value:.2g}".replace("-", "−")
