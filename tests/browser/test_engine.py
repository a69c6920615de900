"""Networks in the browser say what PyTorch's say, and its truth is the library's."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from expressions import RANDOMLY, TRUTHS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_networks import network, start

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.export import MOST_BYTES, networks_script, tree_as_lists
from quantlearn.networks.states import top_states
from quantlearn.networks.task import Task, quantifier_codes
from quantlearn.networks.text_task import TextTask
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import ZONES, LabelledScenes
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.training.members import examples_of

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "workflow" / "report" / "static"
MAX_SIZE = 9
QUANTIFIERS = ("at_least_2", "at_least_4", "most")
EXPRESSIONS = {
    **{"at_least_2": "|A & B| >= 2", "at_least_4": "|A & B| >= 4"},
    "most": "|A & B| > |A - B|",
}

ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "gelu"]
NETWORKS = {
    **{
        f"feedforward {name}": network("feedforward", activation=name, layers=1 + place % 3)
        for place, name in enumerate(ACTIVATIONS)
    },
    "feedforward binary": network("feedforward", objects="binary"),
    "feedforward normalised": network("feedforward", batch_norm=True),
    "feedforward of 32 bits": network("feedforward", batch_norm=True, precision="float32"),
    "rnn": network("rnn"),
    "rnn relu, read": network("rnn", activation="relu", padding="read", layers=1),
    "gru": network("gru", precision="float32"),
    "gru read": network("gru", padding="read", layers=3),
    "lstm": network("lstm", precision="float32"),
    "lstm read": network("lstm", padding="read", layers=1),
    "lstm told numbers": network("lstm", quantifiers="number"),
    "transformer": network("transformer", precision="float32"),
    "transformer learned": network("transformer", position="learned", heads=3, head_size=5),
    "transformer none, read": network("transformer", position="none", padding="read", layers=3),
    "transformer read": network("transformer", padding="read", activation="gelu", heads=1),
    "lstm of texts": network("lstm"),
    "gru of texts, read": network("gru", padding="read"),
}


@pytest.fixture(scope="module")
def engine(browser):
    """A page with the engine."""
    page = browser.new_page()
    page.goto("about:blank")
    page.add_script_tag(path=STATIC / "engine.js")
    yield page
    page.close()


def random_scenes(n, rng):
    """Scenes of 1 to MAX_SIZE objects, as zone codes (n, MAX_SIZE), and their sizes (n,)."""
    sizes = rng.integers(1, MAX_SIZE, size=n, endpoint=True)
    scenes = rng.integers(4, size=(n, MAX_SIZE)).astype(np.uint8)
    scenes[np.arange(MAX_SIZE) >= sizes[:, None]] = 4
    return scenes, sizes


def trained(name):
    """An ensemble of two networks for the settings of this name, and weights as after training."""
    chosen = NETWORKS[name]
    codes = quantifier_codes(QUANTIFIERS, chosen["quantifiers"])
    task = (
        TextTask("text_verification", MAX_SIZE, QUANTIFIERS, len(codes))
        if "texts" in name
        else Task(MAX_SIZE, len(codes), codes)
    )
    ensemble = Ensemble(chosen, task, core="eager")
    flat = 2 * start(ensemble, trials=2)  # so that scenes make a difference
    for part, array in ensemble.unpack(flat).items():
        if "running" in part:  # as of batches whose sums are anything
            array.copy_(torch.rand(array.shape, generator=torch.Generator().manual_seed(1)) + 0.1)
    return ensemble, flat


def exported(
    ensemble, flat, learned=(QUANTIFIERS,), zones=tuple(ZONES), hard=(), most_bytes=MOST_BYTES
):
    """The script with the networks of an ensemble."""
    is_text = isinstance(ensemble.task, TextTask)
    experiment = {
        **{"name": "tiny", "title": "Tiny", "quantifiers": list(QUANTIFIERS), "trials": 2},
        "task": "text_verification" if is_text else "verification",
        "expressions": EXPRESSIONS,
        "data": {
            "generate": {
                **{"min_size": 1, "max_size": MAX_SIZE},
                "zones": zones,
            }
        },
    }
    weights = {part: array.numpy() for part, array in ensemble.unpack(flat).items()}
    return networks_script(experiment, ensemble.settings, weights, learned, hard, most_bytes)


def probabilities(ensemble, flat, row, scenes, sizes, asked):
    """What PyTorch gives `true` for each scene (n,)."""
    labelled = LabelledScenes(scenes, sizes, asked, np.zeros(len(scenes), dtype=bool))
    examples = examples_of(labelled, np.arange(len(QUANTIFIERS)), ensemble.task)
    tokens, lengths = (torch.as_tensor(part)[None] for part in (examples.tokens, examples.lengths))
    with torch.no_grad():
        logits = ensemble.logits(flat[[row]], tokens, lengths)
    return logits.softmax(dim=2)[0, :, 1].double().numpy()


def beginnings(scenes, sizes):
    """Each beginning of each scene, with 1 object, 2 and so on, and its size."""
    rows = np.repeat(np.arange(len(scenes)), sizes)
    lengths = np.concatenate([np.arange(size) + 1 for size in sizes])
    parts = scenes[rows]
    parts[np.arange(scenes.shape[1]) >= lengths[:, None]] = 4
    return rows, parts, lengths


READ = """([trial, scenes, asked]) => {
    const { trials, quantifiers } = quantlearn.experiments.tiny;
    return scenes.map((scene, row) => {
        const quantifier = quantifiers[asked[row]];
        return trials[trial][quantifier.network].read(scene, quantifier).probabilities;
    });
}"""


@pytest.mark.parametrize("name", NETWORKS)
def test_probabilities_are_those_of_torch(name, engine):
    rng = np.random.default_rng(0)
    scenes, sizes = random_scenes(1000, rng)
    asked = rng.integers(len(QUANTIFIERS), size=len(scenes))
    ensemble, flat = trained(name)
    engine.evaluate(exported(ensemble, flat))
    rows = [scene[:size] for scene, size in zip(scenes.tolist(), sizes, strict=True)]
    found = np.concatenate(engine.evaluate(READ, [1, rows, asked.tolist()]))
    of_rows, parts, lengths = beginnings(scenes, sizes)
    expected = probabilities(ensemble, flat, 1, parts, lengths, asked[of_rows])
    most = 1e-5 if ensemble.settings["precision"] == "float32" else 1e-9
    np.testing.assert_allclose(found, expected, rtol=0, atol=most)
    assert np.ptp(expected) > 0.001


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_states_are_those_of_the_highest_layer(name, engine):
    ensemble, flat = trained(name)
    engine.evaluate(exported(ensemble, flat))
    found = engine.evaluate("""() => {
        const { trials, quantifiers } = quantlearn.experiments.tiny;
        const { units, cells } = trials[0][0].read([0, 1, 0, 2], quantifiers[2]);
        return [units.at(-1), cells && cells.at(-1)].map((part) => part && part.map((x) => [...x]));
    }""")
    tokens = ensemble.task.tokens(np.array([[0, 1, 0, 2]], dtype=np.uint8), np.array([2]))
    states = top_states(ensemble, ensemble.unpack(flat[:1]), torch.as_tensor(tokens)[None])
    for part, along in zip(found, zip(*states, strict=True), strict=False):
        np.testing.assert_allclose(part, [one[0, 0] for one in along], atol=1e-6)


def test_a_unit_that_is_off_is_one_whose_weights_are_gone(engine):
    ensemble, flat = trained("rnn")
    engine.evaluate(exported(ensemble, flat))
    found = engine.evaluate("""() => {
        const network = quantlearn.experiments.tiny.trials[0][0];
        const [quantifier] = quantlearn.experiments.tiny.quantifiers;
        const ask = () => network.read([0, 1, 2, 3, 0], quantifier).probabilities;
        const before = ask();
        network.units[0][3] = 0;
        const off = ask();
        network.reset();
        return { before, off, after: ask() };
    }""")
    assert found["before"] == found["after"]
    weights = ensemble.unpack(flat)
    weights["layer1.kernel"][:, 3] = 0
    weights["layer0.kernel"][:, ensemble.task.inputs + 3] = 0
    scene = np.array([[0, 1, 2, 3, 0] + [4] * 4], dtype=np.uint8)
    _, parts, lengths = beginnings(scene, np.array([5]))
    expected = probabilities(ensemble, flat, 0, parts, lengths, np.zeros(5, dtype=int))
    np.testing.assert_allclose(found["off"], expected, atol=1e-9)


# What fits into the script -----------------------------------------------------------------------


def told(script):
    return json.loads(script[script.index(", ") + 2 : -len(");\n")])


def test_the_first_trials_that_fit_are_exported():
    ensemble, flat = trained("lstm")
    both = exported(ensemble, flat)
    size = len(both.encode())
    assert len(told(both)["trials"]) == 2
    one = exported(ensemble, flat, most_bytes=size - 10)
    assert told(one)["trials"] == told(both)["trials"][:1]
    assert told(one)["of"]["trials"] == 2


def test_where_no_trial_fits_its_first_networks_are_exported():
    ensemble, flat = trained("lstm")
    alone = [(name,) for name in QUANTIFIERS]
    script = exported(ensemble, flat[[0, 0, 0, 1, 1, 1]], alone, most_bytes=1)
    assert [row["name"] for row in told(script)["quantifiers"]] == ["at_least_2"]
    assert [len(trial) for trial in told(script)["trials"]] == [1]


# Truth -------------------------------------------------------------------------------------------

TRUTH = """([trees, scenes]) => trees.map((tree) =>
    scenes.map((scene) => +quantlearn.isTrue(tree, scene)).join(""))"""


def assert_same_truth(quantifiers, max_size, engine):
    table = tabulate(quantifiers, max_size)
    scenes = [scene[:size] for scene, size in zip(table.scenes.tolist(), table.sizes, strict=True)]
    found = engine.evaluate(TRUTH, [[tree_as_lists(one.tree) for one in quantifiers], scenes])
    for quantifier, own, expected in zip(quantifiers, found, table.truth, strict=True):
        assert own == "".join(map(str, expected.astype(int))), quantifier.expression


def test_truth_of_the_lexicon_is_that_of_the_library(engine):
    lexicon = load_lexicon(ROOT / "config" / "quantifiers.yaml")
    numbers = itertools.cycle([1, 3])
    names = [re.sub(r"\{\w+\}", lambda _: str(next(numbers)), name) for name in lexicon.expressions]
    assert_same_truth([lexicon[name] for name in names], 5, engine)


@settings(RANDOMLY, max_examples=10, suppress_health_check=list(HealthCheck))
@given(expressions=st.lists(TRUTHS, min_size=30, max_size=30))
def test_truth_of_any_expression_is_that_of_the_library(expressions, engine):
    assert_same_truth([Quantifier(text, text) for text in expressions], 3, engine)


# The widget --------------------------------------------------------------------------------------

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ask</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{static}/widgets.css">
<link rel="stylesheet" href="{static}/ask.css">
<script defer src="{static}/elements.js"></script>
<script defer src="{static}/engine.js"></script>
<script defer src="{static}/ask.js"></script>
<script defer src="networks.js"></script>
</head><body><main><h1>Ask</h1><div class="ask" data-experiment="tiny"></div></main></body></html>
"""


