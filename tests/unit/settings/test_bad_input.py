"""Bad input gives one clear line for each fault, and never anything but a ConfigError."""

import copy
import math
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantlearn.settings.load import ConfigError, load_settings

GENERATED = Path(__file__).parents[3] / "config" / "generated.csv"

LEXICON = """\
most: "|A & B| > |A - B|"
every: "A <= B"
first_{n}: "|A| >= {n} and first({n}, A) <= B"
at_least_{n}: "|A & B| >= {n}"
always: "|A| >= 0"
all: "A <= B"
"""

LABELLED = """\
scene,quantifier,truth
AB,own,true
A-,own,false
AB,other,true
-B AB,other,false
AB,never,false
"""

GONE = object()

CROSSED = {"roots": 2, "data": 2, "starts": 3, "orders": 2}

EXPERIMENT = {
    "title": "A small experiment",
    "chapter": "course",
    "question": "Is it learned?",
    "universal": "none",
    "quantifiers": ["most", "at_least_3"],
    "comparisons": [["most", "at_least_3"]],
    "trials": 2,
    "data": {
        "generate": {"method": "sample", "draws": 500, "min_size": 1, "max_size": 8},
        "balance": {"method": "downsample", "by": "truth"},
        "split": {"by": "scene", "train": 0.6, "dev": 0.2, "test": 0.2},
    },
    "network": {"architecture": "lstm", "layers": 1, "hidden": 4, "padding": "masked"},
    "training": {"learning_rate": 0.001, "batch_size": 8, "evaluate_splits": ["dev", "test"]},
    "convergence": {"threshold": 0.9, "window": 10},
}

RUN = {
    "seed": 1,
    "device": "cpu",
    "experiments": "all",
    "trials": None,
    "eval_scenes": None,
    "overrides": {},
}


def changed(mapping: dict, changes: dict) -> dict:
    """A copy with the values at dotted keys set, or taken away where the value is GONE."""
    mapping = copy.deepcopy(mapping)
    for key, value in changes.items():
        *holders, last = key.split(".")
        holder = mapping
        for name in holders:
            holder = holder.setdefault(name, {})
        if value is GONE:
            holder.pop(last)
        else:
            holder[last] = copy.deepcopy(value)
    return mapping


def write_folder(folder: Path, experiment: dict, run: dict) -> Path:
    (folder / "experiments").mkdir(parents=True, exist_ok=True)
    (folder / "quantifiers.yaml").write_text(LEXICON)
    (folder / "labelled.csv").write_text(LABELLED)
    (folder / "config.yaml").write_text(yaml.safe_dump(run))
    (folder / "experiments" / "small.yaml").write_text(yaml.safe_dump(experiment, sort_keys=False))
    return folder


def lines_of(folder: Path, run: dict) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(run, folder)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return caught.value.lines


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_folder(tmp_path / "config", EXPERIMENT, RUN)


def test_the_unspoilt_input_is_accepted(folder):
    assert list(load_settings(RUN, folder).experiments) == ["small"]


SEARCH = {
    "search": {"sampler": "random", "samples": 4},
    "network.hidden": {"integer": [4, 8]},
    "training.monitor": "dev",
    "training.evaluate_splits": ["dev"],
}
GRID = {
    "search": {"sampler": "grid"},
    "training.monitor": "dev",
    "training.evaluate_splits": ["dev"],
}
VARIED = {"architecture": {"choice": ["lstm", "feedforward"]}}
ENUMERATE = {"data.generate": {"method": "enumerate", "max_size": 8}}
FILL = {"data.generate": {"method": "fill", "min_size": 1, "max_size": 3}}

TABLE = {
    **{"data.generate": {"method": "table", "max_size": 8}, "comparisons": []},
    "quantifiers": ["own", "other"],
}
WRITES = {"task": "language_model", "figures": [], "comparisons": []}
DESCRIBES = {
    **{"task": "description", "figures": [], "comparisons": []},
    **{"data.generate": {"method": "describe", "max_size": 8}, "data.balance": {"method": "none"}},
    "network": {"architecture": "encoder_decoder", "hidden": 4},
}

