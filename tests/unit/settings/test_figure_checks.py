"""A figure that an experiment cannot have is refused before anything runs, with what is lacking."""

import shutil

import pytest
import yaml
from test_bad_input import (
    CROSSED,
    DESCRIBES,
    EXPERIMENT,
    GENERATED,
    GRID,
    RUN,
    SEARCH,
    START,
    TABLE,
    WRITES,
    changed,
    lines_of,
    write_folder,
)

from quantlearn.settings.load import load_settings

NUMBERS = {**SEARCH, "training.learning_rate": {"uniform": [0.1, 0.2]}}
CONDITIONS = {**GRID, "comparisons": [], "search": {"sampler": "grid", "choose": False}}
RECURRENT = {"network": {"architecture": {"choice": ["rnn", "gru"]}, "hidden": 4}}
LONGER = {"data.split.only_test": {"sizes_above": 5}}
STARTS = {**CONDITIONS, **START, "training.start": {"choice": [None, "all"]}}
FEW = {"training.scenes": {"choice": [25, 50]}}
EQUALLY_LONG = {"training.stop_loss": None}
DROPOUT = {"network.dropout": {"choice": [0.0, 0.5]}}
ALONE = {"training.together": False}
GROUPED = {
    **{
        "groups": [["most", "at_least_3"]],
        "comparisons": [],
        "training.scenes": 16,
        "training.batch_size": 4,
    },
    "training.max_epochs": 2,
}
ALL_SPLITS = {"training.evaluate_splits": ["train", "dev", "test"], "training.monitor": "dev"}
ON_DEV = {"training.monitor": "dev", "training.evaluate_splits": ["dev"]}
WITHOUT_DEV = {
    **{"data.split.dev": 0.0, "data.split.test": 0.4},
    **{"training.evaluate_splits": ["train"], "training.monitor": "train"},
}
BY_COUNTS = {"data.split.by": "zone_counts"}

