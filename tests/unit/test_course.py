"""The course: facts about neurons, perceptrons, gradients and losses; the page shows them."""

import itertools
import os
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nbformat.v4 import new_markdown_cell, new_notebook
from test_findings import CONFIG, tabulated
from test_notebooks import PAGE, RECORD, WORKFLOW

from build_report import build_report, contents_of, linked_within
from quantlearn import tables
from quantlearn.analyses import random_against_grid
from quantlearn.config import load_settings
from quantlearn.course import anatomy, backprop, descent, neurons, slopes
from quantlearn.course.learning import EXACTLY_1, learn_xor, xor_scenes
from quantlearn.course.perceptron import is_separable, train_perceptron
from quantlearn.networks.activations import ACTIVATIONS
from quantlearn.networks.loss import LOSSES
from quantlearn.records import content_digest, write_record
from render_notebook import render_notebook

P, Q = neurons.INPUTS.T
WIDTHS = st.lists(st.integers(1, 4), min_size=2, max_size=4)

# --- Neurons --------------------------------------------------------------------------------------


def test_the_neuron_for_and_has_the_outputs_of_its_sums():
    outputs = neurons.neuron(neurons.with_ones(neurons.INPUTS), neurons.AND)
    sums = np.array([10, -10, -10, -30])
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-sums)), rtol=1e-12)
    assert np.array_equal(outputs.round(), P & Q)


def test_the_hidden_units_of_the_xor_network_are_or_and_nand():
    hidden, output = neurons.activations(neurons.INPUTS, neurons.XOR_NETWORK)
    np.testing.assert_allclose(hidden, np.column_stack([P | Q, 1 - (P & Q)]), atol=1e-4)
    np.testing.assert_allclose(output[:, 0], P != Q, atol=1e-4)


@given(WIDTHS, st.integers(1, 5))
def test_a_layer_is_its_neurons_side_by_side_and_a_column_of_ones_is_the_bias(widths, examples):
    rng = np.random.default_rng(len(widths))
    ((weights, bias), *_) = backprop.start(widths, rng)
    x = rng.normal(size=(examples, widths[0]))
    together = neurons.layer(x, weights, bias)
    joined, with_ones = neurons.joined(weights, bias), neurons.with_ones(x)
    np.testing.assert_allclose(together, neurons.sigmoid(with_ones @ joined), rtol=1e-12)
    one_by_one = [neurons.neuron(with_ones, joined[:, unit]) for unit in range(widths[1])]
    np.testing.assert_allclose(together, np.column_stack(one_by_one), rtol=1e-12)


def test_times_are_of_every_batch_size_and_positive():
    seconds = neurons.seconds_per_example([1, 8], 4, np.random.default_rng(0), seconds=1e-4)
    assert seconds.shape == (2,)
    assert (seconds > 0).all()


# --- The perceptron -------------------------------------------------------------------------------


@pytest.mark.parametrize(("inputs", "known"), [(1, 4), (2, 14), (3, 104)])
def test_as_many_functions_are_linearly_separable_as_is_known(inputs, known):
    """The number of threshold functions (OEIS A000609)."""
    x = np.array(list(itertools.product([0, 1], repeat=inputs)))
    functions = itertools.product([0, 1], repeat=len(x))
    assert sum(is_separable(x, np.array(truth)) for truth in functions) == known


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.int64, (5, 2), elements=st.integers(-2, 2)),
    arrays(np.int64, 5, elements=st.integers(0, 1)),
)
def test_the_perceptron_ends_if_and_only_if_the_classes_are_separable(x, y):
    perceptron = train_perceptron(x, y)
    if is_separable(x, y):
        assert perceptron.period is None
        assert np.array_equal(neurons.with_ones(x) @ perceptron.found > 0, y == 1)
        assert not len(perceptron.cycle)
    else:
        ends = perceptron.weights[:, -1]
        assert min(perceptron.mistakes) > 0
        before = ends[-1 - perceptron.period] if perceptron.period < len(ends) else np.zeros(3)
        assert np.array_equal(perceptron.found, before)


# --- Gradients ------------------------------------------------------------------------------------


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 1.2))
def test_gradient_descent_goes_as_the_closed_form_says(theta, y, rate):
    path = descent.descent(theta, y, rate, 20)
    expected = y + (1 - 2 * rate) ** np.arange(21) * (theta - y)
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("rate", "fate"), [(0.5, "arrives in one step"), (1, "jumps to and fro"), (1.01, "diverges")]
)
def test_what_becomes_of_a_learning_rate(rate, fate):
    assert descent.fate(rate) == fate


