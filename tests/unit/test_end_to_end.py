"""Tiny experiments with random valid settings, from settings to tables: nothing gets lost."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from synthetic_results import asked_by_aggregate

from aggregate import aggregate
from balance_data import balance_data
from compare import compare
from generate_data import generate_data
from leaderboard import leaderboard
from open_test import open_test
from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.settings.load import ConfigError, load_settings
from sample_hyperparameters import sample_hyperparameters
from split_data import split_data
from train import train_samples
from withhold_test import withhold_test

LEXICON = Path(__file__).parents[2] / "config" / "quantifiers.yaml"
RUN = {"seed": 1, "device": "cpu", "experiments": "all"}
NAMES = ["most", "some", "every", "at_least_2", "first_2", "even", "not_all"]

FRACTIONS = [(0.6, 0.2, 0.2), (0.5, 0.0, 0.5), (0.7, 0.3, 0.0), (0.4, 0.3, 0.3)]
GENERATE = st.one_of(
    st.fixed_dictionaries(
        {
            "method": st.just("sample"),
            "draws": st.integers(60, 300),
            "max_size": st.integers(4, 6),
            "sizes": st.sampled_from(["equal", "proportional"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "method": st.just("fill"),
            "scenes_per_cell": st.integers(4, 20),
            "min_size": st.integers(1, 3),
            "max_size": st.integers(4, 6),
            "sizes": st.sampled_from(["equal", "proportional"]),
        }
    ),
    st.fixed_dictionaries({"method": st.just("enumerate"), "max_size": st.just(3)}),
)
ONLY_TEST = st.sampled_from([{}, {}, {"sizes_above": 3}, {"counts": 0.2}])
NETWORK = st.sampled_from(
    [
        {"architecture": "feedforward", "layers": 1, "hidden": 3},
        {"architecture": "feedforward", "layers": 1, "hidden": 3, "dropout": 0.3},
        {"architecture": "lstm", "layers": 1, "hidden": 3},
        {"architecture": "gru", "layers": 1, "hidden": 3},
        {"architecture": "rnn", "layers": 1, "hidden": 3, "activation": "relu"},
    ]
)
OPTIMISER = st.sampled_from(
    [
        {"optimiser": "adam", "learning_rate": 0.02},
        {"optimiser": "adam", "learning_rate": 0.02, "loss": "squared_error"},
        # Diverges as soon as it starts.
        {"optimiser": "sgd", "learning_rate": 1.0, "weight_decay": 10.0},
    ]
)
SEARCH = {"sampler": "random", "samples": 2}


@st.composite
def experiments(draw):
    """An experiment as its file would say it; nearly all are valid."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    together = draw(st.booleans())
    fractions = dict(zip(("train", "dev", "test"), draw(st.sampled_from(FRACTIONS)), strict=True))
    only_test = draw(ONLY_TEST)
    filled = [side for side, part in fractions.items() if part or (side == "test" and only_test)]
    search = draw(st.sampled_from([None, None, SEARCH, SEARCH | {"choose": False}]))
    chooses = search is not None and search.get("choose", True)
    watched = [side for side in filled if side != "test" or not (only_test or chooses)]
    monitor = draw(st.sampled_from(watched))
    more = st.sampled_from([side for side in filled if side != "test" or not chooses])
    evaluated = {monitor, *draw(st.lists(more, max_size=2))}
    network = draw(NETWORK)
    groups = [names[:2], names[2:]] if together and len(names) == 4 and draw(st.booleans()) else []
    texts = network["architecture"] == "lstm" and not groups and draw(st.booleans())
    task = "text_verification" if texts else "verification"
    if search is not None:
        network = network | {"hidden": {"choice": [2, 3]}}
    return {
        **{"title": "Random", "chapter": "course", "question": "Any?", "universal": "none"},
        "quantifiers": names,
        **({"search": search} if search else {}),
        **({"comparisons": [], "figures": []} if search and not chooses else {}),
        **({"groups": groups} if groups else {}),
        "task": task,
        "trials": draw(st.integers(1, 3)),
        "data": {
            "generate": draw(GENERATE),
            "balance": draw(
                st.sampled_from(
                    [{"method": "none"}, {"method": "downsample"}, {"method": "upsample"}]
                )
            ),
            "split": {
                "by": draw(st.sampled_from([*["scene"] * 3, "zone_counts", "size"])),
                **fractions,
                "only_test": only_test,
            },
        },
        "network": network,
        "training": {
            **draw(OPTIMISER),
            "together": together,
            "batch_size": draw(st.integers(3, 16)),
            "max_epochs": draw(st.integers(1, 3)),
            "evaluate_every": draw(st.integers(2, 30)),
            "evaluate_splits": sorted(evaluated),
            "eval_scenes": draw(st.sampled_from([0, 8, 30])),
            "monitor": monitor,
            "stop_loss": draw(st.sampled_from([None, 0.6])),
            "patience": draw(st.sampled_from([None, 3])),
        },
        "convergence": {"threshold": 0.7, "window": 3},
    }


