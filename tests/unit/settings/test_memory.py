"""The estimate of memory against measured peaks, and what it refuses; bounds of every number."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quantlearn.networks import ensemble
from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings import memory
from quantlearn.settings.load import ConfigError, load_settings
from quantlearn.settings.memory import largest_need, machine_memory
from quantlearn.settings.schema import load_schema
from quantlearn.yamlfile import read_yaml

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
PAPER = [path.stem for path in sorted((CONFIG / "experiments").glob("exp*.yaml"))]
GIB = 2**30


def run_of(experiments, trials=30, **overrides):
    """The settings of a run of the project's own experiments."""
    return {**read_yaml(CONFIG / "config.yaml"), "experiments": experiments} | {
        "trials": trials,
        "overrides": overrides,
    }


def resolve(experiment, trials=30, **overrides):
    run = run_of([experiment], trials, **overrides)
    return load_settings(run, CONFIG).experiments[experiment]


def atlas_of(generated):
    run = run_of(["generated_quantifiers"], 2)
    run["own_overrides"] = {"generated_quantifiers": {"generated": generated}}
    return load_settings(run, CONFIG).experiments["generated_quantifiers"]


def need_of(settings):
    return largest_need(settings, [Quantifier(*item) for item in settings["expressions"].items()])


# Most memory that the largest job of each ever held, in MB, each run alone on a CPU.
MEASURED = {
    "exp1a, 2 trials": (727, "exp1a", 2, {}),
    "exp1a, 30 trials": (980, "exp1a", 30, {}),
    "exp3a, 5 trials": (614, "exp3a", 5, {}),
    "large batches": (
        *(1110, "exp3b", 10),
        {"network": {"hidden": 64}, "training": {"batch_size": 512}},
    ),
    "very large batches": (
        *(2265, "exp1a", 10),
        {"network": {"hidden": 64}, "training": {"batch_size": 4096}}
        | {"data": {"generate": {"draws": 20_000}}},
    ),
    "many draws": (1434, "exp1a", 1, {"data": {"generate": {"draws": 2_000_000}}}),
    "feedforward": (655, "tutorial", 10, {}),
    "transformer": (
        *(590, "exp1a", 4),
        {"network": {"architecture": "transformer", "hidden": 32}}
        | {"training": {"batch_size": 256}},
    ),
    "transformer, large batches": (
        *(912, "exp1a", 4),
        {"network": {"architecture": "transformer"}, "training": {"batch_size": 2048}}
        | {"data": {"generate": {"draws": 20_000}}},
    ),
    "206 quantifiers, a network for each": (2289, "generated_quantifiers", 2, {}),
    "eager core": (
        *(735, "exp1a", 2),
        {"network": {"architecture": "rnn", "hidden": 64}}
        | {"training": {"batch_size": 4096, "core": "eager"}}
        | {"data": {"generate": {"draws": 20_000}}},
    ),
}


@pytest.mark.parametrize("case", MEASURED.values(), ids=MEASURED)
def test_the_estimate_is_within_a_factor_of_two_of_the_peak(case):
    peak, experiment, trials, overrides = case
    need = need_of(resolve(experiment, trials, **overrides))
    assert need.stage == "train"
    assert peak / 2 < need.size / 1e6 < 2 * peak


GENERATE = r"""
import json, re, sys
from generate_data import generate_data
settings = json.load(sys.stdin)
generate_data(sys.argv[1], settings["data"]["generate"], settings["expressions"], 1, "x", 1)
# Not getrusage, which starts with the peak of the process that started this one.
with open("/proc/self/status") as status:
    print(int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024)
"""


