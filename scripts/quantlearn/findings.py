"""What the tables of one experiment say, in sentences and in tables for readers.

Every sentence is put together from numbers in the result tables. A difference counts as shown when
both tests of the convergence steps say so: the paired t-test of the 2019 paper, which knows only
trials in which both quantifiers were learned, and the Wilcoxon signed-rank test, which also ranks
the trials in which only one was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import prose, tables
from quantlearn.convergence import FINAL_EVALUATIONS, step_leads
from quantlearn.distributions import kind_of
from quantlearn.intervals import mean_interval
from quantlearn.prose import MISSING
from quantlearn.search import chooses_sample, distributions_of
from quantlearn.sentences import WRITING
from quantlearn.space import read_sample
from quantlearn.statistics import summarise_convergence

__all__ = [
    "HOW_TO_READ_TESTS",
    "LEVEL",
    "Pair",
    "Results",
    "baseline_summary",
    "caveats",
    "conclusion",
    "data_summary",
    "error_summary",
    "introduction",
    "learning_summary",
    "named_and_generated",
    "p_phrase",
    "pace_summary",
    "pair_summary",
    "pair_table",
    "pairs",
    "read_results",
    "run_summary",
    "scenes_table",
    "settings_table",
    "smallest_p",
    "verdict",
]

LEVEL = 0.05
_EXAMPLES = 3  # of generated quantifiers, of which there may be hundreds
"""Adjusted p values below this count as evidence of a difference."""

FEW_TRIALS = 10

SPLITS = {"train": "training", "dev": "development", "test": "test"}
ZONES = {"both": "A∩B", "a_only": "A∖B", "b_only": "B∖A", "neither": "neither"}
SPLIT_BY = {
    "scene": "no scene of a quantifier is in two of them",
    "zone_counts": "scenes with the same number of objects in each zone are in the same one",
    "size": "scenes of the same size are in the same one",
}
ARCHITECTURES = {
    "encoder_decoder": "LSTM encoder and decoder",
    "feedforward": "feed-forward network",
    "gru": "GRU",
    "lstm": "LSTM",
    "rnn": "Elman network",
    "transformer": "transformer encoder",
}
TASKS = {
    "verification": "A network sees a scene and says whether the quantifier is true:",
    "text_verification": "A network reads a scene and a sentence, word by word, and says whether "
    "the sentence is true. The quantifiers of the sentences:",
    "language_model": "A network reads scenes with true sentences about them and says after each "
    "word which one is next. The quantifiers of the sentences:",
    "description": "A network sees a scene and writes, word by word, the most informative sentence "
    "that is true: the one that fewest combinations of numbers of objects in the zones make true. "
    "The quantifiers of the sentences:",
}
OPTIMISERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
BASELINE_NAMES = {"majority": "majority", "size": "size alone", "zone_counts": "zone counts alone"}
LOSSES = {"cross_entropy": "cross entropy", "squared_error": "squared error"}


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


@dataclass(frozen=True)
class Pair:
    """How two quantifiers compare in the trials of an experiment: numbers of trials.

    ``sooner`` counts the trials in which the first quantifier was learned sooner, also those in
    which only it was learned (``only_easy``); ``later`` and ``only_hard`` the other way round.
    """

    easy: str
    hard: str
    n: int
    sooner: int
    later: int
    together: int
    neither: int
    only_easy: int
    only_hard: int
    tests: pd.DataFrame  # by name of the test

    @property
    def verdict(self) -> str:
        """One of the verdicts of `verdict`."""
        steps, ranks = self.tests.loc["paired_t_steps"], self.tests.loc["wilcoxon_steps"]
        return verdict(
            steps["estimate"], steps["p_adjusted"], ranks["estimate"], ranks["p_adjusted"]
        )


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
        of_shown(tables.read_parquet(paths["cells"], tables.CELLS)),
        paths["cells"],
    )
    read = {
        table: of_shown(tables.read_csv(paths[table], schema))
        for table, schema in {
            "trials": tables.TIMELESS_TRIALS,
            "convergence": tables.CONVERGENCE,
            "comparison": tables.COMPARISON,
        }.items()
    }
    baselines = tables.read_csv(paths["baselines"], tables.BASELINES)
    return Results(settings=settings, cells=cells, split=split, baselines=baselines, **read)


# --- Verdicts ---------------------------------------------------------------------------------


def verdict(lead: float, lead_p: float, ranks: float, ranks_p: float) -> str:
    """What two tests of one difference say together, by their estimates and adjusted p values.

    "sooner" and "later" if both tests show the same direction, "one test" if only one shows a
    difference, "contradiction" if they show opposite ones, "not shown" otherwise.

    >>> verdict(800, 0.01, 0.9, 0.02), verdict(800, 0.01, 0.9, 0.06), verdict(800, 0.2, 0.1, 0.9)
    ('sooner', 'one test', 'not shown')
    """
    directions = [
        "sooner" if estimate > 0 else "later"
        for estimate, p in ((lead, lead_p), (ranks, ranks_p))
        if p < LEVEL
    ]
    if len(directions) < 2:
        return "one test" if directions else "not shown"
    return directions[0] if directions[0] == directions[1] else "contradiction"


def smallest_p(trials: int) -> float:
    """The smallest two-sided p that Wilcoxon's signed-rank test can reach with so many trials.

    >>> smallest_p(5), smallest_p(6)
    (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - trials))