# What is changed in the experiment, and what must stand in each of the lines.
BAD_EXPERIMENTS = {
    "what the fused core cannot train": (
        {
            "network.hidden": {"integer": [4, 100]},
            "network.dropout": 0.1,
            "training.core": "fused",
            "training.optimiser": "sgd",
            "search": {"sampler": "random", "samples": 2, "choose": False},
            "comparisons": [],
        },
        [
            (
                "network.hidden.integer[1]: 100 is not for training.core: fused",
                "which trains with 1 to 64: take one, or the core auto",
            ),
            ("network.dropout: 0.1 is not for training.core: fused", "trains with 0"),
            ("training.optimiser: sgd is not for training.core: fused", "adam or adamw"),
        ],
    ),
    "what no fused transformer has room for": (
        {
            "network": {"architecture": "transformer", "heads": 8, "head_size": 17},
            "training.core": "fused",
        },
        [
            ("network.heads: 8 is not for training.core: fused", "trains with 1 to 4"),
            ("network.head_size: 17 is not for training.core: fused", "trains with 1 to 16"),
        ],
    ),
    "misspelt key": (
        {"data.split.trian": 0.6},
        [("data.split.trian:", "unknown key", 'did you mean "train"?')],
    ),
    "scenes where nothing is": (
        {"data.generate.where": "|A| > 8"},
        [("data.generate.where:", "is true in no scenes of size 1 to 8")],
    ),
    "scenes that are too rare": (
        {
            "data.generate.where": "|A| == 0",
            "data.generate.min_size": 30,
            "data.generate.max_size": 40,
        },
        [("data.generate.where:", "of random scenes of size 30 to 40", "narrow the sizes")],
    ),
    "scenes where nothing can be read": (
        {"data.generate.where": "|A| = 1"},
        [("data.generate.where:", "write ==", "at column 5")],
    ),
    "a cell that the restriction empties": (
        {"data.generate.where": "|A| < 3"},
        [("quantifiers", "at_least_3", "cannot be balanced")],
    ),
    "a quantifier that a table lacks": (
        {**TABLE, "quantifiers": ["own", "most"]},
        [("quantifiers", '"most" is not in config/labelled.csv; there are own, other, never')],
    ),
    "a table with one truth": (
        {**TABLE, "quantifiers": ["own", "never"]},
        [("quantifiers", '"never" cannot be balanced: it is true in no scene of config/labelled')],
    ),
    "a table that is not there": (
        {**TABLE, "data.generate.file": "gone.csv"},
        [("data.generate.file:", "gone.csv: cannot be read: ")],
    ),
    "a table elsewhere": (
        {**TABLE, "data.generate.file": "../labelled.csv"},
        [("data.generate.file:", "is no file in config/: put it there and write its name")],
    ),
    "a scene that a table's experiment has no place for": (
        {**TABLE, "data.generate.max_size": 1},
        [("data.generate.file:", "labelled.csv: line 5: scene: has 2 objects")],
    ),
    "a table of what no sentence says": (
        {**TABLE, "task": "text_verification"},
        [("data.generate.method:", "text_verification is about sentences")],
    ),
    "noise that is more than chance": (
        {"data.generate.noise": 0.6},
        [("data.generate.noise:", "a number from 0 to 0.5")],
    ),
    "misspelt key at the top": (
        {"quantifers": ["most"]},
        [("quantifers:", 'did you mean "quantifiers"?')],
    ),
    "key unlike any other": (
        {"convergence.xyz": 1},
        [("convergence.xyz:", "unknown key; known here: threshold, window")],
    ),
    "margin without 1": (
        {"endpoint.margin": [1.1, 1.25]},
        [("endpoint.margin:", "[1.1, 1.25] does not have 1 inside")],
    ),
    "family smaller than its comparisons": (
        {"family": {"name": "all", "size": 1}, "quantifiers": ["most", "at_least_3", "at_least_4"]}
        | {"comparisons": [["most", "at_least_3"], ["most", "at_least_4"]]},
        [("family.size:", "1 is fewer than the 2 comparisons")],
    ),
    "family without a size": ({"family": {"name": "all"}}, [("family.size:", "is missing")]),
    "missing title": ({"title": GONE}, [("title:", "is missing", "Heading in the report")]),
    "missing quantifiers": ({"quantifiers": GONE}, [("quantifiers:", "is missing")]),
    "no trials": ({"trials": 0}, [("trials: 0 ", "from 1 to 10000")]),
    "trials not whole": ({"trials": 2.0}, [("trials: 2.0 ", "a whole number")]),
    "trials yes": ({"trials": True}, [("trials: true ", "a whole number")]),
    "trials in words": ({"trials": "five"}, [('trials: "five" ', "a whole number")]),
    "batch of nothing": (
        {"training.batch_size": 0},
        [("training.batch_size: 0 is not allowed", "from 1 to")],
    ),
    "learning rate below zero": (
        {"training.learning_rate": -0.1},
        [("training.learning_rate: -0.1 ", "a number from 1e-08 to 1")],
    ),
    "trials that are not the combinations of a crossed design": (
        {"crossed": CROSSED, "comparisons": []},
        [("trials: 2 is not the number of combinations of crossed, 24:", "set trials to it")],
    ),
    "comparisons in a crossed design": (
        {"crossed": CROSSED, "trials": 24},
        [("crossed: needs comparisons: []", "no independent ones", "leave crossed out")],
    ),
    "a crossed design without orders": (
        {"crossed": {"roots": 2, "data": 2, "starts": 3}, "comparisons": []},
        [("crossed.orders:", "missing")],
    ),
    "one level of a part": (
        {"crossed": CROSSED | {"roots": 1}, "trials": 12, "comparisons": []},
        [("crossed.roots: 1 ", "from 2 to 1000")],
    ),
    "learning rate not a number": (
        {"training.learning_rate": math.nan},
        [("training.learning_rate: NaN ", "a number from")],
    ),
    "infinite stop loss": (
        {"training.stop_loss": math.inf},
        [("training.stop_loss: Infinity ", "a number from 0 to 100 or null")],
    ),
    "patience below one": (
        {"training.patience": 0},
        [("training.patience: 0 ", "from 1 to 1000000 or null")],
    ),
    "misspelt choice": (
        {"data.balance.method": "downsampel"},
        [("data.balance.method:", '"downsampel"', "one of none,", 'did you mean "downsample"?')],
    ),
    "chapter named as a target": (
        {"chapter": "Test!"},
        [("chapter:", '"Test!"', "would be the target test,", "choose another title")],
    ),
    "chapter without a letter": ({"chapter": "2026"}, [("chapter:", '"2026"', "from a to z")]),
    "chapter of the wrong type": (
        {"chapter": 7},
        [("chapter: 7 ", "text of 1 to 60 characters, such as paper, practice,")],
    ),
    "unknown architecture": (
        {"network.architecture": "lstn"},
        [("network.architecture:", '"lstn"', "one of", 'did you mean "lstm"?')],
    ),
    "unknown optimiser": (
        {"training.optimiser": "adamww"},
        [("training.optimiser:", "one of sgd, adam, adamw, rmsprop", 'did you mean "adamw"?')],
    ),
    "momentum of an optimiser without": (
        {"training.optimiser": "adamw", "training.momentum": 0.9},
        [("training.momentum:", "applies only where optimiser is sgd or rmsprop: leave it out")],
    ),
    "batch normalisation of a recurrent network": (
        {"network.batch_norm": True},
        [("network.batch_norm:", "applies only where architecture is feedforward: leave it out")],
    ),
    "everything dropped": (
        {"network.dropout": 1.0},
        [("network.dropout: 1.0 ", "a number from 0 to 0.95")],
    ),
    "setting of another architecture": (
        {"network.activation": "relu"},
        [
            (
                "network.activation:",
                "applies only where architecture is",
                "feedforward",
                "leave it out",
            )
        ],
    ),
    "padding of a feed-forward network": (
        {"network.architecture": "feedforward"},
        [("network.padding:", "applies only where architecture is", "lstm", "leave it out")],
    ),
    "a binary input for objects of four zones and for none": (
        {"network": {"architecture": "feedforward", "objects": "binary"}},
        [
            ("network.objects: binary", "data.generate.zones: both and one other", "one_hot"),
            ("network.objects: binary", "data.generate.min_size: max_size", "one_hot"),
        ],
    ),
    "fewer evaluated scenes than kinds": (
        {"training.eval_scenes": 3},
        [("training.eval_scenes:", "3 cannot hold a scene of each kind", "there are 4 (")],
    ),
    "a share of counts that is none": (
        {"data.split.only_test": {"counts": 0.01}, "training.monitor": "dev"},
        [("data.split.only_test.counts:", "0.01 of the 45 pairs", "is none: take at least 0.022")],
    ),
    "counts torn from their size": (
        {
            "data.split.only_test": {"counts": 0.2},
            "data.split.by": "size",
            "training.monitor": "dev",
        },
        [("data.split.only_test.counts:", "scenes of the same size on two sides", "by: scene")],
    ),
    "quantifiers torn from their counts": (
        {
            "data.split": {
                **EXPERIMENT["data"]["split"],
                "by": "zone_counts",
                "only_test": {"quantifiers": ["at_least_3"]},
            },
            "comparisons": [],
            "training.monitor": "dev",
        },
        [("data.split.only_test.quantifiers:", "of the same zone counts on two sides")],
    ),
    "a read-out of no start": (
        {"training.start_readout": False},
        [("training.start_readout:", "no network starts from another one", "leave it out")],
    ),
    "draws when all scenes are taken": (
        {**ENUMERATE, "data.generate.draws": 5},
        [("data.generate.draws:", "only where method is sample")],
    ),
    "cells when scenes are drawn": (
        {"data.generate.scenes_per_cell": 5},
        [("data.generate.scenes_per_cell:", "only where method is fill")],
    ),
    "by without balancing": (
        {"data.balance.method": "none"},
        [("data.balance.by:", "only where method is downsample or upsample")],
    ),
    "a section that is no mapping": ({"data": 5}, [("data: 5 ", "keys among generate, balance")]),
    "an empty section": ({"training": None}, [("training: null ", "a mapping with keys among")]),
    "a zone twice": (
        {"data.generate.zones": ["both", "both"]},
        [("data.generate.zones:", '"both" is listed twice')],
    ),
    "unknown zone": (
        {"data.generate.zones": ["both", "a_onyl"]},
        [("data.generate.zones[1]:", '"a_onyl"', 'did you mean "a_only"?')],
    ),
    "unknown quantifier": (
        {"quantifiers": ["most", "evry"], "comparisons": GONE},
        [("quantifiers[1]:", "evry", "did you mean every?")],
    ),
    "no quantifier": (
        {"quantifiers": [], "comparisons": GONE},
        [("quantifiers: []", "a list of 1 to 50")],
    ),
    "a quantifier twice": (
        {"quantifiers": ["most", "most"], "comparisons": GONE},
        [("quantifiers:", '"most" is listed twice')],
    ),
    "a quantifier called like the total": (
        {"quantifiers": ["most", "all"], "comparisons": GONE},
        [("quantifiers[1]:", '"all" is reserved', "rename it")],
    ),
    "comparison with a stranger": (
        {"comparisons": [["most", "at_least_4"]]},
        [("comparisons[0][1]:", '"at_least_4"', 'did you mean "at_least_3"?')],
    ),
    "comparison of three": (
        {"comparisons": [["most", "at_least_3", "every"]]},
        [("comparisons[0]:", "a list of 2 items")],
    ),
    "comparison with itself": (
        {"comparisons": [["most", "most"]]},
        [("comparisons[0]:", '"most" is listed twice')],
    ),
    "twin that is not there": (
        {"documented": "smal"},
        [("documented:", '"smal" is not another experiment')],
    ),
    "twin of itself": ({"documented": "small"}, [("documented:", "is not another experiment")]),
    "no such figure": (
        {"figures": ["learning_curve"]},
        [("figures[0]:", '"learning_curve" is not a figure; did you mean "learning_curves"?')],
    ),
    "no such experiment beside": (
        {"beside": ["smal"]},
        [("beside[0]:", '"smal" is not another experiment')],
    ),
    "sizes the wrong way round": (
        {"data.generate.min_size": 9},
        [("data.generate.min_size: 9 is more than max_size, 8",)],
    ),
    "more draws than pairs": (
        {"data.generate.max_size": 2, "quantifiers": ["most", "every"], "comparisons": GONE},
        # 4 + 16 scenes, two quantifiers
        [("data.generate.draws: 500 is more than the 40 distinct",)],
    ),
    "too many scenes to enumerate": (
        {**ENUMERATE, "data.generate.max_size": 20},
        [("data.generate.method:", "GiB", "lower max_size or trials")],
    ),
    "truth that no scene has": (
        {**ENUMERATE, "data.generate.max_size": 2},
        [("quantifiers[1]:", '"at_least_3"', "(at_least_3, true) has only 0 scenes")],
    ),
    "falsehood that no scene has": (
        {"quantifiers": ["most", "always"], "comparisons": GONE},
        [("quantifiers[1]:", "(always, false) has only 0 scenes", "of size 1 to 8")],
    ),
    "cells larger than there are scenes": (
        {**FILL, "data.generate.scenes_per_cell": 50, "quantifiers": ["most", "every"]}
        | {"comparisons": GONE},
        # By hand, of the 84 scenes: most is true in 1 + 5 + 22 = 28 and false in 56; every is true
        # where no object lies in A∖B, in 3 + 9 + 27 = 39, and false in 45.
        [
            ("data.generate.scenes_per_cell: 50", "the cell (most, true) has only 28 scenes"),
            ("data.generate.scenes_per_cell: 50", "the cell (every, true) has only 39 scenes"),
            ("data.generate.scenes_per_cell: 50", "the cell (every, false) has only 45 scenes"),
        ],
    ),
    "fractions above one": (
        {"data.split.test": 0.3},
        [("data.split:", "must sum to 1", "train 0.6 + dev 0.2 + test 0.3 = 1.1")],
    ),
    "fractions below one": ({"data.split.dev": 0.1}, [("data.split:", "must sum to 1", "= 0.9")]),
    "no training data": ({"data.split.train": 0}, [("data.split.train: 0 ", "from 0.01 to 1")]),
    "monitor of an empty split": (
        {"data.split.dev": 0, "data.split.train": 0.8, "training.monitor": "dev"}
        | {"training.evaluate_splits": ["test"]},
        [("training.monitor:", '"dev" is empty', "give data.split.dev a fraction")],
    ),
    "evaluation of an empty split": (
        {"data.split.dev": 0, "data.split.train": 0.8},
        [("training.evaluate_splits[0]:", '"dev" is empty')],
    ),
    "monitor that is not evaluated": (
        {"training.monitor": "train"},
        [("training.monitor:", '"train" is not evaluated', "add it to training.evaluate_splits")],
    ),
    "distributions without a search": (
        {"network.hidden": {"integer": [4, 8]}},
        [("network.hidden: is a distribution", "add search: {sampler: random")],
    ),
    "search without distributions": (
        {**SEARCH, "network.hidden": 4},
        [("search: no setting in network or training is a distribution", "leave it out")],
    ),
    "unknown sampler": (
        {**SEARCH, "search.sampler": "randon"},
        [("search.sampler:", "one of random, grid, sobol", 'did you mean "random"?')],
    ),
    "misspelt key of a search": (
        {**SEARCH, "search.sampels": 4},
        [("search.sampels: unknown key", 'did you mean "samples"?')],
    ),
    "no number of samples": (
        {**SEARCH, "search": {"sampler": "sobol"}},
        [("search.samples: is missing", "sobol draws as many")],
    ),
    "no samples": ({**SEARCH, "search.samples": 0}, [("search.samples: 0 ", "from 1 to 10000")]),
    "jobs of no samples": (
        {**SEARCH, "search.samples_per_job": 0},
        [("search.samples_per_job: 0 ", "a whole number from 1 to 10000")],
    ),
    "unknown distribution": (
        {**SEARCH, "network.hidden": {"integr": [4, 8]}},
        [("network.hidden.integr: unknown key", 'did you mean "integer"?')],
    ),
    "two distributions at once": (
        {**SEARCH, "network.hidden": {"integer": [4, 8], "choice": [4, 8]}},
        [("network.hidden:", "a constant or one of choice, integer, uniform, log_uniform")],
    ),
    "distribution of nothing": (
        {**SEARCH, "network.hidden": {}},
        [("network.hidden: {}", "a constant or one of choice")],
    ),
    "choice of one": (
        {**SEARCH, "network.hidden": {"choice": [4]}},
        [("network.hidden.choice: [4]", "a list of 2 to 1000 values")],
    ),
    "a choice twice": (
        {**SEARCH, "network.hidden": {"choice": [4, 8, 4]}},
        [("network.hidden.choice: 4 is listed twice",)],
    ),
    "range of one number": (
        {**SEARCH, "network.hidden": {"integer": [4]}},
        [("network.hidden.integer: [4]", "two whole numbers, [lowest, highest]")],
    ),
    "range the wrong way round": (
        {**SEARCH, "network.hidden": {"integer": [8, 4]}},
        [("network.hidden.integer: [8, 4]", "the first number must be below the second")],
    ),
    "logarithm of zero": (
        {**SEARCH, "training.learning_rate": {"log_uniform": [0, 0.1]}},
        [("training.learning_rate.log_uniform: [0, 0.1]", "above 0")],
    ),
    "range beyond what is allowed": (
        {**SEARCH, "network.hidden": {"integer": [0, 2000]}},
        [
            ("network.hidden.integer[0]: 0 is not allowed", "from 1 to 1024"),
            ("network.hidden.integer[1]: 2000 is not allowed", "from 1 to 1024"),
        ],
    ),
    "choice that is not allowed": (
        {**SEARCH, "network.padding": {"choice": ["masked", "red"]}},
        [("network.padding.choice[1]:", '"red"', 'did you mean "read"?')],
    ),
    "numbers where whole ones are needed": (
        {**SEARCH, "training.batch_size": {"uniform": [1.5, 9]}},
        [
            ("training.batch_size.uniform[0]: 1.5 ", "a whole number"),
            ("training.batch_size.uniform[1]: 9.0 ", "a whole number"),
        ],
    ),
    "whole numbers where any will do": (
        {**SEARCH, "training.stop_loss": {"integer": [1, 3]}},
        [("training.stop_loss.integer:", "write uniform")],
    ),
    "misspelt setting that varies": (
        {**SEARCH, "network.hiden": {"integer": [4, 8]}},
        [("network.hiden: unknown key", 'did you mean "hidden"?')],
    ),
    "misspelt architecture among others": (
        {**SEARCH, "network": {"architecture": {"choice": ["lstm", "feedforwrd"]}}},
        [("network.architecture.choice[1]:", 'did you mean "feedforward"?')],
    ),
    "setting of no architecture that is drawn": (
        {**SEARCH, "network.activation": {"choice": ["relu", "tanh"]}},
        [("network.activation: applies only where architecture is", "leave it out")],
    ),
    "bad value of one architecture": (
        {**SEARCH, "network": {**VARIED, "activation": "rele"}},
        [("network.activation:", '"rele"', 'did you mean "relu"?')],
    ),
    "data that vary": (
        {**SEARCH, "data.generate.draws": {"integer": [100, 500]}},
        [("data.generate.draws:", "must be a whole number")],
    ),
    "monitor that varies": (
        {**SEARCH, "training.monitor": {"choice": ["dev", "train"]}},
        [("training.monitor: must be a constant",)],
    ),
    "grid over endless values": (
        {**SEARCH, "search": {"sampler": "grid"}}
        | {"training.learning_rate": {"log_uniform": [1e-4, 1e-2]}},
        [("training.learning_rate.log_uniform:", "add points")],
    ),
    "points of whole numbers": (
        {**SEARCH, "search": {"sampler": "grid"}}
        | {"network.hidden": {"integer": [4, 8], "points": 2}},
        [("network.hidden.points: applies only to uniform and log_uniform",)],
    ),
    "points outside a grid": (
        {**SEARCH, "training.learning_rate": {"uniform": [0.1, 0.2], "points": 3}},
        [("training.learning_rate.points: applies only where search.sampler is grid",)],
    ),
    "one point": (
        {**SEARCH, "search": {"sampler": "grid"}}
        | {"training.learning_rate": {"uniform": [0.1, 0.2], "points": 1}},
        [("training.learning_rate.points: 1 ", "from 2 to 1000")],
    ),
    "another number of samples than the grid has": (
        {**SEARCH, "search": {"sampler": "grid", "samples": 4}},
        [("search.samples: 4 is not the grid's number, 5",)],
    ),
    "grid without end": (
        {**SEARCH, "search": {"sampler": "grid"}}
        | {"network.hidden": {"integer": [1, 1000]}, "training.batch_size": {"integer": [1, 1000]}},
        [("search: the grid has 1000000 samples", "10000 are allowed")],
    ),
    "figures of the chosen sample where none is chosen": (
        {**SEARCH, "search.choose": False, "comparisons": [], "figures": ["learning_curves"]},
        [('figures[0]: "learning_curves" shows the chosen sample', "compare its samples")],
    ),
    "comparisons where no sample is chosen": (
        {**SEARCH, "search.choose": False, "figures": []},
        [("comparisons: quantifiers are compared in the chosen sample", "leave it out")],
    ),
    "search that looks at the test split": (
        {**SEARCH, "training.monitor": "test", "training.evaluate_splits": ["dev", "test"]},
        [
            ("training.evaluate_splits[1]:", '"test" is closed in a search'),
            ("training.monitor:", '"test" is closed in a search'),
        ],
    ),
    "search without a dev split": (
        {**SEARCH, "data.split.dev": 0, "data.split.train": 0.8}
        | {"training.monitor": "train", "training.evaluate_splits": ["train"]},
        [("data.split.dev: 0 is not allowed", "chooses its sample by the dev split")],
    ),
    "search without a test split": (
        {**SEARCH, "data.split.test": 0, "data.split.train": 0.8},
        [("data.split.test: 0 is not allowed", "tests the chosen sample")],
    ),
    "split by size of two sizes": (
        {"data.split.by": "size", "data.generate.min_size": 7},
        [("data.split.by:", "2 different size", "3 sides (train, dev, test)")],
    ),
    "split by counts in one zone": (
        {"data.split.by": "zone_counts", "data.balance": {"method": "none"}}
        | {"data.generate": {"method": "enumerate", "max_size": 2, "zones": ["both"]}},
        [("data.split.by:", "2 different zone counts", "3 sides")],
    ),
    "no size is above": (
        {"data.split.only_test": {"sizes_above": 8}, "training.monitor": "dev"},
        [("data.split.only_test.sizes_above: 8 does not divide", "take a size from 1 to 7")],
    ),
    "unknown quantifier for testing": (
        {"data.split.only_test": {"quantifiers": ["at_least_4"]}, "training.monitor": "dev"},
        [("data.split.only_test.quantifiers[0]:", 'did you mean "at_least_3"?')],
    ),
    "nothing to learn": (
        {"data.split.only_test": {"quantifiers": ["most", "at_least_3"]}, "comparisons": []}
        | {"training.monitor": "dev"},
        [("data.split.only_test.quantifiers:", "leave nothing to learn")],
    ),
    "a network of its own with nothing to learn from": (
        {"data.split.only_test": {"quantifiers": ["most"]}, "comparisons": []}
        | {"training.monitor": "dev", "training.together": False},
        [("data.split.only_test.quantifiers:", "need training.together: true")],
    ),
    "groups with a misspelt quantifier": (
        {"groups": [["mots", "at_least_3"]]},
        [
            ("groups[0][0]:", 'did you mean "most"?'),
            ("groups:", "leave out most: put each quantifier in one group"),
        ],
    ),
    "a quantifier in two groups": (
        {"groups": [["most", "at_least_3"], ["at_least_3", "most"]]},
        [("groups[1][0]:", "is in a group already"), ("groups[1][1]:", "leave it out here")],
    ),
    "groups that differ in size": (
        {"quantifiers": ["most", "at_least_3", "at_least_2", "every", "first_2"], "comparisons": []}
        | {"groups": [["most", "at_least_3"], ["at_least_2", "every", "first_2"]]},
        [("groups[1]:", "has 3 quantifiers, the first group 2", "equally many")],
    ),
    "groups where each is alone": (
        {"groups": [["most", "at_least_3"]], "training.together": False},
        [("groups:", "need training.together: true", "or leave the groups out")],
    ),
    "groups that are told numbers": (
        {"groups": [["most", "at_least_3"]], "network.quantifiers": "number"},
        [("groups:", "need network.quantifiers: one_hot")],
    ),
    "comparison of what is not learned": (
        {"data.split.only_test": {"quantifiers": ["most"]}, "training.monitor": "dev"},
        [("comparisons[0][0]:", '"most" is for testing only', "compare others")],
    ),
    "stopping by what is kept for the end": (
        {"data.split.only_test": {"sizes_above": 5}},
        [("training.monitor:", "data.split.only_test keeps for the end: use dev")],
    ),
    "a network that cannot write": (
        {**WRITES, "network": {"architecture": "transformer"}},
        [("network.architecture:", "no way to do the task language_model", "gru or lstm or rnn")],
    ),
    "one of several networks that cannot read words": (
        {**SEARCH, "task": "text_verification", "network": VARIED, "network.hidden": 4},
        [("network.architecture.choice[1]:", "feedforward has no way", "text_verification")],
    ),
    "a description of what": (
        {**DESCRIBES, "data.generate": {"method": "fill", "max_size": 8, "scenes_per_cell": 9}},
        [("data.generate.method:", "fill does not say what is to be written: use describe")],
    ),
    "true sentences to verify": (
        {**DESCRIBES, "task": "text_verification", "network": {"hidden": 4}},
        [("data.generate.method:", "describe makes true sentences only", "use fill")],
    ),
    "true sentences in balance": (
        {**DESCRIBES, "data.balance": {"method": "downsample"}},
        [("data.balance.method:", "describe makes none: use none")],
    ),
    "a quantifier that never says most": (
        {**DESCRIBES, "quantifiers": ["always", "at_least_0"]},
        [("quantifiers[1]:", "at_least_0 is never the most informative one that is true")],
    ),
    "truth values of words": (
        {**WRITES, "training.loss": "squared_error", "comparisons": [["most", "at_least_3"]]},
        [
            ("comparisons:", "quantifiers are compared by their verification"),
            ("training.loss:", "words need cross_entropy"),
        ],
    ),
    "stopping by counts that are kept for the end": (
        {"data.split.only_test": {"counts": 0.2}},
        [("training.monitor:", "data.split.only_test keeps for the end: use dev")],
    ),
    "start from nowhere": (
        {"training.start": "most"},
        [("training.start:", '"most" is a network of another experiment', "start_from")],
    ),
    "one of several starts from nowhere": (
        {**SEARCH, "training.start": {"choice": [None, "most"]}},
        [("training.start.choice[1]:", '"most" is a network of another experiment')],
    ),
    "start from no experiment": (
        {"start_from": "smal", "training.start": "most"},
        [("start_from:", '"smal" is not another experiment')],
    ),
    "start from itself": (
        {"start_from": "small", "training.start": "most"},
        [("start_from:", '"small" is not another experiment')],
    ),
    "start that is a number": (
        {"training.start": 3},
        [("training.start: 3 ", "text of 1 to 100 characters or null")],
    ),
    "read-out taken over perhaps": (
        {"training.start_readout": "perhaps"},
        [('training.start_readout: "perhaps" ',)],
    ),
    "no training scenes": (
        {"training.scenes": 0},
        [("training.scenes: 0 ", "from 1 to 10000000 or null")],
    ),
    "more training scenes than are drawn": (
        {"training.scenes": 501},
        [("training.scenes: 501 is more than the 500 scenes",)],
    ),
    "more training scenes than there are": (
        {**FILL, "data.generate.scenes_per_cell": 3, "quantifiers": ["most"], "comparisons": []}
        | {**SEARCH, "training.scenes": {"choice": [None, 6, 7]}},
        [("training.scenes.choice[2]: 7 is more than the 6 scenes",)],
    ),
}


