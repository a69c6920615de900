"""Settings: from the files in config/ to fully resolved experiments, or every fault at once.

The schemas say what is allowed for each key by itself (:mod:`quantlearn.settings.schema`), and
:mod:`quantlearn.settings.checks` what they cannot say; here the files are put together.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantlearn.data.published import demand_columns, trial_files
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.lexicon import Lexicon, LexiconError, load_lexicon
from quantlearn.semantics.ultk import read_expressions
from quantlearn.settings.figure_checks import find_figure_faults
from quantlearn.settings.protocol import published_columns
from quantlearn.settings.question import question
from quantlearn.settings.resolve import at, has, leaves, resolve, without
from quantlearn.settings.schema import (
    Fault,
    Key,
    apply_defaults,
    did_you_mean,
    find_faults,
    load_schema,
    settle,
    shown,
)
from quantlearn.settings.start_checks import find_start_faults
from quantlearn.settings.surroundings import Surroundings
from quantlearn.yamlfile import YamlError, plain_value, read_yaml

__all__ = ["ConfigError", "Settings", "find_name_fault", "load_settings"]

# Experiments become folders in results/ beside those of the whole run.
RESERVED_EXPERIMENTS = ("report", "benchmark", "atlas", "symmetry", "course", "chapters")


class ConfigError(QuantlearnError):
    """Faults in the configuration; ``lines`` holds one line for each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(map(_printable, lines))
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True)
class Settings:
    """Everything that a run is to do, with all defaults filled in.

    ``experiments`` maps each name, in alphabetical order, to a dict that JSON can hold: the keys of
    the experiment schema, ``name``, and ``expressions`` (quantifier: expression), of which there
    are none where scenes come with their truth; ``labels`` then has how many are true of each
    quantifier, and how many false. Where settings vary, ``search`` also has the number of
    ``samples`` and the ``space`` that they are drawn from: the variants of the sections ``network``
    and ``training``, each a complete list of settings.
    ``asked`` says that the one experiment is a question on the command line.
    ``benchmark`` holds what the benchmark measures; ``atlas`` the quantifiers that are described by
    their meaning (``quantifiers``, name: expression) and the ``max_size`` of the scenes for that.
    """

    seed: int
    device: str
    threads: int
    published: str | None
    checkpoint_seconds: float | None
    experiments: dict[str, dict]
    asked: bool
    benchmark: dict
    atlas: dict


def load_settings(
    config: dict, folder: Path, overlays: Sequence[Path] = (), memory: int | None = None
) -> Settings:
    """The settings that result from Snakemake's ``config`` and the files in ``folder``.

    ``config`` holds the merged content of config.yaml, of the ``overlays`` (the files given with
    --configfile) and of --config. ``folder`` is config/: it holds config.yaml, quantifiers.yaml and
    experiments/. The files of the run's settings are read again only to find what Snakemake's own
    reader lets through and to say where a fault stands. ``memory`` is what a job may take, in
    bytes; without it no experiment is too large.

    Raises :class:`ConfigError` with every fault there is.
    """
    config = _plain(config)
    own = folder / "config.yaml"  # a module of another workflow may have none
    sources, lines = _read_sources([*([own] if own.exists() else []), *map(Path, overlays)])
    lexicon, lexicon_lines = _load_lexicon(folder / "quantifiers.yaml")
    paths, path_lines = _find_experiments(folder / "experiments")
    lines += lexicon_lines + path_lines

    faults = find_faults(load_schema("config"), config)
    kept = without(config, [fault.key for fault in faults])
    run = apply_defaults(settle(load_schema("config"), kept), kept)
    names, name_faults = _choose(run["experiments"], run["leave_out"], list(paths))
    faults += name_faults
    atlas, atlas_faults = _described(run["atlas"], lexicon)
    faults += atlas_faults
    asked: dict[str, Any] = {}
    if run["ask"] is not None:
        asked, lexicon, more = _asked(run["ask"], lexicon)
        faults += more
        names, atlas["quantifiers"] = list(asked), {}  # only those of the question are described
    overlay = _overlay(run)
    own_overlays = kept.get("own_overrides", {})
    faults += [
        Fault(("own_overrides", name), f"is not an experiment{did_you_mean(name, list(paths))}")
        for name in own_overlays
        if name not in paths
    ]

    used: set[Key] = set()
    experiments = {}
    experiment_faults = {}
    files, experiment_lines = _read_sources([paths[name] for name in names if name not in asked])
    read = {name: files[path] for name, path in paths.items() if path in files}
    for name, given in {**read, **asked}.items():
        own = own_overlays.get(name, {})
        surroundings = Surroundings(name, list(paths), names, lexicon, memory)
        own_used: set[Key] = set()
        resolved, own_faults = resolve(
            given, [(overlay, used), (own, own_used)], surroundings, folder
        )
        experiments[name] = resolved
        experiment_faults[name] = own_faults
        text = "is not a setting of this experiment: leave it out"
        unused = [key for key in leaves(own) if key not in own_used]
        faults += [Fault(("own_overrides", name, *key), text) for key in unused]

    sound = {name: experiments[name] for name, found in experiment_faults.items() if not found}
    faults += _with_published(run["published"], sound.values())
    for name, found in experiment_faults.items():
        for fault in found or _find_faults_across(sound[name], sound):
            note = _override_note(fault.key, run, own_overlays.get(name, {}))
            experiment_lines.append(f"{paths.get(name, '--config: ask')}: {fault}{note}")

    if not experiment_lines:
        text = "applies to none of the chosen experiments: leave it out"
        unused = [key for key in leaves(run["overrides"]) if key not in used]
        faults += [Fault(("overrides", *key), text) for key in unused]
    lines += [f"{_origin(fault.key, config, sources)}: {fault}" for fault in faults]
    lines += experiment_lines
    if lines:
        raise ConfigError(lines)
    return Settings(
        seed=run["seed"],
        device=run["device"],
        threads=run["threads"],
        published=run["published"],
        checkpoint_seconds=run["checkpoint_seconds"],
        experiments=experiments,
        asked=run["ask"] is not None,
        benchmark=run["benchmark"],
        atlas=atlas,
    )