HOW_TO_READ_TESTS = (
    "A positive difference means that the first quantifier of the pair was learned sooner or "
    "better. The paired t-tests are those of the 2019 paper; the one on convergence steps knows "
    "only the trials in which both quantifiers were learned. The other tests count all trials. "
    "Adjusted p values (Holm) allow for the number of pairs in this experiment."
)


def pairs(results: Results) -> Iterator[Pair]:
    """The compared pairs of quantifiers, in the order of the settings."""
    by_name = {
        quantifier: rows.set_index("trial").sort_index()
        for quantifier, rows in results.convergence.groupby("quantifier")
    }
    for easy, hard in results.settings["comparisons"]:
        leads = step_leads(by_name[easy], by_name[hard])
        of_pair = (results.comparison["easy"] == easy) & (results.comparison["hard"] == hard)
        yield Pair(
            easy=easy,
            hard=hard,
            n=len(leads),
            sooner=int((leads > 0).sum()),
            later=int((leads < 0).sum()),
            together=int((leads == 0).sum()),
            neither=int(np.isnan(leads).sum()),
            only_easy=int(np.isposinf(leads).sum()),
            only_hard=int(np.isneginf(leads).sum()),
            tests=results.comparison[of_pair].set_index("test"),
        )


# --- The question and the run -----------------------------------------------------------------


def introduction(settings: Mapping[str, Any]) -> str:
    """The question, where it comes from and what the quantifiers mean."""
    universal = settings["universal"]
    lines = [f"**{settings['question']}**", ""]
    facts = []
    if universal != "none":
        facts.append(f"The semantic universal at stake is {universal}.")
    if settings["source"]:
        facts.append(f"Source: {settings['source']}.")
    if settings["documented"]:
        facts.append(
            f"This is the experiment `{settings['documented']}` as it was run for the published "
            "data, which differs from its description in the paper."
        )
    lines += [" ".join(facts), "", TASKS[settings["task"]], ""]
    named, generated = named_and_generated(settings)
    for quantifier in [*named, *generated[:_EXAMPLES]]:
        expression = settings["expressions"][quantifier]
        lines.append(f"- {prose.name(quantifier)} is true when `{expression}`")
    if len(generated) > _EXAMPLES:
        lines.append(f"- and {len(generated) - _EXAMPLES:,} more generated quantifiers")
    return "\n".join(lines)


