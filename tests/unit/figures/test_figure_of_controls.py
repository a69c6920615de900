"""The controls of 2019: ratios that are known, and a design that changes one thing at a time."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic
import yaml

from quantlearn.data.balance import balance_group, balance_rows
from quantlearn.data.generate import fill_cells
from quantlearn.figures import style
from quantlearn.figures.atlas import controls
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.load import load_settings
from quantlearn.settings.protocol import quantifiers_of_network, space_of
from quantlearn.settings.samples import draw_samples

CONFIG = Path("config")
PAIR = ["at_least_4", "most"]
SCENES = 8000
PLAIN = {"balance": {"by": "truth"}, "split": {"by": "scene"}}


@pytest.fixture(scope="module")
def shipped() -> dict:
    run = yaml.safe_load((CONFIG / "config.yaml").read_text())
    names = {path.stem for path in (CONFIG / "experiments").glob("controls*.yaml")}
    names = sorted(names - {"controls_variance"})  # a design of its own
    return load_settings(run | {"experiments": names}, CONFIG).experiments


def levels_of(settings: dict) -> list[list[float]]:
    """The training factors of each sample of an experiment, as numbers."""
    data = settings["data"]
    fixed = [
        data["balance"].get("by") == "truth_and_size",
        data["split"]["by"] == "zone_counts",
        not settings["training"]["together"],
    ]
    return [
        [1, one["training"]["learning_rate"] > 1e-4, one["network"]["hidden"] > 12, *fixed]
        for one in draw_samples(settings, seed=1)
    ]


def test_the_design_estimates_all_main_effects(shipped):
    for more in (False, True):
        own = [one for name, one in shipped.items() if name.endswith("_more") == more]
        design = np.array([row for one in own for row in levels_of(one)], dtype=float)
        assert len(np.unique(design, axis=0)) == len(design) == 20
        assert np.linalg.matrix_rank(design) == 1 + len(controls.OF_TRAINING)


def test_a_quantifier_has_as_many_scenes_and_steps_in_all_conditions(shipped):
    efforts, evaluated = set(), set()
    for settings in shipped.values():
        shared = quantifiers_of_network(settings)
        training = settings["training"]
        steps = training["max_epochs"] * training["scenes"] // training["batch_size"]
        efforts.add((training["scenes"] / shared, steps, training["batch_size"] / shared))
        evaluated.add((training["eval_scenes"] / shared, training["evaluate_every"]))
        assert settings["trials"] == 10
        assert settings["data"]["generate"] == shipped["controls"]["data"]["generate"]
    assert efforts == {(5000, 25_000, 4)}
    assert len(evaluated) == 1


@pytest.mark.parametrize("name", ["controls_sizes", "controls_sizes_more"])
def test_there_are_enough_scenes_where_sizes_are_matched(shipped, name):
    settings = shipped[name]
    names, generate = settings["quantifiers"], settings["data"]["generate"]
    quantifiers = [Quantifier(*item) for item in settings["expressions"].items()]
    rng = np.random.default_rng(1)
    scenes = fill_cells(rng, generate["scenes_per_cell"], quantifiers, space_of(generate))
    cells = np.bincount(2 * scenes.quantifiers + scenes.truth)
    assert set(cells) == {generate["scenes_per_cell"]}
    assert len(balance_rows(scenes, names, {"method": "downsample"}, rng).rows) == len(scenes.sizes)
    for group in settings["groups"]:
        balanced = balance_group(scenes, group, names, settings["data"]["balance"], rng)
        assert 0.7 * len(balanced.rows) > settings["training"]["scenes"]


def source(name, steps, *, alone=False, data=PLAIN, rates=(1e-4, 1e-3)):
    """An experiment whose networks reach accuracy 1 at the given steps (trials, 2); nan: never."""
    evaluated = np.arange(1, 2000, 50)
    curves = pd.DataFrame(
        {
            "sample": sample,
            "trial": trial,
            "step": evaluated,
            "split": "test",
            "quantifier": quantifier,
            "loss": 0.1,
            "accuracy": np.where(evaluated >= step, 1.0, 0.5),
        }
        for sample in range(len(rates))
        for trial, row in enumerate(steps)
        for quantifier, step in zip(PAIR, row, strict=True)
    ).explode(["step", "accuracy"], ignore_index=True)
    training = {"max_epochs": 4, "batch_size": 4 if alone else 8, "evaluate_every": 50}
    settings = synthetic.experiment_settings(
        name,
        PAIR,
        groups=None if alone else [PAIR],
        comparisons=[],
        network={"hidden": 12},
        training={"monitor": "test", "together": not alone, **training},
        data={"generate": {"zones": ["both", "a_only", "b_only", "neither"]}, **data},
    )
    samples = {
        sample: {
            "training": {"learning_rate": rate, "scenes": None, **training},
            "network": {"hidden": 12},
        }
        for sample, rate in enumerate(rates)
    }
    networks = PAIR if alone else ["+".join(PAIR)]
    trials = pd.DataFrame(
        {"sample": sample, "trial": trial, "quantifier": network, "stop_reason": "epochs"}
        for sample in samples
        for trial in range(len(steps))
        for network in networks
    ).assign(train_scenes=SCENES // 2 if alone else SCENES)
    return SimpleNamespace(
        name=name,
        settings=settings,
        samples=list(samples),
        sample=samples.__getitem__,
        curves=curves.astype({"step": "int64", "accuracy": float}),
        trials=trials,
    )


@pytest.fixture(scope="module")
def made(session_monkeypatch) -> dict[str, pd.DataFrame]:
    twice = [[101, 201]] * 3 + [[151, 301]] * 4 + [[201, 401]] * 3
    equal = [[101, 101], [151, 201], [201, 151]] * 3 + [[101, 101]]
    return controls.tables(
        source("controls", twice), [source("controls_alone", equal, alone=True)], seed=1
    )


@pytest.fixture(scope="module")
def session_monkeypatch():
    """The pair of these curves has no symmetry; what has one is tested with its module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(controls, "labels", lambda *_: SimpleNamespace(exchangeable=False))
        yield