def pieces(network):
    return [array for layer in network for array in layer]


@pytest.mark.parametrize("loss", backprop.DELTAS)
@settings(deadline=None, max_examples=15)
@given(WIDTHS, st.integers(0, 2**32 - 1))
def test_back_propagation_is_the_gradient(loss, widths, seed):
    rng = np.random.default_rng(seed)
    network = backprop.start(widths, rng)
    x = rng.normal(size=(5, widths[0]))
    y = rng.integers(2, size=(5, widths[-1])).astype(float)
    by_hand = pieces(backprop.back_propagate(x, y, network, loss))
    by_torch = pieces(backprop.autograd(x, y, network, loss))
    for array, hand, autograd in zip(pieces(network), by_hand, by_torch, strict=True):
        np.testing.assert_allclose(hand, autograd, rtol=1e-9, atol=1e-12)
        array.flat[0] += 1e-5
        above = backprop.mean_loss(x, y, network, loss)
        array.flat[0] -= 2e-5
        below = backprop.mean_loss(x, y, network, loss)
        array.flat[0] += 1e-5
        assert hand.flat[0] == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_of_activation_functions(name):
    x = torch.linspace(-8, 8, 200, dtype=torch.float64)
    by_autograd = slopes.slope(ACTIVATIONS[name], x)
    torch.testing.assert_close(slopes.DERIVATIVES[name](x), by_autograd, rtol=1e-9, atol=1e-12)
    assert slopes.NAMES.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_of_losses(name):
    z = torch.linspace(-8, 8, 200, dtype=torch.float64)
    by_autograd = slopes.slope(lambda sums: slopes.loss_by_sum(name, sums), z)
    by_hand = slopes.LOSS_SLOPES[name](torch.sigmoid(z))
    torch.testing.assert_close(by_hand, by_autograd, rtol=1e-7, atol=1e-12)


# --- Learning -------------------------------------------------------------------------------------


def test_exactly_one_of_two_objects_is_xor():
    scenes = xor_scenes()
    assert np.array_equal(EXACTLY_1.verify(scenes, np.full(4, 2)), P != Q)


def test_xor_needs_two_hidden_units_and_is_learned_with_more():
    assert not learn_xor(1, "cross_entropy", 3, 1, steps=300).succeeded.any()
    assert learn_xor(8, "cross_entropy", 3, 1, steps=600).succeeded.all()


def test_a_trial_learns_the_same_alone_and_in_company():
    alone, company = (learn_xor(2, "squared_error", n, 1, steps=40) for n in (1, 3))
    np.testing.assert_allclose(alone.loss[:, 0], company.loss[:, 0], rtol=1e-12)


# --- The page -------------------------------------------------------------------------------------


def test_links_to_experiments_of_the_page_lead_to_their_place():
    body = (
        '<a href="../exp1a/notebooks/experiment.html">a</a>'
        '<a href="../exp1a_as_run/notebooks/experiment.html">b</a>'
    )
    linked = linked_within(body, ["exp1a_as_run"])
    assert 'href="../exp1a/notebooks/experiment.html"' in linked
    assert 'href="#exp1a-as-run"' in linked


