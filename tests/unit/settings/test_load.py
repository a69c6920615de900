"""The settings as they are shipped, and how the files are put together."""

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from quantlearn.networks.settings import ARCHITECTURES, Architecture
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, enumerate_scenes
from quantlearn.settings.load import ConfigError, load_settings
from quantlearn.settings.schema import allowed, cases, load_schema
from quantlearn.yamlfile import read_yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config"
RUN = yaml.safe_load((FOLDER / "config.yaml").read_text())

PAPER = ["exp1a", "exp1b", "exp1c", "exp1d", "exp2a", "exp2b", "exp3a", "exp3b"]
AS_RUN = ["exp1a_as_run", "exp1b_as_run", "exp2a_as_run", "exp3a_as_run"]


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict]:
    return load_settings(RUN, FOLDER).experiments


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "config"))


# The shipped experiments --------------------------------------------------------------------------


def test_every_experiment_is_there(shipped):
    assert list(shipped) == sorted(path.stem for path in FOLDER.glob("experiments/*.yaml"))
    assert {*PAPER, *AS_RUN, "tutorial"} <= set(shipped)
    of_paper = {name for name, experiment in shipped.items() if experiment["chapter"] == "paper"}
    assert of_paper == {*PAPER, *AS_RUN, *LACKING_IN_2019}


def test_defaults_are_the_published_protocol(shipped):
    exp1a = shipped["exp1a"]
    assert exp1a["trials"] == 30
    assert exp1a["data"] == {
        "generate": {
            "method": "sample",
            "draws": 100_000,
            "min_size": 1,
            "max_size": 20,
            "zones": ["both", "a_only", "b_only", "neither"],
            "sizes": "equal",
            "where": None,
            "noise": 0.0,
        },
        "balance": {"method": "downsample", "by": "truth"},
        "split": {
            **{"by": "scene", "train": 0.7, "dev": 0.0, "test": 0.3},
            "only_test": {"sizes_above": None, "counts": 0.0, "quantifiers": []},
        },
    }
    assert exp1a["network"] == {
        "architecture": "lstm",
        "layers": 2,
        "hidden": 12,
        "padding": "masked",
        "dropout": 0.0,
        "initialisation": "glorot",
        "precision": "float32",
        "quantifiers": "one_hot",
    }
    assert exp1a["training"] == {
        "together": True,
        "start": None,
        "start_readout": True,
        "scenes": None,
        "core": "auto",
        "loss": "cross_entropy",
        "optimiser": "adam",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "batch_size": 8,
        "max_epochs": 4,
        "shuffle_buffer": None,
        "evaluate_every": 50,
        "evaluate_splits": ["test"],
        "eval_scenes": 4096,
        "monitor": "test",
        "stop_loss": 0.02,
        "patience": None,
    }
    assert exp1a["convergence"] == {"threshold": 0.95, "window": 250}


LACKING_IN_2019 = {
    "exp1_same_upper_threshold": ["at_least_6", "at_least_6_or_at_most_2"],
    "exp1_same_lower_threshold": ["at_most_2", "at_least_6_or_at_most_2"],
    "exp1_interval": ["at_least_4", "between_3_and_5"],
}

# The first of each pair satisfies the universal.
PUBLISHED = {
    "exp1a": ("at_least_4", "at_least_6_or_at_most_2", 100_000, "monotonicity"),
    "exp1b": ("at_most_3", "at_least_6_or_at_most_2", 100_000, "monotonicity"),
    "exp1c": ("at_least_4", "between_6_and_10", 100_000, "monotonicity"),
    "exp1d": ("at_most_4", "between_6_and_10", 100_000, "monotonicity"),
    "exp2a": ("at_least_3", "first_3", 200_000, "quantity"),
    "exp2b": ("at_least_3", "last_3", 200_000, "quantity"),
    "exp3a": ("not_all", "not_only", 300_000, "conservativity"),
    "exp3b": ("most", "M", 100_000, "conservativity"),
}


@pytest.mark.parametrize("name", PAPER)
def test_published_experiments(shipped, name):
    universal, other, draws, at_stake = PUBLISHED[name]
    experiment = shipped[name]
    assert experiment["chapter"] == "paper"
    assert experiment["quantifiers"] == [universal, other]
    assert experiment["comparisons"] == [[universal, other]]
    assert experiment["data"]["generate"]["draws"] == draws
    assert experiment["universal"] == at_stake
    assert experiment["documented"] is None
    # All else is as in 1a, but for the threshold of 2b.
    assert experiment["convergence"]["threshold"] == (0.93 if name == "exp2b" else 0.95)
    for part in ("network", "training", "trials"):
        assert experiment[part] == shipped["exp1a"][part]


