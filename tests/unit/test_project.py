"""The repository itself: pins in step, documents true, style clean, nothing left undocumented."""

import ast
import json
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import textwrap
from importlib.metadata import metadata, packages_distributions
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from jsonschema import Draft7Validator
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import readme_commands
from pipeline import snakemake
from quantlearn import columns
from quantlearn.data import scene_files
from quantlearn.figures.registry import FIGURES, load, outline
from quantlearn.semantics import measures
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.settings.load import load_settings
from quantlearn.settings.samples import samples_table
from quantlearn.yamlfile import read_yaml

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
WHEELS = runpy.run_path(str(ROOT / "envs" / "wheels.py"))

CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "snakemake": "snakemake-minimal",
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
}
"""Where conda-forge and bioconda write a package's name in another way."""


# What is installed for the pipeline, and for tests on top of that.
ENVIRONMENTS = {"pipeline": ["requirements"], "tests": ["requirements", "tests"]}


WHERE_THERE = {"triton", "jax"}
"""What is used only where somebody has it: with PyTorch for CUDA, and to compare the speed with."""


def requirements(*files: str) -> dict[str, Requirement]:
    """The requirements of files of envs/ on this system by name."""
    lines = "".join((ROOT / "envs" / file).read_text("utf-8") for file in files).splitlines()
    found = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    assert len({canonicalize_name(requirement.name) for requirement in found}) == len(found)
    here = [one for one in found if not one.marker or one.marker.evaluate()]
    return {canonicalize_name(requirement.name): requirement for requirement in here}


def direct(environment: str) -> dict[str, Requirement]:
    """What an environment is asked for, by name."""
    return requirements(*(f"{name}.in" for name in ENVIRONMENTS[environment]))


def pins(environment: str) -> dict[str, str]:
    """The version of each package of an environment."""
    versions = {}
    for name, requirement in requirements(
        *(f"{lock}.lock" for lock in ENVIRONMENTS[environment])
    ).items():
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        versions[name] = pin.version
    return versions


def tracked_files() -> list[Path]:
    """Every file that git keeps; skips the test where the project is no clone."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git clone")
    # In continuous integration the clone may belong to another user.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).exists()]


# The environment ----------------------------------------------------------------------------------


def test_lock_pins_plain_versions():
    versions = pins("tests")
    assert all(re.fullmatch(r"[0-9.]+", version) for version in versions.values()), versions


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_locks_hold_what_is_asked_for_and_all_that_it_needs(environment):
    pinned = pins(environment)
    asked = [*direct(environment).values()]
    for name in pinned:
        needed = map(Requirement, metadata(name).get_all("Requires-Dist") or [])
        # On this Python and system, and without extras.
        asked += [one for one in needed if not one.marker or one.marker.evaluate({"extra": ""})]
    for requirement in asked:
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_every_pin_installs_on_the_oldest_python():
    """Some packages refuse the first releases of a Python version, such as Debian 12's 3.11.2."""
    oldest = re.search(r'requires-python = ">=([0-9.]+),', (ROOT / "pyproject.toml").read_text())[1]
    refusing = {
        name: needed
        for name in pins("tests")
        if (needed := metadata(name).get("Requires-Python"))
        and f"{oldest}.0" not in SpecifierSet(needed)
    }
    assert not refusing


def test_supported_pythons_are_the_same_everywhere():
    *_, last = WHEELS["PYTHONS"]
    above = f"3.{int(last[2:]) + 1}"
    first, *_ = WHEELS["PYTHONS"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={first},<{above}"' in project
    lowest, highest = (f"({version.replace('.', ', ')})" for version in (first, above))
    assert f"{lowest} <= sys.version_info < {highest}" in makefile
    said = f"Python {', '.join(WHEELS['PYTHONS'][:-1])} or {last}"
    assert said in README
    assert said in makefile


def test_what_has_no_wheel_is_named(monkeypatch):
    """By pip, which stops at the first, or because its report leaves something out."""
    report = json.dumps({"install": [{"metadata": {"name": "Jinja2"}}]})
    for status, said, why in ((1, "", "no version of numpy"), (0, report, "nothing is said of ")):
        done = SimpleNamespace(returncode=status, stdout=said, stderr="…\nno version of numpy\n")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)  # noqa: B023
        assert WHEELS["lacking"]("requirements.lock", "3.12", ["any"]).startswith(why)


