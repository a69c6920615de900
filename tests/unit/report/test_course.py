"""The course: facts about neurons, perceptrons, gradients and losses; the page shows them."""

import itertools
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from page_results import (
    CONFIG,
    RECORD,
    ROOT,
    WORKFLOW,
    build_site,
    tabulated,
    write_notebook_of,
    write_overview,
)
from written_results import write_untrained

from quantlearn import columns, tables
from quantlearn.figures.course import scoreboard
from quantlearn.networks.layers import ACTIVATIONS
from quantlearn.networks.loss import LOSSES
from quantlearn.pipeline.run_record import content_digest, write_record
from quantlearn.report.course import (
    anatomy,
    backprop,
    descent,
    neurons,
    optimisers,
    pictures,
    slopes,
)
from quantlearn.report.course.learning import (
    EXACTLY_1,
    hidden_functions,
    learn_xor,
    xor_scenes,
)
from quantlearn.report.course.perceptron import is_separable, train_perceptron
from quantlearn.report.course.shown import figure_html
from quantlearn.semantics.automata import minimal_automaton
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.settings.load import load_settings
from quantlearn.statistics.scores import compared
from quantlearn.training.optimisers import make_optimiser
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


@pytest.mark.parametrize("name", optimisers.RULES)
def test_optimisers_by_hand_are_those_that_train(name):
    start, settings_ = np.array([-1.5, 0.7]), {"learning_rate": 0.01, "weight_decay": 0.0}
    settings_ |= {"optimiser": "sgd" if name == "momentum" else name.lower()}
    settings_ |= {"momentum": 0.9 if name == "momentum" else 0.0}
    theta = torch.nn.Parameter(torch.tensor(start[None]))
    library = make_optimiser(theta, settings_)
    for expected in optimisers.descend(name, start, 0.01, 25)[1:]:
        loss = theta[0, 0] ** 2 + 25 * theta[0, 1] ** 2
        library.zero_grad()
        loss.backward()
        library.step()
        np.testing.assert_allclose(theta.detach()[0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("times", "comes_down"), [(0.98, True), (1.02, False)])
def test_plain_descent_comes_down_below_the_largest_rate(times, comes_down):
    path = optimisers.descend("SGD", np.ones(2), times * optimisers.largest_rate(), 300)
    assert (optimisers.bowl(path[-1]) < 1e-3) == comes_down


def test_the_training_loop_takes_every_example_once_in_an_epoch():
    """With all examples in a batch an epoch is one step; with one in each, as many as there are."""
    rng = np.random.default_rng(3)
    network, x = backprop.start([2, 3, 1], rng), neurons.INPUTS.astype(float)
    y = neurons.XOR[:, None].astype(float)
    whole, losses = backprop.training_loop(x, y, network, 0.5, 1, 4, np.random.default_rng(0))
    gradient = backprop.autograd(x, y, network, "cross_entropy")
    for array, start, slope in zip(pieces(whole), pieces(network), pieces(gradient), strict=True):
        np.testing.assert_allclose(array, start - 0.5 * slope, rtol=1e-9)
    assert losses == [backprop.mean_loss(x, y, whole, "cross_entropy")]
    single, _ = backprop.training_loop(x, y, network, 0.5, 1, 1, np.random.default_rng(0))
    for row in np.random.default_rng(0).permutation(4):
        slopes_ = backprop.autograd(x[[row]], y[[row]], network, "cross_entropy")
        network = [
            (w - 0.5 * dw, b - 0.5 * db) for (w, b), (dw, db) in zip(network, slopes_, strict=True)
        ]
    for array, expected in zip(pieces(single), pieces(network), strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-9)


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


def test_hidden_units_of_a_network_that_has_learned_xor_part_its_cases():
    """The output is one threshold on them, so that they cannot be such that xor is none."""
    learned = learn_xor(2, "cross_entropy", 6, 1, steps=2000)
    named = hidden_functions(learned.weights)
    assert learned.succeeded.any()
    for units, right in zip(named, learned.succeeded, strict=True):
        assert not right or ("p xor q" not in units and len(set(units)) == 2)


def test_a_trial_learns_the_same_alone_and_in_company():
    alone, company = (learn_xor(2, "squared_error", n, 1, steps=40) for n in (1, 3))
    np.testing.assert_allclose(alone.loss[:, 0], company.loss[:, 0], rtol=1e-12)


# --- The page -------------------------------------------------------------------------------------

PARTS = ("computation", "learning", "experiment", "practice", "further")


def test_automata_are_drawn_with_all_their_states():
    automaton = minimal_automaton(EXACTLY_1)
    page = figure_html(pictures.automata, 3, "exactly 1", automaton, "counter", 2)
    assert page.count(">A∩B<") == 2 + 4  # to the second and the third state; up the counter
    assert page.count(">A∖B<") == 4
    assert ">−2<" in page


def probe_changes():
    """The table of an experiment whose networks learn to count what they need, and no more."""
    changes = {}
    for quantifier, target in itertools.product(("at_least_4", "most"), ("both", "difference")):
        needed = (target == "both") == (quantifier == "at_least_4")
        rise = 0.2 if needed else -0.1
        changes[quantifier, target, "c", "r_squared"] = rise + np.linspace(-0.01, 0.01, 10)
    return compared(changes, ["quantifier", "target", "part", "metric"])


def probe_scores():
    """The table of networks for at least 4 from whose state more is read than the automaton has."""
    columns = ["quantifier", "target", "network", "part", "metric", "estimate", "lower", "upper"]
    rows = [
        ("at_least_4", "both", "trained", "c", "r_squared", 0.994, 0.992, 0.996),
        ("at_least_4", "both", "trained", "h", "r_squared", 0.98, 0.97, 0.99),
        ("at_least_4", "both", "automaton", "", "r_squared", 0.9, 0.89, 0.91),
    ]
    return pd.DataFrame(rows, columns=columns).assign(n=10)


def balanced_scores():
    """The table of networks that are stuck without balancing at first, and behind it at the end."""
    rows = [
        (method, steps, quantity, estimate, estimate - 0.01, estimate + 0.01)
        for method, steps, balanced, stuck in (
            ("none", 60, 0.5, 1.0),
            ("none", 990, 0.7, 0.2),
            ("upsample", 120, 0.9, 0.0),
            ("upsample", 980, 0.71, 0.0),
        )
        for quantity, estimate in (
            ("balanced", balanced),
            ("not_above", stuck),
            ("share_true", 1 / 60),
        )
    ]
    columns = ["method", "steps", "quantity", "estimate", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def exhibit_of(settings, **texts):
    """What the course gets of an experiment, whose figures are empty pictures."""
    folder = Path("results") / settings["name"]
    folder.mkdir(exist_ok=True)
    figures = dict.fromkeys(settings["figures"], "results/empty.svg")
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    return {
        "settings": settings,
        "samples": str(folder / "samples.csv"),
        "figures": figures,
        "captions": dict.fromkeys(figures, "A picture of nothing."),
        "texts": {name: str(folder / f"{name}.md") for name in texts},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The course on synthetic results of some experiments, with few trainings of its own."""
    folder = tmp_path_factory.mktemp("course")
    here = os.getcwd()
    os.chdir(folder)
    try:
        change = {"trials": 6, "overrides": {"convergence": {"window": 20}}}
        names = ["tutorial", "tutorial_one_hot", "hidden_states", "search_random", "search_grid"]
        names += [f"balancing_rare_{method}" for method in ("none", "downsample", "upsample")]
        names += WRITING
        loaded = load_settings({"experiments": names, **change}, CONFIG).experiments
        example = loaded["tutorial"]
        made = tabulated(Path("results/tutorial"), example, [30, 60], 6)
        paths = {name: str(made.path(name)) for name in ("convergence", "comparison")}
        files = {path: content_digest(path) for path in paths.values()}
        kept = RECORD["settings"] | {"experiments": {"tutorial": example}}
        code = RECORD["code"] | {"digests": {"train": "1f0c2a"}}
        record = "results/report/course/record.json"
        write_record(RECORD | {"files": files, "settings": kept, "code": code}, record)
        Path("results/empty.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8"
        )
        hidden, search = loaded["hidden_states"], loaded["search_random"]
        wide, rare = loaded["tutorial_one_hot"], loaded["balancing_rare_none"]
        tabulated(Path("results/tutorial_one_hot"), wide, [8, 60], 6)
        tables.write_csv(balanced_scores(), "results/balancing_rare_none/tables/balancing.csv")
        parameters = {
            "computation": {},
            "learning": {"trials": 4, "steps": 40},
            "experiment": {
                "exhibits": {
                    "tutorial": exhibit_of(example),
                    "tutorial_one_hot": exhibit_of(wide),
                },
                "record": record,
            },
            "practice": {
                "exhibits": {
                    "search_random": exhibit_of(search, random_against_grid="So it is."),
                    "balancing_rare_none": exhibit_of(rare),
                },
                "profile": str(WORKFLOW / "profiles/slurm/config.yaml"),
                "record": record,
            },
            "further": {
                "exhibits": {
                    "tasks": exhibit_of(hidden | {"name": "tasks", "figures": []}),
                    **{name: exhibit_of(loaded[name]) for name in WRITING},
                    "hidden_states": exhibit_of(hidden),
                }
            },
        }
        for name in WRITING:
            chosen = {"attention": "dot"} if name == "description" else {}
            write_untrained(Path("results") / name, loaded[name], **chosen)
        boards = pd.DataFrame({"lstm": [0.9, 0.8], "gru": [0.7, 0.9]})
        board = scoreboard.ranked({"search": boards, "transfer": 1 - boards}, {})["scoreboard"]
        tables.write_csv(board, "results/tasks/tables/scoreboard.csv")
        tables.write_csv(probe_changes(), "results/hidden_states/tables/probe_changes.csv")
        tables.write_csv(probe_scores(), "results/hidden_states/tables/probes.csv")
        for part, given_ in parameters.items():
            render_notebook(
                WORKFLOW / f"notebooks/course_{part}.ipynb",
                given_,
                executed=f"results/course/{part}.ipynb",
            )
        write_notebook_of("Tutorial", "results/tutorial/notebooks/experiment.ipynb")
        place = Path("results/report/course")
        write_overview(place, [made])
        build_site(
            place,
            [example | {"figures": []}],
            ["results/tutorial/notebooks/experiment.ipynb"],
            {"course": "Course"},
            course=[f"results/course/{part}.ipynb" for part in PARTS],
            files=list(paths.values()),
        )
        yield folder, example, paths
    finally:
        os.chdir(here)


@pytest.fixture(scope="module")
def site(run):
    return run[0] / "results/report/course"


def parsed(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def page(site):
    """All parts of the course, one after another."""
    parts = [str(parsed(site / f"lessons/{part}.html").article) for part in PARTS]
    return BeautifulSoup("".join(parts), "html.parser")


def test_the_chapter_leads_to_the_parts_in_their_order_and_to_the_experiments(site):
    links = [link["href"] for link in parsed(site / "chapters/course.html").article.find_all("a")]
    lessons = [f"../lessons/{part}.html" for part in PARTS]
    assert [link for link in links if "lessons" in link] == lessons
    assert "../experiments/tutorial.html" in links


def test_no_anchor_is_there_twice_on_a_page(site):
    for path in site.glob("lessons/*.html"):
        anchors = [tag["id"] for tag in parsed(path).find_all(id=True)]
        assert len(anchors) == len(set(anchors)), path


def test_an_exhibit_has_its_question_figure_remark_and_no_link_to_where_it_is_not(page):
    title = page.find("strong", string="Search at random against a grid.")
    assert not title.find("a")
    remark = title.find_parent("p").find_next("p").text
    assert remark == "So it is."


def test_what_is_not_part_of_the_run_is_said_to_be_missing(page):
    text = page.get_text()
    for name in ("balancing_none", "growing_scenes", "tutorial_variations"):
        assert f"The experiment {name}, which belongs here, is not part of this run;" in text


def test_what_the_tutorial_takes_with_one_input_an_object_and_with_four(page):
    """The first quantifier is learned much sooner with the wider code, the second alike."""
    text = " ".join(page.get_text().split())
    assert "these are 65 inputs, of which 17 are 1" in text
    assert "With the one-hot code most is learned sooner" in text
    rows = page.find("caption", string="Steps until it is learned").find_parent("table")("tr")[1:]
    assert [row.th.text for row in rows] == ["16", "16", "65", "65"]


def test_what_follows_for_balancing_is_read_from_the_scores(page):
    text = " ".join(page.get_text().split())
    for length, found in (("shortest", "balancing helps"), ("longest", "that balancing helps is")):
        assert (
            f"one true scene in 60 and batches of 128, after the {length} training, {found}" in text
        )
    assert "get out of it: what looks like a local minimum is a long way on flat ground" in text


def data_of(page, name):
    """What a page tells an action."""
    place = page.find("div", {"class": "action", "data-action": name})
    return json.loads(place.find("script", type="application/json").string)


def test_actions_are_told_what_the_run_has(page):
    assert {row["name"] for row in data_of(page, "leaderboard")["board"]} == {"LSTM", "GRU"}
    assert "network of the first trial gave them after the scene" in page.get_text()
    words, p = data_of(page, "perplexity").values()
    assert len(words) == len(p)
    assert words[-1] == "."
    language = data_of(page, "sentences")["language"].split("; ")
    assert all(text["near"] in language for text in data_of(page, "sentences")["strings"])
    assert len(data_of(page, "attention")["texts"]) == 4


def test_an_action_that_asks_networks_is_not_where_they_are_not(page, run):
    executed = (run[0] / "results/course/further.ipynb").read_text()
    assert 'data-action=\\"excite\\" data-experiment=\\"hidden_states\\"' in executed
    assert not page.find("div", {"data-action": "excite"})


def test_what_training_does_to_the_states_is_read_from_the_probes(page):
    assert "at what their quantifier is about" in page.get_text()
    text = " ".join(page.get_text().split())
    assert "with an R² of 0.90; from the network’s state it is read with 0.99" in text
    assert "They count on beyond 4" in text


def test_a_cluster_run_is_described_by_its_profile(page):
    profile = yaml.safe_load((WORKFLOW / "profiles/slurm/config.yaml").read_text())
    assert f"up to {profile['jobs']} jobs wait or run at a time" in page.get_text()
    assert "No GPU was measured in this run: all networks of this chapter were" in page.get_text()


def test_the_course_shows_its_pictures_described(page):
    drawings = page.find_all("svg")
    assert len(drawings) > 10
    assert all(drawing["aria-label"] for drawing in drawings)
    assert all(figure.figcaption.text for figure in page.find_all("figure"))


def test_links_of_the_course_to_results_lead_to_files(site):
    links = parsed(site / "lessons/experiment.html").find_all("a", href=True)
    files = [link["href"] for link in links if link["href"].endswith(".csv")]
    assert len(files) >= 2
    assert all((site / "lessons" / file).is_file() for file in files)


def test_every_part_of_an_experiment_names_a_rule_that_there_is(run):
    rules = "".join(path.read_text() for path in (WORKFLOW / "rules").glob("*.smk"))
    for _, names, _ in anatomy.PARTS:
        for name in names.split(", "):
            assert f"\nrule {name}:\n" in rules or f'            f"{name}"\n' in rules
    for table in ("convergence", "comparison"):
        assert tables.read_csv(run[0] / run[2][table], getattr(columns, table.upper())).size


def test_every_item_of_the_slides_is_where_the_table_says(site):
    """docs/course.md names a section of a page for each item, and every action of the course."""
    said = (ROOT / "docs/course.md").read_text(encoding="utf-8")
    rows = [row for row in said.splitlines() if row.startswith("| ")]
    items = [row for row in rows if not row.startswith(("| Item", "|---"))]
    assert all(re.search(r"`\w+#[\w-]+`", row) for row in items)
    pages = {part: parsed(site / f"lessons/{part}.html").article for part in PARTS}
    for row in items:
        for part, anchor in re.findall(r"`(\w+)#([\w-]+)`", row):
            assert pages[part].find(id=anchor), row
    listed = set(re.findall(r'`data-action="(\w+)"`', said))
    # A page leaves out actions that ask networks where the run has none.
    executed = [(site.parents[1] / f"course/{part}.ipynb").read_text("utf-8") for part in PARTS]
    assert listed == set(re.findall(r'data-action=\\"(\w+)', "".join(executed)))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_parts_serve_everybody(site, browser, axe, mode):
    with browser.new_context(color_scheme=mode, offline=True) as context:
        shown = context.new_page()
        for part in PARTS:
            shown.goto((site / f"lessons/{part}.html").as_uri())
            assert not axe(shown), part