@pytest.mark.parametrize("name", LACKING_IN_2019)
def test_controls_that_2019_lacks_follow_its_protocol(shipped, name):
    experiment = shipped[name]
    assert experiment["comparisons"] == [LACKING_IN_2019[name]] == [experiment["quantifiers"]]
    for part in ("universal", "data", "network", "training", "convergence", "endpoint", "trials"):
        assert experiment[part] == shipped["exp1a"][part]


@pytest.mark.parametrize("name", AS_RUN)
def test_experiments_as_run_differ_from_their_twins_in_the_two_faults_alone(shipped, name):
    as_run = shipped[name]
    twin = shipped[as_run["documented"]]
    assert as_run["network"] == twin["network"] | {"padding": "read"}
    for part in ("trials", "universal", "data", "training", "convergence"):
        assert as_run[part] == twin[part]
    expected = {"first_3": "first_3_as_run"} if name == "exp2a_as_run" else {}
    assert as_run["quantifiers"] == [expected.get(each, each) for each in twin["quantifiers"]]


def test_the_tutorial(shipped):
    tutorial = shipped["tutorial"]
    generate = tutorial["data"]["generate"]
    sizes = range(generate["min_size"], generate["max_size"] + 1)
    assert generate["method"] == "enumerate"
    assert sum(len(generate["zones"]) ** size for size in sizes) == 65_536
    assert tutorial["quantifiers"] == ["most", "strictly_between_5_and_9"]
    assert tutorial["expressions"]["strictly_between_5_and_9"] == "5 < |A & B| < 9"
    assert tutorial["network"] == {
        "architecture": "feedforward",
        "layers": 2,
        "hidden": 16,
        "activation": "relu",
        "objects": "binary",
        "dropout": 0.0,
        "batch_norm": False,
        "initialisation": "torch",
        "precision": "float32",
        "quantifiers": "one_hot",
    }
    training = tutorial["training"]
    assert training["learning_rate"] == 1e-3
    assert training["batch_size"] == 32
    assert training["evaluate_every"] == 20
    assert tutorial["data"]["split"]["test"] == 0.3


def test_quick_has_each_kind_of_experiment_once_with_at_most_ten_trials(shipped):
    quick = load_settings(
        RUN | yaml.safe_load((FOLDER / "quick.yaml").read_text()), FOLDER, [FOLDER / "quick.yaml"]
    ).experiments
    nothing_with_few_trials = {"controls", "calibrate"}
    chapters = {one["chapter"] for one in shipped.values()} - nothing_with_few_trials
    assert {one["chapter"] for one in quick.values()} == chapters
    own = [one for one in quick.values() if one["chapter"] == "paper"]
    assert {one["universal"] for one in own} == {"monotonicity", "quantity", "conservativity"}
    assert any(one["documented"] for one in own)
    assert {"verification", "description"} <= {one["task"] for one in quick.values()}
    assert any(one["search"] and one["search"]["choose"] for one in quick.values())
    for name, experiment in quick.items():
        assert experiment["trials"] <= min(10, shipped[name]["trials"]), name
        if experiment["chapter"] == "paper":
            assert experiment["trials"] == 10, name  # fewer could not show a pair to differ
        if experiment["search"] and experiment["search"]["sampler"] != "grid":
            assert experiment["search"]["samples"] < shipped[name]["search"]["samples"]


def test_a_crossed_design_keeps_its_trials_and_compares_nothing():
    run = RUN | {"experiments": "controls_variance"}
    settings = load_settings(run | {"trials": 10}, FOLDER).experiments["controls_variance"]
    assert settings["trials"] == math.prod(settings["crossed"].values())
    assert settings["comparisons"] == []
    smaller = {"crossed": dict.fromkeys(settings["crossed"], 2), "trials": 16}
    run |= {"own_overrides": {"controls_variance": smaller}}
    assert load_settings(run, FOLDER).experiments["controls_variance"]["trials"] == 16


