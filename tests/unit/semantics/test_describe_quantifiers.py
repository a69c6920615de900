"""The tables of quantifiers, from settings to files."""

import shutil
from pathlib import Path

import pytest

from describe_quantifiers import describe_quantifiers
from quantlearn import tables
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.measures import COMPLEXITY, DEGREES, MINIMAL_PAIRS, TREES, TRUTH_RATES
from quantlearn.settings.load import ConfigError, load_settings

CONFIG = Path(__file__).parents[3] / "config"
SCHEMAS = {
    "degrees": DEGREES,
    "complexity": COMPLEXITY,
    "trees": TREES,
    "pairs": MINIMAL_PAIRS,
    "rates": TRUTH_RATES,
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    """The tables of a few quantifiers in scenes of at most 5 objects."""
    folder = tmp_path_factory.mktemp("atlas")
    lexicon = load_lexicon(CONFIG / "quantifiers.yaml")
    names = ["every", "most", "even", "first_3", "between_1_and_2"]
    settings = {"max_size": 5, "quantifiers": {name: lexicon[name].expression for name in names}}
    written = {name: folder / f"{name}.csv" for name in SCHEMAS}
    describe_quantifiers(settings, **{name: str(path) for name, path in written.items()})
    return written


@pytest.mark.parametrize("name", SCHEMAS)
def test_tables_have_their_columns_and_no_others(paths, name):
    table = tables.read_csv(paths[name], SCHEMAS[name])
    assert list(table.columns) == list(SCHEMAS[name])
    assert len(table)


def test_what_is_unknown_is_blank(paths):
    table = tables.read_csv(paths["complexity"], COMPLEXITY).set_index("quantifier")
    assert table.loc["every", "shortest"] == "subset_eq(A, B)"
    assert table.loc["even", "shortest"] == ""
    assert table["states"].isna().to_dict() == {name: name == "most" for name in table.index}
    assert table["boundaries"].isna().to_dict() == {name: name == "first_3" for name in table.index}


def test_pairs_are_of_the_universals_that_are_broken(paths):
    degrees = tables.read_csv(paths["degrees"], DEGREES).set_index("quantifier")
    pairs = tables.read_csv(paths["pairs"], MINIMAL_PAIRS)
    for name, found in pairs.groupby("quantifier"):
        broken = degrees.loc[name, "right_upward":"extensionality"] < 1
        assert set(found["universal"]) == set(broken.index[broken])
    assert set(pairs["quantifier"]) == set(degrees.index)


def test_described_are_all_names_of_the_lexicon_and_the_members_asked_for():
    run = {"experiments": ["exp1a"], "atlas": {"members": ["at_least_7"]}}
    atlas = load_settings(run, CONFIG).atlas
    assert list(atlas["quantifiers"]) == [
        *load_lexicon(CONFIG / "quantifiers.yaml").names,
        "at_least_7",
    ]
    assert atlas["quantifiers"]["at_least_7"] == "|A & B| >= 7"
    assert atlas["max_size"] == 8


def test_an_unknown_member_is_a_fault_before_anything_runs(tmp_path):
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    run = {"experiments": ["exp1a"], "atlas": {"members": ["at_leest_7"]}}
    with pytest.raises(ConfigError, match=r"atlas\.members.*did you mean at_least_7"):
        load_settings(run, folder)
