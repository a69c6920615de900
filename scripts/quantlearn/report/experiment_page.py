"""What the tables of one experiment say of data, learning and errors, in sentences and tables.

Every sentence is put together from numbers in the result tables.
"""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.experiment import Results
from quantlearn.figures.formats import MISSING
from quantlearn.figures.labels import BASELINE_NAMES, SPLITS
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.settings.protocol import learns_all, named_and_generated
from quantlearn.statistics.comparison import FEW_TRIALS, LEVEL, smallest_p
from quantlearn.statistics.convergence import FINAL_EVALUATIONS
from quantlearn.statistics.intervals import mean_interval

__all__ = [
    "baseline_summary",
    "caveats",
    "data_summary",
    "error_summary",
    "learning_summary",
    "pace_summary",
    "run_summary",
    "scenes_table",
]


# --- Data in numbers --------------------------------------------------------------------------


def data_summary(results: Results) -> str:
    """How many trials, and how many scenes each of them had."""
    trials = results.trials
    n = trials["trial"].nunique()
    amounts = [
        f"{formats.span(trials[f'{side}_scenes'].tolist())} for {word}"
        for side, word in {"train": "training", "dev": "development", "test": "testing"}.items()
        if trials[f"{side}_scenes"].any()
    ]
    whose = "trial" if learns_all(results.settings) else "network"
    return (
        f"The experiment has {formats.counted(n, 'trial')}: networks that start from different "
        f"weights and have data of their own. The scenes of a {whose} are "
        f"{formats.listed(amounts)}."
    )


def scenes_table(results: Results) -> pd.DataFrame:
    """The scenes of each quantifier on which the trained networks were scored.

    Beside them is what the baselines answer right there, as means over trials.
    """
    rows = []
    means = {name: results.baseline(name, results.split).mean() for name in BASELINE_NAMES}

    def truth(cells: pd.DataFrame, quantifiers: Sequence[str]) -> dict[str, str]:
        share = cells.loc[cells["truth"], "scenes"].sum() / cells["scenes"].sum()
        return {
            "True": formats.percent(share),
            **{
                f"Right by {words}": formats.percent(means[name][quantifiers].mean())
                for name, words in BASELINE_NAMES.items()
            },
        }

    counted = "words" if results.settings["task"] == "language_model" else "scenes"
    named, generated = named_and_generated(results.settings)
    groups = {_plain(quantifier): [quantifier] for quantifier in named}
    if generated:
        groups[f"all {len(generated):,} generated"] = generated
    for words_of_group, quantifiers in groups.items():
        cells = results.cells[results.cells["quantifier"].isin(quantifiers)]
        scenes = cells["scenes"].sum()
        rows.append(
            {
                "Quantifier": words_of_group,
                f"{SPLITS[results.split].capitalize()} {counted} in all trials": f"{scenes:,}",
                "Objects": formats.span(cells["size"].tolist()),
                **(truth(cells, quantifiers) if results.settings["task"] not in WRITING else {}),
            }
        )
    return pd.DataFrame(rows)


# --- Learning ---------------------------------------------------------------------------------


def learning_summary(results: Results) -> pd.DataFrame:
    """For each quantifier: in how many trials, when and how well it was learned."""
    # Half a second, which the pages without learning curves save.
    from quantlearn.statistics.comparison import summarise_convergence  # noqa: PLC0415

    found = summarise_convergence(results.convergence, results.settings["quantifiers"])
    size_alone = results.baseline("size", results.settings["training"]["monitor"]).mean()
    return pd.DataFrame(
        {
            "Quantifier": [_plain(quantifier) for quantifier in found["quantifier"]],
            "Learned in": [f"{row.converged} of {row.n} trials" for row in found.itertuples()],
            "Median step": found["median_step"].map(formats.steps),
            "95 % interval": [
                _open_interval(row.median_lower, row.median_upper) for row in found.itertuples()
            ],
            f"Accuracy, last {FINAL_EVALUATIONS} evaluations": found["final_accuracy"].map(
                formats.percent
            ),
            "Size alone": [formats.percent(size_alone[name]) for name in found["quantifier"]],
        }
    )


def baseline_summary(results: Results) -> str:
    """Whether each quantifier's curve ends above what the size of a scene alone explains."""
    size_alone = results.baseline("size", results.settings["training"]["monitor"])
    sentences = []
    for quantifier in results.settings["quantifiers"]:
        runs = results.convergence[results.convergence["quantifier"] == quantifier]
        if runs["final_accuracy"].isna().all():
            continue
        ends = runs.set_index("trial")["final_accuracy"]
        gain = mean_interval((ends - size_alone[quantifier]).dropna().to_numpy())
        reached = formats.percent(size_alone[quantifier].mean())
        bounds = formats.interval(*map(formats.accuracy_points, (gain.lower, gain.upper)))
        spread = f" (95 % interval {bounds})" if bounds != MISSING else ""
        name = formats.name(quantifier)
        # Without an interval (one trial, or all the same) the difference itself must do.
        lowest = gain.estimate if isnan(gain.lower) else gain.lower
        if lowest > 0:
            sentences.append(
                f"Over its last {FINAL_EVALUATIONS} evaluations, {name} is "
                f"{formats.accuracy_points(gain.estimate)} percentage points{spread} above the "
                f"{reached} that the size of a scene alone gives."
            )
        else:
            sentences.append(
                f"**The curves of {name} do not rise above the {reached} that the size of a scene "
                f"alone gives**: over the last {FINAL_EVALUATIONS} evaluations they are "
                f"{_apart(gain.estimate)}{spread}. What was learned may be no more than a rule "
                "about the number of objects."
            )
    return " ".join(sentences)


