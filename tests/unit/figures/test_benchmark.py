"""The benchmark: what is counted, that all contenders do the same work, that the table is whole."""

import itertools
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from draw import draw
from measure_speed import measure_speed
from quantlearn import report_columns, tables
from quantlearn.figures import formats, style
from quantlearn.figures.benchmark import cost, speedup
from quantlearn.figures.benchmark import measure as measuring
from quantlearn.figures.benchmark.first_use import in_fresh_process
from quantlearn.figures.benchmark.in_jax import InJax
from quantlearn.figures.benchmark.measure import matrix_peak, time_in_turn
from quantlearn.figures.benchmark.workloads import (
    Shape,
    useful_operations,
    workload,
)
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.pipeline.notebooks import read_notebook
from quantlearn.report.site import to_read
from quantlearn.settings.load import ConfigError, load_settings
from quantlearn.yamlfile import read_yaml
from render_notebook import render_notebook

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / "workflow"

SETTINGS = {
    "first_use": True,
    "shape": {"trials": 2, "hidden": 4, "size": 5},
    "vary": {"trials": [1, 2], "hidden": [4, 5], "size": [5, 6]},
    "eval_scenes": [32, 48],
    "evaluations": 2,
    "repeats": 2,
    "seconds": 1e-4,
    "matrix": 16,
}


class Counted(float):
    """A number that counts the additions and multiplications that it takes part in."""

    operations = 0

    def __add__(self, other):
        Counted.operations += 1
        return Counted(float(self) + other)

    def __mul__(self, other):
        Counted.operations += 1
        return Counted(float(self) * other)


def product(matrix, vector):
    """Matrix times vector; every sum begins at zero."""
    out = []
    for row in matrix:
        total = Counted(0)
        for weight, x in zip(row, vector, strict=True):
            total = total + Counted(weight) * x
        out.append(total)
    return out


@pytest.mark.parametrize(("layers", "hidden"), [(1, 3), (2, 2), (3, 1)])
def test_useful_operations_are_those_of_the_matrix_products(layers, hidden):
    Counted.operations = 0
    lengths = [2, 3, 1]
    square, readout = np.ones((4 * hidden, hidden)), np.ones((2, hidden))
    for length in lengths:
        for _, layer in itertools.product(range(length), range(layers)):
            for _ in range(1 if layer == 0 else 2):  # the state before, and the layer below
                product(square, np.ones(hidden))
        product(readout, np.ones(hidden))
    shape = Shape(layers=layers, hidden=hidden)
    count = useful_operations(shape, sum(lengths), len(lengths), backward=False)
    assert count == Counted.operations


def test_the_backward_pass_has_two_products_for_each_of_the_forward_pass():
    """dL/dx = W^T d and dL/dW = d x^T have as many multiplications as W x has."""
    shape = Shape(layers=2, hidden=7)
    forward = useful_operations(shape, 50, 8, backward=False)
    assert useful_operations(shape, 50, 8, backward=True) == 3 * forward


@pytest.mark.parametrize("core", ["eager", "compiled"])
def test_the_loop_computes_the_function_of_the_ensemble(core):
    shape = Shape(trials=2, hidden=5, size=6, precision="float64")
    loop, together = workload("loop", shape, loop_networks=2), workload(core, shape)
    weights = together.ensemble.unpack(together.flat.detach())
    for trial, model in enumerate(loop.models):
        copy_weights(model, weights, trial)
    examples = shape.examples(shape.batch)

    losses, gradient = together.ensemble.loss_gradient(
        together.flat, examples.tokens, examples.lengths, examples.labels
    )
    gradients = together.ensemble.unpack(gradient)
    bound = {"atol": 1e-10, "rtol": 0}
    for trial, model in enumerate(loop.models):
        loss = torch.nn.functional.cross_entropy(
            model(examples.tokens[trial], examples.lengths[trial]), examples.labels[trial]
        )
        loss.backward()
        torch.testing.assert_close(losses[trial], loss.detach(), **bound)
        for layer in range(shape.layers):
            found = torch.cat(
                [getattr(model.lstm, f"weight_{part}_l{layer}").grad.T for part in ("ih", "hh")]
            )
            torch.testing.assert_close(gradients[f"layer{layer}.kernel"][trial], found, **bound)
        torch.testing.assert_close(
            gradients["readout.kernel"][trial], model.readout.weight.grad.T, **bound
        )
    np.testing.assert_array_equal(loop.evaluate(examples), together.evaluate(examples))