def named_and_generated(settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The quantifiers that the experiment names, and the generated ones, negations among them."""
    names = settings["quantifiers"]
    border = len(names) - settings["generated"] - settings["negations"]
    return names[:border], names[border:]


def settings_table(settings: Mapping[str, Any]) -> pd.DataFrame:
    """How the experiment was run, in words; ``settings`` are constants, as in `read_results`."""
    network, training, rule = (settings[key] for key in ("network", "training", "convergence"))
    conditions = [] if chooses_sample(settings) else [("Conditions", _conditions(settings))]
    how = (
        f"the accuracy and its mean over {rule['window']} evaluations from there on are above "
        f"{rule['threshold']:g}"
    )
    learned = [] if settings["task"] in WRITING else [("Learned when", how)]
    return pd.DataFrame(
        [
            ("Scenes", _scenes(settings)),
            ("Balance", _balance(settings["data"]["balance"])),
            ("Split", _split(settings["data"]["split"])),
            ("Network", _network(network, training["together"])),
            *([("Start", _start(settings))] if settings.get("start_from") else []),
            ("Training", _training(training)),
            ("Evaluation", _evaluation(training)),
            *learned,
            *conditions,
        ],
        columns=["Stage", "How"],
    )


def _scenes(settings: Mapping[str, Any]) -> str:
    generate = settings["data"]["generate"]
    low, high = generate["min_size"], generate["max_size"]
    sizes = f"{low} objects" if low == high else f"{low} to {high} objects"
    zones = ", ".join(ZONES[zone] for zone in generate["zones"])
    amount = {
        "enumerate": lambda: "every scene",
        "sample": lambda: f"{generate['draws']:,} different (scene, quantifier) pairs at random",
        "fill": lambda: f"{generate['scenes_per_cell']:,} for each quantifier and truth value",
        "describe": lambda: (
            f"{generate['scenes_per_quantifier']:,} for each quantifier of which it is the most "
            "informative true one, fewer where they are rare"
        ),
    }[generate["method"]]()
    return f"{amount}; {sizes}, each in one of the zones {zones}"


def _balance(balance: Mapping[str, Any]) -> str:
    if balance["method"] == "none":
        return "none: truth values are as frequent as they come"
    by = {"truth": "truth value", "truth_and_size": "truth value and size"}[balance["by"]]
    how = {
        "downsample": "scenes are left out",
        "upsample": "training scenes are repeated",
    }[balance["method"]]
    return f"{how} until each {by} of each quantifier is equally frequent"


def _split(split: Mapping[str, Any]) -> str:
    parts = [f"{split[side]:.0%} {word}" for side, word in SPLITS.items() if split[side]]
    text = f"{prose.listed(parts).replace('%', ' %')}; {SPLIT_BY[split['by']]}"
    kept = [prose.name(name).strip("*") for name in split["only_test"]["quantifiers"]]
    if split["only_test"]["sizes_above"] is not None:
        kept.append(f"more than {split['only_test']['sizes_above']} objects")
    if split["only_test"]["counts"]:
        share = f"{split['only_test']['counts']:.0%}".replace("%", " %")
        kept.append(f"{share} of the pairs (number in A∩B, number in A∖B)")
    return text + (f"; scenes of {prose.listed(kept)} are for testing only" if kept else "")


def _network(network: Mapping[str, Any], together: bool) -> str:
    layers = prose.counted(network["layers"], "layer") if "layers" in network else ""
    kind = ARCHITECTURES.get(network["architecture"], network["architecture"])
    text = f"{kind}, {layers} of {network['hidden']} units" if layers else kind
    if network.get("dropout"):
        text += f", dropout {network['dropout']:g}"
    if network.get("batch_norm"):
        text += ", batch normalisation"
    if network.get("padding") == "read":
        text += "; reads the padding behind the last object and is read out after it"
    elif "padding" in network:
        text += "; does not read the padding behind the last object"
    if network.get("quantifiers") == "number":
        text += "; is told the number in a quantifier's name"
    return text + ("" if together else "; each quantifier has a network of its own")


def _start(settings: Mapping[str, Any]) -> str:
    """Where networks start that do not start as usual.

    >>> _start({"start_from": "alone", "training": {"start_readout": False}})
    'where not from none, from the networks of the same trials of alone; their read-out starts anew'
    """
    source = settings["start_from"].replace("_", " ")
    anew = "" if settings["training"]["start_readout"] else "; their read-out starts anew"
    return f"where not from none, from the networks of the same trials of {source}{anew}"


def _training(training: Mapping[str, Any]) -> str:
    word = SPLITS[training["monitor"]]
    ends = [f"at most {prose.counted(training['max_epochs'], 'epoch')}"]
    if training["stop_loss"] is not None:
        ends.append(f"until the {word} loss is below {training['stop_loss']:g}")
    if training["patience"] is not None:
        waits = prose.counted(training["patience"], "evaluation")
        ends.append(f"until {waits} bring no lower {word} loss")
    rates = [
        f"{name.replace('_', ' ')} {training[name]:g}"
        for name in ("learning_rate", "momentum", "weight_decay")
        if training.get(name)
    ]
    scenes = f", {training['scenes']:,} training scenes" if training.get("scenes") else ""
    return (
        f"{OPTIMISERS[training['optimiser']]} on the {LOSSES[training['loss']]}, "
        f"{', '.join(rates)}, "
        f"{prose.counted(training['batch_size'], 'scene')} in a step{scenes}; {', '.join(ends)}"
    )


def _conditions(settings: Mapping[str, Any]) -> str:
    """What differs between the samples of an experiment that compares them."""
    values = [
        f"{setting.replace('_', ' ')} {_values(distribution)}"
        for variants in settings["search"]["space"].values()
        for setting, distribution in _varying(variants).items()
    ]
    return (
        f"{settings['search']['samples']}, which differ in {prose.listed(values)}; the rows above "
        "describe the first"
    )


def _varying(variants: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings that differ between samples: distributions, and what tells variants apart.

    >>> _varying([{"architecture": "lstm", "hidden": 9}, {"architecture": "gru", "hidden": 9}])
    {'architecture': {'choice': ['lstm', 'gru']}}
    """
    shared = set.intersection(*map(set, variants))
    apart = {
        setting: {"choice": [variant[setting] for variant in variants]}
        for setting in variants[0]
        if setting in shared and len({repr(variant[setting]) for variant in variants}) > 1
    }
    within = [distributions_of(variant) for variant in variants]
    return apart | {name: found for each in within for name, found in each.items()}


def _values(distribution: Mapping[str, Any]) -> str:
    """The values that a setting takes.

    >>> _values({"choice": [False, True]}), _values({"choice": [None, 0.5]})
    ('(no or yes)', '(none or 0.5)')
    """
    kind = kind_of(distribution)
    words = [
        {True: "yes", False: "no", None: "none"}[value]
        if value is None or isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value).replace("_", " ")
        for value in distribution[kind]
    ]
    return f"({(' or ' if kind == 'choice' else ' to ').join(words)})"