@pytest.fixture
def widget(page, tmp_path):
    """A way to open a page with the widget: it fills it with networks, and returns the page."""

    def show(name="lstm", link="", **changes):
        (tmp_path / "networks.js").write_text(exported(*trained(name), **changes), "utf-8")
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(static=STATIC.as_uri()), "utf-8")
        page.goto(path.as_uri() + link)
        return page

    return show


def objects(page):
    """The scene that is shown, as zone codes."""
    return [["AB", "A-", "-B", "--"].index(word) for word in page.locator("li").all_inner_texts()]


def said(page):
    """The share of `true` and of agreeing networks that the widget tells."""
    text = page.inner_text(".widget-answer")
    found = re.search(r"says (true|false) with probability ([0-9.]+) .*\. (\d) of 2 networks", text)
    answer, probability, agreeing = found.groups()
    return abs((answer == "false") - float(probability)), int(agreeing)


def asked_of_torch(name, scene, asked=0):
    """What both networks of `trained` give `true`."""
    ensemble, flat = trained(name)
    scenes = np.array([scene + [4] * (MAX_SIZE - len(scene))], dtype=np.uint8)
    sizes, quantifiers = np.array([len(scene)]), np.array([asked])
    return [probabilities(ensemble, flat, row, scenes, sizes, quantifiers)[0] for row in range(2)]