def copy_weights(model, weights, trial):
    hidden = model.lstm.hidden_size
    with torch.no_grad():
        for layer in range(model.lstm.num_layers):
            kernel = weights[f"layer{layer}.kernel"][trial]
            getattr(model.lstm, f"weight_ih_l{layer}").copy_(kernel[:-hidden].T)
            getattr(model.lstm, f"weight_hh_l{layer}").copy_(kernel[-hidden:].T)
            getattr(model.lstm, f"bias_ih_l{layer}").copy_(weights[f"layer{layer}.bias"][trial])
            getattr(model.lstm, f"bias_hh_l{layer}").zero_()
        model.readout.weight.copy_(weights["readout.kernel"][trial].T)
        model.readout.bias.copy_(weights["readout.bias"][trial])


@pytest.mark.parametrize("core", ["loop", "eager", "compiled"])
def test_training_changes_every_network(core):
    shape = Shape(trials=2, hidden=4, size=5)
    networks = workload(core, shape)
    before = [weight.detach().clone() for weight in parameters(networks)]
    networks.train(shape.examples(2 * shape.batch), steps=3)
    for old, new in zip(before, parameters(networks), strict=True):
        assert (old != new.detach()).any()


def test_jax_takes_the_steps_of_the_eager_core():
    jax = pytest.importorskip("jax", reason="jax is not installed, which nothing needs")
    shape = Shape(trials=2, hidden=5, size=6, batch=3)
    eager = workload("eager", shape)
    weights = eager.ensemble.unpack(eager.flat.detach().clone())
    in_jax = InJax(shape, {name: part.numpy() for name, part in weights.items()})
    examples = shape.examples(2 * shape.batch)
    losses = in_jax.train(examples, steps=4)
    before = eager.ensemble.loss_gradient(
        eager.flat, examples.tokens[:, :3], examples.lengths[:, :3], examples.labels[:, :3]
    )[0]
    np.testing.assert_allclose(losses[0], before.numpy(), atol=1e-6)
    eager.train(examples, steps=4)
    for name, found in jax.device_get(in_jax.weights).items():
        expected = eager.ensemble.unpack(eager.flat.detach())[name].numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def parameters(networks):
    if hasattr(networks, "models"):
        return [model.readout.weight for model in networks.models]
    return list(networks.flat)


def test_contenders_are_timed_in_turn():
    calls = []
    contenders = {name: lambda count, name=name: calls.append((name, count)) for name in "ab"}
    times = time_in_turn(contenders, repeats=3, seconds=1e-9)
    assert [name for name, _ in calls[-6:]] == ["a", "b"] * 3
    assert all(len(times[name]) == 3 for name in "ab")