def test_contents_are_the_headings_in_their_order():
    found = contents_of('<h3 id="a">A <i>b</i></h3><p>c</p><h4 id="a-d">D</h4>')
    assert found == [{"anchor": "a", "title": "A b"}, {"anchor": "a-d", "title": "D"}]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The course on synthetic results of its example, with few and short trainings of its own."""
    folder = tmp_path_factory.mktemp("course")
    here = os.getcwd()
    os.chdir(folder)
    try:
        change = {"trials": 6, "overrides": {"convergence": {"window": 20}}}
        loaded = load_settings({"experiments": ["tutorial"], **change}, CONFIG)
        example = loaded.experiments["tutorial"]
        paths = tabulated(Path("results/tutorial"), example, [30, 60], 6)
        paths = {table: str(path) for table, path in paths.items()}
        files = {path: content_digest(path) for path in paths.values()}
        kept = RECORD["settings"] | {"experiments": {"tutorial": example}}
        code = RECORD["code"] | {"digests": {"train": "1f0c2a"}}
        record = RECORD | {"files": files, "settings": kept, "code": code}
        write_record(record, "results/report/course/record.json")
        pd.DataFrame(
            [("search_random", "random", n, 0.9, 0.85, 0.95, 10) for n in (1, 2, 3, 4)]
            + [("search_grid", "grid", n, 0.8, 0.75, 0.85, 10) for n in (1, 2, 3, 4)],
            columns=random_against_grid.COLUMNS,
        ).to_csv("results/random_against_grid.csv", index=False)
        render_notebook(
            WORKFLOW / "notebooks/course.ipynb",
            PAGE,
            {
                "settings": example,
                "tables": paths,
                "record": "results/report/course/record.json",
                "practice": [
                    {
                        "settings": example | {"name": "search_random", "title": "A search"},
                        "analysis": "random_against_grid",
                        "numbers": "results/random_against_grid.csv",
                    }
                ],
                **{"trials": 4, "steps": 40},
            },
            "Course",
            executed="results/course/course.ipynb",
            page="results/course/course.html",
        )
        other = Path("results/tutorial/notebooks/experiment.ipynb")
        other.parent.mkdir()
        nbformat.write(new_notebook(cells=[new_markdown_cell("# Tutorial", id="title")]), other)
        build_report(
            str(other),
            [str(other)],
            "results/report/course/record.json",
            [],
            WORKFLOW / "report/report.html.j2",
            [example],
            {"course": "Course"},
            "Course",
            course=["results/course/course.ipynb"],
            report="results/report/course.html",
        )
        yield folder, example, paths
    finally:
        os.chdir(here)


def test_the_course_stands_in_front_of_its_experiments(run):
    page = (run[0] / "results/report/course.html").read_text()
    soup = BeautifulSoup(page, "html.parser")
    first, second = soup.find_all("article")
    headings = [heading.text for heading in first.find_all(["h3", "h4"])]
    assert headings[0] == "From a neuron to an experiment"
    assert second.h3["id"] == "tutorial"
    listed = [link.text for link in soup.nav.find_all("a")]
    assert [text for text in listed if text in headings] == headings
    anchors = {tag["id"] for tag in soup.find_all(id=True)}
    inner = [link["href"][1:] for link in soup.find_all("a") if link["href"].startswith("#")]
    assert set(inner) <= anchors
    assert "tutorial" in {link["href"][1:] for link in first.find_all("a")}


def test_the_course_says_what_came_of_practice_and_links_to_it(run):
    page = (run[0] / "results/report/course.html").read_text()
    link = BeautifulSoup(page, "html.parser").find("a", string="A search")
    assert link["href"] == "../search_random/notebooks/experiment.html"
    remark = link.find_parent("p").find_next("p").text
    assert "The best of 4 samples reaches 90.0 % (85.0 % to 95.0 %) when drawn at random" in remark


def test_the_course_needs_no_network_and_shows_its_pictures(run):
    folder, *_ = run
    for page in ("results/report/course.html", "results/course/course.html"):
        soup = BeautifulSoup((folder / page).read_text(), "html.parser")
        assert not soup.find_all(["script", "link", "iframe", "object", "embed"])
        pictures = soup.find_all("img")
        assert len(pictures) == 9
        assert all(image["src"].startswith("data:") and image["alt"] for image in pictures)
        for image in pictures:
            caption = image.find_next("figcaption").text
            assert caption.startswith(image["alt"].rstrip("."))


def test_links_of_the_course_to_results_fit_both_places(run):
    folder, *_ = run
    for page in ("results/report/course.html", "results/course/course.html"):
        soup = BeautifulSoup((folder / page).read_text(), "html.parser")
        files = [link["href"] for link in soup.find_all("a") if link["href"].endswith(".csv")]
        assert len(files) == 2
        assert all(((folder / page).parent / file).is_file() for file in files)


def test_every_part_of_an_experiment_names_a_rule_that_there_is(run):
    rules = "".join(path.read_text() for path in (WORKFLOW / "rules").glob("*.smk"))
    for _, names, _ in anatomy.PARTS:
        for name in names.split(", "):
            assert f"\nrule {name}:\n" in rules
    for table in ("convergence", "comparison"):
        assert tables.read_csv(run[0] / run[2][table], getattr(tables, table.upper())).size
