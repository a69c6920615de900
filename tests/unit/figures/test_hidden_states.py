"""What is read from states: probes of what is there and what is not, components, automata."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from small_networks import network

from quantlearn import tables
from quantlearn.data import scene_files
from quantlearn.figures import style
from quantlearn.figures.course import probes, state_space
from quantlearn.figures.course.probes import counts_along, probe
from quantlearn.figures.course.state_space import principal_components
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.networks import states_along, trained
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.networks.weight_files import write_weights
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import LabelledScenes, Space, random_scenes
from quantlearn.semantics.scenes_in_words import OBJECTS
from quantlearn.settings.samples import samples_table
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.scores import compared

SEED = 7
TRIALS = 3
EXPRESSIONS = {"at_least_2": "|A & B| >= 2", "most": "|A & B| > |A - B|"}
SETTINGS = {
    "name": "states",
    "title": "States",
    "quantifiers": list(EXPRESSIONS),
    "groups": None,
    "crossed": None,
    "expressions": EXPRESSIONS,
    "search": None,
}
TRAINING = {"together": False, "loss": "cross_entropy"}


def test_counts_are_those_of_the_objects_so_far():
    rng = np.random.default_rng(0)
    scenes = rng.integers(5, size=(20, 7))
    found = counts_along(scenes)
    for scene, both, difference in zip(scenes, found["both"], found["difference"], strict=True):
        for position in range(7):
            begun = scene[: position + 1].tolist()
            assert both[position] == begun.count(0)
            assert difference[position] == begun.count(0) - begun.count(1)


def test_a_probe_reads_what_is_there_and_not_what_is_not():
    rng = np.random.default_rng(1)
    counts = rng.integers(9, size=4000).astype(float)
    states = np.column_stack([counts, rng.normal(size=4000)]) @ rng.normal(size=(2, 6))
    halves = slice(2000), slice(2000, None)
    known, new = (states[half] for half in halves)
    values, truth = (counts[half] for half in halves)
    there = probe(known, values, new, truth, classes=False)
    assert there["r_squared"] > 0.999
    assert there["exact"] == 1
    shuffled = rng.permutation(counts)
    nothing = probe(known, shuffled[halves[0]], new, shuffled[halves[1]], classes=False)
    assert abs(nothing["r_squared"]) < 0.02
    classes = probe(known, (values > 4).astype(int), new, (truth > 4).astype(int), classes=True)
    assert classes == {"exact": pytest.approx(1, abs=0.01)}


def test_principal_components_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    states = rng.normal(size=(50, 5)) @ rng.normal(size=(5, 5))
    along = rng.normal(size=50)
    coordinates, shares = principal_components(states, along)
    reference = PCA(2).fit(states)
    np.testing.assert_allclose(np.abs(coordinates), np.abs(reference.transform(states)), atol=1e-9)
    np.testing.assert_allclose(shares, reference.explained_variance_ratio_)
    assert ((along - along.mean()) @ coordinates >= 0).all()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """An experiment whose trained weights are those from which training would start."""
    folder = tmp_path_factory.mktemp("states")
    chosen = network("lstm", layers=1, hidden=4)
    scenes_of_trials = []
    for trial in range(TRIALS):
        scenes, sizes = random_scenes(np.random.default_rng(trial), 60, Space(1, 8))
        asked = np.arange(60) % 2
        truth = np.zeros(60, dtype=bool)
        for index, (name, expression) in enumerate(EXPRESSIONS.items()):
            rows = asked == index
            truth[rows] = Quantifier(name, expression).verify(scenes[rows], sizes[rows])
        split = np.where(np.arange(60) < 20, "train", "test")
        scenes_of_trials.append((LabelledScenes(scenes, sizes, asked, truth), {"split": split}))
    scene_files.write_trials(folder / "data/split.parquet", list(EXPRESSIONS), scenes_of_trials)
    tables.write_csv(
        samples_table([{"network": chosen, "training": TRAINING}]), folder / "samples.csv"
    )
    ensemble = Ensemble(chosen, Task(8, 1, ((1.0,),)))
    names = [("states", 0, trial, name) for trial in range(TRIALS) for name in EXPRESSIONS]
    flat = ensemble.initialise([random_stream(SEED, *name, "initialise") for name in names])
    arrays = {name: array.numpy() for name, array in ensemble.unpack(flat).items()}
    write_weights({0: arrays}, folder / "training/0/weights.safetensors")
    return Experiment(SETTINGS, folder)


def test_the_weights_before_training_are_those_that_training_starts_from(untouched):
    networks = trained(untouched, 0, SEED)
    ensemble = networks.ensemble
    for name, before in ensemble.unpack(networks.before).items():
        np.testing.assert_array_equal(before, ensemble.unpack(networks.after)[name])
    assert [networks.members[row].trial for row in networks.rows("most")] == [0, 1, 2]


def test_probes_of_networks_that_learned_nothing_are_alike_before_and_after(untouched, tmp_path):
    made = probes.tables(untouched, [], SEED)
    found = made["probes"]
    scores = ["estimate", "lower", "upper", "n"]
    after, before = (
        found.loc[found["network"] == network, scores].reset_index(drop=True)
        for network in ("trained", "untrained")
    )
    pd.testing.assert_frame_equal(after, before)
    assert set(found["n"]) == {TRIALS}
    size = found[(found["network"] == "size") & (found["metric"] == "r_squared")]
    assert (size["estimate"] < 0.9).all()
    automaton = found[found["target"] == "automaton"]
    assert set(automaton["quantifier"]) == {"at_least_2"}
    alone = found[found["network"] == "automaton"]
    assert set(zip(alone["quantifier"], alone["target"], strict=True)) == {
        ("at_least_2", "both"),
        ("at_least_2", "difference"),
    }
    pd.testing.assert_frame_equal(probes.tables(untouched, [], SEED)["probes"], found)

    text = render(template_of("probes"), probes.facts(made, SETTINGS)).replace("\n", " ")
    assert "Of 10 readings from states, training made 0 better and 0 worse, and changed 10" in text
    assert "networks for at least 2" in drawn(probes, made, untouched, tmp_path)


def test_from_an_automaton_a_count_is_read_as_far_as_it_counts():
    """Of counts from 0 to 12, all as frequent, those from 4 on are one state: R² = 1 − 60/182."""
    counts = np.tile(np.arange(13), 200)
    states = np.eye(5)[np.minimum(counts, 4)]
    found = probe(states, counts, states, counts, classes=False)
    assert found["r_squared"] == pytest.approx(1 - 60 / 182, abs=1e-3)


def test_training_that_helps_in_every_trial_is_seen_where_intervals_overlap():
    """Ten networks rise from about .605 to about .651, each by as much; another moves by luck."""
    before = 0.605 + np.random.default_rng(4).normal(0, 0.05, 10)
    rise = 0.046 + np.linspace(-0.01, 0.01, 10)
    assert mean_interval(before).upper > mean_interval(before + rise).lower
    found = compared({(1,): (before + rise) - before, (2,): rise - 0.046}, ["network"])
    assert found["p_adjusted"].iloc[0] == pytest.approx(2 * 2 * 0.5**10)
    assert found["verdict"].tolist() == ["higher", "no_difference"]


def test_the_state_space_has_a_point_for_each_object(untouched, tmp_path):
    made = state_space.tables(untouched, [], SEED)
    found = made["state_space"]
    assert not found.duplicated(["quantifier", "scene", "position"]).any()
    counted = found[found["quantifier"] == "at_least_2"]
    assert (counted["automaton"] == np.minimum(counted["both"], 2)).all()
    assert found.loc[found["quantifier"] == "most", "automaton"].isna().all()
    excited = made["exciting_scenes"]
    assert (excited.groupby("quantifier")["unit"].max() == 4).all()
    for row in excited.groupby("quantifier").head(1).itertuples():  # the first unit of each
        networks = trained(untouched, 0, SEED)
        place = networks.rows(row.quantifier)[0]
        tokens = [OBJECTS.index(word) for word in row.scene.split()]
        tried = [tokens, *(list(scene) for scene in itertools.product(range(4), repeat=6))]
        reached = [
            next(states_along(networks, place, np.array([scene], dtype=np.uint8)))[2][0, -1, 0]
            for scene in (tried[0], *random.Random(1).sample(tried, 100))
        ]
        assert reached[0] == pytest.approx(row.activation)
        assert max(reached) <= row.activation + 1e-9
        assert (row.both, row.a_only) == (tokens.count(0), tokens.count(1))
    assert "First direction" in drawn(state_space, made, untouched, tmp_path)
    text = render(template_of("state_space"), state_space.facts(made, SETTINGS))
    assert text.count("<tr>") == len(excited) + 1  # heads too


def test_the_first_direction_follows_the_count_that_it_is():
    count = np.arange(8.0)
    counts = {"both": count % 3, "difference": count, "first": -count, "second": count % 2}
    frame = pd.DataFrame({"quantifier": "most", "first_share": 0.7, "second_share": 0.2} | counts)
    none = pd.DataFrame(columns=list(state_space.TABLES["exciting_scenes"]))
    made = {"state_space": frame, "exciting_scenes": none}
    text = render(template_of("state_space"), state_space.facts(made, SETTINGS))
    assert "for *most*, two directions hold 90.0\u00a0% of the variance" in text
    assert "follows |A∩B| − |A∖B| most (correlation 1.00" in text


def drawn(module, made, experiment, folder):
    """The SVG of a figure."""
    path = folder / "figure.svg"
    with style.figure_style():
        style.save_figure(module.draw(made, experiment), path)
    return path.read_text()
