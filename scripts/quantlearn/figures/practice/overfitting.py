"""Over-fitting: where held-out loss is smallest, and what early stopping saves.

A network over-fits from the step on at which its loss on held-out scenes is smallest: later steps
make only the training loss smaller. Early stopping with patience P watches the dev loss, ends after
P evaluations without a smaller one and keeps the weights of the smallest (Prechelt 1998, "Early
stopping – but when?"). Runs that were not stopped show for every P where it would have ended.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.statistics.convergence import median_step
from quantlearn.statistics.intervals import Interval, mean_interval
from quantlearn.tables import TableError

READS = ("curves", "trials")

TABLES = {
    "overfitting_losses": {
        "split": Column("str", "train, dev or test"),
        "step": Column("int64", "Step of the evaluation"),
        "estimate": Column("float64", "Median of the loss over trials"),
        "lower": Column("float64", "Lower quartile"),
        "upper": Column("float64", "Upper quartile"),
        "n": Column("int64", "Trials"),
    },
    "overfitting_stopping": {
        "stopped": Column(
            "bool",
            "Whether networks were really stopped early, in an experiment beside this one; else "
            "the rule is applied to the curves",
        ),
        "patience": Column(
            "Int64", "Evaluations without a smaller dev loss after which training ends"
        ),
        "quantity": Column(
            "str",
            "What is estimated: a step, a loss, an accuracy, what stopping changes, or a share",
        ),
        "estimate": Column("float64", "Median over trials of a step, mean of everything else"),
        "lower": Column("float64", "Lower end of its 95 % interval"),
        "upper": Column("float64", "Upper end"),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "overfitting_losses": "The loss along training, on all scenes of a split.",
    "overfitting_stopping": "What early stopping gives, by patience.",
}

PATIENCES = (5, 20, 50)
"""Evaluations without a smaller dev loss after which training would end."""

GAP = 0.1
"""How much larger the dev loss is than the training loss where the two have parted."""

LOSSES = {"cross_entropy": "Loss (cross entropy, nats)", "squared_error": "Loss (squared error)"}
SPLITS = {"train": "training scenes", "dev": "dev scenes", "test": "test scenes"}


def tables(experiment: Experiment, beside: Sequence[Experiment], _: int) -> dict[str, pd.DataFrame]:
    """Loss along training, and where early stopping ends runs and what it gives.

    The losses have medians over trials with quartiles. Of stopping, steps are medians and
    everything else means, with 95 % intervals; without a patience the run goes on to its end, and
    ``parting_step`` is from where on the losses are apart.
    ``stopped`` are runs that it really ended: of the experiments beside, the first with a patience.
    """
    curves = totals(experiment)
    dev = curves[curves["split"] == "dev"]
    found = median_steps(stopping_points(dev, len(dev) + 1))
    found["parting_step"] = median_step(parting_steps(curves))
    rows = rows_of(found, dev["trial"].nunique())
    for patience in PATIENCES:
        points = stopping_points(dev, patience)
        rows += rows_of(what_it_gives(curves, points), len(points), patience)
    for one in beside:
        if (patience := one.settings["training"]["patience"]) is not None:
            rows += rows_of(as_stopped(one), len(one.trials), patience, stopped=True)
            break
    return {
        "overfitting_losses": losses_along(curves),
        "overfitting_stopping": pd.DataFrame(rows).astype({"patience": "Int64"}),
    }


def totals(experiment: Experiment) -> pd.DataFrame:
    """The curves over all quantifiers."""
    return experiment.curves[experiment.curves["quantifier"] == "all"]


def losses_along(curves: pd.DataFrame) -> pd.DataFrame:
    """Median and quartiles over trials of the loss on each split, at every evaluation."""
    parts = []
    for split in SPLITS:
        wide = curves[curves["split"] == split].pivot_table("loss", "step", "trial").ffill()
        found = wide.quantile([0.5, 0.25, 0.75], axis="columns").T
        found.columns = ["estimate", "lower", "upper"]
        parts.append(found.assign(split=split, n=wide.shape[1]).reset_index())
    return pd.concat(parts, ignore_index=True)[list(TABLES["overfitting_losses"])]


def parting_steps(curves: pd.DataFrame) -> np.ndarray:
    """From which step to the end the dev loss of each trial is `GAP` above its training loss, (n,).

    Infinite where it is not so at the end.
    """
    found = []
    for _, run in curves.pivot_table("loss", ["trial", "step"], "split").groupby("trial"):
        near = np.flatnonzero(~(run["dev"] - run["train"] > GAP))
        first = near[-1] + 1 if len(near) else 0
        steps = run.index.get_level_values("step")
        found.append(steps[first] if first < len(run) else np.inf)
    return np.array(found, dtype=float)


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
        places = stopping_point(run["loss"].to_numpy(), patience)
        found[trial] = run["step"].to_numpy()[list(places)]
    return pd.DataFrame.from_dict(found, orient="index", columns=["stop", "best"])


def what_it_gives(curves: pd.DataFrame, points: pd.DataFrame) -> dict[str, Interval]:
    """What ending at these points would have given the runs that went on."""
    test = curves[curves["split"] == "test"].set_index(["trial", "step"])
    end = test.reset_index("step").groupby("trial")["step"].max().loc[points.index]
    saved = mean_interval((1 - points["stop"] / end).to_numpy())
    found = median_steps(points) | {"steps_saved": saved}
    for metric in ("loss", "accuracy"):
        best, last = (
            test.loc[list(steps.items()), metric].to_numpy() for steps in (points["best"], end)
        )
        found[f"test_{metric}"] = mean_interval(best)
        found[f"test_{metric}_at_end"] = mean_interval(last)
        found[f"test_{metric}_less_end"] = mean_interval(best - last)
    return found


def as_stopped(experiment: Experiment) -> dict[str, Interval]:
    """How the runs went that early stopping really ended, after a check that they kept the rule."""
    trials, curves = experiment.trials, totals(experiment)
    patience = experiment.settings["training"]["patience"]
    check_stopped_runs(curves[curves["split"] == "dev"], trials, patience)
    steps = trials.rename(columns={"steps": "stop", "best_step": "best"})
    early = (trials["stop_reason"] == "patience").to_numpy(dtype=float)
    scores = {
        name: mean_interval(trials[name].to_numpy()) for name in ("test_loss", "test_accuracy")
    }
    return median_steps(steps) | {"stopped_early": mean_interval(early)} | scores


def check_stopped_runs(curves: pd.DataFrame, trials: pd.DataFrame, patience: int) -> None:
    """Insist that runs with early stopping ended where the rule, applied to their curves, says.

    Raises `TableError` for the first run that did not: then the curves do not show what training
    monitored.
    """
    expected = stopping_points(curves, patience)
    for run in trials.itertuples():
        stop, best = expected.loc[run.trial]
        if (run.steps, run.best_step) != (stop, best):
            raise TableError(
                f"trial {run.trial} stopped at step {run.steps} with the weights of step "
                f"{run.best_step}, where its dev curve says {stop} and {best}: evaluate the whole "
                "dev split (training.eval_scenes: 0) and train again"
            )


def median_steps(points: pd.DataFrame) -> dict[str, Interval]:
    """The median steps of the stop and of the best weights."""
    return {
        f"{name}_step": median_step(points[name].to_numpy(dtype=float)) for name in ("stop", "best")
    }


def rows_of(
    found: Mapping[str, Interval], n: int, patience: int | None = None, *, stopped: bool = False
) -> list[dict[str, Any]]:
    """A row for each quantity."""
    return [
        {"stopped": stopped, "patience": patience, "quantity": name, **vars(interval), "n": n}
        for name, interval in found.items()
    ]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Training and held-out loss over training: where the latter is smallest, and where early
    stopping would end.

    Lines are medians over trials of the loss on all scenes of a split, bands their quartiles. The
    solid vertical line is the step of the smallest dev loss (median over trials, shaded: its 95 %
    interval); from there on the network over-fits. Dashed lines say where training would end if it
    waited that many evaluations for a smaller dev loss (median over trials).
    """
    losses, stopping = tables["overfitting_losses"], tables["overfitting_stopping"]
    turn = without_stop(stopping).loc["best_step"]
    figure = style.new_figure(style.PAGE_WIDTH, 3.9)
    axes = figure.add_subplot()
    labels = []
    for split, look in style.looks(list(SPLITS)).items():
        rows = losses[losses["split"] == split].set_index("step")
        axes.fill_between(
            rows.index, rows["lower"], rows["upper"], color=look.colour, alpha=0.2, linewidth=0
        )
        axes.plot(rows["estimate"], color=look.colour, linestyle=look.line)
        titles = [
            f"{SPLITS[split]}, step {step:,}: {two_digits(loss)}"
            for step, loss in rows["estimate"].items()
        ]
        svg_titles.tell_along(axes, rows.index, rows["estimate"], titles)
        end = (rows.index[-1], rows["estimate"].iloc[-1])
        labels.append((SPLITS[split], look.colour, [end]))
    axes.set_xlim(0, losses["step"].max())
    axes.set_ylim(0, losses["upper"].max() * 1.12)
    mark(axes, turn["estimate"], f"smallest dev loss, step {turn['estimate']:,.0f}", "-")
    if turn[["lower", "upper"]].notna().all():
        axes.axvspan(turn["lower"], turn["upper"], color=style.GREY, alpha=0.15, linewidth=0)
    would_end = ~stopping["stopped"] & (stopping["quantity"] == "stop_step")
    for row in stopping[would_end].dropna(subset="patience").itertuples():
        mark(axes, row.estimate, f"patience {row.patience}", (0, (5, 3)))
    style.step_axis(axes.xaxis)
    axes.set_xlabel("Training step")
    axes.set_ylabel(LOSSES[experiment.settings["training"]["loss"]])
    axes.set_title(f"{experiment.settings['title']} (n = {turn['n']} trials)", wrap=True)
    style.label_ends(axes, labels)
    return figure


