"""The page of an experiment: what its settings and tables say, section by section.

Here are the facts of each section; their words are the block of that name in the template.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn.figures import formats
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES, BASELINE_NAMES, SPLITS, ZONES
from quantlearn.figures.texts import render
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.settings.protocol import learns_all, named_and_generated, trials_lacking
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.convergence import (
    PAPER_EVALUATIONS,
    step_leads,
    summarise_convergence,
)
from quantlearn.statistics.endpoint import evaluations
from quantlearn.statistics.scores import MARGIN, compared

__all__ = ["how_run", "pairs", "section"]


def section(name: str, experiment: Experiment) -> str:
    """Write a section of the page as Markdown; it is empty where it has nothing to say.

    The names are introduction, meaning, trials, data, learned, learning, ranking, tests, errors,
    conclusion and caveats.
    """
    return _written(name, _FACTS[name](experiment))


def _written(block: str, facts: Mapping[str, Any]) -> str:
    return render(Path(__file__).with_suffix(".md.j2"), facts, block)


def _introduction(experiment: Experiment) -> dict[str, Any]:
    named, generated = named_and_generated(experiment.settings)
    return {"settings": experiment.settings, "named": named, "generated": generated}


def how_run(experiment: Experiment) -> dict[str, str]:
    """Say how the experiment was run: stage → its settings in words."""
    settings = experiment.constants
    data, training = settings["data"], settings["training"]
    facts = {
        **data,
        "settings": settings,
        "zones": [ZONES[zone] for zone in data["generate"]["zones"]],
        "shares": [
            f"{100 * data['split'][side]:.0f} % {word}"
            for side, word in SPLITS.items()
            if data["split"][side]
        ],
        "network": settings["network"],
        "architecture": ARCHITECTURES[settings["network"]["architecture"]],
        "groups": [_plain(" and ".join(own)) for own in settings["groups"] or []],
        "training": training,
        "monitored": SPLITS[training["monitor"]],
        "verifies": settings["task"] not in WRITING,
        "varied": [] if chooses_sample(settings) else _varied(experiment.drawn),
    }
    lines = _written("settings", facts).splitlines()
    return dict(line.split(": ", 1) for line in lines if line)


def _varied(drawn: pd.DataFrame) -> list[str]:
    """The settings in which samples differ, with their values.

    >>> _varied(pd.DataFrame({"sample": ["0", "1"], "network.batch_norm": ["false", "true"]}))
    ['batch norm (no or yes)']
    """
    words = {"true": "yes", "false": "no", "null": "none"}
    varied = []
    for column in drawn.columns.drop("sample"):
        values = pd.Series(drawn.loc[drawn[column] != "", column].unique())
        if len(values) < 2:
            continue
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().all():
            values = values[numbers.argsort()]
        if len(values) > 5 and numbers.notna().all():
            values = [f"{numbers.min():.3g} to {numbers.max():.3g}"]
        shown = [words.get(value, _plain(value).removesuffix(".0")) for value in values]
        varied.append(f"{_plain(column.partition('.')[2])} ({' or '.join(shown)})")
    return varied


def _plain(name: str) -> str:
    return name.replace("_", " ")


# --- Data and learning ------------------------------------------------------------------------


def _trials(experiment: Experiment) -> dict[str, Any]:
    trials = experiment.shown(experiment.trials)
    words = {"train": "training", "dev": "development", "test": "testing"}
    scenes = {word: trials[f"{side}_scenes"].tolist() for side, word in words.items()}
    return {
        "trials": trials["trial"].nunique(),
        "shared": learns_all(experiment.settings),
        "enumerated": experiment.settings["data"]["generate"]["method"] == "enumerate",
        "scenes": [f"{formats.span(of)} for {word}" for word, of in scenes.items() if any(of)],
    }


def _data(experiment: Experiment) -> dict[str, Any]:
    """The scenes on which networks are scored, how the experiment was run, and how fast.

    What rules without learning answer right on these scenes is a mean over trials.
    """
    settings, (cells, split) = experiment.constants, experiment.held_out
    rules = [experiment.baseline(rule, split).mean() for rule in BASELINE_NAMES]
    named, generated = named_and_generated(settings)
    groups = {_plain(name): [name] for name in named}
    if generated:
        groups[f"all {len(generated):,} generated"] = generated
    scored = []
    for words, quantifiers in groups.items():
        own = cells[cells["quantifier"].isin(quantifiers)]
        scored.append(
            {
                "quantifier": words,
                "scenes": own["scenes"].sum(),
                "sizes": own["size"].tolist(),
                "true": own.loc[own["truth"], "scenes"].sum() / own["scenes"].sum(),
                "right": [right[quantifiers].mean() for right in rules],
            }
        )
    facts = {
        "scored": scored,
        "split": SPLITS[split],
        "unit": "words" if settings["task"] == "language_model" else "scenes",
        "rules": BASELINE_NAMES.values(),
        "verifies": settings["task"] not in WRITING,
        "how": how_run(experiment),
        "minutes": 0,
    }
    if settings["training"]["together"]:
        return facts
    trials = experiment.timed_trials
    # A sample trains as long as its last network; samples count one after another, as on one core.
    return facts | {
        "minutes": trials.groupby("sample")["seconds"].max().sum() / 60,
        "quantifiers": trials["quantifier"].nunique(),
        "networks": len(trials),
    }


def _learning(experiment: Experiment) -> dict[str, Any]:
    convergence, trials = map(experiment.shown, (experiment.convergence, experiment.trials))
    training, quantifiers = experiment.constants["training"], experiment.settings["quantifiers"]
    size_alone = experiment.baseline("size", training["monitor"])
    ends = convergence.pivot_table("final_accuracy", "trial", "quantifier", dropna=False)
    apart = {
        (name,): (ends[name] - size_alone[name]).dropna() for name in quantifiers if name in ends
    }
    above = compared(apart, ["quantifier"]).set_index("quantifier")
    rows = summarise_convergence(convergence, quantifiers).to_dict("records")
    for row in rows:
        name = row["quantifier"]
        row["size_alone"] = size_alone[name].mean()
        row["above"] = above.loc[name]
    by_verdict = above.groupby("verdict").groups
    return {
        "rows": rows,
        # Nothing is lower than what the size gives, that is not also no more than it.
        "flat": [
            formats.name(name)
            for shown in ("no_difference", "lower")
            for name in by_verdict.get(shown, [])
        ],
        "open": [formats.name(name) for name in by_verdict.get("open", [])],
        "margin": MARGIN,
        "steps": trials["steps"].tolist(),
        "ends": trials["stop_reason"].value_counts().sort_index(),
        "censored": not convergence["converged"].all(),
        "training": training,
        "monitored": SPLITS[training["monitor"]],
    }


def _errors(experiment: Experiment) -> dict[str, Any]:
    cells, split = experiment.held_out
    size_alone = experiment.baseline("size", split).mean()
    rows = []
    for quantifier in experiment.settings["quantifiers"]:
        own = cells[cells["quantifier"] == quantifier].groupby("both")[["scenes", "correct"]].sum()
        errors = own["scenes"] - own["correct"]
        rows.append(
            {
                "quantifier": quantifier,
                "all": own.sum(),
                "worst": own.loc[errors.idxmax()],
                "told": errors.any() and len(own) > 1,
                "size_alone": size_alone[quantifier],
            }
        )
    return {"rows": rows, "split": SPLITS[split]}


def _ranking(experiment: Experiment) -> dict[str, Any]:
    board = experiment.leaderboard
    chosen = board[board["chosen"]].iloc[0]
    of = {
        split: {
            "estimate": chosen[f"{split}_accuracy"],
            "lower": chosen[f"{split}_accuracy_lower"],
            "upper": chosen[f"{split}_accuracy_upper"],
        }
        for split in ("dev", "test")
    }
    return {"samples": len(board), "trials": chosen["trials"], **of}


# --- Pairs ------------------------------------------------------------------------------------


def pairs(experiment: Experiment) -> list[dict[str, Any]]:
    """Compare the quantifiers of each pair, in the order of the settings.

    ``verdict`` is the row of verdicts.csv, ``tests`` are the other tests by name. ``sooner`` counts
    the trials in which the first one was learned sooner, also those in which only it was learned.
    """
    convergence = experiment.shown(experiment.convergence).sort_values("trial")
    learned = dict(iter(convergence.groupby("quantifier")))
    tested = experiment.shown(experiment.comparison)
    found = []
    for row in experiment.shown(experiment.verdicts).to_dict("records"):
        first, second = row["first"], row["second"]
        leads = step_leads(learned[first], learned[second])
        tests = tested[(tested["easy"] == first) & (tested["hard"] == second)].set_index("test")
        found.append(
            {
                "first": formats.name(first),
                "second": formats.name(second),
                "n": len(leads),
                "sooner": (leads > 0).sum(),
                "later": (leads < 0).sum(),
                "tests": tests,
                "verdict": row,
            }
        )
    return found


def _compared(experiment: Experiment) -> dict[str, Any]:
    settings = experiment.settings
    shortest = experiment.shown(experiment.convergence)["last_step"].min()
    every = experiment.constants["training"]["evaluate_every"]
    return {
        "pairs": pairs(experiment),
        "settings": settings,
        "last": PAPER_EVALUATIONS,
        # A run that has no more evaluations begins at chance, which is not how it ends.
        "has_more": evaluations(shortest, every) > PAPER_EVALUATIONS,
    }


def _caveats(experiment: Experiment) -> dict[str, Any]:
    """What a reader must know before relying on the result."""
    settings = experiment.constants
    return {
        "trials": settings["trials"],
        "needed": trials_lacking(settings),
        "training": settings["training"],
        "by": settings["data"]["split"]["by"],
    }


_FACTS = {
    "introduction": _introduction,
    "meaning": _introduction,
    "trials": _trials,
    "data": _data,
    "ranking": _ranking,
    "learned": _learning,
    "learning": _learning,
    "tests": _compared,
    "errors": _errors,
    "conclusion": _compared,
    "caveats": _caveats,
}
