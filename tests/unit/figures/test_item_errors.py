"""Errors by scene: the model against simulated answers, hard scenes against asking each network."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from small_networks import network

from quantlearn import tables
from quantlearn.data import scene_files
from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.paper import item_errors
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.text_task import TextTask
from quantlearn.networks.weight_files import write_weights
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier, zone_counts
from quantlearn.semantics.scenes import PADDING, ZONES, LabelledScenes, Space, random_scenes
from quantlearn.semantics.scenes_in_words import OBJECTS
from quantlearn.settings.samples import samples_table
from quantlearn.training.members import read_members

SEED = 7
TRIALS = 3
SCENES = 240  # of each trial, half of each quantifier; the first third is for training
EXPRESSIONS = {"at_least_2": "|A & B| >= 2", "first_2": "first(2, A) <= B and |A| >= 2"}


def simulated(rng, *, slopes, trials=10, answers=3000, farthest=6):
    """Answers whose log odds are 1 and the slopes times distance, size and log2 (1 + seen)."""
    trial = np.repeat(np.arange(trials), answers)
    items = pd.DataFrame(
        {
            "trial": trial,
            "distance": rng.integers(1, farthest, len(trial), endpoint=True),
            "size": rng.integers(1, 20, len(trial), endpoint=True),
            "seen": rng.integers(0, 200, len(trial), endpoint=True),
        }
    )
    x = np.column_stack([items["distance"], items["size"], np.log2(1 + items["seen"])])
    return items.assign(right=rng.random(len(trial)) < expit(1 + x @ np.array(slopes)))


def test_the_model_finds_what_answers_were_made_with():
    slopes = [0.6, -0.15, 0.2]
    found = item_errors.model(simulated(np.random.default_rng(1), slopes=slopes))
    assert found["term"].tolist() == list(item_errors.TERMS)
    assert (found["reason"] == "").all()
    assert ((found["lower"] < slopes) & (slopes < found["upper"])).all()
    np.testing.assert_allclose(found["estimate"], slopes, atol=0.1)
    assert set(found["trials"]) == {10}


def test_scenes_that_no_moves_change_are_left_out():
    items = simulated(np.random.default_rng(2), slopes=[0.3, 0, 0])
    never = items.assign(distance=0, right=False)
    both = item_errors.model(pd.concat([items, never], ignore_index=True))
    pd.testing.assert_frame_equal(both, item_errors.model(items))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"right": True}, ["all_right"] * 3),
        ({"right": False}, ["separated"] * 3),
        ({"size": 16}, ["", "constant", ""]),
        ({"distance": 1}, ["constant", "", ""]),
        ({"distance": 1, "size": 16, "seen": 0}, ["constant"] * 3),
        ({"size": lambda items: items["distance"] * 2}, ["separated"] * 3),
        ({"right": lambda items: items["right"] | (items["distance"] > 1)}, ["nearest", "", ""]),
    ],
)
def test_what_has_no_estimate_is_blank_and_says_why(changes, reasons):
    items = simulated(np.random.default_rng(3), slopes=[0.3, -0.1, 0], answers=300).assign(
        **changes
    )
    found = item_errors.model(items)
    assert found["reason"].tolist() == reasons
    assert (found["estimate"].isna() == (found["reason"] != "")).all()
    assert (found["errors"] == (~items["right"]).sum()).all()


def test_where_the_order_hides_the_distance_nothing_is_estimated():
    items = simulated(np.random.default_rng(4), slopes=[0, 0, 0]).drop(columns="distance")
    assert set(item_errors.model(items)["reason"]) == {"order"}
    assert item_errors.by_distance(items).empty


def test_errors_by_distance_are_means_over_trials():
    items = pd.DataFrame({"trial": [0, 0, 0, 1], "distance": 1, "right": [True, True, False, True]})
    (row,) = item_errors.by_distance(items).to_dict("records")
    assert row["estimate"] == pytest.approx(1 / 6)
    assert (row["lower"], row["answers"], row["trials"]) == (0, 4, 2)


# Networks -----------------------------------------------------------------------------------------


def untrained(folder, side="test", task="verification", together=True):
    """An experiment whose networks are at their start, and so are right about half of the time."""
    settings = {
        "name": "items",
        "title": "Items",
        "task": task,
        "quantifiers": list(EXPRESSIONS),
        "expressions": EXPRESSIONS,
        "groups": None,
        "crossed": None,
        "search": None,
        "trials": TRIALS,
        "data": {
            "generate": {"zones": list(ZONES)},
            "split": {
                **{"test": 0.5 * (side == "test"), "dev": 0.5 * (side == "dev")},
                "only_test": {"sizes_above": None, "counts": 0.0, "quantifiers": []},
            },
        },
    }
    training = {"together": together, "loss": "cross_entropy", "scenes": None}
    chosen = network("lstm", layers=1, hidden=4)
    parts = []
    for trial in range(TRIALS):
        scenes, sizes = random_scenes(np.random.default_rng(trial), SCENES, Space(1, 6))
        asked = np.arange(SCENES) % 2
        truths = [Quantifier(*item).verify(scenes, sizes) for item in EXPRESSIONS.items()]
        split = np.where(np.arange(SCENES) < SCENES // 3, "train", side)
        labelled = LabelledScenes(scenes, sizes, asked, np.where(asked == 0, *truths))
        parts.append((labelled, {"split": split}))
    scene_files.write_trials(folder / "data/split.parquet", list(EXPRESSIONS), parts)
    tables.write_csv(
        samples_table([{"network": chosen, "training": training}]), folder / "samples.csv"
    )
    members, asked = read_members(
        folder / "data/split.parquet", list(EXPRESSIONS), together, kind=task
    )
    ensemble = Ensemble(chosen, asked, core="eager")
    flat = ensemble.initialise([random_stream(SEED, row) for row in range(len(members))])
    arrays = {name: array.numpy() for name, array in ensemble.unpack(flat).items()}
    write_weights({0: arrays}, folder / "training/0/weights.safetensors")
    return Experiment(settings, folder), ensemble, flat


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("items"))


@pytest.fixture(scope="module")
def made(untouched):
    return item_errors.tables(untouched[0], [], SEED)


def codes_of(words, positions):
    """A scene of hard_scenes as zone codes with padding."""
    objects = [OBJECTS.index(word) for word in words.split()]
    return np.array(objects + [PADDING] * (positions - len(objects)), dtype=np.uint8)


def test_hard_scenes_are_those_that_most_networks_get_wrong(untouched, made):
    _, ensemble, flat = untouched
    hard = made["hard_scenes"]
    assert not hard.duplicated(["quantifier", "scene"]).any()
    assert set(hard["quantifier"]) <= set(EXPRESSIONS)
    assert len(hard) > 10
    for row in hard.itertuples():
        scene = codes_of(row.scene, 6)
        size = np.array([(scene != PADDING).sum()])
        quantifier = Quantifier(row.quantifier, EXPRESSIONS[row.quantifier])
        assert quantifier.verify(scene[None], size).tolist() == [row.truth]
        place = list(EXPRESSIONS).index(row.quantifier)
        tokens = torch.from_numpy(ensemble.task.tokens(scene[None], np.array([place])))
        logits = ensemble.logits(
            flat, tokens.expand(TRIALS, 1, -1), torch.from_numpy(size).expand(TRIALS, 1)
        )
        said = (logits[:, 0, 1] > logits[:, 0, 0]).numpy()
        assert row.wrong == pytest.approx((said != row.truth).mean())
        assert row.wrong > 0.5
        assert row.networks == TRIALS
    for _, own in hard.groupby("quantifier"):
        assert own["wrong"].is_monotonic_decreasing


def test_every_test_scene_is_asked_about_where_there_are_few(untouched, made):
    counted = made["errors_by_distance"].groupby("quantifier")["answers"].sum()
    assert counted.to_dict() == dict.fromkeys(EXPRESSIONS, TRIALS * SCENES // 3)


def test_labels_alone_tell_hard_scenes_and_no_distance(untouched, made):
    """As expressions do, where they are those by which the scenes were labelled."""
    labelled = Experiment(untouched[0].settings | {"expressions": {}}, untouched[0].folder)
    found = item_errors.tables(labelled, [], SEED)
    pd.testing.assert_frame_equal(found["hard_scenes"], made["hard_scenes"])
    assert found["errors_by_distance"].empty
    assert set(found["item_errors"]["reason"]) == {"order"}
    assert item_errors.draw(found, labelled).axes


def test_of_many_scenes_some_are_asked_about(untouched, made, monkeypatch):
    monkeypatch.setattr(item_errors, "SCENES", 20)
    fewer = item_errors.tables(untouched[0], [], SEED)
    counted = fewer["errors_by_distance"].groupby("quantifier")["answers"].sum()
    assert counted.to_dict() == dict.fromkeys(EXPRESSIONS, TRIALS * 20)
    again = item_errors.tables(untouched[0], [], SEED)
    for name, table in fewer.items():
        pd.testing.assert_frame_equal(table, again[name])


def test_scenes_with_the_same_quantifier_and_counts_were_seen():
    scenes, sizes = random_scenes(np.random.default_rng(8), 300, Space(1, 4))
    quantifiers = np.arange(300) % 2
    labelled = LabelledScenes(scenes, sizes, quantifiers, sizes > 2)
    trained, asked = labelled[np.arange(200)], labelled[np.arange(200, 300)]
    counts, known = zone_counts(asked.scenes), zone_counts(trained.scenes)
    expected = [
        sum((known == own).all(axis=1) & (trained.quantifiers == quantifier))
        for own, quantifier in zip(counts, asked.quantifiers, strict=True)
    ]
    assert item_errors.times_seen(trained, asked).tolist() == expected


@pytest.mark.parametrize(
    "changes",
    [{"together": False}, {"side": "dev"}, {"task": "text_verification"}],
    ids=["networks of their own", "dev alone", "in words"],
)
def test_every_kind_of_experiment_has_these_tables(tmp_path, changes):
    experiment, ensemble, _ = untrained(tmp_path, **changes)
    assert isinstance(ensemble.task, TextTask) == ("task" in changes)
    made = item_errors.tables(experiment, [], SEED)
    assert made["item_errors"]["errors"].min() > 10
    assert (made["hard_scenes"]["networks"] == TRIALS).all()
    assert_shown(made, experiment, tmp_path)


def assert_shown(made, experiment, folder):
    text = render(template_of("item_errors"), item_errors.facts(made, experiment.settings))
    assert "odds" in text
    with style.figure_style():
        figure = item_errors.draw(made, experiment)
        style.save_figure(figure, folder / "drawn.svg")
    assert "at least 2" in (folder / "drawn.svg").read_text()
    return text


def test_tables_are_read_drawn_and_told(untouched, made, tmp_path):
    for name, table in made.items():
        tables.write_csv(table, tmp_path / f"{name}.csv")
        back = tables.read_csv(tmp_path / f"{name}.csv", item_errors.TABLES[name])
        pd.testing.assert_frame_equal(back, table, rtol=1e-9)
    text = assert_shown(made, untouched[0], tmp_path)
    assert "More than half of the networks get" in text


def test_networks_without_an_error_are_drawn_and_told(untouched, made, tmp_path):
    errors = made["item_errors"].assign(estimate=np.nan, lower=np.nan, upper=np.nan, errors=0)
    right = {
        "item_errors": errors.assign(reason="all_right"),
        "errors_by_distance": made["errors_by_distance"].assign(estimate=0.0, lower=np.nan),
        "hard_scenes": made["hard_scenes"].head(0),
    }
    text = assert_shown(right, untouched[0], tmp_path)
    assert "no error" in text
    assert "No scene was found" in text
