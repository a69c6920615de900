"""The page of quantifiers: its pictures and table say what the quantifiers say."""

import re
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from brute_force import sets_of
from bs4 import BeautifulSoup
from page_results import ROOT

from describe_quantifiers import describe_quantifiers
from quantlearn import tables
from quantlearn.columns import types
from quantlearn.figures.labels import STEPS, UNIVERSALS
from quantlearn.figures.lexicon.drawings import small_tree
from quantlearn.figures.lexicon.meanings import meaning
from quantlearn.report_columns import LEAGUE
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.scenes import PADDING
from quantlearn.semantics.universals import VARIANTS
from render_quantifiers import render_quantifiers

LEXICON = load_lexicon(ROOT / "config" / "quantifiers.yaml")
NAMES = ["every", "most", "even", "M", "only", "first_2", "everything", "scene_begins_with_A"]
MAX_SIZE = 4
SCENES = [scene for size in range(MAX_SIZE + 1) for scene in product(range(4), repeat=size)]


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> dict[str, str]:
    """The tables of a few quantifiers, from all scenes of at most 4 objects."""
    folder = tmp_path_factory.mktemp("cards")
    parts = ("degrees", "complexity", "trees", "pairs", "rates")
    paths = {part: str(folder / f"{part}.csv") for part in parts}
    expressions = {name: LEXICON[name].expression for name in NAMES}
    describe_quantifiers({"max_size": MAX_SIZE, "quantifiers": expressions}, **paths)
    return paths


@pytest.fixture(scope="module")
def page(described, tmp_path_factory) -> Path:
    """The cards alone."""
    written = tmp_path_factory.mktemp("page") / "cards.html"
    template = str(ROOT / "workflow" / "report" / "cards.html.j2")
    render_quantifiers(**described, template=template, page=str(written))
    return written


# What two experiments found; the medians of the second are not reached.
LEARNED = {
    "most": ("exp3b", 10, 10, 400.0, 300.0, 1200.0, 0.5),
    "M": ("exp3b", 10, 9, 1200.0, 900.0, np.nan, 0.51),
    "even": ("alone", 20, 3, np.nan, 700.0, np.nan, 0.5),
}


@pytest.fixture(scope="module")
def fragment(described, tmp_path_factory) -> BeautifulSoup:
    """The table and the cards as a part of a page."""
    folder = tmp_path_factory.mktemp("fragment")
    columns = ["experiment", "trials", "learned", "median_step", "median_lower", "median_upper"]
    own = pd.DataFrame.from_dict(LEARNED, orient="index", columns=[*columns, "size_alone"])
    degrees = pd.read_csv(described["degrees"])
    frame = degrees.assign(
        meaning=[meaning(LEXICON[name].tree) for name in NAMES],
        generated=False,
        orbit=NAMES[0],
        monotonicity=0.5,
        sensitivity=1.0,
    )
    frame = frame.join(own, on="quantifier").assign(
        experiments=lambda rows: rows["experiment"].fillna(""),
    )
    frame["experiment"] = frame["experiments"]
    generated = frame.iloc[:2].assign(quantifier=["generated_1", "generated_2"], generated=True)
    frame = pd.concat([frame, generated])[list(LEAGUE)].astype(types(LEAGUE))
    tables.write_csv(frame, folder / "quantifiers.csv")
    template = str(ROOT / "workflow" / "report" / "quantifiers.html.j2")
    written = folder / "quantifiers.html"
    league = str(folder / "quantifiers.csv")
    render_quantifiers(**described, template=template, league=league, page=str(written))
    return BeautifulSoup(written.read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def cards(page) -> dict[str, BeautifulSoup]:
    """The card of each quantifier, by name."""
    found = BeautifulSoup(page.read_text("utf-8"), "html.parser").find_all(class_="card")
    return dict(zip(NAMES, found, strict=True))


def truths(name: str, scenes: list[tuple[int, ...]]) -> list[bool]:
    """What the quantifier says of the scenes."""
    rows = [[*scene, *[PADDING] * (MAX_SIZE - len(scene))] for scene in scenes]
    sizes = np.array([len(scene) for scene in scenes])
    return LEXICON[name].verify(np.array(rows, dtype=np.uint8), sizes).tolist()


def drawn_nodes(card: BeautifulSoup) -> dict[tuple[int, int], str]:
    """(card(A∖B), card(A∩B)) → false, mixed or true, read off the picture.

    Of a row of the tree the leftmost node has no A∩B; rows come from the top.
    """
    tree = card.find("svg", class_="tree")
    places: dict[tuple[float, float], str] = {}
    for path in tree.find_all("path"):
        for left, top, width, height in re.findall(
            r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", path["d"]
        ):
            bottom = round(float(top) + float(height), 1)
            assert (float(height) == float(width)) == (path["class"] != ["mixed"])
            places[bottom, float(left)] = path["class"][0]
    rows = sorted({bottom for bottom, _ in places})
    nodes = {}
    for size_of_a, bottom in enumerate(rows):
        in_row = sorted(left for below, left in places if below == bottom)
        assert len(in_row) == size_of_a + 1
        for both, left in enumerate(in_row):
            nodes[size_of_a - both, both] = places[bottom, left]
    return nodes


@pytest.mark.parametrize("name", NAMES)
def test_the_tree_drawn_is_the_truth_in_all_scenes(cards, name):
    found = defaultdict(set)
    for scene, truth in zip(SCENES, truths(name, SCENES), strict=True):
        A, B, _ = sets_of(scene)
        found[len(A - B), len(A & B)].add(truth)
    in_words = {
        node: "mixed" if len(values) == 2 else str(values.pop()).lower()
        for node, values in found.items()
    }
    assert drawn_nodes(cards[name]) == in_words


def scene_of(cell: BeautifulSoup) -> tuple[tuple[int, ...], list[int]]:
    """Zone codes and underlined places of the scene in a cell of a table, read off the picture."""
    picture = cell.find("svg")
    if picture is None:
        assert cell.text == "no object"
        return (), []
    lefts = {
        kind: [float(path["d"][1:].split()[0]) for path in picture.find_all("path", class_=kind)]
        for kind in ("object", "a", "b", "mark")
    }
    code = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}
    places = lefts["object"]
    scene = tuple(code[left in lefts["a"], left in lefts["b"]] for left in places)
    return scene, [places.index(left) for left in lefts["mark"]]