# Of two experiments, what is changed in the first, and in the second, which starts from it.
START = {"start_from": "small", "training.start": "all"}
ALONE = {"training.together": False}
BAD_STARTS = {
    "nothing starts": (
        {},
        {"start_from": "small"},
        [("second", "start_from: no network starts from there", "set training.start")],
    ),
    "unknown network": (
        ALONE,
        {**START, "training.start": "mots"},
        [("second", "training.start:", '"mots" is not a network of small; did you mean "most"?')],
    ),
    "network of a group": (
        {"groups": [["most", "at_least_3"]]},
        START,
        [("second", "start_from: small has networks that each learn a group", "without groups")],
    ),
    "network of all where each is alone": (
        ALONE,
        START,
        [
            (
                "second",
                "training.start:",
                '"all" is not a network of small; there are most, at_least',
            )
        ],
    ),
    "network of one where there is one for all": (
        {},
        {**START, **SEARCH, "network.hidden": 4}
        | {"training.start": {"choice": ["all", None, "most"]}},
        [("second", "training.start.choice[2]:", '"most" is not a network', "there are all")],
    ),
    "more trials": (
        {},
        {**START, "trials": 3},
        [("second", "trials: 3 is more than the 2 of small", "lower it or give that as many")],
    ),
    "other networks": (
        {},
        {**START, "network.hidden": 5, "network.padding": "read"},
        [
            ("second", "network.hidden: 5 is not 4, which it is in small", "write the same"),
            ("second", 'network.padding: "read" is not "masked"'),
        ],
    ),
    "another architecture": (
        {},
        {**START, "network": {"architecture": "gru"}},
        [("second", 'network.architecture: "gru" is not "lstm", which it is in small')],
    ),
    "networks that vary": (
        {},
        {**START, **SEARCH},
        [("second", 'network.hidden: {"integer": [4, 8]} is not 4')],
    ),
    "source that varies": (
        {**SEARCH, "network.hidden": 4, "training.learning_rate": {"uniform": [0.1, 0.2]}},
        START,
        [("second", "start_from: small is a search", "name an experiment without search")],
    ),
    "source of which no network is like these": (
        {**GRID, "network": {"architecture": {"choice": ["lstm", "gru"]}, "hidden": 4}},
        {**START, **GRID, "network": {"architecture": {"choice": ["lstm", "rnn"]}, "hidden": 4}},
        [("second", "network: no samples of small", 'architecture "rnn"', "there must be one")],
    ),
    "source of which two networks are like these": (
        {**GRID, "network": {"hidden": {"choice": [4, 5]}, "dropout": {"choice": [0, 0.5]}}},
        {**START, "network": {"hidden": 5}},
        [("second", "network: 2 samples of small", "hidden 5", "there must be one")],
    ),
    "networks from a range where the source has some": (
        {**GRID, "network": {"hidden": {"choice": [4, 5]}}},
        {**START, **SEARCH},
        [("second", 'network.hidden: {"integer": [4, 8]} is not a choice among the networks of')],
    ),
    "networks whose dropout varies, of which one is not like any": (
        {**GRID, "network": {"hidden": {"choice": [4, 5]}}},
        {**START, **SEARCH}
        | {"network": {"hidden": {"choice": [5, 6]}, "dropout": {"uniform": [0, 0.5]}}},
        [("second", "network: no samples of small", "hidden 6", "there must be one")],
    ),
    "circle": (
        {"start_from": "second", "training.start": "all"},
        START,
        [
            ("second", "start_from: starts from small, which starts from second"),
            ("small", "start_from: starts from second, which starts from small: nothing can"),
        ],
    ),
}