@pytest.mark.parametrize("name", ["lstm", "transformer", "lstm of texts"])
def test_the_widget_tells_what_torch_gives(name, widget):
    page = widget(name, "#ask?both=3&a_only=2&quantifier=most&trial=1")
    assert sorted(objects(page)) == [0, 0, 0, 1, 1]
    first, second = asked_of_torch(name, objects(page), QUANTIFIERS.index("most"))
    assert page.inner_text(".widget-answer").startswith(
        "“most” is true of this scene. Trial 1 says"
    )
    probability, agreeing = said(page)
    assert probability == pytest.approx(second, abs=0.0051)
    assert agreeing == 1 + ((first > 0.5) == (second > 0.5))


def test_objects_are_added_changed_moved_and_removed(widget):
    page = widget()
    page.get_by_role("button", name="Clear").click()
    assert "Add an object" in page.inner_text(".widget-answer")
    for zone in ("A∩B", "A∖B", "neither"):
        page.get_by_role("button", name=f"Add: {zone}").click()
    assert objects(page) == [0, 1, 3]
    page.get_by_role("button", name="Object 1").click()
    assert objects(page) == [1, 1, 3]
    page.get_by_role("button", name="Object 3").drag_to(page.get_by_role("button", name="Object 1"))
    assert objects(page) == [3, 1, 1]
    page.get_by_role("button", name="Later").click()
    assert objects(page) == [1, 3, 1]
    page.get_by_role("button", name="Remove").click()
    assert objects(page) == [1, 1]
    expected, _ = asked_of_torch("lstm", [1, 1])
    assert said(page)[0] == pytest.approx(expected, abs=0.0051)


