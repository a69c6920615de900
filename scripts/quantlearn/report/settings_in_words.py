"""What an experiment asks and how it was run, in words, from its settings alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from quantlearn.figures import formats
from quantlearn.figures.labels import (
    ARCHITECTURES,
    LOSSES,
    OPTIMISERS,
    SPLIT_BY,
    SPLITS,
    TASKS,
    ZONES,
)
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.settings.distributions import kind_of
from quantlearn.settings.protocol import named_and_generated
from quantlearn.settings.search import chooses_sample, distributions_of

__all__ = ["introduction", "settings_table"]

_EXAMPLES = 3  # of generated quantifiers, of which there may be hundreds


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
        lines.append(f"- {formats.name(quantifier)} is true when `{expression}`")
    if len(generated) > _EXAMPLES:
        lines.append(f"- and {len(generated) - _EXAMPLES:,} more generated quantifiers")
    return "\n".join(lines)


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
            ("Balance", _balance(settings["data"]["balance"], settings["groups"] is not None)),
            ("Split", _split(settings["data"]["split"])),
            ("Network", _network(network) + _sharing(settings)),
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


def _balance(balance: Mapping[str, Any], grouped: bool) -> str:
    if balance["method"] == "none":
        return "none: truth values are as frequent as they come"
    by = {"truth": "truth value", "truth_and_size": "truth value and size"}[balance["by"]]
    how = {
        "downsample": "scenes are left out",
        "upsample": "training scenes are repeated",
    }[balance["method"]]
    whose = "each quantifier of a group" if grouped else "each quantifier"
    return f"{how} until each {by} of {whose} is equally frequent"


def _split(split: Mapping[str, Any]) -> str:
    parts = [f"{split[side]:.0%} {word}" for side, word in SPLITS.items() if split[side]]
    text = f"{formats.listed(parts).replace('%', ' %')}; {SPLIT_BY[split['by']]}"
    kept = [formats.name(name).strip("*") for name in split["only_test"]["quantifiers"]]
    if split["only_test"]["sizes_above"] is not None:
        kept.append(f"more than {split['only_test']['sizes_above']} objects")
    if split["only_test"]["counts"]:
        share = f"{split['only_test']['counts']:.0%}".replace("%", " %")
        kept.append(f"{share} of the pairs (number in A∩B, number in A∖B)")
    return text + (f"; scenes of {formats.listed(kept)} are for testing only" if kept else "")


def _network(network: Mapping[str, Any]) -> str:
    layers = formats.counted(network["layers"], "layer") if "layers" in network else ""
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
    return text


def _sharing(settings: Mapping[str, Any]) -> str:
    """Which quantifiers share a network, where not all do."""
    if not settings["training"]["together"]:
        return "; each quantifier has a network of its own"
    if settings["groups"] is None:
        return ""
    groups = [" and ".join(name.replace("_", " ") for name in own) for own in settings["groups"]]
    return f"; one network of a trial learns {', another '.join(groups)}"


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
    ends = [f"at most {formats.counted(training['max_epochs'], 'epoch')}"]
    if training["stop_loss"] is not None:
        ends.append(f"until the {word} loss is below {training['stop_loss']:g}")
    if training["patience"] is not None:
        waits = formats.counted(training["patience"], "evaluation")
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
        f"{formats.counted(training['batch_size'], 'scene')} in a step{scenes}; {', '.join(ends)}"
    )


def _conditions(settings: Mapping[str, Any]) -> str:
    """What differs between the samples of an experiment that compares them."""
    values = [
        f"{setting.replace('_', ' ')} {_values(distribution)}"
        for variants in settings["search"]["space"].values()
        for setting, distribution in _varying(variants).items()
    ]
    return (
        f"{settings['search']['samples']}, which differ in {formats.listed(values)}; the rows "
        f"above "
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