@pytest.mark.parametrize(("first", "second", "expected"), BAD_STARTS.values(), ids=BAD_STARTS)
def test_bad_start(tmp_path, first, second, expected):
    folder = write_folder(tmp_path / "config", changed(EXPERIMENT, first), RUN)
    path = folder / "experiments" / "second.yaml"
    path.write_text(yaml.safe_dump(changed(EXPERIMENT, second)))
    lines = lines_of(folder, RUN)
    assert len(lines) == len(expected), lines
    for line, (name, start, *parts) in zip(lines, expected, strict=True):
        assert line.startswith(f"{folder / 'experiments' / name}.yaml: {start}"), line
        assert all(part in line for part in parts), line


def test_networks_whose_dropout_varies_start_from_a_grid(tmp_path):
    source = changed(EXPERIMENT, {**GRID, "network": {"hidden": {"choice": [4, 5]}}})
    folder = write_folder(tmp_path / "config", source, RUN)
    varied = {"network": {"hidden": {"choice": [4, 5]}, "dropout": {"uniform": [0, 0.5]}}}
    second = changed(EXPERIMENT, {**START, **SEARCH} | varied)
    (folder / "experiments" / "second.yaml").write_text(yaml.safe_dump(second))
    assert list(load_settings(RUN, folder).experiments) == ["second", "small"]