def test_the_peak_is_that_of_whole_products():
    matrix_peak(8, "float64")(2)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The folder with the tables of a tiny benchmark, without its processes, which compile."""
    folder = tmp_path_factory.mktemp("benchmark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "in_fresh_process", lambda *_: {"bytes": 10**9, "seconds": 1.0})
        measure_speed(SETTINGS, folder / "benchmark.csv", folder / "machine.csv")
    return folder


def test_the_bound_counts_products_and_functions(monkeypatch):
    """Where all that is timed takes two seconds: 3 scenes of an object each.

    An object takes two layers of 3 units 3 · 2 · 3 · 12 operations in a forward pass, three times
    as many in all, and 5 functions a unit; reading out 3 scenes takes 3 · 2 · 3 · 2, likewise.
    """

    def twos(contenders, repeats, _):
        return {one: np.full(repeats, 2.0) for one in contenders}

    monkeypatch.setattr(measuring, "time_in_turn", twos)
    shape = Shape(trials=1, hidden=3, size=1, batch=3)
    networks = {"compiled": workload("compiled", shape)}
    [row] = measuring.Bench(SETTINGS)._updates("training", shape, networks)
    operations = 3 * (3 * 3 * 2 * 3 * 12 + 3 * 2 * 3 * 2)
    products = operations / (2 * SETTINGS["matrix"] ** 3 / 2)
    functions = 3 * 2 * 3 * 5 / (measuring.ARGUMENTS / 2)
    assert row["fraction_of_bound"] == pytest.approx((products + functions) / 2)


def test_a_fresh_process_says_what_it_needs(tmp_path):
    shape = Shape(trials=1, hidden=4, size=5)
    found = in_fresh_process("loop", shape, scenes=8, cache=tmp_path)
    assert 10**8 < found["bytes"] < 10**10  # torch alone is some hundred MB
    assert 0 < found["seconds"] < 60


def test_the_table_has_every_row_that_was_asked_for(measured):
    frame = tables.read_csv(measured / "benchmark.csv", report_columns.BENCHMARK)
    keys = ["measure", "core", "architecture", "trials", "hidden", "size", "threads"]
    assert not frame.duplicated([*keys, "scenes"]).any()

    def shapes(measure, core, *columns):
        rows = frame[(frame["measure"] == measure) & (frame["core"] == core)]
        return set(rows[list(columns)].itertuples(index=False, name=None))

    for core in ("loop", "eager", "compiled"):
        grid = {(trials, hidden, 5) for trials in (1, 2) for hidden in (4, 5)}
        assert shapes("training", core, "trials", "hidden", "size") == grid | {(2, 4, 6)}
        assert shapes("evaluation", core, "trials", "hidden", "scenes") == {
            (1, 4, 32), (2, 4, 32), (1, 5, 32), (2, 4, 48),
        }  # fmt: skip
        assert shapes("memory", core, "trials", "hidden") == {(2, 4)}
    for core in ("loop", "compiled"):
        for measure in ("run", "run without evaluation"):
            assert shapes(measure, core, "trials", "hidden") == {(2, 4)}
    assert shapes("compile", "compiled", "trials") == shapes("load", "compiled", "trials") == {(2,)}
    threads = frame.loc[frame["measure"] == "training on threads", "threads"].tolist()
    assert threads == [n for n in (1, 2, 4, 8, 16, 32, 64) if 1 < os.cpu_count() >= n]
    rates = frame[frame["gflops"].notna()]
    assert (rates[["median", "lower", "upper", "fraction_of_peak"]] > 0).all().all()
    assert (rates["lower"] <= rates["median"]).all()
    assert (rates["median"] <= rates["upper"]).all()
    assert (frame.loc[frame["core"] == "loop", "ratio_to_loop"] == 1).all()
    bounded = frame[frame["fraction_of_bound"].notna()]
    assert set(bounded["core"]) == {"compiled"}
    assert set(bounded["measure"]) == {"training", "evaluation", "training by architecture"}
    assert set(bounded["architecture"]) == {"gru", "lstm", "rnn"}
    assert (bounded["fraction_of_bound"] > 0).all()
    by_architecture = frame[frame["measure"] == "training by architecture"]
    cores = by_architecture[by_architecture["core"] != "jax"].groupby("architecture")["core"]
    assert cores.agg(list).to_dict() == {
        **{one: ["eager", "compiled"] for one in ("feedforward", "gru", "rnn", "transformer")},
        "lstm": ["loop", "eager", "compiled"],
    }
    assert (by_architecture.loc[frame["core"] == "eager", "ratio_to_eager"] == 1).all()
    blank = ["matrix product", "compile", "load", "training by architecture"]
    others = ~frame["measure"].isin(blank)
    assert frame.loc[others, "ratio_to_loop"].notna().all()
    machine = tables.read_csv(measured / "machine.csv", report_columns.MACHINE)
    assert {"processor", "cores", "torch", "numba"} <= set(machine["property"])


def drawn(folder, figure, into):
    """The figure and its text, drawn from the tables in ``folder``."""
    made = [str(folder / f"{table}.csv") for table in ("benchmark", "machine")]
    made = made[: 1 if figure == "speedup" else 2]
    paths = {kind: into / f"{figure}.{kind}" for kind in ("svg", "pdf", "png")}
    draw(figure, made, **paths, text=into / f"{figure}.md")
    return (into / f"{figure}.svg").read_text(), (into / f"{figure}.md").read_text()


@pytest.mark.parametrize("figure", ["cost", "speedup"])
def test_figures_of_any_benchmark_have_stable_bytes(measured, tmp_path, figure):
    once, again = (drawn(measured, figure, tmp_path / run) for run in ("once", "again"))
    assert "compiled" in once[0]
    assert once == again


def test_both_cores_can_be_read_where_they_are_equally_fast(measured):
    """No number under the other core's mark: that each can be read is tested of every figure."""
    frame = tables.read_csv(measured / "benchmark.csv", report_columns.BENCHMARK)
    case = ["measure", "scenes", "trials", "hidden", "size"]
    compiled = frame[frame["core"] == "compiled"].drop_duplicates(case).set_index(case)
    for nearly in (0.5, 0.65, 0.8, 0.9, 1.0):
        eager = compiled.assign(core="eager")
        eager[["ratio_to_loop", "ratio_lower", "ratio_upper"]] *= nearly
        both = pd.concat([eager, compiled]).reset_index()
        with style.figure_style():
            figure = speedup.draw({"benchmark": both})
        numbers = [text.get_text() for text in figure.axes[0].texts]
        for ratio in both.loc[both["measure"].isin(speedup.MEASURES), "ratio_to_loop"]:
            assert formats.times(ratio) in numbers