def test_objects_are_changed_by_keyboard(widget):
    page = widget(link="#ask?both=2&neither=1&a_only=1")
    before = objects(page)
    page.locator("li button").first.focus()
    for key in ("ArrowRight", "3", "Shift+ArrowRight", "Delete"):
        page.keyboard.press(key)
    assert objects(page) == [before[0], *before[2:]]
    page.keyboard.press("1")
    assert objects(page)[2] == 0
    page.keyboard.press("Enter")
    assert objects(page)[2] == 1


def test_only_scenes_of_the_experiment_can_be_put_together(widget):
    hard = [{"quantifier": "at_least_2", "scene": [1, 0], "wrong": 0.75}]
    page = widget(zones=("both", "a_only"), hard=hard)
    assert objects(page) == [1, 0]
    assert page.get_by_label("Hard scene").locator("option").all_inner_texts() == [
        "choose …",
        "A- AB (75 % wrong)",
    ]
    assert not page.get_by_role("button", name="Add: neither").is_visible()
    add = page.get_by_role("button", name="Add: A∩B")
    for _ in range(MAX_SIZE - 2):
        add.click()
    assert len(objects(page)) == MAX_SIZE
    assert add.is_disabled()


def test_a_changed_network_answers_otherwise_until_it_is_reset(widget):
    page = widget(link="#ask?both=3&a_only=2")
    curve = page.locator(".widget-plot .chosen")
    before = curve.get_attribute("points")
    reset = page.get_by_role("button", name="Reset")
    assert reset.is_disabled()
    page.get_by_role("button", name="Switch off unit 2 of layer 1").click()
    off = curve.get_attribute("points")
    assert off != before
    assert "with 1 unit off," in page.inner_text(".widget-answer")
    page.get_by_text("Change a weight").click()
    page.get_by_label("Weights").select_option("readout.bias")
    page.get_by_label("Column").fill("2")
    page.get_by_label("Value").fill("1000")
    page.get_by_label("Value").press("Enter")
    assert "with 1 unit off and 1 weight changed," in page.inner_text(".widget-answer")
    assert said(page)[0] == 1
    reset.click()
    assert curve.get_attribute("points") == before


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_widget_is_accessible_and_fits_a_small_screen(theme, widget, axe):
    page = widget("feedforward normalised", "#ask?both=4&a_only=3&neither=2")
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    page.get_by_text("Change a weight").click()
    assert not axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.locator("button:visible, select:visible, input:visible").evaluate_all(
        "(all) => all.map((one) => [one.offsetWidth, one.offsetHeight])"
    )
    assert np.min(sizes) >= 24