def _evaluation(training: Mapping[str, Any]) -> str:
    scenes = "all" if training["eval_scenes"] == 0 else f"at most {training['eval_scenes']:,}"
    word = SPLITS[training["monitor"]]
    return f"every {training['evaluate_every']} steps, on {scenes} {word} scenes"


# --- Data in numbers --------------------------------------------------------------------------


def data_summary(results: Results) -> str:
    """How many trials, and how many scenes each of them had."""
    trials = results.trials
    n = trials["trial"].nunique()
    amounts = [
        f"{prose.span(trials[f'{side}_scenes'].tolist())} for {word}"
        for side, word in {"train": "training", "dev": "development", "test": "testing"}.items()
        if trials[f"{side}_scenes"].any()
    ]
    whose = "trial" if results.settings["training"]["together"] else "network"
    return (
        f"The experiment has {prose.counted(n, 'trial')}: networks that start from different "
        f"weights and have data of their own. The scenes of a {whose} are {prose.listed(amounts)}."
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
            "True": prose.percent(share),
            **{
                f"Right by {words}": prose.percent(means[name][quantifiers].mean())
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
                "Objects": prose.span(cells["size"].tolist()),
                **(truth(cells, quantifiers) if results.settings["task"] not in WRITING else {}),
            }
        )
    return pd.DataFrame(rows)


