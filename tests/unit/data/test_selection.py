"""The choice of generated quantifiers, and the table of them that is shipped."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from choose_quantifiers import choose_quantifiers
from quantlearn.data import selection
from quantlearn.data.generate import fill_cells
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.grammar import generate, meanings_of
from quantlearn.semantics.lexicon import read_generated
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, enumerate_scenes
from quantlearn.semantics.ultk import translate

GENERATED = Path(__file__).parents[3] / "config" / "generated.csv"


@pytest.fixture(scope="module")
def shipped():
    with GENERATED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("count", [11, 40, 200, 700])
def test_any_first_quantifiers_are_spread_evenly(shipped, count):
    degrees = np.array([float(row["monotonicity"]) for row in shipped[:count]])
    per_stratum = np.bincount(np.floor(degrees * selection.STRATA).astype(int), minlength=11)
    assert np.ptp(per_stratum) <= 1


def test_quantifiers_of_a_stratum_stand_for_the_same_meanings(shipped):
    meanings = {}
    for row in shipped:
        stratum = int(float(row["monotonicity"]) * selection.STRATA)
        meanings.setdefault(stratum, set()).add(int(row["meanings"]))
    # All meanings but the constant ones and those that are too rarely true or false.
    assert sum(count for [count] in meanings.values()) == 9551 - 2 - 3031


def test_shipped_quantifiers_are_meanings_of_the_grammar(shipped):
    meanings = generate(enumerate_scenes(Space(1, 4))[0], 5)
    known = {translate(text) for text in meanings.expressions}
    expressions = [row["expression"] for row in shipped]
    assert len(set(expressions)) == len(expressions) == 2000
    assert set(expressions) <= known
    assert [row["quantifier"] for row in shipped[::1999]] == ["generated_0001", "generated_2000"]


@pytest.mark.parametrize("max_size", [12, 16])
def test_scenes_for_a_shipped_quantifier_can_be_found(shipped, max_size):
    rarest = min(shipped[:300], key=lambda row: 0.5 - abs(0.5 - float(row["truth_rate"])))
    quantifier = Quantifier(rarest["quantifier"], rarest["expression"])
    filled = fill_cells(np.random.default_rng(1), 5000, [quantifier], Space(1, max_size))
    assert filled.truth.sum() == 5000


def test_what_is_left_out_is_counted():
    meanings = generate(enumerate_scenes(Space(1, 3))[0], 4)
    tried = selection.different_scenes(np.random.default_rng(0), 2000, Space(1, 6))
    choice = selection.choose(meanings, tried, 100, 20, np.random.default_rng(0))
    counts = choice.counts
    assert counts["meanings"] == len(meanings) == sum(counts.values()) - len(meanings)
    assert counts["constant"] == 2  # always and never true
    assert counts["chosen"] == len(choice.quantifiers) == 20
    rarer = 0.5 - (choice.quantifiers["truth_rate"] - 0.5).abs()
    assert (rarer * len(tried) >= 100).all()


def test_nothing_to_choose_is_an_error():
    expressions = ["subset_eq(A, A)", "subset_eq(A, difference(A, A))"]
    read = [Quantifier(text, translate(text)) for text in expressions]
    meanings = meanings_of(read, *enumerate_scenes(Space(1, 3)))
    tried = selection.different_scenes(np.random.default_rng(0), 2000, Space(4, 6))
    with pytest.raises(QuantlearnError, match="none of 2 quantifiers can be learned: 1 are const"):
        selection.choose(meanings, tried, 1900, 20, np.random.default_rng(0))


def test_quantifiers_are_chosen_from_a_list(tmp_path):
    path = tmp_path / "list.txt"
    larger = "greater_than(cardinality(A), cardinality(B))"
    path.write_text(f"subset_eq(A, B)\n{larger}\nnot({larger})\nsubset_eq(A, A)\n")
    written = {name: str(tmp_path / f"{name}.csv") for name in ("generated", "left_out")}
    choose_quantifiers(**written, expressions=str(path))
    chosen = read_generated(written["generated"], 10)
    assert {each.expression for each in chosen.values()} == {"|A| > |B|", "not |A| > |B|"}
    left_out = pd.read_csv(written["left_out"], index_col="what")["number"]
    assert left_out["meanings"] == 4
    assert left_out["constant"] == 1
    assert left_out["too rarely true or false"] == 1  # every, in scenes of up to 12 objects
    path.write_text("subset_eq(A, B)\n")
    with pytest.raises(QuantlearnError, match=r"list\.txt: none of 1 quantifiers can be learned"):
        choose_quantifiers(**written, expressions=str(path))