def mark(axes: Axes, step: float, text: str, line: Any) -> None:
    """A vertical line with its name beside it."""
    axes.axvline(step, color=style.GREY, linestyle=line, linewidth=0.9)
    axes.annotate(
        text,
        (step, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(2, -2),
        textcoords="offset points",
        rotation=90,
        ha="left",
        va="top",
        fontsize=8,
        color=style.GREY,
        # Readable where another line runs through it.
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
    )


def without_stop(stopping: pd.DataFrame) -> pd.DataFrame:
    """The rows of the runs that went on, by quantity."""
    return stopping[stopping["patience"].isna()].set_index("quantity")


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where the dev loss is smallest, and what early stopping saves and costs."""
    losses, stopping = tables["overfitting_losses"], tables["overfitting_stopping"]
    never, course = without_stop(stopping), losses.groupby("split")["estimate"]
    runs = stopping.dropna(subset="patience").pivot_table(
        ["estimate", "lower", "upper"], ["stopped", "patience"], "quantity", dropna=False
    )
    runs = runs.dropna(how="all")  # pairs that there are not
    found, upper = runs["estimate"], runs["upper"]
    differ = (upper["test_loss_less_end"] < 0) & (upper["test_accuracy_less_end"] < 0)

    def bounds(quantity: str, form: Callable[[float], str]) -> list[str]:
        pairs = zip(runs["lower", quantity], upper[quantity], strict=True)
        return [formats.interval(form(low), form(high)) for low, high in pairs]

    return {
        "turn": never.loc["best_step"],
        "parting": never.loc["parting_step"],
        "gap": GAP,
        "end": never.loc["stop_step"],
        "last": course.last(),
        "smallest": course.min()["dev"],
        "stories_differ": differ.any(),
        "at_end": found.iloc[0],
        "really": stopping[stopping["stopped"]].set_index("quantity").to_dict("index"),
        "beside": settings["beside"],
        "rows": pd.DataFrame(
            {
                "Patience": [f"{n}, really stopped" if real else str(n) for real, n in runs.index],
                "Stop step": found["stop_step"].map(formats.steps),
                "Best step": found["best_step"].map(formats.steps),
                "Steps saved": found["steps_saved"].map(formats.percent),
                "Test loss": found["test_loss"].map(two_digits),
                "Less the end": found["test_loss_less_end"].map(two_digits),
                "95 % interval": bounds("test_loss_less_end", two_digits),
                "Test accuracy": found["test_accuracy"].map(formats.percent),
                "Less the end, points": found["test_accuracy_less_end"].map(
                    formats.accuracy_points
                ),
                "95 % interval, points": bounds("test_accuracy_less_end", formats.accuracy_points),
            }
        ),
    }


def two_digits(loss: float) -> str:
    """A loss with the digits that it can bear."""
    return formats.number(loss, 2)
