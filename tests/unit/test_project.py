"""The repository itself: pins in step, documents true, style clean, nothing left undocumented."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from importlib.metadata import metadata, packages_distributions
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from quantlearn import columns, tables
from quantlearn.data import scene_files
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.settings.load import load_settings
from quantlearn.settings.samples import samples_table

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
README = (ROOT / "README.md").read_text(encoding="utf-8")

CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "snakemake": "snakemake-minimal",
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
}
"""Where conda-forge and bioconda write a package's name in another way."""


def requirements(file: str) -> dict[str, Requirement]:
    """The requirements of a file of envs/ by name."""
    lines = (ROOT / "envs" / file).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def pins() -> dict[str, str]:
    """The version of each package of the lock file."""
    versions = {}
    for name, requirement in requirements("requirements.lock").items():
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
    assert all(re.fullmatch(r"[0-9.]+", version) for version in pins().values()), pins()


def test_lock_allows_what_is_asked_for():
    pinned = pins()
    for name, requirement in requirements("requirements.in").items():
        assert requirement.specifier.contains(pinned[name]), requirement


def test_every_pin_installs_on_the_oldest_python():
    """Some packages refuse the first releases of a Python version, such as Debian 12's 3.11.2."""
    oldest = re.search(r'requires-python = ">=([0-9.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    refusing = {
        name: needed
        for name in pins()
        if (needed := metadata(name).get("Requires-Python"))
        and f"{oldest}.0" not in SpecifierSet(needed)
    }
    assert not refusing