# The figure, what is changed in an experiment that has it beside another one, and what is lacking.
LACKING = {
    "a search": ("knobs", {}, "no setting varies"),
    "two searches": ("projections", NUMBERS, "small is none"),
    "two numbers": ("projections", {**SEARCH}, "there is network.hidden alone"),
    "any number": ("projections", {**GRID, **RECURRENT}, "there is none"),
    "a search beside": ("random_against_grid", SEARCH, "small is none"),
    "two trials": ("random_against_grid", {**SEARCH, "trials": 1}, "second has one"),
    "a choice of start": ("finetuning", {}, "compares a start with none"),
    "a number of scenes": ("finetuning", STARTS, "here training.start varies"),
    "numbers of scenes": (
        "finetuning",
        {**STARTS, "training.scenes": {"choice": [None, 10]}},
        "let training.scenes be numbers",
    ),
    "samples that are compared": (
        "finetuning",
        {**STARTS, **FEW, "search.choose": True},
        "set search.choose to false",
    ),
    "a start from none": ("transfer", START, "null among its values"),
    "nothing else that varies": (
        "transfer",
        {**STARTS, **FEW, **EQUALLY_LONG},
        "here training.scenes, training.start varies",
    ),
    "an equal time": ("transfer", {**STARTS, "training.patience": 3}, "stop_loss to null"),
    "no means": (
        "regularisation",
        {**CONDITIONS, "network.dropout": {"choice": [0.2, 0.5]}},
        "network.dropout is not 0",
    ),
    "two of a means": (
        "regularisation",
        {**CONDITIONS, "network.dropout": {"choice": [0.0, 0.2, 0.5]}},
        "network.dropout is not 0, or 0 and one value",
    ),
    "means alone": (
        "regularisation",
        {**CONDITIONS, **DROPOUT, "network.hidden": {"choice": [4, 5]}},
        "and nothing else, vary",
    ),
    "new scenes": ("generalisation", {}, "test scenes of a new kind"),
    "known scenes beside": (
        "generalisation",
        {**BY_COUNTS, "quantifiers": ["most", "every"], "comparisons": []},
        "one experiment with the same quantifiers",
    ),
    "longer scenes": ("sequence_lengths", {**CONDITIONS, **RECURRENT}, "only_test.sizes_above"),
    "architectures alone": (
        "sequence_lengths",
        {**CONDITIONS, **LONGER, "network.hidden": {"choice": [4, 5]}},
        "over network.architecture, and here network.hidden varies",
    ),
    "one sample of an architecture": (
        "sequence_lengths",
        {**SEARCH, **LONGER, **RECURRENT},
        "with search.sampler grid",
    ),
    "test scenes of all samples": (
        "sequence_lengths",
        {**GRID, **LONGER, **RECURRENT},
        "set search.choose to false",
    ),
    "a state": (
        "gradients_through_time",
        {**CONDITIONS, "network": {"architecture": {"choice": ["lstm", "transformer"]}}},
        "transformer has none: use rnn, gru or lstm",
    ),
    "states of one sample": ("probes", {**GRID, **RECURRENT, **ALONE}, "give each one value"),
    "states of one quantifier": ("state_space", {}, "set training.together to false"),
    "an expression": ("state_space", {**TABLE, **ALONE}, "the scenes here come with their truth"),
    "the training split": ("overfitting", {}, "add train to training.evaluate_splits"),
    "quantifiers together": ("overfitting", {**ALL_SPLITS, **ALONE}, "training.together to true"),
    "no early stopping": (
        "overfitting",
        {**ALL_SPLITS, "training.patience": 3},
        "set training.patience to null",
    ),
    "one sample of over-fitting": ("overfitting", SEARCH, "give each one value"),
    "pairs": ("false_verdicts", {"comparisons": []}, "second compares none"),
    "equal pairs": ("false_verdicts", {}, "most and at_least_3 in second are none"),
    "a language model": ("language_model", {}, "is about the task language_model"),
    "a description": ("description", WRITES, "is about the task description"),
    "attention alone": (
        "description",
        {**CONDITIONS, **DESCRIBES}
        | {"network": {"architecture": "encoder_decoder", "hidden": {"choice": [4, 5]}}},
        "over network.attention, and here network.hidden varies",
    ),
    "a crossed design": ("seed_variance", {}, "this one is none: set crossed"),
    "one sample of a crossed design": (
        "seed_variance",
        {**CONDITIONS, **DROPOUT, "crossed": CROSSED, "trials": 24},
        "give each one value",
    ),
    "a pair": (
        "seed_variance",
        {"crossed": CROSSED, "trials": 24, "comparisons": [], "quantifiers": ["most"]},
        "here are 1 quantifiers",
    ),
    "a task": ("scoreboard", BY_COUNTS, "knows no task of small"),
    "the quantifiers of a task": (
        "scoreboard",
        {**LONGER, **ON_DEV},
        "not_all, not_only in second: add them",
    ),
    "dev scenes": ("knobs", {**CONDITIONS, **DROPOUT, **WITHOUT_DEV}, "second has none"),
    "truth values": ("balancing", WRITES, "none in language_model: name another figure"),
    "scenes that are not trained": (
        "item_errors",
        {**WITHOUT_DEV, "data.split.test": 0.0, "data.split.train": 1.0},
        "are not trained, and there are none: set data.split.test",
    ),
    "a chosen sample": ("learning_curves", {**CONDITIONS, **DROPOUT}, "search.choose false"),
}

# What is changed in an experiment that then has what the figure needs.
ENOUGH = {
    "knobs": SEARCH,
    "ranking": {},
    "finetuning": {**STARTS, **FEW},
    "transfer": {**STARTS, **EQUALLY_LONG},
    "regularisation": {**CONDITIONS, **DROPOUT, "training.weight_decay": {"choice": [0.1, 0.0]}},
    "generalisation": BY_COUNTS,
    "sequence_lengths": {**CONDITIONS, **RECURRENT, **LONGER},
    "gradients_through_time": {**CONDITIONS, **RECURRENT},
    "probes": {**ALONE, "network": {"architecture": "gru", "hidden": 4}},
    "state_space": ALONE,
    "overfitting": ALL_SPLITS,
    "balancing": {},
    "language_model": WRITES,
    "description": DESCRIBES,
    "item_errors": {},
}