def test_a_source_must_run_as_well(tmp_path):
    folder = write_folder(tmp_path / "config", EXPERIMENT, RUN)
    second = changed(EXPERIMENT, START)
    (folder / "experiments" / "second.yaml").write_text(yaml.safe_dump(second))
    assert list(load_settings(RUN, folder).experiments) == ["second", "small"]
    (line,) = lines_of(folder, RUN | {"experiments": ["second"]})
    assert '"small" is not among the experiments of this run: add it to experiments' in line


@pytest.mark.parametrize(("changes", "expected"), BAD_EXPERIMENTS.values(), ids=BAD_EXPERIMENTS)
def test_bad_experiment(tmp_path, changes, expected):
    folder = write_folder(tmp_path / "config", changed(EXPERIMENT, changes), RUN)
    lines = lines_of(folder, RUN)
    assert len(lines) == len(expected), lines
    for line, parts in zip(lines, expected, strict=True):
        assert line.startswith(f"{folder / 'experiments' / 'small.yaml'}: {parts[0]}"), line
        assert all(part in line for part in parts), line
        assert "\n" not in line


BAD_RUNS = {
    "misspelt key": ({"experimens": "all"}, [("experimens:", 'did you mean "experiments"?')]),
    "no trials": ({"trials": 0}, [("trials: 0 ", "from 1 to 10000 or null")]),
    "trials in words": ({"trials": "five"}, [('trials: "five" ', "a whole number")]),
    "no such time": (
        {"checkpoint_seconds": -1},
        [("checkpoint_seconds: -1 ", "a number from 0 to 86400 or null")],
    ),
    "seed below zero": ({"seed": -1}, [("seed: -1 ", "from 0 to 4294967295")]),
    "unknown device": ({"device": "gpu"}, [('device: "gpu" ', "one of auto, cpu, cuda")]),
    "unknown experiment": (
        {"experiments": ["smal"]},
        [("experiments[0]:", '"smal" is not an experiment', 'did you mean "small"?')],
    ),
    "unknown experiment, not in a list": (
        {"experiments": "big"},
        [("experiments:", '"big" is not an experiment', "there are small")],
    ),
    "no experiment": ({"experiments": []}, [("experiments: []", "a list of 1 to")]),
    "an experiment twice": (
        {"experiments": ["small", "small"]},
        [("experiments:", '"small" is listed twice')],
    ),
    "an unknown experiment left out": (
        {"leave_out": ["smal"]},
        [("leave_out[0]:", '"smal" is not an experiment; did you mean "small"?')],
    ),
    "every experiment left out": (
        {"leave_out": ["small"]},
        [("leave_out:", "leaves out every experiment", "keep one")],
    ),
    "evaluations below zero": ({"eval_scenes": -1}, [("eval_scenes: -1 ", "from 0 to")]),
    "overrides of what has none": (
        {"overrides": {"title": "x"}},
        [("overrides.title:", "unknown key", "known here: data, network, training, convergence")],
    ),
    "no samples": ({"samples": 0}, [("samples: 0 ", "from 1 to 10000 or null")]),
    "override that varies": (
        {"overrides": {"training": {"batch_size": {"choice": [4, 8]}}}},
        [("overrides.training.batch_size:", "a whole number")],
    ),
    "bad override": (
        {"overrides": {"training": {"batch_size": 0}}},
        [("overrides.training.batch_size: 0 ", "from 1 to")],
    ),
    "misspelt override": (
        {"overrides": {"network": {"hiden": 4}}},
        [("overrides.network.hiden:", 'did you mean "hidden"?')],
    ),
    "override that applies nowhere": (
        {"overrides": {"network": {"activation": "relu"}}},
        [("overrides.network.activation:", "applies to none of the chosen experiments")],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), BAD_RUNS.values(), ids=BAD_RUNS)
