"""The estimate by which the longest training jobs are started first."""

import re

import pytest
from test_memory import ROOT, resolve

from pipeline import run
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.memory import training_effort


def effort(trials=3, experiment="exp1a", **overrides):
    settings = resolve(experiment, trials, **overrides)
    return training_effort(
        settings, [Quantifier(*item) for item in settings["expressions"].items()]
    )


def test_a_feedforward_network_uses_each_weight_once_for_a_scene():
    # All 65,536 scenes and two quantifiers; hardly any evaluation; three uses for a gradient.
    network = {"layers": 1, "hidden": 7, "batch_norm": False}
    training = {"max_epochs": 5, "evaluate_every": 1_000_000, "core": "eager"}
    data = {"balance": {"method": "none"}}
    found = effort(2, "tutorial", network=network, training=training, data=data)
    inputs = 16 * 4 + 4 + 2
    slower = 4
    uses = 2 * 5 * 2 * 4**8 * 3 * inputs * 7 * slower
    assert found == pytest.approx(uses, rel=0.05)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"trials": 3}, {"trials": 6}),
        ({"training": {"max_epochs": 2}}, {"training": {"max_epochs": 4}}),
    ],
    ids=["trials", "epochs"],
)
def test_twice_as_much_takes_twice_as_long(less, more):
    assert effort(**more) == pytest.approx(2 * effort(**less))


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"training": {"eval_scenes": 100}}, {"training": {"eval_scenes": 0}}),
        ({"training": {"scenes": 50}}, {}),
        ({}, {"training": {"core": "eager"}}),
        ({"network": {"hidden": 4}}, {}),
        ({"data": {"balance": {"by": "truth"}, "generate": {"draws": 5000}}}, {}),
    ],
    ids=["evaluation", "scenes", "core", "units", "draws"],
)
def test_what_asks_for_more_takes_longer(less, more):
    assert effort(**less) < effort(**more)


def test_jobs_of_the_experiment_with_most_training_come_first():
    """Of each stage, as Snakemake understands it; and all data before any network."""
    names = ["exp1a", "exp1c", "tutorial"]
    asked = ("--config", f"experiments=[{','.join(names)}]")
    plan = run(ROOT, "--dry-run", "--cores", "1", *asked, "--", "all").stdout
    found = {"generate_data": {}, "train": {}}
    for rule, job in re.findall(r"rule (\w+):\n(.*?)\n\[", plan, flags=re.DOTALL):
        if rule in found:
            experiment = re.search(r"experiment=(\w+)", job).group(1)
            found[rule][experiment] = float(re.search(r"priority: (\S+)", job).group(1))
    by_effort = sorted(names, key=lambda name: effort(30, name))
    for priorities in found.values():
        assert sorted(priorities, key=priorities.get) == by_effort
    assert max(found["train"].values()) < min(found["generate_data"].values())
