"""Automata in the course: one beside a network, and a reader's own, checked on all scenes."""

import numpy as np
import pytest
from test_engine import exported, trained

from quantlearn.report.course.shown import automaton_lists
from quantlearn.semantics.automata import Automaton
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, enumerate_scenes

AT_LEAST_2 = Quantifier("at_least_2", "|A & B| >= 2")
MOST = Quantifier("most", "|A & B| > |A - B|")
ASKED = [AT_LEAST_2, Quantifier("even", "|A & B| % 2 == 0"), Quantifier("all", "A <= B")]
SCENES, SIZES = enumerate_scenes(Space(0, 8, zones=(0, 1)))  # 3 · 3 pairs are reached in 8 objects


def random_automata(count, most, seed):
    rng = np.random.default_rng(seed)
    for states in rng.integers(1, most, size=count, endpoint=True):
        accepting = rng.random(states) < 0.5
        transitions = rng.integers(states, size=(states, 2))
        yield {"transitions": transitions.tolist(), "accepting": accepting.tolist()}


def ends(automaton, scenes):
    """The state in which a reader's automaton ends each scene, and what it says."""
    read = Automaton(np.array(automaton["transitions"]), np.array(automaton["accepting"]))
    states = read.run(scenes)[:, -1]
    return states, read.accepting[states]


@pytest.fixture
def drawing(act):
    quantifiers = [
        {"words": one.name.replace("_", " "), "automaton": automaton_lists(one)}
        for one in [*ASKED, MOST]
    ]
    return act(
        "draw_automaton",
        needs=["course/automaton.js"],
        quantifiers=quantifiers,
        most=6,
        proof="None.",
    )


def test_the_scene_found_is_a_shortest_one_on_which_two_automata_differ(drawing):
    known = [automaton_lists(quantifier) for quantifier in ASKED]
    pairs = [[own, right] for own in (*random_automata(60, 3, seed=1), *known) for right in known]
    found = drawing.evaluate(
        "(all) => all.map(([a, b]) => quantlearn.course.draw_automaton.difference(a, b))", pairs
    )
    rows = {
        tuple(scene[:size]): row
        for row, (scene, size) in enumerate(zip(SCENES, SIZES, strict=True))
    }
    for (own, right), scene in zip(pairs, found, strict=True):
        differ = ends(own, SCENES)[1] != ends(right, SCENES)[1]
        if scene is None:
            assert not differ.any()
        else:
            assert differ[rows[tuple(scene)]]
            assert len(scene) == SIZES[differ].min()
    assert 0 < found.count(None) < len(found)


def test_every_automaton_is_fooled_by_most(drawing):
    drawn = list(random_automata(100, 6, seed=2))
    found = drawing.evaluate("(all) => all.map(quantlearn.course.draw_automaton.fooled)", drawn)
    for own, scenes in zip(drawn, found, strict=True):
        sizes = np.array([len(scene) for scene in scenes])
        padded = np.full((2, sizes.max()), 4, dtype=np.uint8)
        for row, scene in zip(padded, scenes, strict=True):
            row[: len(scene)] = scene
        states, _ = ends(own, padded)
        assert states[0] == states[1]
        assert MOST.verify(padded, sizes).tolist() == [False, True]


def test_an_automaton_is_drawn_and_checked_by_keyboard(drawing):
    def press(*keys):
        for key in keys:
            drawing.keyboard.press(key)

    press("Tab", "Tab", "ArrowRight", "Tab", "Tab")  # past the quantifier; 3 states
    drawing.keyboard.type("to 1")  # state 0, after A∩B
    press(*["Tab"] * 8, "Enter")
    said = drawing.locator(".widget-answer")
    assert said.inner_text() == (
        "No: AB AB ends in state 1: false. But “at least 2” is true of it. "
        "All shorter scenes are right."
    )
    press(*["Shift+Tab"] * 5)
    drawing.keyboard.type("to 2")  # state 1, after A∩B
    press("Tab", "Tab", "Space")  # state 2 says true
    press("Tab", "Tab", "Tab", "Enter")
    assert said.inner_text() == (
        "Right, on every scene of any size. It has 3 states; none has fewer."
    )


def test_an_automaton_for_most_is_told_the_two_scenes(drawing, accessible):
    drawing.get_by_label("An automaton for").select_option("most")
    drawing.get_by_role("button", name="Check").click()
    assert drawing.inner_text(".widget-answer") == (
        "No: (no object) and AB both end in state 0: false. But “most” is false of the first and "
        "true of the second."
    )
    drawing.get_by_text("Solution").click()
    accessible(drawing)


@pytest.fixture
def beside(act, tmp_path):
    """A page with the automaton for at least 2, alone or beside networks."""

    def show(asks):
        folder = tmp_path.parent / "files/tiny"  # as on the site
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "networks.js").write_text(exported(*trained("lstm")), encoding="utf-8")
        return act(
            "automaton",
            needs=["engine.js"],
            asks=asks,
            automaton=automaton_lists(AT_LEAST_2),
            words="at least 2",
            quantifier="at_least_2",
            begin=[0],
            most=9,
        )

    return show


def test_an_automaton_and_a_network_read_along_by_keyboard(beside, accessible):
    page = beside("tiny")
    add_both_and_turn_the_second_twice = ["Tab", "Enter"] * 2 + ["Tab"] * 3 + ["Enter"] * 2
    for key in add_both_and_turn_the_second_twice:
        page.keyboard.press(key)
    scene = [0, 0, 1]
    assert page.locator(".widget-objects button").all_inner_texts() == ["AB", "AB", "A-"]
    given = page.evaluate(
        """(scene) => {
            const { trials, quantifiers } = quantlearn.experiments.tiny;
            return trials[0][0].read(scene, quantifiers[0]).probabilities.at(-1);
        }""",
        scene,
    )
    states = Automaton(*map(np.array, automaton_lists(AT_LEAST_2).values())).run(np.array([scene]))
    assert page.inner_text(".widget-answer") == (
        f"After 3 objects, 2 in A∩B, the automaton is in state {states[0, -1]}: “at least 2” is "
        f"true. The network’s P(true) is {given:.2f}."
    )
    assert page.locator(".widget-states .now").count() == 2  # both circles
    accessible(page)


def test_without_networks_the_automaton_reads_alone(beside):
    page = beside("")
    page.get_by_role("button", name="Add A∩B").click()
    said = page.inner_text(".widget-answer")
    assert said == "After 2 objects, 2 in A∩B, the automaton is in state 2: “at least 2” is true."