def test_a_known_ratio_is_recovered(made):
    rows = made["controls"]
    own = rows[rows["experiment"] == "controls"]
    ratios = np.array([201 / 101] * 3 + [301 / 151] * 4 + [401 / 201] * 3)
    assert own["estimate"].to_numpy() == pytest.approx(np.exp(np.log(ratios).mean()))
    assert (own["lower"] < own["estimate"]).all()
    assert (own["p"] == 2 / 2**10).all()
    (reference,) = rows[rows["reference"]].to_dict("records")
    assert (reference["experiment"], reference["rate"]) == ("controls", 1e-4)
    assert set(rows["scenes"]) == {SCENES / 2}
    assert set(rows["horizon"]) == {4000}


def test_a_window_that_never_fits_is_no_condition(made):
    """And none is there twice."""
    rows = made["controls"]
    assert not rows.duplicated(["first", "second", *controls.FACTORS]).any()
    assert set(rows["window"]) == {5, 8}  # 4,000 steps hold 80 evaluations: none of 100
    assert len(rows) == 2 * 2 * 2 * 3


def test_what_a_factor_changes_is_a_ratio_of_ratios(made):
    rows = made["controls_changes"].set_index(["factor", "scope"])
    alone = rows.loc["alone"]
    assert alone["estimate"].to_numpy() == pytest.approx(1 / 1.99, rel=0.05)
    assert (alone["upper"] < 1).all()
    assert (alone["n"] == 20).all()
    assert rows.loc[("rate", "design"), "estimate"] == pytest.approx(1)
    assert rows.loc[("rate", "design"), "n"] == 20


def test_a_quantifier_that_is_never_learned_counts_with_all_steps(session_monkeypatch):
    never = source("controls", [[101, np.nan]] * 10)
    rows = controls.tables(never, [], seed=1)["controls"]
    assert rows["estimate"].to_numpy() == pytest.approx(4000 / 101)
    assert (rows["learned_second"] == 0).all()


def test_the_text_tells_the_reference_the_curve_and_the_changes(made):
    text = " ".join(render(template_of("controls"), controls.facts(made, {})).split())
    assert "the second takes 1.99 times as many steps (95 % interval 1.99 to 1.99" in text
    assert "; 10 trials) in the reference; over 24 specifications the median is" in text
    assert "50.0 % of them have p < 0.05 for the first" in text
    assert "in 4 of the 4 combinations" in text
    assert "which are all" in text
    assert "survive" not in text


def test_the_figure_has_a_curve_for_each_pair_and_a_row_for_each_level(made, tmp_path):
    path = tmp_path / "figure.svg"
    with style.figure_style():
        style.save_figure(controls.draw(made, SimpleNamespace()), path)
    drawn = path.read_text()
    for text in ("at least 4", "not alone", "threshold 0.98", "window 5"):
        assert text in drawn