def test_conda_has_the_same_pins():
    environment = yaml.safe_load((ROOT / "envs" / "quantlearn.yaml").read_text(encoding="utf-8"))
    python, *packages = environment["dependencies"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = "{python.removeprefix("python ")}"' in project
    pinned = pins()
    assert packages == [
        f"{CONDA_NAMES.get(name, name)} ={pinned[name]}" for name in requirements("requirements.in")
    ]


def test_every_import_is_a_direct_dependency():
    sources = [*ROOT.glob("scripts/**/*.py"), *ROOT.glob("tests/**/*.py")]
    own = {path.stem for path in sources} | {"quantlearn"}
    imported = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    owners = packages_distributions()
    foreign = {
        module: {canonicalize_name(owner) for owner in owners[module]}
        for module in imported - own - set(sys.stdlib_module_names)
    }
    direct = set(requirements("requirements.in"))
    assert not {module for module, owner in foreign.items() if not owner & direct}


# Style --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "ruff check --no-cache .",
        "ruff format --no-cache --check .",
        "snakefmt --check Snakefile workflow",
        "snakemake --lint",
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
    # A figure and a notebook are files that one rule draws, or some render.
    assert called.pop("plot") == "plot_{wildcards.figure}"
    assert called.pop("draw") == "draw_{wildcards.drawing}"
    assert called.pop("analyse") == "analyse_{wildcards.analysis}"
    for rule in ("render_experiment", "render_summary", "render_course", "render_benchmark"):
        assert called.pop(rule) == "render_notebook"
    assert called == {rule: rule for rule in called}
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    figures = {script for script in scripts if script.startswith(("analyse_", "plot_", "draw_"))}
    assert scripts - figures - {"render_notebook"} == set(called) - figures


@pytest.mark.parametrize("rule", rules())
def test_every_rule_says_what_it_needs(rule):
    for directive in ("log:", "conda:", "mem_mb=", "runtime="):
        assert directive in rules()[rule], directive


@pytest.mark.parametrize("profile", ["local", "gpu"])
def test_profiles_are_accepted(profile):
    found = subprocess.run(
        [
            sys.executable,
            *("-m", "snakemake", "--dry-run", "--workflow-profile"),
            f"workflow/profiles/{profile}",
            "results/tutorial/tables/comparison.csv",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
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
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert {"report", "test"} <= named | ({"report"} if document != "README.md" else set())
    assert named <= make_targets()


def test_chapters_are_make_targets():
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^make ([a-z]+)", listed, re.MULTILINE)) == make_targets() - {"help"}


@pytest.mark.parametrize("document", sorted([*ROOT.glob("*.md"), *ROOT.glob("*/README.md")]))
def test_links_lead_somewhere(document):
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)#]+)", document.read_text(encoding="utf-8")):
        assert "://" in target or (document.parent / target).exists(), target


# The command with --report needs a finished run; the integration tests make that report.
COMMANDS = [
    line
    for line in re.findall(r"^(snakemake .+?)(?:  +#.*)?$", README, re.MULTILINE)
    if "--report" not in line
]


@pytest.mark.parametrize("line", COMMANDS)
def test_readme_commands_are_accepted(line):
    program, *arguments = shlex.split(line)
    found = subprocess.run(
        [sys.executable, "-m", program, "--dry-run", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_readme_examples_are_accepted(tmp_path):
    quantifier, experiment = re.findall(r"```yaml\n(.+?)```", README, re.DOTALL)
    folder = Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
    with (folder / "quantifiers.yaml").open("a", encoding="utf-8") as lexicon:
        lexicon.write(textwrap.dedent(quantifier))
    (folder / "experiments" / "even.yaml").write_text(textwrap.dedent(experiment), encoding="utf-8")
    run = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    loaded = load_settings(run, folder).experiments["even"]
    assert loaded["quantifiers"] == ["most", "even"]
    assert "at_least_2_of_the_first_5" in load_lexicon(folder / "quantifiers.yaml")


def test_readme_draws_every_rule():
    (picture,) = re.findall(r"```mermaid\n(.+?)```", README, re.DOTALL)
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", picture)) >= set(rules())


def test_citation_names_the_software_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert f'version = "{citation["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert citation["references"][0]["doi"] == "10.3765/sp.12.4"
    assert citation["license"] == "MIT"


def test_catalog_file_has_its_sections():
    catalog = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))
    assert catalog == {"usage": {"software-stack-deployment": {"conda": True}, "report": True}}


# The data dictionary ------------------------------------------------------------------------------

TYPES = {
    "int64": "whole number",
    "Int64": "whole number or blank",
    "float64": "number",
    "str": "text",
    "bool": "true or false",
    "boolean": "true or false or blank",
}
SCHEMAS = {
    "training/{job}/curves.parquet": columns.CURVES,
    "training/{job}/trials.csv": columns.TRIALS,
    "training/{job}/cells.parquet": columns.CELLS,
    "chosen/trials.csv": columns.CHOSEN_TRIALS,
    "tables/baselines.csv": columns.BASELINES,
    "tables/baseline_cells.parquet": columns.BASELINE_CELLS,
    "tables/convergence.csv": columns.CONVERGENCE,
    "tables/leaderboard.csv": columns.LEADERBOARD,
    "tables/comparison.csv": columns.COMPARISON,
    "tables/overfitting.csv": tables.OVERFITTING,
    "tables/regularisation.csv": tables.REGULARISATION,
    "tables/transfer.csv": tables.TRANSFER,
    "tables/balancing.csv": tables.BALANCING,
    "tables/probes.csv": tables.PROBES,
    "tables/state_space.csv": tables.STATE_SPACE,
    "tables/sequence_lengths.csv": tables.SEQUENCE_LENGTHS,
    "tables/gradients_through_time.csv": tables.GRADIENTS_THROUGH_TIME,
    "tables/scoreboard.csv": tables.SCOREBOARD,
    "tables/atlas.csv": tables.ATLAS,
    "tables/atlas_effects.csv": tables.ATLAS_EFFECTS,
    "tables/atlas_checks.csv": tables.ATLAS_CHECKS,
    "tables/atlas_measures.csv": tables.ATLAS_MEASURES,
    "tables/controls.csv": tables.CONTROLS,
    "report/{page}/overview.csv": tables.OVERVIEW,
    "report/{page}/as_run.csv": tables.AS_RUN,
    "benchmark/tables/benchmark.csv": tables.BENCHMARK,
    "tables/texts.parquet": columns.TEXTS,
    "tables/description.csv": tables.DESCRIPTION,
    "tables/language_model.csv": tables.LANGUAGE_MODEL,
    "tables/finetuning.csv": tables.FINETUNING,
    "benchmark/tables/machine.csv": tables.MACHINE,
    "atlas/tables/degrees.csv": tables.DEGREES,
    "atlas/tables/complexity.csv": tables.COMPLEXITY,
    "atlas/tables/trees.csv": tables.TREES,
    "atlas/tables/minimal_pairs.csv": tables.MINIMAL_PAIRS,
    "atlas/tables/truth_rates.csv": tables.TRUTH_RATES,
    "atlas/tables/generated.csv": tables.GENERATED,
    "atlas/tables/left_out.csv": tables.LEFT_OUT,
}
PLACEHOLDERS = {
    "{split}": ("train", "dev", "test"),
    "{side}": ("easy", "hard"),
    "{test}": columns.TESTS,
    "{metric}": ("accuracy", "loss"),
}


def documented(heading: str) -> dict[str, str]:
    """Column → type of a table in config/README.md, with placeholders filled in."""
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n### {heading}\n")[1].split("\n### ")[0]
    found = {}
    for name, kind in re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", section, re.MULTILINE):
        placeholder = next((mark for mark in PLACEHOLDERS if mark in name), "")
        for word in PLACEHOLDERS.get(placeholder, [""]):
            found[name.replace(placeholder, word)] = kind
    return found


@pytest.mark.parametrize("heading", SCHEMAS)
def test_every_column_is_documented(heading):
    schema = SCHEMAS[heading]
    assert documented(heading) == {column: TYPES[dtype] for column, dtype in schema.items()}


def test_no_schema_is_forgotten():
    named = [
        getattr(module, name)
        for module in (tables, columns)
        for name in module.__all__
        if name.isupper() and name not in ("TESTS", "SAMPLES", "TIMELESS_TRIALS")
    ]
    assert sorted(map(id, SCHEMAS.values())) == sorted(map(id, named))


def test_scene_columns_are_documented(tmp_path):
    scenes = LabelledScenes(
        scenes=np.zeros((1, 3), dtype=np.uint8),
        sizes=np.array([3]),
        quantifiers=np.array([0]),
        truth=np.array([True]),
    )
    extra = {"copy": np.array([0]), "split": np.array(["train"])}
    scene_files.write_trials(tmp_path / "scenes.parquet", ["every"], [(scenes, extra)])
    written = pq.read_schema(tmp_path / "scenes.parquet").names
    heading = "data/generated.parquet, data/balanced.parquet, data/split.parquet"
    assert list(documented(heading)) == written


def test_samples_have_the_documented_columns():
    settings = {"network": {"hidden": 12}, "training": {"patience": None}}
    columns = samples_table([settings]).columns
    assert list(columns) == ["sample", "network.hidden", "training.patience"]
