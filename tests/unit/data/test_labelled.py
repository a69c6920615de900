"""A table of labelled scenes is read as it was written, and every fault in it is named at once."""

import numpy as np
import pytest

from quantlearn.data.generate import enumerate_pairs
from quantlearn.data.labelled import labelled_scenes, read_labelled
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.scenes_in_words import words_of_scene

SPACE = Space(1, 4)


def written(folder, text, **more):
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8", **more)
    return path


def test_scenes_with_their_truth_are_read_as_an_expression_labels_them(tmp_path):
    names = ["most", "even"]
    expressions = ["|A & B| > |A - B|", "|A & B| % 2 == 0"]
    quantifiers = [Quantifier(*item) for item in zip(names, expressions, strict=True)]
    expected = enumerate_pairs(quantifiers, SPACE)
    rows = [
        f"{' '.join(words_of_scene(scene))},{names[index]},{str(truth).lower()}"
        for scene, index, truth in zip(
            expected.scenes, expected.quantifiers, expected.truth, strict=True
        )
    ]
    path = written(tmp_path, "\n".join(["scene,quantifier,truth", *rows]))
    found = labelled_scenes(read_labelled(path, SPACE), names, SPACE.max_size)
    for column in ("scenes", "sizes", "quantifiers", "truth"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


@pytest.mark.parametrize(
    "text",
    [
        "scene,quantifier,truth\nAB A-,most,true\n--,most,false\n",
        "\ufeffTruth;Scene;Who;Quantifier\n1;AB A-;ann;most\n\n# doubtful\n0; -- ;bob;most\n",
        'quantifier,truth,scene\r\nmost,TRUE,"AB  A-"\r\nmost,FALSE,--\r\n',
    ],
)
def test_tables_are_read_as_people_write_them(tmp_path, text):
    rows = read_labelled(written(tmp_path, text, newline=""), SPACE)
    assert rows == [("most", b"\0\1", True), ("most", b"\3", False)]


def test_every_fault_of_a_table_is_named_at_once(tmp_path):
    lines = {
        "AB AC,most,true": "scene: 'AC' is no object: write AB, A-, -B or --",
        "AB,most,true": None,
        ",most,true": "scene: has 0 objects, and data.generate allows 1 to 4: change min_size",
        "AB AB AB AB AB,most,true": "scene: has 5 objects, and data.generate allows 1 to 4",
        "AB -B,most,true": "scene: has objects in the zone b_only: add it to data.generate.zones",
        "A-,at most,yes": "quantifier: 'at most' is not allowed: begin with a letter",
        "A-,most,": "truth: '' is not allowed: write true or false",
        "AB, most ,1": "scene: is in line 3 already: leave one out",
        "AB,most,false": "scene: is in line 3 already with the other truth: leave one out",
        "AB,most": "has 2 cells, and the header has 3: write as many",
    }
    path = written(tmp_path, "\n".join(["scene,quantifier,truth", *lines]))
    with pytest.raises(QuantlearnError) as told:
        read_labelled(path, Space(1, 4, zones=(0, 1, 3)))
    expected = [f"{path}: line {k}: {text}" for k, text in enumerate(lines.values(), 2) if text]
    found = str(told.value).splitlines()
    truths = [line for line in found if "line 7: truth: 'yes'" in line]  # two in one row
    others = [line for line in found if line not in truths]
    assert len(truths) == 1
    assert [line[: len(start)] for line, start in zip(others, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: give it a line scene,quantifier,truth"),
        ("# nothing\n\n", "is empty"),
        ("scene,quantifier\nAB,most\n", "line 1: has no column truth, but scene, quantifier"),
    ],
)
def test_a_table_without_its_columns_says_which(tmp_path, text, said):
    with pytest.raises(QuantlearnError, match=said):
        read_labelled(written(tmp_path, text), SPACE)


def test_of_many_faults_the_first_are_told(tmp_path):
    path = written(tmp_path, "scene,quantifier,truth\n" + "AC,most,true\n" * 30)
    with pytest.raises(QuantlearnError) as told:
        read_labelled(path, SPACE)
    assert len(str(told.value).splitlines()) == 21
    assert str(told.value).endswith(f"{path}: 10 more")