def test_the_page_has_sentences_figures_and_tables(measured, tmp_path):
    figures = ("speedup", "cost")
    for name in figures:
        drawn(measured, name, tmp_path)
    render_notebook(
        WORKFLOW / "notebooks/benchmark.ipynb",
        {
            "figures": {name: str(tmp_path / f"{name}.svg") for name in figures},
            "captions": dict.fromkeys(figures, "Caption"),
            "texts": {name: str(tmp_path / f"{name}.md") for name in figures},
        },
        executed=tmp_path / "benchmark.ipynb",
    )
    cells = to_read(read_notebook(tmp_path / "benchmark.ipynb")).cells
    page = "".join(cell.source for cell in cells)
    for part in ("times as fast as the loop", "GFLOP/s", "grows by a factor", "MB", "compiles"):
        assert part in page, part
    assert page.count("<figure ") == 2
    assert page.count("<table>") == 4
    assert "nan" not in page


def said_of_speed(frame):
    return render(template_of("speedup"), speedup.facts({"benchmark": frame}))


def said_of_cost(frame):
    machine = pd.DataFrame({"property": ["torch"], "value": ["2"]})
    return render(template_of("cost"), cost.facts({"benchmark": frame, "machine": machine}))


def test_sentences_say_what_the_table_says(measured):
    frame = tables.read_csv(measured / "benchmark.csv", report_columns.BENCHMARK)
    training = frame["measure"] == "training"
    compiled = training & (frame["core"] == "compiled")
    ratio = ["ratio_to_loop", "ratio_lower", "ratio_upper"]
    frame.loc[compiled, ["median", *ratio]] = [4321.0, 24.6, 20.2, 30.1]
    frame.loc[compiled, ["gflops", "fraction_of_peak"]] = [3.25, 0.123]
    # Twice as many trials take twice as long in the loop and equally long in the eager ensemble.
    frame.loc[training & (frame["core"] == "loop"), "median"] = 100.0
    eager = training & (frame["core"] == "eager")
    frame.loc[eager, "median"] = 100.0 * frame.loc[eager, "trials"].astype(float)
    speed = said_of_speed(frame)
    assert (
        "**Training**: the compiled core is 25 (20 to 30) times as fast as the loop, 4,320 "
        "trial-steps a second"
    ) in speed
    assert "reaches 3.2 GFLOP/s, 12\u00a0% of the matrix product's." in speed
    spent = said_of_cost(frame)
    assert (
        "From 1 to 2 trials (2.0 times as many), the time of an update of all trials grows by a "
        "factor of 2.0 for the loop over torch.nn.LSTM, 1.0 for the eager ensemble and 2.0 for the "
        "compiled core."
    ) in spent
    assert "holds at most 1,000 MB" in spent
    frame.loc[compiled, "fraction_of_peak"] = 1.5
    assert "only once what scenes have in common." in said_of_speed(frame)
    without = frame[~frame["measure"].isin(["memory", "compile", "load"])]
    assert "first_use: false" in said_of_cost(without)