@pytest.mark.parametrize("draws", [20_000, 500_000])
def test_the_estimate_of_generating_is_near_the_peak(tmp_path, draws):
    settings = resolve("exp1a", 1, data={"generate": {"draws": draws}})
    done = subprocess.run(
        [sys.executable, "-c", GENERATE, str(tmp_path / "generated.parquet")],
        input=json.dumps(settings),
        env={"PYTHONPATH": str(ROOT / "scripts"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    known = [Quantifier(*item) for item in settings["expressions"].items()]
    estimate = memory.data_needs(settings, known)[0].size
    assert estimate / 2 < int(done.stdout) < 2 * estimate


def test_the_data_of_thousands_of_quantifiers_are_estimated():
    """Most memory in MB that each stage held with 2,000 generated quantifiers and 40 negations."""
    settings = atlas_of(2000)
    known = [Quantifier(*item) for item in settings["expressions"].items()]
    needs = {need.stage: need.size / 1e6 for need in memory.data_needs(settings, known)}
    for stage, peak in {"generate_data": 1830, "balance_data": 3671, "split_data": 5361}.items():
        assert peak / 1.5 < needs[stage] < 1.5 * peak


def test_each_group_is_balanced_in_itself():
    """Every other scene is kept of a quantifier that is true in half, few of every."""
    settings = resolve("exp3b", 1)
    together = [Quantifier("some", "|A & B| > 0"), Quantifier("even", "|A| % 2 == 0")]
    apart = [Quantifier("every", "A <= B"), Quantifier("not_all", "not A <= B")]
    halves = [
        memory.balanced_rows(settings | {"groups": None}, pair) / 2 for pair in (together, apart)
    ]
    groups = [[one.name for one in pair] for pair in (together, apart)]
    found = memory.balanced_rows(settings | {"groups": groups}, [*together, *apart])
    assert found == pytest.approx(sum(halves))


def test_networks_of_their_own_need_memory_in_proportion():
    few, many = (need_of(atlas_of(generated)) for generated in (460, 1960))
    assert (many.size / few.size) == pytest.approx(4, rel=0.25)


def test_the_paper_fits_into_a_small_machine():
    assert len(PAPER) == 15
    load_settings(run_of(PAPER, 30), CONFIG, memory=4 * GIB)


@pytest.mark.parametrize(
    ("overrides", "trials", "key"),
    [
        ({}, 10_000, "trials"),
        ({"data": {"generate": {"draws": 10_000_000}}}, 30, "trials"),
        ({"training": {"batch_size": 65_536}}, 30, "training.batch_size"),
        ({"network": {"hidden": 1024, "layers": 8}}, 30, "network.hidden"),
        ({"training": {"max_epochs": 10_000, "evaluate_every": 1}}, 30, "training.evaluate_every"),
    ],
)
def test_what_is_too_large_is_refused_with_the_estimate_and_the_key(overrides, trials, key):
    run = run_of(["exp1a"], trials, **overrides)
    load_settings(run, CONFIG)  # nothing is too large for a machine that is not known
    with pytest.raises(ConfigError) as caught:
        load_settings(run, CONFIG, memory=4 * GIB)
    [line] = caught.value.lines
    assert line.startswith(f"{CONFIG}/experiments/exp1a.yaml: {key}: too large for this machine: ")
    assert "GiB of memory, and there are 4.0 GiB: lower it" in line


def test_the_machine_has_memory():
    assert GIB / 4 < machine_memory() < 2**50


@pytest.mark.parametrize(
    ("told", "limits"),
    [
        ("0::/", {"memory.max": "1073741824"}),
        (
            "0::/user/job_7/step",
            {"user/job_7/memory.max": f"{GIB}", "user/job_7/step/memory.max": "max"},
        ),
        ("4:cpu:/\n3:memory:/slurm/job_7", {"memory/slurm/job_7/memory.limit_in_bytes": f"{GIB}"}),
    ],
    ids=["of the machine", "version 2", "version 1"],
)
def test_a_control_group_bounds_the_memory(tmp_path, told, limits):
    """That of the job, as Slurm and systemd make it, and those above."""
    for file, text in {"../../../proc/self/cgroup": f"{told}\n", **limits}.items():
        path = Path(os.path.normpath(tmp_path / "sys/fs/cgroup" / file))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert machine_memory(tmp_path) == GIB


# Bounds -------------------------------------------------------------------------------------------


def numbers(schema, path=""):
    """Every part of a schema that allows a number, with its path."""
    types = schema.get("type", [])
    if {"integer", "number"} & set([types] if isinstance(types, str) else types):
        yield path, schema
    for name, part in schema.items():
        if isinstance(part, dict):
            yield from numbers(part, f"{path}/{name}")
        elif isinstance(part, list):
            for place, item in enumerate(part):
                if isinstance(item, dict):
                    yield from numbers(item, f"{path}/{name}[{place}]")


@pytest.mark.parametrize("name", ["config", "experiment"])
def test_every_number_has_bounds(name):
    found = list(numbers(load_schema(name)))
    assert len(found) > 20
    for path, part in found:
        assert part["minimum"] <= part["maximum"], path


def test_no_limit_is_the_largest_of_the_values_that_vary():
    settings = resolve("alone")
    for name, no_limit in (("scenes", None), ("eval_scenes", 0)):
        needs = []
        for values in ([no_limit], [10, 20], [10, no_limit]):
            varied = {"choice": values} if len(values) > 1 else values[0]
            training = settings["training"] | {name: varied}
            space = {"network": [settings["network"]], "training": [training]}
            needs.append(
                need_of(settings | {"search": {"space": space}, "training": training}).size
            )
        assert needs[0] == needs[2] > needs[1], name


def test_eager_networks_at_once_are_those_of_the_ensemble():
    assert memory._EAGER_NETWORKS == ensemble._TRIALS


def test_every_architecture_is_estimated_as_its_core_computes_it():
    for name, known in ARCHITECTURES.items():
        module = importlib.import_module(f"quantlearn.networks.architectures.{name}")
        assert hasattr(module, "compiled_core") == (name in memory.COMPILED), name
        assert hasattr(module, "unroll") == known.is_recurrent, name