def test_own_overrides_are_of_one_experiment_and_come_last(shipped):
    own = {"exp1a": {"trials": 3}}
    run = RUN | {"experiments": ["exp1a", "exp1b"], "trials": 10, "own_overrides": own}
    settings = load_settings(run, FOLDER).experiments
    assert settings["exp1a"]["trials"] == 3
    assert settings["exp1b"]["trials"] == 10


def test_faults_of_own_overrides_are_named():
    own = {
        "exp1z": {"trials": 3},
        "exp1a": {"network": {"hiden": 3}, "training": {"max_epochs": 0}},
    }
    with pytest.raises(ConfigError) as caught:
        load_settings(RUN | {"own_overrides": own}, FOLDER)
    text = "\n".join(caught.value.lines)
    assert "own_overrides.exp1z: is not an experiment; did you mean" in text
    assert "own_overrides.exp1a.network.hiden: is not a setting of this experiment" in text
    assert "exp1a.yaml: training.max_epochs: 0 is not allowed" in text
    assert "(set by own_overrides)" in text


def test_generated_quantifiers_are_the_first_of_their_table(folder):
    run = RUN | {"experiments": ["generated_quantifiers"]}
    own = {"generated_quantifiers": {"generated": 3, "negations": 1}}
    experiment = load_settings(run | {"own_overrides": own}, folder).experiments[
        "generated_quantifiers"
    ]
    names = [f"generated_000{number}" for number in (1, 2, 3)]
    assert experiment["quantifiers"][-4:] == [*names, "not_generated_0001"]
    truth = Quantifier("negated", experiment["expressions"]["not_generated_0001"])
    scenes = enumerate_scenes(Space(1, 4))
    own_truth = Quantifier("", experiment["expressions"]["generated_0001"]).verify(*scenes)
    assert (truth.verify(*scenes) != own_truth).all()
    assert experiment["comparisons"] == []
    lines = (folder / "generated.csv").read_text().splitlines()
    assert lines[3].partition(",")[0] == "generated_0003"
    assert experiment["expressions"]["generated_0003"] in lines[3]
    with pytest.raises(ConfigError, match="negations: 4 is more than generated, 3"):
        load_settings(
            run | {"own_overrides": {"generated_quantifiers": {"generated": 3, "negations": 4}}},
            folder,
        )
    (folder / "generated.csv").write_text("\n".join(lines[:3]) + "\n")
    with pytest.raises(ConfigError, match="generated: 3 is more than the 2 quantifiers of"):
        load_settings(run | {"own_overrides": own}, folder)
    (folder / "generated.csv").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(run | {"own_overrides": own}, folder)


def test_settings_are_plain_and_the_same_each_time(shipped):
    again = load_settings(RUN, FOLDER).experiments
    assert json.dumps(again) == json.dumps(shipped)  # in the same order too
    assert json.loads(json.dumps(shipped)) == shipped
    assert all(experiment["name"] == name for name, experiment in shipped.items())