def write_two(tmp_path, figure, changes, beside=("small",)):
    """An experiment with a figure, beside an unchanged one."""
    folder = write_folder(tmp_path / "config", EXPERIMENT, RUN)
    second = changed(EXPERIMENT, {**changes, "figures": [figure], "beside": list(beside)})
    (folder / "experiments" / "second.yaml").write_text(yaml.safe_dump(second))
    return folder


@pytest.mark.parametrize(("figure", "changes", "lacking"), LACKING.values(), ids=LACKING)
def test_a_figure_without_what_it_shows_is_refused(tmp_path, figure, changes, lacking):
    folder = write_two(tmp_path, figure, changes)
    (line,) = lines_of(folder, RUN)
    assert line.startswith(f'{folder}/experiments/second.yaml: figures[0]: "{figure}" ')
    assert lacking in line


@pytest.mark.parametrize(("figure", "changes"), ENOUGH.items(), ids=ENOUGH)
def test_a_figure_with_what_it_shows_is_accepted(tmp_path, figure, changes):
    folder = write_two(tmp_path, figure, changes)
    assert load_settings(RUN, folder).experiments["second"]["figures"] == [figure]


@pytest.mark.parametrize("figure", ["projections", "random_against_grid"])
def test_searches_that_are_compared_vary_the_same_settings(tmp_path, figure):
    folder = write_two(tmp_path, figure, NUMBERS, beside=())
    assert load_settings(RUN, folder).experiments
    write_two(tmp_path, figure, NUMBERS)
    small = folder / "experiments" / "small.yaml"
    small.write_text(yaml.safe_dump(changed(EXPERIMENT, NUMBERS)))
    assert load_settings(RUN, folder).experiments
    small.write_text(yaml.safe_dump(changed(EXPERIMENT, SEARCH)))
    (line,) = lines_of(folder, RUN)
    assert f'"{figure}" compares searches, and small varies other settings' in line


def test_a_figure_of_models_is_refused_hundreds_of_quantifiers(tmp_path):
    folder = write_two(tmp_path, "item_errors", {**ALONE, "generated": 200})
    shutil.copy(GENERATED, folder)
    (line,) = lines_of(folder, RUN)
    assert "makes a model of each quantifier, and here are 202: have 60 or fewer" in line


def test_an_experiment_that_is_split_otherwise_is_no_control(tmp_path):
    folder = write_two(tmp_path, "generalisation", BY_COUNTS)
    small = changed(EXPERIMENT, {**LONGER, **ON_DEV})
    (folder / "experiments" / "small.yaml").write_text(yaml.safe_dump(small))
    (line,) = lines_of(folder, RUN)
    assert "one experiment with the same quantifiers that is split by scene" in line


def test_controls_compare_pairs_with_as_many_scenes_and_steps(tmp_path):
    folder = write_two(tmp_path, "controls", GROUPED)
    small = folder / "experiments" / "small.yaml"
    half = {"training.scenes": 8, "training.batch_size": 2, "training.max_epochs": 2}
    for changes, lacking in (
        (ALONE | half, None),
        (ALONE | half | {"training.max_epochs": 7}, "has others than second"),
        (GROUPED | {"training.scenes": None}, "or leaves them open"),
    ):
        small.write_text(yaml.safe_dump(changed(EXPERIMENT, changes)))
        if lacking is None:
            assert load_settings(RUN, folder).experiments
        else:
            (line,) = lines_of(folder, RUN)
            assert lacking in line
    (line,) = lines_of(write_two(tmp_path / "other", "controls", {}), RUN)
    assert "is about pairs that share a network: let groups be pairs" in line


def test_a_search_that_the_run_has_fixed_is_none(tmp_path):
    folder = write_two(tmp_path, "knobs", SEARCH)
    (line,) = lines_of(folder, RUN | {"overrides": {"network": {"hidden": 4}}})
    assert "no setting varies" in line


def test_pairs_that_a_symmetry_exchanges_have_false_verdicts(tmp_path):
    pair = {"quantifiers": ["every", "only"], "comparisons": None}
    folder = write_two(tmp_path, "false_verdicts", pair, beside=())
    with (folder / "quantifiers.yaml").open("a") as lexicon:
        lexicon.write('only: "B <= A"\n')
    assert load_settings(RUN, folder).experiments["second"]["comparisons"] == [["every", "only"]]