def test_bad_run(tmp_path, changes, expected):
    run = RUN | changes
    folder = write_folder(tmp_path / "config", EXPERIMENT, run)
    lines = lines_of(folder, run)
    assert len(lines) == len(expected), lines
    for line, parts in zip(lines, expected, strict=True):
        assert line.startswith(f"{folder / 'config.yaml'}: {parts[0]}"), line
        assert all(part in line for part in parts), line


def test_faults_of_a_list_of_expressions_are_told_with_those_of_the_settings(folder, tmp_path):
    listed = tmp_path / "mine.csv"
    listed.write_text("expression\n|A & B| >\n|A & B| > 2\n|A| >> 1\n", encoding="utf-8")
    run = RUN | {"trials": 0, "atlas": {"expressions": str(listed)}}
    lines = lines_of(folder, run)
    assert ["trials" in line for line in lines] == [True, False, False]
    place = f"--config: atlas.expressions: {listed}: expression"
    assert lines[0].startswith("--config: trials: 0 ")
    assert [line[: len(place) + 3] for line in lines[1:]] == [f"{place} 1:", f"{place} 3:"]


def test_a_fault_on_the_command_line_is_said_to_stand_there(folder):
    [line] = lines_of(folder, RUN | {"trials": 0})
    assert line.startswith("--config: trials: 0 ")