def test_conda_has_the_same_pins():
    environment = yaml.safe_load((ROOT / "envs" / "quantlearn.yaml").read_text(encoding="utf-8"))
    python, *packages = environment["dependencies"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = "{python.removeprefix("python ")}"' in project
    pinned = pins("pipeline")
    assert packages == [
        f"{CONDA_NAMES.get(name, name)} ={pinned[name]}" for name in direct("pipeline")
    ]


@pytest.mark.parametrize(("folder", "environment"), [("scripts", "pipeline"), ("tests", "tests")])
def test_every_import_is_a_direct_dependency(folder, environment):
    own = {path.stem for name in ("scripts", "tests") for path in ROOT.glob(f"{name}/**/*.py")}
    own.add("quantlearn")
    imported = set()
    for source in ROOT.glob(f"{folder}/**/*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    owners = packages_distributions()
    foreign = {
        module: {canonicalize_name(owner) for owner in owners[module]}
        for module in imported - own - set(sys.stdlib_module_names) - WHERE_THERE
    }
    asked = set(direct(environment))
    assert not {module for module, owner in foreign.items() if not owner & asked}


# Style --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "ruff check --no-cache .",
        "ruff format --no-cache --check .",
        "snakefmt --check Snakefile workflow",
        "oxlint --deny-warnings workflow/report/static",
    ],
)
def test_style_is_clean(command):
    program, *arguments = command.split()
    found = subprocess.run(
        [Path(sys.executable).parent / program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_scripts_of_the_site_are_short():
    """Ours: what others made lies in vendor/."""
    static = ROOT / "workflow" / "report" / "static"
    lines = {path.name: path.read_text("utf-8").count("\n") for path in static.glob("*.js")}
    assert lines["engine.js"] <= 600
    assert sum(lines.values()) <= 1200
    course = [path.read_text("utf-8").count("\n") for path in (static / "course").glob("*.js")]
    assert sum(course) + lines["engine.js"] <= 2200


def test_snakemake_complains_only_of_helpers_beside_their_rules():
    """It would have all functions in one file; here each stands where it is used."""
    found = snakemake(ROOT, "--lint", snakefile=None)
    complaints = set(re.findall(r"^ +\* (.*)", found.stdout + found.stderr, re.MULTILINE))
    assert complaints == {"Mixed rules and functions in same snakefile.:"}


def test_hooks_are_the_tools_of_the_environment():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["entry"].startswith(".venv/bin/")


def test_no_file_names_a_machine_or_a_registry():
    # In pieces, so that this file does not name them.
    unwanted = [
        r"/(?:home|root|Users|work|tmp|opt)" + "/",
        "pypi" + r"\.org",
        "pytorch" + r"\.org/whl",
        "anaconda" + r"\.(?:org|com)",
        "index" + "-url",
        "find" + "-links",
    ]
    for path in tracked_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        found = re.search("|".join(unwanted), text)
        assert not found, f"{path.relative_to(ROOT)}: {found[0]}"


# Rules and scripts --------------------------------------------------------------------------------


def rules() -> dict[str, str]:
    """The text of each rule of workflow/rules/ by name."""
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    pieces = re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_one_rule_one_script_one_name():
    called = {
        rule: Path(match[1]).stem
        for rule, text in rules().items()
        if (match := re.search(r"script:\n\s+\"(.+)\"", text))
    }
    # Figures and notebooks are files that few scripts draw and render.
    for rule in ("draw", "draw_overview"):
        assert called.pop(rule) == "draw"
    for rule in ("experiment", "pairs", "course", "benchmark", "symmetry"):
        assert called.pop(f"render_{rule}") == "render_notebook"
    # The cards are the page of quantifiers without what was learned.
    assert called.pop("render_cards") == "render_quantifiers"
    assert called == {rule: rule for rule in called}
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    # A rule made in a loop is in no name of its own: one for each experiment, figure or site.
    looped = {"analyse", "plot", "build_report"}
    assert scripts == {*called, *looped, "draw", "render_notebook"}


@pytest.mark.parametrize("rule", rules())
def test_every_rule_says_what_it_needs(rule):
    for directive in ("log:", "conda:", "mem_mb=", "runtime="):
        assert directive in rules()[rule], directive


@pytest.mark.parametrize("profile", ["local", "gpu"])
def test_profiles_are_accepted(profile):
    arguments = ("--dry-run", "--workflow-profile", f"workflow/profiles/{profile}")
    found = snakemake(ROOT, *arguments, "results/tutorial/tables/comparison.csv", snakefile=None)
    assert found.returncode == 0, found.stderr


# Documents ----------------------------------------------------------------------------------------


def make_targets() -> set[str]:
    """What make builds: the targets of the Makefile, and the chapters."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    experiments = (ROOT / "config" / "experiments").glob("*.yaml")
    chapters = {yaml.safe_load(path.read_text(encoding="utf-8"))["chapter"] for path in experiments}
    return chapters | set(re.findall(r"^([a-z]+):", text, re.MULTILINE))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_documents_name_make_targets_that_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z_]+)", text, re.MULTILINE))
    named -= {"your_experiments"}  # a chapter as soon as there are any
    assert {"report", "test"} <= named | ({"report"} if document != "README.md" else set())
    assert named <= make_targets()


def test_continuous_integration_runs_every_command_of_the_readme():
    named = readme_commands.commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"make report", "snakemake --cores 1 verify"} <= set(named)
    assert set(named) <= set(readme_commands.RUN)


def test_chapters_are_make_targets():
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^make ([a-z_]+)", listed, re.MULTILINE)) == make_targets() - {"help"}


def headings(text: str) -> list[str]:
    """The headings of a page in Markdown."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ (.+)$", outside, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What links may name behind #, as GitHub makes it of the headings of a page."""
    plain = [
        re.sub(r"[^\w\- ]", "", heading.lower())
        for heading in headings(page.read_text(encoding="utf-8"))
    ]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize(
    "document",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/*.md")]),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"(?<!!)\[[^\]]+\]\(([^)#]*)#?([^)]*)\)", text):
        if "://" in target:
            continue
        page = document.parent / target if target else document
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), f"{target}#{anchor}"


def test_the_page_on_settings_is_prose_and_short():
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    assert "| Key |" not in text
    assert "| Column |" not in text


def test_readme_examples_are_accepted(tmp_path):
    quantifier, experiment = re.findall(r"```yaml\n(.+?)```", README, re.DOTALL)
    folder = Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
    with (folder / "quantifiers.yaml").open("a", encoding="utf-8") as lexicon:
        lexicon.write(textwrap.dedent(quantifier))
    (folder / "experiments" / "even.yaml").write_text(textwrap.dedent(experiment), encoding="utf-8")
    run = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    loaded = load_settings(run, folder).experiments["even"]
    assert loaded["quantifiers"] == ["most", "even"]
    assert load_lexicon(folder / "quantifiers.yaml")["at_least_2_of_the_first_5"].is_positional


def test_readme_draws_every_rule():
    (picture,) = re.findall(r"```mermaid\n(.+?)```", README, re.DOTALL)
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", picture)) >= set(rules())


def test_citation_names_the_software_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert f'version = "{citation["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert citation["references"][0]["doi"] == "10.3765/sp.12.4"
    assert citation["license"] == "MIT"


# What docs/generate.py makes ----------------------------------------------------------------------

GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))
TABLES = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "text"),
    [pytest.param(path, text, id=path.name) for path, text in GENERATE["generated"]().items()],
)
def test_generated_files_are_up_to_date(path, text):
    assert path.read_text(encoding="utf-8") == text, "run: python docs/generate.py"


def schemas() -> dict[str, columns.Schema]:
    """Every schema of result tables by its name."""
    found = {**vars(columns), **vars(measures)}
    shared = {name: found[name] for name in found if name.isupper() and _is_schema(found[name])}
    made = {
        table: schema
        for figure in FIGURES
        if outline(figure).tables
        for table, schema in load(figure).TABLES.items()
    }
    return {name: schema for name, schema in (shared | made).items() if name != "MEAN"}


def _is_schema(found) -> bool:
    return isinstance(found, dict) and isinstance(next(iter(found.values())), columns.Column)


@pytest.mark.parametrize("name", schemas())
def test_every_column_is_explained_in_the_dictionary(name):
    schema = schemas()[name]
    assert all(column.meaning.strip(" .") == column.meaning for column in schema.values())
    for column, (kind, meaning) in schema.items():
        escaped = meaning.replace("|", r"\|")
        assert f"| `{column}` | {GENERATE['KINDS'][kind]} | {escaped} |\n" in TABLES
    # In its order, as one table; without the timings it is the same one.
    assert name == "TIMELESS_TRIALS" or GENERATE["columns_table"](schema) in TABLES


def test_every_table_that_a_rule_writes_has_an_entry():
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    text = text.replace('f"{ATLAS}/', '"results/atlas/')
    written = set(re.findall(r'"results/(?:{experiment}/)?([^"]+\.(?:csv|parquet))"', text))
    assert {"samples.csv", "atlas/tables/trees.csv"} <= written
    written |= {f"tables/{table}.csv" for figure in FIGURES for table in outline(figure).tables}
    explained = set(re.findall(r"[^ \n]+\.(?:csv|parquet)", " ".join(headings(TABLES))))
    own = {re.sub(r"^\{name\}/", "", path) for path in written if "{table}" not in path}
    assert {path for path in own if "{{" not in path} <= explained


def test_scene_files_have_the_columns_of_their_schema(tmp_path):
    scenes = LabelledScenes(
        scenes=np.zeros((1, 3), dtype=np.uint8),
        sizes=np.array([3]),
        quantifiers=np.array([0]),
        truth=np.array([True]),
    )
    extra = {"copy": np.array([0]), "split": np.array(["train"])}
    scene_files.write_trials(tmp_path / "scenes.parquet", ["every"], [(scenes, extra)])
    assert pq.read_schema(tmp_path / "scenes.parquet").names == list(columns.SCENES)


def test_samples_have_the_documented_columns():
    settings = {"network": {"hidden": 12}, "training": {"patience": None}}
    found = samples_table([settings]).columns
    assert list(found) == [*columns.SAMPLES, "network.hidden", "training.patience"]


# What an editor reads -----------------------------------------------------------------------------

SETTINGS = sorted(
    {
        *ROOT.glob("config/**/*.yaml"),
        *ROOT.glob("tests/integration/*config/**/*.yaml"),
    }
)


def editor_faults(path: Path, text: str) -> list[str]:
    """What an editor marks in a YAML file: by the schema that its first line names."""
    first, _, _ = text.partition("\n")
    schema = (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
    contents = json.loads(schema.read_text(encoding="utf-8"))
    Draft7Validator.check_schema(contents)
    # As an editor does, by YAML 1.2: `no` is a name.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(text, encoding="utf-8")
        return [fault.message for fault in Draft7Validator(contents).iter_errors(read_yaml(copy))]


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_editor_knows_the_settings_and_finds_them_right(path):
    assert not editor_faults(path, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("experiments/exp1a.yaml", "chapter: paper", "chapter: [paper]", "is not of type 'string'"),
        ("experiments/exp1a.yaml", "question:", "questions:", "'question' is a required"),
        ("experiments/search_random.yaml", "log_uniform", "log_unifrm", "is not valid under any"),
        ("config.yaml", "seed: 2019", "seed: -1", "-1 is less than the minimum"),
        ("config.yaml", "overrides: {}", "overrides: {network: {hiden: 3}}", "'hiden' was unexp"),
        ("quick.yaml", "data: { generate: { draws", "data: { generate: { drows", "'drows' was une"),
        ("quantifiers.yaml", 'some: "|A & B| > 0"', "some: 3", "3 is not of type 'string'"),
    ],
)
def test_an_editor_finds_faults(name, old, new, said):
    path = ROOT / "config" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    assert any(said in fault for fault in editor_faults(path, text.replace(old, new)))
