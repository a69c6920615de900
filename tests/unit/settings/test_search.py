"""Settings that vary: distributions, samplers, conditional settings, the table of samples."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from test_bad_input import EXPERIMENT, RUN, changed, write_folder

from quantlearn.settings.distributions import grid_values, quantile
from quantlearn.settings.load import load_settings
from quantlearn.settings.samples import (
    draw_samples,
    draw_shares,
    read_row,
    read_sample,
    samples_table,
)
from quantlearn.settings.search import count_grid, find_section_faults, variants_of
from quantlearn.tables import write_csv

SEARCH = {
    "training.evaluate_splits": ["dev"],
    "training.monitor": "dev",
    "search": {"sampler": "random", "samples": 60},
}
BOTH = {
    "network": {
        "architecture": {"choice": ["lstm", "feedforward"]},
        "hidden": {"integer": [4, 64]},
        "padding": "masked",
        "activation": {"choice": ["relu", "tanh"]},
    },
    "training.learning_rate": {"log_uniform": [1e-4, 1e-2]},
}


@pytest.fixture
def resolve(tmp_path):
    """A function that resolves the small experiment with changes."""

    def resolved(changes, run=RUN):
        folder = write_folder(tmp_path / "config", changed(EXPERIMENT, SEARCH | changes), run)
        return load_settings(run, folder).experiments["small"]

    return resolved


# Distributions ------------------------------------------------------------------------------------


@given(st.floats(0, 1, exclude_max=True))
def test_every_share_gives_an_allowed_value(share):
    assert quantile({"choice": ["a", "b", "c"]}, share) in ["a", "b", "c"]
    assert quantile({"integer": [3, 7]}, share) in range(3, 8)
    assert 0.1 <= quantile({"uniform": [0.1, 0.3]}, share) <= 0.3
    assert 1e-5 <= quantile({"log_uniform": [1e-5, 0.7]}, share) <= 0.7


@pytest.mark.parametrize("distribution", [{"integer": [3, 8]}, {"choice": list("abcdef")}])
def test_whole_numbers_and_choices_are_equally_likely(distribution):
    shares = (np.arange(6000) + 0.5) / 6000
    values, counts = np.unique([quantile(distribution, s) for s in shares], return_counts=True)
    assert len(values) == 6
    assert set(counts) == {1000}


@pytest.mark.parametrize(
    ("kind", "ends", "scale"),
    [("uniform", [2.0, 5.0], float), ("log_uniform", [1e-4, 1e-1], math.log)],
)
def test_numbers_are_uniform_on_their_scale(kind, ends, scale):
    shares = draw_shares("random", ["a"], 2000, 1, "ks")[:, 0]
    drawn = [scale(quantile({kind: ends}, share)) for share in shares]
    low, high = map(scale, ends)
    assert stats.kstest(drawn, stats.uniform(low, high - low).cdf).pvalue > 0.05


def test_grid_values_have_equal_steps_and_the_exact_ends():
    values = grid_values({"log_uniform": [1e-4, 3e-1], "points": 5})
    assert [values[0], values[-1]] == [1e-4, 3e-1]
    assert np.ptp(np.diff(np.log(values))) == pytest.approx(0, abs=1e-12)
    assert grid_values({"uniform": [0.0, 1.0], "points": 3}) == [0.0, 0.5, 1.0]
    assert grid_values({"integer": [2, 4]}) == [2, 3, 4]


# Samplers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [2, 5, 9])
@pytest.mark.parametrize("n", [32, 50])
def test_sobol_is_more_even_than_random(dimensions, n):
    axes = [f"axis{i}" for i in range(dimensions)]
    for seed in range(5):
        sobol, random = (
            stats.qmc.discrepancy(draw_shares(sampler, axes, n, seed, "discrepancy"))
            for sampler in ("sobol", "random")
        )
        assert sobol < random


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_samples_depend_on_seed_and_experiment_alone(resolve, sampler):
    settings = resolve(BOTH | {"search": {"sampler": sampler, "samples": 8}})
    drawn = draw_samples(settings, 1)
    assert drawn == draw_samples(settings, 1)
    assert drawn != draw_samples(settings, 2)
    assert drawn != draw_samples(settings | {"name": "other"}, 1)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
@pytest.mark.parametrize("n", [1, 5, 8])
def test_the_first_samples_stay_when_their_number_grows(sampler, n):
    more = draw_shares(sampler, ["a", "b"], 20, 3, "prefix")
    assert np.array_equal(draw_shares(sampler, ["a", "b"], n, 3, "prefix"), more[:n])


def test_random_draws_of_a_setting_do_not_depend_on_other_settings(resolve):
    alone = resolve({"network.hidden": {"integer": [4, 64]}})
    among_others = resolve(BOTH | {"training.batch_size": {"choice": [4, 8, 16]}})
    hidden = [
        [sample["network"]["hidden"] for sample in draw_samples(settings, 1)]
        for settings in (alone, among_others)
    ]
    assert hidden[0] == hidden[1]


def test_a_grid_is_exactly_the_product(resolve):
    settings = resolve(
        {
            "network.hidden": {"integer": [4, 6]},
            "network.padding": {"choice": ["masked", "read"]},
            "training.learning_rate": {"log_uniform": [1e-4, 1e-2], "points": 3},
            "training.patience": {"choice": [5, None]},
            "search": {"sampler": "grid"},
        }
    )
    samples = draw_samples(settings, 1)
    found = [
        (
            sample["network"]["hidden"],
            sample["network"]["padding"],
            round(math.log10(sample["training"]["learning_rate"]), 9),
            sample["training"]["patience"],
        )
        for sample in samples
    ]
    product = itertools.product([4, 5, 6], ["masked", "read"], [-4, -3, -2], [5, None])
    assert len(found) == len(set(found)) == settings["search"]["samples"] == 36
    assert set(found) == set(product)


def test_a_grid_repeats_nothing_where_settings_do_not_apply(resolve):
    settings = resolve(
        {
            "network": BOTH["network"] | {"hidden": {"choice": [4, 8]}},
            "search": {"sampler": "grid", "samples": 6},
        }
    )
    found = [
        tuple(sample["network"].get(key) for key in ("architecture", "hidden", "activation"))
        for sample in draw_samples(settings, 1)
    ]
    # Two sizes of LSTM; two sizes and two activations of feed-forward networks.
    assert sorted(found, key=str) == sorted(
        [
            *(("lstm", hidden, None) for hidden in (4, 8)),
            *itertools.product(["feedforward"], [4, 8], ["relu", "tanh"]),
        ],
        key=str,
    )


# Conditional settings -----------------------------------------------------------------------------


def test_a_sample_has_the_settings_of_its_architecture_and_no_others(resolve):
    samples = draw_samples(resolve(BOTH), 1)
    common = {"architecture", "initialisation", "quantifiers", "precision"}
    common |= {"layers", "hidden", "dropout"}
    own = {"lstm": {"padding"}, "feedforward": {"activation", "batch_norm", "objects"}}
    assert {sample["network"]["architecture"] for sample in samples} == set(own)
    for sample in samples:
        assert set(sample["network"]) == common | own[sample["network"]["architecture"]]
        assert 4 <= sample["network"]["hidden"] <= 64


def test_a_search_over_optimisers_gives_momentum_to_those_that_have_it(resolve):
    training = {
        "training.optimiser": {"choice": ["sgd", "adam", "adamw", "rmsprop"]},
        "training.momentum": {"uniform": [0.5, 0.9]},
        "training.weight_decay": {"choice": [0.0, 0.01]},
    }
    samples = [sample["training"] for sample in draw_samples(resolve(training), 1)]
    assert {sample["optimiser"] for sample in samples} == {"sgd", "adam", "adamw", "rmsprop"}
    for sample in samples:
        assert ("momentum" in sample) == (sample["optimiser"] in ("sgd", "rmsprop"))


def test_a_setting_that_is_not_given_has_the_default_of_the_architecture(resolve):
    settings = resolve({"network": {"architecture": {"choice": ["lstm", "feedforward"]}}})
    hidden = {
        sample["network"]["architecture"]: sample["network"]["hidden"]
        for sample in draw_samples(settings, 1)
    }
    assert hidden == {"lstm": 12, "feedforward": 16}


def test_a_setting_that_decides_may_depend_on_another():
    def case(conditions, **properties):
        conditions = {name: {"const": value} for name, value in conditions.items()}
        return {
            "if": {"properties": conditions, "required": list(conditions)},
            "then": {"properties": properties},
        }

    def words(*allowed):
        return {"enum": list(allowed), "default": allowed[0]}

    schema = {
        "type": "object",
        "properties": {"optimiser": words("adam", "sgd")},
        "allOf": [
            case({"optimiser": "sgd"}, momentum=words("none", "heavy")),
            case({"optimiser": "sgd", "momentum": "heavy"}, weight=words("a", "b")),
        ],
        "unevaluatedProperties": False,
    }
    given = {
        "optimiser": {"choice": ["adam", "sgd"]},
        "momentum": {"choice": ["none", "heavy"]},
        "weight": {"choice": ["a", "b"]},
    }
    assert not find_section_faults("training", schema, given)
    assert variants_of(schema, given) == [
        {"optimiser": "adam"},
        {"optimiser": "sgd", "momentum": "none"},
        {"optimiser": "sgd", "momentum": "heavy", "weight": given["weight"]},
    ]
    assert count_grid({"training": variants_of(schema, given)}) == 4


def test_fixed_settings_are_one_sample(tmp_path):
    folder = write_folder(tmp_path / "config", EXPERIMENT, RUN)
    settings = load_settings(RUN, folder).experiments["small"]
    assert settings["search"] is None
    assert draw_samples(settings, 1) == [
        {"network": settings["network"], "training": settings["training"]}
    ]


def test_the_run_may_choose_the_number_of_samples_but_not_of_a_grid(resolve):
    few = RUN | {"samples": 3}
    assert resolve(BOTH, few)["search"]["samples"] == 3
    grid = {"network.hidden": {"integer": [4, 8]}, "search": {"sampler": "grid"}}
    assert resolve(grid, few)["search"]["samples"] == 5


def test_the_run_may_put_several_samples_of_every_search_into_a_job(resolve):
    grid = {"network.hidden": {"integer": [4, 8]}, "search": {"sampler": "grid"}}
    for changes in (BOTH, grid):
        assert resolve(changes)["search"]["samples_per_job"] == 1
        assert resolve(changes, RUN | {"samples_per_job": 8})["search"]["samples_per_job"] == 8


def test_an_override_fixes_a_setting_and_skips_what_does_not_apply(resolve):
    run = RUN | {"overrides": {"network": {"hidden": 3, "padding": "read"}}}
    settings = resolve(BOTH, run)
    for sample in draw_samples(settings, 1):
        assert sample["network"]["hidden"] == 3
        assert sample["network"].get("padding") in ("read", None)


def test_an_override_that_fixes_all_that_varies_leaves_one_sample(resolve):
    given = {"network": {"hidden": {"integer": [2, 8]}}, "search": {"sampler": "grid"}}
    assert resolve(given)["search"]["samples"] == 7
    assert resolve(given, RUN | {"overrides": {"network": {"hidden": 3}}})["search"] is None


# The table ----------------------------------------------------------------------------------------

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)


@given(st.lists(VALUES | st.lists(VALUES, max_size=3), min_size=1, max_size=6))
@example(["\r"])
def test_every_value_survives_the_table(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("samples") / "samples.csv"
    sample = {"network": {f"setting{i}": value for i, value in enumerate(values)}}
    write_csv(samples_table([sample]), path)
    found = read_row(path, 0)
    assert found == sample
    assert list(map(type, found["network"].values())) == list(map(type, values))


def test_samples_of_both_architectures_survive_the_table(resolve, tmp_path):
    samples = draw_samples(resolve(BOTH), 1)
    write_csv(samples_table(samples), tmp_path / "samples.csv")
    assert [read_sample(tmp_path / "samples.csv", i) for i in range(len(samples))] == samples