@pytest.mark.parametrize(
    ("loaded", "heavy"),
    [
        ("settings.load", ["torch", "pandas", "scipy", "snakemake"]),
        ("figures.registry", ["jsonschema", "matplotlib"]),  # which nearly all jobs load
    ],
)
def test_loading_settings_imports_nothing_heavy(loaded, heavy):
    code = (
        f"import sys, quantlearn.{loaded}; from quantlearn.settings.schema import load_schema;"
        f"print(*{set(heavy)} & set(sys.modules), end='');"
        "assert not load_schema.cache_info().currsize"  # nor is a schema read
    )
    environment = {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


# Choosing and overriding --------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["exp1b", ["exp1b"]])
def test_one_experiment_may_be_named_alone(chosen):
    assert list(load_settings(RUN | {"experiments": chosen}, FOLDER).experiments) == ["exp1b"]


def test_all_may_leave_experiments_out(shipped):
    run = RUN | {"leave_out": ["exp1c", "tutorial"]}
    assert set(load_settings(run, FOLDER).experiments) == set(shipped) - {"exp1c", "tutorial"}
    # One that is named is not left out.
    run |= {"experiments": ["exp1c"]}
    assert list(load_settings(run, FOLDER).experiments) == ["exp1c"]


def test_the_order_in_which_experiments_are_named_does_not_matter():
    names = ["tutorial", "exp2a", "exp1a"]
    chosen = load_settings(RUN | {"experiments": names}, FOLDER).experiments
    assert list(chosen) == sorted(names)


def test_an_experiment_that_is_not_chosen_is_not_read(folder):
    (folder / "experiments" / "exp1b.yaml").write_text("title: [")
    assert load_settings(RUN | {"experiments": "exp1a"}, folder).experiments


def test_trials_and_eval_scenes_replace_those_of_every_experiment():
    chosen = load_settings(RUN | {"trials": 3, "eval_scenes": 0}, FOLDER).experiments
    crossed = chosen.pop("controls_variance")
    assert crossed["training"]["eval_scenes"] == 0
    assert {experiment["trials"] for experiment in chosen.values()} == {3}
    assert {experiment["training"]["eval_scenes"] for experiment in chosen.values()} == {0}


def test_overrides_change_what_they_name_and_nothing_else(shipped):
    overrides = {"training": {"max_epochs": 1}}
    chosen = load_settings(RUN | {"overrides": overrides}, FOLDER).experiments
    for name, experiment in chosen.items():
        assert experiment["training"] == shipped[name]["training"] | {"max_epochs": 1}
        # The space of a search holds its training settings too.
        apart = {"training": None, "search": None}
        assert experiment | apart == shipped[name] | apart


def test_an_override_is_left_out_where_it_does_not_apply(shipped):
    overrides = {"data": {"generate": {"draws": 5000}}, "network": {"padding": "read"}}
    chosen = load_settings(RUN | {"overrides": overrides}, FOLDER).experiments
    assert chosen["tutorial"] == shipped["tutorial"]
    assert {chosen[name]["data"]["generate"]["draws"] for name in PAPER} == {5000}
    assert {chosen[name]["network"]["padding"] for name in PAPER} == {"read"}


def test_numbers_that_snakemake_leaves_as_text_are_numbers():
    overrides = {"training": {"learning_rate": "1e-3", "max_epochs": "1", "patience": "null"}}
    run = RUN | {"experiments": "exp1a", "overrides": overrides}
    training = load_settings(run, FOLDER).experiments["exp1a"]["training"]
    assert training["learning_rate"] == 0.001
    assert training["max_epochs"] == 1
    assert training["patience"] is None


def test_a_number_means_the_same_however_it_is_written(folder):
    path = folder / "experiments" / "exp1a.yaml"
    text = path.read_text()
    found = []
    for number in ("1", "1.0", "1e0", "1.0e+0"):
        path.write_text(f"{text}training: {{stop_loss: {number}}}\n")
        settings = load_settings(RUN | {"experiments": "exp1a"}, folder)
        found.append(json.dumps(settings.experiments["exp1a"]))
    assert len(set(found)) == 1


def test_the_quantifier_called_no_is_not_false(folder):
    path = folder / "experiments" / "exp1a.yaml"
    text = path.read_text()
    path.write_text(re.sub(r"comparisons: .*", "", text).replace("at_least_4,", "no,"))
    experiment = load_settings(RUN | {"experiments": "exp1a"}, folder).experiments["exp1a"]
    assert experiment["quantifiers"][0] == "no"
    assert experiment["comparisons"] == [["no", "at_least_6_or_at_most_2"]]


@pytest.mark.parametrize(
    ("names", "pairs"), [("most, some", [["most", "some"]]), ("most, some, every", [])]
)
def test_by_default_two_quantifiers_are_compared_and_more_are_not(folder, names, pairs):
    path = folder / "experiments" / "many.yaml"
    path.write_text(
        f"title: Many\nchapter: atlas\nquestion: Which?\nuniversal: none\nquantifiers: [{names}]\n"
    )
    experiment = load_settings(RUN | {"experiments": "many"}, folder).experiments["many"]
    assert experiment["comparisons"] == pairs


def test_a_new_architecture_is_an_entry_and_is_not_imported(folder, monkeypatch):
    units = {"description": "Units", "type": "integer", "minimum": 1, "maximum": 9, "default": 3}
    monkeypatch.setitem(ARCHITECTURES, "bag", Architecture("bag of zones", {"units": units}))
    load_schema.cache_clear()
    path = folder / "experiments" / "exp1a.yaml"
    path.write_text(path.read_text() + "network: {architecture: bag}\n")
    network = load_settings(RUN | {"experiments": "exp1a"}, folder).experiments["exp1a"]["network"]
    load_schema.cache_clear()
    assert network["architecture"] == "bag"
    assert network["units"] == 3
    assert not {"layers", "hidden", "padding"} & set(network)


# The schemas and the page that explains them ------------------------------------------------------


def settings_in(schema: dict, above: str = "") -> dict[str, dict]:
    """The schema of each single setting, by its dotted key."""
    found = {}
    properties = dict(schema["properties"])
    for _, conditional in cases(schema):
        properties |= conditional
    for name, part in properties.items():
        inner = part.get("properties") if name != "overrides" else None
        if inner:
            found |= settings_in(part, f"{above}{name}.")
        if not inner or "default" in part:
            found[above + name] = part
    return found


def all_mappings(schema: dict) -> list[dict]:
    parts = schema.get("properties", {}).values()
    inner = [part for part in parts if "object" in part.get("type", ())]
    return [schema] + [found for part in inner for found in all_mappings(part)]


@pytest.mark.parametrize("name", ["config", "experiment"])
def test_schemas_are_strict_and_complete(name):
    schema = load_schema(name)
    for mapping in all_mappings(schema):
        closed = "unevaluatedProperties" if "allOf" in mapping else "additionalProperties"
        # Names of experiments or quantifiers are keys here.
        by_name = ("own_overrides", "replicates.columns")
        open_ones = [part for key, part in settings_in(schema).items() if key in by_name]
        assert mapping[closed] is False or mapping in open_ones
    for key, part in settings_in(schema).items():
        assert part["description"], key
        needed = [*schema.get("required", []), "replicates.study", "overrides"]
        needed += ["family.name", "family.size"]
        needed += [f"crossed.{part}" for part in ("roots", "data", "starts", "orders")]
        assert "default" in part or key in needed, key
        if "integer" in part.get("type", ()) or "number" in part.get("type", ()):
            assert part["minimum"] < part["maximum"], key


def test_architectures_share_no_name_with_the_common_settings():
    common = set(load_schema("experiment")["properties"]["network"]["properties"])
    for architecture in ARCHITECTURES.values():
        assert not common & set(architecture.settings)


def documented(title: str) -> dict[tuple[str, str], list[str]]:
    """The rows under a title of docs/settings.md: (architecture, key) -> other cells."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    part = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    rows = {}
    for section in re.split(r"^### ", part, flags=re.M):
        architecture = section.partition("\n")[0].partition("network of ")[2]
        for key, cells in re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.M):
            rows[architecture, key] = cells.split(" | ")
    return rows


@pytest.mark.parametrize(
    ("title", "name"),
    [("The run: config.yaml", "config"), ("An experiment: experiments/*.yaml", "experiment")],
)
def test_every_setting_is_explained_with_its_default(title, name):
    rows = documented(title)
    expected = {("", key): part for key, part in settings_in(load_schema(name)).items()}
    if name == "experiment":
        for architecture, known in ARCHITECTURES.items():
            for key, part in known.settings.items():
                expected.pop(("", f"network.{key}"), None)
                expected[architecture, f"network.{key}"] = part
    assert set(rows) == set(expected)
    for key, part in expected.items():
        default, may_be, meaning = rows[key]
        assert [default, may_be] == [default_in_words(key[1], part), allowed(part)], key
        assert meaning.startswith(part["description"]), key
        assert meaning == part["description"] or "; only where `" in meaning, key


def test_settings_of_one_method_are_said_to_be():
    rows = documented("An experiment: experiments/*.yaml")
    for key, where in {
        "data.generate.draws": "`method` is `sample`",
        "data.generate.scenes_per_cell": "`method` is `fill`",
        "data.balance.by": "`method` is `downsample` or `upsample`",
        "training.momentum": "`optimiser` is `sgd` or `rmsprop`",
    }.items():
        assert rows["", key][-1].endswith(f"; only where {where}")


def default_in_words(key: str, part: dict) -> str:
    if key == "overrides":
        return "`{}`"
    return f"`{json.dumps(part['default'])}`".replace('"', "") if "default" in part else "required"


def test_read_yaml_agrees_with_pyyaml_on_the_shipped_files():
    for path in [*FOLDER.glob("*.yaml"), *FOLDER.glob("experiments/*.yaml")]:
        if path.name != "quantifiers.yaml":  # YAML 1.1 takes its `no` for false
            assert read_yaml(path) == yaml.safe_load(path.read_text())