# --- Learning ---------------------------------------------------------------------------------


def learning_summary(results: Results) -> pd.DataFrame:
    """For each quantifier: in how many trials, when and how well it was learned."""
    found = summarise_convergence(results.convergence, results.settings["quantifiers"])
    size_alone = results.baseline("size", results.settings["training"]["monitor"]).mean()
    return pd.DataFrame(
        {
            "Quantifier": [_plain(quantifier) for quantifier in found["quantifier"]],
            "Learned in": [f"{row.converged} of {row.n} trials" for row in found.itertuples()],
            "Median step": found["median_step"].map(prose.steps),
            "95 % interval": [
                _open_interval(row.median_lower, row.median_upper) for row in found.itertuples()
            ],
            f"Accuracy, last {FINAL_EVALUATIONS} evaluations": found["final_accuracy"].map(
                prose.percent
            ),
            "Size alone": [prose.percent(size_alone[name]) for name in found["quantifier"]],
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
        reached = prose.percent(size_alone[quantifier].mean())
        bounds = prose.interval(*map(prose.accuracy_points, (gain.lower, gain.upper)))
        spread = f" (95 % interval {bounds})" if bounds != MISSING else ""
        name = prose.name(quantifier)
        # Without an interval (one trial, or all the same) the difference itself must do.
        lowest = gain.estimate if isnan(gain.lower) else gain.lower
        if lowest > 0:
            sentences.append(
                f"Over its last {FINAL_EVALUATIONS} evaluations, {name} is "
                f"{prose.accuracy_points(gain.estimate)} percentage points{spread} above the "
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
    points = prose.accuracy_points(abs(difference))
    return f"{points} percentage points {'above' if difference > 0 else 'below'} it"


def pace_summary(settings: Mapping[str, Any], training_trials: Sequence[str]) -> str:
    """How many quantifiers were learned in a minute, where each has a network of its own.

    ``training_trials`` are the paths of training/{job}/trials.csv. A sample trains as long as its
    last network; samples count one after another, as on a single core.
    """
    if settings["training"]["together"]:
        return ""
    trials = pd.concat(tables.read_csv(path, tables.TRIALS) for path in training_trials)
    quantifiers, networks = trials["quantifier"].nunique(), len(trials)
    minutes = trials.groupby("sample")["seconds"].max().sum() / 60
    return (
        f"{prose.counted(networks, 'network')} for {prose.counted(quantifiers, 'quantifier')} "
        f"were trained in {prose.times(minutes)} minutes of single training jobs: "
        f"{prose.times(quantifiers / minutes)} quantifiers a minute, each with all its trials and "
        "samples."
    )


def run_summary(results: Results) -> str:
    """How the runs ended, and how many never learned a quantifier."""
    runs, training = results.trials, results.settings["training"]
    word = SPLITS[training["monitor"]]
    whys = {
        "threshold": f"because the {word} loss fell below {training['stop_loss']}",
        "patience": f"because the {word} loss no longer became lower",
        "epochs": f"at the limit of {prose.counted(training['max_epochs'], 'epoch')}",
        "diverged": "because the loss was no longer a finite number",
    }
    ends = [
        f"{whys[reason]} ({number} of {len(runs)})"
        for reason, number in runs["stop_reason"].value_counts().sort_index().items()
    ]
    sentences = [
        f"The runs took {prose.span(runs['steps'].tolist())} steps. They ended "
        f"{prose.listed(ends)}."
    ]
    unlearned = [
        f"{prose.name(quantifier)} in {(~rows['converged']).sum()} of "
        f"{prose.counted(len(rows), 'trial')}"
        for quantifier, rows in results.convergence.groupby("quantifier", sort=False)
        if not rows["converged"].all()
    ]
    if unlearned:
        sentences.append(
            f"Not learned before the run ended (censored): {prose.listed(unlearned)}. When they "
            "would have been learned is not known, only that it was later."
        )
    else:
        sentences.append("Every quantifier was learned in every trial.")
    return " ".join(sentences)


# --- Tests ------------------------------------------------------------------------------------

TEST_NAMES = {
    "paired_t_steps": "Convergence step, paired t-test (2019)",
    "paired_t_accuracy": f"Accuracy, last {FINAL_EVALUATIONS} evaluations, paired t-test (2019)",
    "wilcoxon_steps": "Convergence step, Wilcoxon signed-rank",
    "logrank": "Share learned, log-rank",
    "area_between_curves": "Area between the curves",
}
UNITS = {
    "steps": "steps",
    "accuracy": "percentage points",
    "rank-biserial correlation": "rank correlation",
    "steps (restricted mean)": "steps",
    "steps × accuracy": "steps × accuracy",
}


def pair_table(pair: Pair) -> pd.DataFrame:
    """All tests of one pair of quantifiers."""
    rows = []
    for test, title in TEST_NAMES.items():
        found = pair.tests.loc[test]
        shown = {
            "accuracy": prose.accuracy_points,
            "rank-biserial correlation": prose.correlation,
        }.get(found["unit"], prose.steps)
        rows.append(
            {
                "Test": title,
                "Difference": f"{shown(found['estimate'])} {UNITS[found['unit']]}"
                if not isnan(found["estimate"])
                else MISSING,
                "95 % interval": prose.interval(shown(found["lower"]), shown(found["upper"])),
                "Trials": f"{found['n']}",
                "p": prose.p_value(found["p"]),
                "p adjusted": prose.p_value(found["p_adjusted"]),
            }
        )
    return pd.DataFrame(rows)


def pair_summary(pair: Pair) -> str:
    """Which of the two was learned sooner, in how many trials, by how much and how surely."""
    easy, hard = prose.name(pair.easy), prose.name(pair.hard)
    trials = prose.counted(pair.n, "trial")
    parts = [f"{easy} was learned sooner than {hard} in {pair.sooner} of {trials}"]
    if pair.only_easy:
        parts[0] += f" (in {pair.only_easy} of them {hard} was not learned at all)"
    if pair.later:
        parts.append(f"later in {pair.later}")
        if pair.only_hard:
            parts[-1] += f" (in {pair.only_hard} of them {easy} was not learned at all)"
    if pair.together:
        parts.append(f"at the same evaluation in {pair.together}")
    if pair.neither:
        parts.append(f"and neither was learned in {pair.neither}")
    sentences = [prose.capital(", ".join(parts)) + "."]
    steps = pair.tests.loc["paired_t_steps"]
    n = int(steps["n"])
    if n == 0:
        sentences.append("There is no trial in which both were learned.")
    else:
        where = (
            "On average"
            if n == pair.n
            else f"In the {prose.counted(n, 'trial')} in which both were learned"
        )
        sentences.append(f"{where}, {easy} came {_lead(steps['estimate'])}{_surely(steps)}.")
    ranks = pair.tests.loc["wilcoxon_steps"]
    if not isnan(ranks["p"]):
        sentences.append(
            f"The Wilcoxon signed-rank test, which also counts trials in which only one was "
            f"learned, gives {p_phrase(ranks['p_adjusted'])}."
        )
    return " ".join(sentences)


def p_phrase(p: float) -> str:
    """A p value as a sentence has it.

    >>> p_phrase(0.02), p_phrase(0.0001)
    ('p = 0.020', 'p < 0.001')
    """
    value = prose.p_value(p)
    return f"p {value}" if value.startswith("<") else f"p = {value}"


def _lead(steps: float) -> str:
    if steps == 0:
        return "at the same step"
    return f"{prose.steps(abs(steps))} steps {'sooner' if steps > 0 else 'later'}"


def _surely(found: pd.Series) -> str:
    if isnan(found["p"]):
        return ", too few or too equal trials for a test"
    return (
        f" (mean lead {prose.steps(found['estimate'])}, 95 % interval {_bounds(found)}; "
        f"paired t-test, {p_phrase(found['p_adjusted'])})"
    )


def _bounds(found: pd.Series) -> str:
    return prose.interval(prose.steps(found["lower"]), prose.steps(found["upper"]))


# --- Errors -----------------------------------------------------------------------------------


def error_summary(results: Results) -> str:
    """How well the trained networks answer, and at which count of A∩B most errors lie."""
    return "\n".join(
        f"- {prose.capital(_errors_of(results, quantifier))}"
        for quantifier in results.settings["quantifiers"]
    )


def _errors_of(results: Results, quantifier: str) -> str:
    cells = results.cells[results.cells["quantifier"] == quantifier]
    by_count = cells.groupby("both")[["scenes", "correct"]].sum()
    total = by_count.sum()
    errors = by_count["scenes"] - by_count["correct"]
    text = (
        f"{prose.name(quantifier)}: {prose.percent(total['correct'] / total['scenes'])} of the "
        f"{SPLITS[results.split]} scenes are answered right; size alone would give "
        f"{prose.percent(results.baseline('size', results.split)[quantifier].mean())}."
    )
    if not errors.any() or len(by_count) == 1:
        return text
    worst = errors.idxmax()
    scenes, correct = by_count.loc[worst]
    share = prose.percent(scenes / total["scenes"])
    return (
        f"{text} Scenes with {prose.counted(int(worst), 'object')} in A∩B have the most errors: "
        f"{errors[worst]:,} of {errors.sum():,}. They are {share} of the "
        f"scenes, and {prose.percent(correct / scenes)} of them are answered right."
    )


# --- What follows -----------------------------------------------------------------------------


def conclusion(results: Results) -> str:
    """What the tests together say about each pair."""
    found = [f"- {_conclusion_of(pair, results.settings)}" for pair in pairs(results)]
    return "\n".join(found) or (
        "This experiment compares no quantifiers with each other. What it shows is said with its "
        "figures."
    )


def _conclusion_of(pair: Pair, settings: Mapping[str, Any]) -> str:
    easy, hard = prose.name(pair.easy), prose.name(pair.hard)
    universal = settings["universal"]
    predicted = (
        ""
        if universal == "none"
        else f", as the learnability of {universal} predicts"
        if pair.verdict == "sooner"
        else f", against what the learnability of {universal} predicts"
    )
    sentence = {
        "sooner": f"{easy} is learned sooner than {hard}{predicted}.",
        "later": f"{easy} is learned later than {hard}{predicted}.",
        "one test": f"Only one of the two tests of the convergence steps shows a difference "
        f"between {easy} and {hard}: the result is open.",
        "contradiction": f"The two tests of the convergence steps show opposite differences "
        f"between {easy} and {hard}: the result is open.",
        "not shown": f"No difference between {easy} and {hard} could be shown, which is no proof "
        f"that there is none{_compatible(pair)}.",
    }[pair.verdict]
    return prose.capital(sentence)


def _compatible(pair: Pair) -> str:
    """Which differences the trials leave open."""
    steps = pair.tests.loc["paired_t_steps"]
    if isnan(steps["lower"]):
        return ""
    return (
        f": by the trials in which both were learned, {prose.name(pair.easy)} may lead by "
        f"{_bounds(steps)} steps (95 % interval; a minus means that it comes later)"
    )


def caveats(results: Results) -> str:
    """What a reader must know before relying on the result; empty when there is nothing."""
    found = []
    n = results.convergence["trial"].nunique()
    if n < FEW_TRIALS:
        reach = min(1.0, smallest_p(n) * len(results.settings["comparisons"]))
        text = f"There are only {prose.counted(n, 'trial')}. The estimates are rough"
        if reach >= LEVEL:
            text += (
                ", and with so few the adjusted p of the Wilcoxon signed-rank test is at least "
                f"{prose.p_value(reach)} whatever the networks do, so no difference can count as "
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
        return f"from {prose.steps(lower)} on"
    return f"{prose.steps(lower)} to {prose.steps(upper)}"