def one_step(universal: str, first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether the universal forbids that the first is true and the second false, one step apart."""
    (A, B, _), (A2, B2, _) = sets_of(first), sets_of(second)
    more = {"right": (A == A2, B, B2), "left": (B == B2, A, A2)}
    match universal.split("_"):
        case [side, way] if side in more:
            fixed, low, high = more[side]
            low, high = (low, high) if way == "upward" else (high, low)
            return len(first) == len(second) and fixed and low < high and len(high - low) == 1
        case ["quantity"]:
            changed = [x for x, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
            return sorted(first) == sorted(second) and len(changed) == 2
        case ["conservativity"]:
            return len(first) == len(second) and A == A2 and A & B == A2 & B2 and len(B ^ B2) == 1
    longer, shorter = sorted((first, second), key=len, reverse=True)
    return any(
        zone == 3 and longer[:place] + longer[place + 1 :] == shorter
        for place, zone in enumerate(longer)
    )


@pytest.mark.parametrize("name", NAMES)
def test_pairs_shown_differ_in_one_marked_step_and_break_the_universal(cards, name):
    keys = {text: key for key, text in UNIVERSALS.items()}
    rows = cards[name].select(".pairs tbody tr")
    assert len(rows) == len({row.th.text for row in rows})
    for row in rows:
        universal = keys[row.th.text]
        true_cell, false_cell, step = row.find_all("td")
        (first, marked), (second, marked_too) = scene_of(true_cell), scene_of(false_cell)
        assert truths(name, [first, second]) == [True, False]
        assert one_step(universal, first, second)
        assert step.text == STEPS[universal]
        if len(first) == len(second):
            changed = [x for x, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
            assert marked == marked_too == changed
        else:
            assert sorted([len(marked), len(marked_too)]) == [0, 1]


def test_profiles_are_those_of_the_textbook(cards):
    profiles = {name: card.summary.span.text for name, card in cards.items()}
    assert profiles == {
        "every": "upward in B and downward in A",
        "most": "upward in B",
        "even": "not monotone",
        "M": "downward in B and upward in A; not conservative",
        "only": "downward in B and upward in A; not conservative",
        "first_2": "upward in B; not quantitative",
        "everything": "upward in B and upward in A and downward in A; "
        "not conservative; not extensional",
        "scene_begins_with_A": "upward in B and downward in B and upward in A; "
        "not quantitative; not extensional",
    }


def test_the_line_goes_through_the_shares_of_true_scenes(cards):
    for name, card in cards.items():
        label = card.find("svg", class_="rate")["aria-label"]
        shown = [float(text) for text in label.split(": ")[1].split(", ")]
        for size, rate in enumerate(shown):
            of_size = truths(name, [scene for scene in SCENES if len(scene) == size])
            assert rate == pytest.approx(sum(of_size) / len(of_size), abs=0.0051)


def test_rows_and_cards_lead_to_each_other(fragment):
    rows = [row for row in fragment.select(".league tbody tr") if row.th.a]
    cards = fragment.select(".card .inside")
    assert len(rows) == len(cards) == len(NAMES)
    assert {row.th.a["href"] for row in rows} == {f"#{card['id']}" for card in cards}
    assert {card.p.a["href"] for card in cards} == {f"#{row['id']}" for row in rows}
    most = fragment.find(id="card-most")
    assert [link["href"] for link in most.p.find_all("a")][1:] == ["../experiments/exp3b.html"]


def test_a_row_says_what_the_table_says_and_sorts_by_it(fragment):
    heads = [head.text for head in fragment.select(".league thead th")]
    cells = dict(zip(heads, fragment.find(id="row-M").find_all(["th", "td"]), strict=True))
    shown = {name: cells[name].text for name in heads[3:8]}
    assert shown == {
        "Median step": "1,200",
        "95 % interval": "from 900 on",
        "Learned by": "9 of 10",
        "Size alone": "51.0 %",
        "Learned in": "exp3b",
    }
    assert [float(cells[name]["data-order"]) for name in heads[3:7]] == [1200, 900, 0.9, 0.51]
    assert next(cells[name] for name in heads if name.startswith("Holds up to"))[
        "data-values"
    ].split("|") == [
        *("monotone", "downward in B", "upward in A", "quantity", "extensionality"),
    ]
    assert cells["It is true when"].text == "there are more As than Bs"


def test_rows_of_one_experiment_stand_together_and_what_was_not_learned_comes_last(fragment):
    rows = [row["id"].removeprefix("row-") for row in fragment.select(".league tbody tr")]
    # A generated one has the very numbers of *most*.
    assert rows[:4] == ["most", "generated-2", "M", "even"]
    last = fragment.select(".league tbody tr")[-1]
    assert [cell["data-order"] for cell in last.find_all("td")[2:6]] == [""] * 4
    # Generated quantifiers have a row with what their meaning tells, and no card.
    alone = {row["id"] for row in fragment.select(".league tbody tr") if not row.th.a}
    assert alone == {"row-generated-1", "row-generated-2"}
    for name, generated in (("every", "generated-1"), ("most", "generated-2")):
        one, other = (fragment.find(id=f"row-{row}").find_all("td") for row in (name, generated))
        assert other[0].svg.find_all("path") == one[0].svg.find_all("path")  # the tree of numbers
        assert other[7].text == one[7].text  # which universals hold


def test_a_small_tree_is_the_large_one_in_a_kilobyte(described):
    trees = dict(iter(pd.read_csv(described["trees"]).groupby("quantifier")))
    for name, tree in trees.items():
        drawn = BeautifulSoup(small_tree(tree, name), "html.parser")
        assert len(str(drawn)) <= 1024
        found = {path["class"][0]: path["d"].count("M") for path in drawn.find_all("path")}
        kinds = np.where(tree["mixed"], "mixed", np.where(tree["true"] > 0, "true", "false"))
        assert found == dict(zip(*np.unique(kinds, return_counts=True), strict=True))
        # A row of the tree more to the right is further down, and all of a row are apart.
        places = re.findall(r"M(\d+) ([\d.]+)", str(drawn))
        assert len(set(places)) == len(tree)


def test_every_quantifier_of_the_lexicon_has_a_meaning_in_words():
    said = {name: meaning(LEXICON[name].tree) for name in LEXICON.names}
    assert len(set(said.values())) == len(said)
    assert all(re.fullmatch(r"[A-Za-z0-9 %]+", text) for text in said.values())


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "only": "all Bs are As",
        "at_least_1": "at least 1 A is a B",
        "exactly_2_of_the_4": "there are exactly 4 As and exactly 2 As are Bs",
        "at_least_6_or_at_most_2": "either at least 6 As are Bs or at most 2 As are Bs",
        "more_than_75_percent": "more than 75 % of the As are Bs",
        "number_3": "the third A is a B",
        "multiple_of_3": "the number of As that are Bs is a multiple of 3",
    }.items(),
)
def test_meanings_are_those_that_english_has(name, words):
    assert meaning(LEXICON[name].tree) == words


def test_variants_are_named_with_their_sources(page):
    text = BeautifulSoup(page.read_text("utf-8"), "html.parser").find(class_="table").text
    for name, variant in VARIANTS.items():
        assert name.replace("_", " ") in text
        assert variant.source in text


def test_the_page_needs_no_network(page):
    text = page.read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all(["script", "link", "iframe", "object", "embed", "img"])
    assert all(link["href"].startswith("#") for link in soup.find_all("a"))
    assert not re.search(r"https?:|url\(|@import", text)
    assert all(picture.get("aria-label") for picture in soup.find_all("svg"))