def _apart(difference: float) -> str:
    points = formats.accuracy_points(abs(difference))
    return f"{points} percentage points {'above' if difference > 0 else 'below'} it"


def pace_summary(settings: Mapping[str, Any], training_trials: Sequence[str]) -> str:
    """How many quantifiers were learned in a minute, where each has a network of its own.

    ``training_trials`` are the paths of training/{job}/trials.csv. A sample trains as long as its
    last network; samples count one after another, as on a single core.
    """
    if settings["training"]["together"]:
        return ""
    trials = pd.concat(tables.read_csv(path, columns.TRIALS) for path in training_trials)
    quantifiers, networks = trials["quantifier"].nunique(), len(trials)
    minutes = trials.groupby("sample")["seconds"].max().sum() / 60
    return (
        f"{formats.counted(networks, 'network')} for {formats.counted(quantifiers, 'quantifier')} "
        f"were trained in {formats.times(minutes)} minutes of single training jobs: "
        f"{formats.times(quantifiers / minutes)} quantifiers a minute, each with all its trials "
        f"and "
        "samples."
    )


def run_summary(results: Results) -> str:
    """How the runs ended, and how many never learned a quantifier."""
    runs, training = results.trials, results.settings["training"]
    word = SPLITS[training["monitor"]]
    whys = {
        "threshold": f"because the {word} loss fell below {training['stop_loss']}",
        "patience": f"because the {word} loss no longer became lower",
        "epochs": f"at the limit of {formats.counted(training['max_epochs'], 'epoch')}",
        "diverged": "because the loss was no longer a finite number",
    }
    ends = [
        f"{whys[reason]} ({number} of {len(runs)})"
        for reason, number in runs["stop_reason"].value_counts().sort_index().items()
    ]
    sentences = [
        f"The runs took {formats.span(runs['steps'].tolist())} steps. They ended "
        f"{formats.listed(ends)}."
    ]
    unlearned = [
        f"{formats.name(quantifier)} in {(~rows['converged']).sum()} of "
        f"{formats.counted(len(rows), 'trial')}"
        for quantifier, rows in results.convergence.groupby("quantifier", sort=False)
        if not rows["converged"].all()
    ]
    if unlearned:
        sentences.append(
            f"Not learned before the run ended (censored): {formats.listed(unlearned)}. When they "
            "would have been learned is not known, only that it was later."
        )
    else:
        sentences.append("Every quantifier was learned in every trial.")
    return " ".join(sentences)


# --- Errors -----------------------------------------------------------------------------------


def error_summary(results: Results) -> str:
    """How well the trained networks answer, and at which count of A∩B most errors lie."""
    return "\n".join(
        f"- {formats.capital(_errors_of(results, quantifier))}"
        for quantifier in results.settings["quantifiers"]
    )


def _errors_of(results: Results, quantifier: str) -> str:
    cells = results.cells[results.cells["quantifier"] == quantifier]
    by_count = cells.groupby("both")[["scenes", "correct"]].sum()
    total = by_count.sum()
    errors = by_count["scenes"] - by_count["correct"]
    text = (
        f"{formats.name(quantifier)}: {formats.percent(total['correct'] / total['scenes'])} of the "
        f"{SPLITS[results.split]} scenes are answered right; size alone would give "
        f"{formats.percent(results.baseline('size', results.split)[quantifier].mean())}."
    )
    if not errors.any() or len(by_count) == 1:
        return text
    worst = errors.idxmax()
    scenes, correct = by_count.loc[worst]
    share = formats.percent(scenes / total["scenes"])
    return (
        f"{text} Scenes with {formats.counted(int(worst), 'object')} in A∩B have the most errors: "
        f"{errors[worst]:,} of {errors.sum():,}. They are {share} of the "
        f"scenes, and {formats.percent(correct / scenes)} of them are answered right."
    )


def caveats(results: Results) -> str:
    """What a reader must know before relying on the result; empty when there is nothing."""
    found = []
    n = results.convergence["trial"].nunique()
    if n < FEW_TRIALS:
        reach = min(1.0, smallest_p(n) * len(results.settings["comparisons"]))
        text = f"There are only {formats.counted(n, 'trial')}. The estimates are rough"
        if reach >= LEVEL:
            text += (
                ", and with so few the adjusted p of the Wilcoxon signed-rank test is at least "
                f"{formats.p_value(reach)} whatever the networks do, so no difference can count as "
                "shown"
            )
        found.append(f"{text}.")
    if results.settings["comparisons"] and not results.convergence["converged"].all():
        found.append(
            f"{(~results.convergence['converged']).sum()} of {len(results.convergence)} "
            "convergence steps are censored. The paired t-test leaves these trials out."
        )
    training = results.settings["training"]
    may_stop = any(training[rule] is not None for rule in ("stop_loss", "patience"))
    if training["monitor"] == "test" and may_stop:
        found.append(
            "The test scenes also decide when training stops, so accuracies are slightly too good."
        )
    if results.settings["data"]["split"]["by"] == "scene":
        found.append(
            "The split keeps scenes apart, not their numbers of objects in each zone: a test "
            "scene may be a training scene in another order."
        )
    if not found:
        return ""
    return "Before relying on this:\n\n" + "\n".join(f"- {sentence}" for sentence in found)


def _plain(quantifier: str) -> str:
    return quantifier.replace("_", " ")


def _open_interval(lower: float, upper: float) -> str:
    """An interval of which the upper bound may not have been reached."""
    if isnan(lower):
        return MISSING
    if isnan(upper):
        return f"from {formats.steps(lower)} on"
    return f"{formats.steps(lower)} to {formats.steps(upper)}"