def _printable(line: str) -> str:
    """The line with control characters and their like written out: a fault may hold any text."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in line
    )


# The files ------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Snakemake's config, read as strictly as our own files as far as that can be done afterwards.

    Snakemake reads ``1e-4`` as text, and everything inside a mapping on the command line.
    """
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return plain_value(value) if isinstance(value, str) else value


def _read_sources(paths: list[Path]) -> tuple[dict[Path, Any], list[str]]:
    sources, lines = {}, []
    for path in paths:
        try:
            sources[path] = read_yaml(path)
        except YamlError as error:
            lines.append(str(error))
    return sources, lines


def _load_lexicon(path: Path) -> tuple[Lexicon | None, list[str]]:
    try:
        return load_lexicon(path), []
    except LexiconError as error:
        return None, error.lines


def _find_experiments(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The file of each experiment, by name, and a line for each file with a bad name."""
    paths, lines = {}, []
    for path in sorted(folder.glob("[!.]*.y*ml")):
        if fault := find_name_fault(path):
            lines.append(f"{path}: {fault}")
        else:
            paths[path.stem] = path
    if not paths and not lines:
        lines.append(f"{folder}: holds no experiment: add a file <name>.yaml")
    return paths, lines


def find_name_fault(path: Path) -> str | None:
    """Say why a file's name cannot be that of an experiment; None where it can."""
    if path.suffix != ".yaml":
        return "the name must end in .yaml"
    if not re.fullmatch("[a-z][a-z0-9_]*", path.stem):
        return (
            f"{shown(path.stem)} is not allowed as a name: must start with a small letter and go "
            "on with small letters, digits and _"
        )
    if path.stem in RESERVED_EXPERIMENTS or path.stem.startswith("ask_"):
        return f"{shown(path.stem)} is reserved: choose another name"
    return None


def _origin(key: Key, config: dict, sources: dict[Path, Any]) -> str:
    """Where the value at ``key`` was set: the last file that says the same, or the command line."""
    value = repr(at(config, key))
    for path in reversed(sources):
        if has(sources[path], key) and repr(at(sources[path], key)) == value:
            return str(path)
    return "--config"


# The run's own settings -------------------------------------------------------------------------


def _choose(
    wanted: str | list[str], left_out: list[str], known: list[str]
) -> tuple[list[str], list[Fault]]:
    """The experiments to run, in alphabetical order; Snakemake gives a single name as text."""
    key: Key = ("experiments",)
    if isinstance(wanted, list):
        listed = {(*key, place): name for place, name in enumerate(wanted)}
    else:
        listed = {} if wanted == "all" else {key: wanted}
    others = {("leave_out", place): name for place, name in enumerate(left_out)}
    faults = []
    for place, name in {**listed, **others}.items():
        if name not in known:
            more = ["all"] if place in listed else []
            hint = did_you_mean(name, [*known, *more])
            hint = hint or f"; there are {', '.join(known) or 'none'}"
            faults.append(Fault(place, f"{shown(name)} is not an experiment{hint}"))
    if wanted != "all":
        return sorted({*listed.values()} & {*known}), faults
    chosen = [name for name in known if name not in left_out]
    if known and not chosen:
        faults.append(Fault(("leave_out",), "leaves out every experiment: keep one"))
    return chosen, faults


def _find_faults_across(settings: dict, others: dict[str, dict]) -> list[Fault]:
    """What is wrong with an experiment beside the others."""
    checks = (find_start_faults, find_figure_faults, _find_title_faults)
    return [fault for check in checks for fault in check(settings, others)]


def _asked(
    quantifiers: list[str], lexicon: Lexicon | None
) -> tuple[dict[str, Any], Lexicon | None, list[Fault]]:
    """The experiment of a question by its name, and the lexicon with its quantifiers."""
    if lexicon is None:
        return {}, None, []
    try:
        name, settings, lexicon = question(quantifiers, lexicon)
    except QuantlearnError as error:
        return {}, lexicon, [Fault(("ask",), str(error))]
    return {name: settings}, lexicon, []


def _find_title_faults(settings: dict, others: dict[str, dict]) -> Iterator[Fault]:
    """A fault where an experiment writes its chapter in another way than the first one."""
    first = next(one for one in others.values() if one["chapter"] == settings["chapter"])
    if settings["chapter_title"] != first["chapter_title"]:
        own, other = shown(settings["chapter_title"]), shown(first["chapter_title"])
        text = f"{own} and {other} of {first['name']} are one chapter: write it in one way"
        yield Fault(("chapter",), text)


def _described(atlas: dict, lexicon: Lexicon | None) -> tuple[dict, list[Fault]]:
    """The atlas's settings with the expressions of all its quantifiers."""
    if lexicon is None:
        return {}, []
    quantifiers = {name: lexicon[name].expression for name in lexicon.names}
    faults = []
    for place, name in enumerate(atlas["members"]):
        try:
            quantifiers[name] = lexicon[name].expression
        except QuantlearnError as fault:
            faults.append(Fault(("atlas", "members", place), str(fault)))
    if (path := atlas["expressions"]) is not None and not Path(path).is_file():
        text = f"{shown(path)} is not a file: name a list of expressions or leave it out"
        faults.append(Fault(("atlas", "expressions"), text))
    elif path is not None:
        try:
            read_expressions(path)
        except QuantlearnError as fault:
            lines = str(fault).splitlines()
            faults += [Fault(("atlas", "expressions"), line) for line in lines]
    return {**atlas, "quantifiers": quantifiers}, faults


def _with_published(folder: str | None, experiments: Iterable[dict]) -> list[Fault]:
    """Add the figure of the public data to experiments that repeat them; what is wrong with these.

    Their files and columns are looked at, not yet what is in them. Without a folder none has it.
    """
    if folder is None:
        return []
    if not Path(folder).is_dir():
        text = "is no folder: name the folder data/ of the authors' repository, or leave it out"
        return [Fault(("published",), f"{shown(folder)} {text}")]
    lines = []
    for settings in experiments:
        if settings["replicates"] is None:
            continue
        settings["figures"] = [*settings["figures"], "published"]
        try:
            for path in trial_files(folder, settings["replicates"]["study"]):
                demand_columns(path, published_columns(settings))
        except QuantlearnError as fault:
            lines.append(str(fault))
    return [Fault(("published",), line) for line in dict.fromkeys(lines)]


def _overlay(run: dict) -> dict:
    """What is laid over every experiment."""
    overlay = copy.deepcopy(run["overrides"])
    if run["eval_scenes"] is not None:
        overlay.setdefault("training", {})["eval_scenes"] = run["eval_scenes"]
    if run["trials"] is not None:
        overlay["trials"] = run["trials"]
    search = {key: run[key] for key in ("samples", "samples_per_job") if run[key] is not None}
    if search:
        overlay["search"] = search
    return overlay


def _override_note(key: Key, run: dict, own: dict) -> str:
    for name, overlay in (("own_overrides", own), ("overrides", run["overrides"])):
        if key and has(overlay, key):
            return f" (set by {name})"
    return ""