def run(folder, experiment):
    """Everything that is made of an experiment's settings, as the rules of the workflow do it."""
    name, names, seed = experiment["name"], experiment["quantifiers"], 1
    data, search = experiment["data"], experiment["search"]

    def path(file):
        return str(folder / file)

    generate_data(
        path("generated.parquet"),
        data["generate"],
        experiment["expressions"],
        seed,
        name,
        experiment["trials"],
    )
    balance_data(
        path("generated.parquet"),
        path("balanced.parquet"),
        data["balance"],
        names,
        seed,
        name,
        experiment["groups"],
    )
    split_data(path("balanced.parquet"), path("split.parquet"), data["split"], names, seed, name)
    sample_hyperparameters(
        path("samples.csv"), experiment["network"], experiment["training"], search, seed, name
    )
    chooses = search is not None and search["choose"]
    if chooses:
        withhold_test(path("split.parquet"), path("open.parquet"), names)
    made = {
        "curves": path("job.curves.parquet"),
        "trials": path("job.trials.csv"),
        "cells": path("job.cells.parquet"),
        "weights": path("job.safetensors"),
    }
    train_samples(
        path("open.parquet" if chooses else "split.parquet"),
        path("samples.csv"),
        **made,
        job_samples=list(range(search["samples"] if search else 1)),
        quantifiers=names,
        seed=seed,
        device="cpu",
        experiment=name,
        threads=1,
        checkpoint=path("checkpoint"),
        checkpoint_seconds=None,
        code="",
        task=experiment["task"],
        groups=experiment["groups"],
    )
    chosen = {"chosen_trials": [], "chosen_cells": []}
    if chooses:
        chosen = {"chosen_trials": [path("c.csv")], "chosen_cells": [path("c.parquet")]}
        open_test(
            path("split.parquet"),
            path("samples.csv"),
            [made["trials"]],
            [made["weights"]],
            names,
            "cpu",
            1,
            **{kind: paths[0] for kind, paths in chosen.items()},
            task=experiment["task"],
            groups=experiment["groups"],
        )
    aggregate(
        path("samples.csv"),
        [made["curves"]],
        [made["cells"]],
        [made["trials"]],
        **asked_by_aggregate(experiment),
        **chosen,
        curves=path("curves.parquet"),
        cells=path("cells.parquet"),
        trials=path("trials.csv"),
        convergence=path("convergence.csv"),
    )
    compare(
        path("curves.parquet"),
        path("convergence.csv"),
        path("trials.csv"),
        path("samples.csv"),
        experiment,
        verdicts=path("verdicts.csv"),
        comparison=path("comparison.csv"),
    )
    if data["split"]["dev"] > 0 or data["split"]["test"] > 0:
        leaderboard(path("samples.csv"), path("trials.csv"), search, leaderboard=path("board.csv"))


def check_curves(folder, experiment, scenes):
    """A row for each trial, quantifier and split, blank only where there is nothing to measure."""
    curves = tables.read_parquet(folder / "curves.parquet", columns.CURVES)
    trials = tables.read_csv(folder / "trials.csv", columns.TIMELESS_TRIALS)
    training, names = experiment["training"], experiment["quantifiers"]
    groups = ["sample", "trial", "split", "quantifier"]
    shown = set(curves[groups].drop_duplicates().itertuples(index=False, name=None))
    asked = [*names, "all"] if training["together"] and not experiment["groups"] else names
    assert shown == {
        (sample, trial, split, name)
        for sample, trial in trials[["sample", "trial"]].itertuples(index=False, name=None)
        for split in training["evaluate_splits"]
        for name in asked
    }
    steps = curves.groupby(["sample", "trial", "quantifier"])["step"].agg(["min", "max"])
    there = set(scenes[["trial", "split", "quantifier"]].itertuples(index=False, name=None))
    for row in trials.itertuples():
        learned = names if row.quantifier == "all" else row.quantifier.split("+")
        diverged = row.stop_reason == "diverged"
        for name in learned:
            first, last = steps.loc[(row.sample, row.trial, name)]
            assert first == 1
            assert last <= row.steps if diverged else last == row.steps
        at_once = diverged and row.steps == 1
        own = curves[(curves["sample"] == row.sample) & (curves["trial"] == row.trial)]
        for (split, name), part in own[own["quantifier"].isin(learned)].groupby(
            ["split", "quantifier"]
        ):
            measured = (row.trial, split, name) in there
            if not at_once:
                assert part["accuracy"].notna().all() == measured
            assert part["accuracy"].isna().all() or measured
    assert (trials["best_step"] <= trials["steps"]).all()
    assert (trials["steps"] >= 1).all()
    return curves, trials