def test_threads_are_compared_with_one(measured):
    frame = tables.read_csv(measured / "benchmark.csv", report_columns.BENCHMARK)
    compiled = (frame["measure"] == "training") & (frame["core"] == "compiled")
    others = frame[frame["measure"] != "training on threads"]
    threaded = frame[compiled].head(3).assign(
        measure="training on threads",
        threads=[1, 2, 4],
        median=4321.0,
        ratio_to_loop=[20.0, 36.0, 50.0],
    )  # fmt: skip
    said = said_of_speed(pd.concat([others, threaded]))
    assert (
        "1.8 times as fast on 2 threads (4,320 trial-steps a second) and 2.5 times as fast on 4 "
        "threads"
    ) in said
    assert "has one core" in said_of_speed(others)


def test_rates_have_a_line_for_each_shape(measured):
    frame = tables.read_csv(measured / "benchmark.csv", report_columns.BENCHMARK)
    training = frame["measure"] == "training"
    frame.loc[training & (frame["core"] == "loop"), "median"] = 100.0
    compiled = training & (frame["core"] == "compiled")
    frame.loc[compiled, ["ratio_to_loop", "fraction_of_peak"]] = [24.6, 0.123]
    rates = cost.rates(frame, "training")
    assert len(rates) == 5
    assert rates.iloc[0][["Trials", "Units", "Objects", "Loop"]].tolist() == ["1", "4", "5", "100"]
    assert set(rates["Compiled to loop"]) == {"25"}
    assert set(rates["Of the peak"]) == {"12 %"}
    assert set(cost.rates(frame, "evaluation")["Scenes"]) == {"32", "48"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"repeat": 3}, 'benchmark.repeat: unknown key; did you mean "repeats"?'),
        (
            {"vary": {"hidden": [0]}},
            "benchmark.vary.hidden[0]: 0 is not allowed: must be a whole number from 1 to 1024",
        ),
        (
            {"shape": {"precision": "float16"}},
            'benchmark.shape.precision: "float16" is not allowed: must be one of float32, '
            'float64; did you mean "float64"?',
        ),
    ],
)
def test_bad_settings_are_one_clear_line(given, message):
    folder = ROOT / "config"
    config = {**read_yaml(folder / "config.yaml"), "experiments": ["exp1a"], "benchmark": given}
    with pytest.raises(ConfigError) as caught:
        load_settings(config, folder)
    assert caught.value.lines == (f"--config: {message}",)