def test_a_fault_in_an_overlay_is_said_to_stand_there(folder, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("trials: 0\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(RUN | {"trials": 0}, folder, [overlay])
    [line] = caught.value.lines
    assert line.startswith(f"{overlay}: trials: 0 ")


def test_a_fault_that_an_override_makes_says_so(folder):
    [line] = lines_of(folder, RUN | {"overrides": {"data": {"generate": {"draws": 1000000}}}})
    assert "small.yaml: data.generate.draws: 1000000 is more than the 174760" in line
    assert line.endswith("(set by overrides)")


BAD_TEXTS = {
    "unclosed list": ("quantifiers: [most\ntitle: x\n", "line 2, column 6", "expected ',' or ']'"),
    "tab": ("data:\n\tsplit: 1\n", "line 2, column 1", "cannot start any token"),
    "key twice": ("title: x\ntitle: y\n", "line 2, column 1", '"title" is given twice'),
    "alias": ("title: &a x\nquestion: *a\n", "line 2, column 11", "aliases (*a) are not allowed"),
    "tag": ("title: !!python/name:os.system\n", "line 1, column 8", "tag"),
    "list as key": ("? [a]\n: b\n", "line 1, column 3", "a key must be a single word"),
    "two documents": ("a: 1\n---\nb: 1\n", "line 2, column 1", "single document"),
    "control character": ("title: \x01\n", "is not YAML", "not allowed"),
    "deep nesting": ("[" * 5000, "nested too deeply"),
    "nothing": ("", "null is not allowed", "must be keys with their values"),
    "mere text": ("most\n", '"most" is not allowed', "must be keys with their values"),
}


@pytest.mark.parametrize("case", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_yaml(folder, case):
    text, *parts = case
    path = folder / "experiments" / "small.yaml"
    path.write_text(text)
    [line] = lines_of(folder, RUN)
    assert line.startswith(f"{path}: ")
    assert all(part in line for part in parts)
    assert "\n" not in line


def test_bytes_that_are_no_text(folder):
    path = folder / "experiments" / "small.yaml"
    path.write_bytes(b"title: \xff\n")
    assert lines_of(folder, RUN) == (f"{path}: is not UTF-8 text: byte 7 does not fit",)


def test_a_key_twice_in_the_settings_of_the_run(folder):
    path = folder / "config.yaml"
    path.write_text("seed: 1\nseed: 2\n")
    [line] = lines_of(folder, RUN)
    assert line == f'{path}: line 2, column 1: the key "seed" is given twice: keep one of them'


def test_faults_of_the_lexicon_are_reported_once(folder):
    (folder / "quantifiers.yaml").write_text('most: "|A & B > 3"\nevery: "A <= |B|"\n')
    lines = lines_of(folder, RUN)
    assert len(lines) == 2
    assert all(line.startswith(str(folder / "quantifiers.yaml")) for line in lines)
    assert "most" in lines[0]
    assert "every" in lines[1]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Big-One.yaml", "small letters, digits and _"),
        ("other.yml", "must end in .yaml"),
        ("report.yaml", "is reserved"),
    ],
)
def test_bad_name_of_an_experiment(folder, name, remedy):
    (folder / "experiments" / "small.yaml").rename(folder / "experiments" / name)
    [line] = lines_of(folder, RUN)
    assert line.startswith(str(folder / "experiments" / name))
    assert remedy in line


def test_no_experiment_at_all(folder):
    (folder / "experiments" / "small.yaml").unlink()
    assert lines_of(folder, RUN) == (
        f"{folder / 'experiments'}: holds no experiment: add a file <name>.yaml",
    )


def test_all_faults_of_all_files_at_once(tmp_path):
    bad = {"trials": 0, "network.padding": "red", "data.split.dev": 0.3, "quantifiers": ["mos"]}
    run = RUN | {"device": "gpu"}
    folder = write_folder(
        tmp_path / "config", changed(EXPERIMENT, bad | {"comparisons": GONE}), run
    )
    second = changed(EXPERIMENT, {"training.bach_size": 8})
    (folder / "experiments" / "second.yaml").write_text(yaml.safe_dump(second))
    lines = [line.removeprefix(f"{folder}/") for line in lines_of(folder, run)]
    assert sorted(line.split(": ")[0] + ": " + line.split(": ")[1] for line in lines) == [
        "config.yaml: device",
        "experiments/second.yaml: training.bach_size",
        "experiments/small.yaml: data.split",
        "experiments/small.yaml: network.padding",
        "experiments/small.yaml: quantifiers[0]",
        "experiments/small.yaml: trials",
    ]


# Whatever is spoilt, the only error is a ConfigError ----------------------------------------------


def keys_of(mapping: dict, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, value in mapping.items():
        found.append((*above, name))
        if isinstance(value, dict):
            found += keys_of(value, (*above, name))
    return found


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text("abc_ 1é:", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def spoilt(draw, mapping: dict) -> dict:
    """The mapping with one to three keys deleted, misspelt or given any value at all."""
    mapping = copy.deepcopy(mapping)
    for _ in range(draw(st.integers(1, 3))):
        *holders, last = draw(st.sampled_from(keys_of(mapping)))
        holder = mapping
        for name in holders:
            holder = holder[name]
        match draw(st.sampled_from(["delete", "misspell", "replace"])):
            case "delete":
                del holder[last]
            case "misspell":
                holder[draw(st.text("abcdefgh_", max_size=6)) + last[1:]] = holder.pop(last)
            case "replace":
                holder[last] = draw(ANYTHING)
        if not mapping:
            break
    return mapping


@given(
    experiment=spoilt(EXPERIMENT) | spoilt(changed(EXPERIMENT, SEARCH)),
    run=spoilt(RUN) | st.just(RUN),
)
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_but_config_errors(tmp_path, experiment, run):
    folder = write_folder(tmp_path / "config", experiment, run)
    try:
        lines = load_settings(run, folder) and ()
    except ConfigError as error:
        lines = error.lines
    assert all(line and "\n" not in line for line in lines)
    assert len(set(lines)) == len(lines)


def test_what_is_kept_for_testing_fills_a_test_split_without_a_fraction(tmp_path):
    changes = {
        "data.split": {"train": 0.8, "dev": 0.2, "test": 0, "only_test": {"sizes_above": 6}},
        "training.monitor": "dev",
    }
    for more in ({}, {**SEARCH, "training.evaluate_splits": ["dev"]}):
        experiment = changed(EXPERIMENT, changes | more)
        folder = write_folder(tmp_path / str(len(more)), experiment, RUN)
        assert list(load_settings(RUN, folder).experiments) == ["small"]
    without = changed(EXPERIMENT, changes | {"data.split.only_test": {}})
    (line,) = lines_of(write_folder(tmp_path / "without", without, RUN), RUN)
    assert 'training.evaluate_splits[1]: "test" is empty' in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"generated": 60}, "62 quantifiers share a network, which can tell 51 apart: take fewer"),
        ({**WRITES, "generated": 300}, "different words, and networks can tell 255 apart: take"),
    ],
    ids=["quantifiers", "words"],
)
def test_networks_are_given_no_more_tokens_than_a_byte_can_tell_apart(tmp_path, changes, said):
    folder = write_folder(tmp_path / "config", changed(EXPERIMENT, changes), RUN)
    shutil.copy(GENERATED, folder)
    (line,) = lines_of(folder, RUN)
    assert "small.yaml: generated: " in line
    assert said in line


def test_as_many_quantifiers_as_fit_share_a_network(tmp_path):
    folder = write_folder(tmp_path / "config", changed(EXPERIMENT, {"generated": 49}), RUN)
    shutil.copy(GENERATED, folder)
    assert len(load_settings(RUN, folder).experiments["small"]["quantifiers"]) == 51