def check_cells(folder, trials, scenes):
    """The cells of each split add up to its scenes, and their answers to the accuracies."""
    cells = tables.read_parquet(folder / "cells.parquet", columns.CELLS)
    kind = ["trial", "split", "quantifier", "truth"]
    in_data = scenes[scenes["split"] != "train"].groupby(kind).size()
    for sample, own in cells.groupby("sample"):
        tested = own["split"].unique()
        counted = own.groupby(kind)["scenes"].sum()
        expected = in_data[in_data.index.get_level_values("split").isin(tested)]
        assert counted.to_dict() == expected.to_dict()
        for row in trials[trials["sample"] == sample].itertuples():
            mine = own[own["trial"] == row.trial]
            if row.quantifier != "all":
                mine = mine[mine["quantifier"].isin(row.quantifier.split("+"))]
            for split in ("dev", "test"):
                part = mine[mine["split"] == split]
                assert getattr(row, f"{split}_scenes") == part["scenes"].sum()
                accuracy = getattr(row, f"{split}_accuracy")
                if len(part):
                    share = part["correct"].sum() / part["scenes"].sum()
                    np.testing.assert_allclose(accuracy, share, rtol=1e-9)
                else:
                    assert np.isnan(accuracy)


def check_convergence(folder, experiment, curves, trials):
    """A row for each trial and quantifier; what was measured is known, and in the tests."""
    table = tables.read_csv(folder / "convergence.csv", columns.CONVERGENCE)
    keys = ["sample", "trial", "quantifier"]
    pairs = trials[["sample", "trial"]].drop_duplicates().itertuples(index=False, name=None)
    rows = table[keys].itertuples(index=False, name=None)
    assert sorted(rows) == sorted(
        (*pair, name) for pair in pairs for name in experiment["quantifiers"]
    )
    watched = curves[curves["split"] == experiment["training"]["monitor"]]
    measured = watched.groupby(keys)["accuracy"].count() > 0
    known = table.set_index(keys)["converged"].notna()
    assert known.to_dict() == measured[known.index].to_dict()
    assert table["final_accuracy"].notna().tolist() == known.tolist()
    comparison = tables.read_csv(folder / "comparison.csv", columns.COMPARISON)
    for (sample, easy, hard), tests in comparison.groupby(["sample", "easy", "hard"]):
        assert tests["test"].tolist() == list(columns.TESTS)
        both = (known[sample].xs(easy, level=1) & known[sample].xs(hard, level=1)).sum()
        n = tests.set_index("test")["n"]
        assert n["area_between_curves"] == both
        assert (n <= both).all()
    verdicts = tables.read_csv(folder / "verdicts.csv", columns.VERDICTS)
    assert len(verdicts) == len(comparison) / len(columns.TESTS)
    for row in verdicts.itertuples():
        one, other = (known[row.sample].xs(name, level=1) for name in (row.first, row.second))
        assert row.n == (one & other).sum()
        assert (row.p_adjusted >= row.p) | (row.n == 0)


@pytest.mark.parametrize("count", [8, pytest.param(200, marks=pytest.mark.whole)])
def test_nothing_is_lost_between_settings_and_tables(count):
    asked = settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    asked(given(experiments())(check))()


def check(experiment):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "experiments").mkdir()
        shutil.copy(LEXICON, folder)
        (folder / "config.yaml").write_text(yaml.safe_dump(RUN))
        (folder / "experiments" / "random.yaml").write_text(yaml.safe_dump(experiment))
        try:
            resolved = load_settings(RUN, folder).experiments["random"]
        except ConfigError as refused:
            event(f"refused: {str(refused).partition('yaml: ')[2][:60]}")
            reject()
        try:
            run(folder, resolved)
        except QuantlearnError as fault:  # some data cannot be had, and that is said
            event(f"no data: {str(fault)[:60]}")
            return
        event("trained")
        scenes = pd.read_parquet(folder / "split.parquet").astype(
            {"split": "str", "quantifier": "str"}
        )
        curves, trials = check_curves(folder, resolved, scenes)
        check_cells(folder, trials, scenes)
        check_convergence(folder, resolved, curves, trials)
