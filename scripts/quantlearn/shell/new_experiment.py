"""A file for an experiment of one's own: two quantifiers, and the protocol to be changed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any

from quantlearn.errors import QuantlearnError
from quantlearn.files import replacing, write_text
from quantlearn.semantics.lexicon import Lexicon, load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.load import find_name_fault
from quantlearn.settings.question import named
from quantlearn.settings.resolve import resolve
from quantlearn.settings.schema import load_schema, settle
from quantlearn.settings.surroundings import Surroundings
from quantlearn.shell.lookup import lexicon_file
from quantlearn.yamlfile import read_yaml

__all__ = ["new_experiment"]

_OFFERED = (
    *("trials", "data.generate.max_size", "data.generate.draws", "data.generate.where"),
    *("data.split.train", "data.split.test"),
    *("network.architecture", "network.layers", "network.hidden"),
    *("training.together", "training.learning_rate", "training.batch_size"),
    *("training.max_epochs", "training.evaluate_every", "training.eval_scenes"),
    *("convergence.threshold", "convergence.window"),
)
"""The settings that the file offers to change: those of one mapping side by side."""

_FILE = """\
# yaml-language-server: $schema=../../workflow/schemas/editor/experiment.json
# An experiment of your own. docs/settings.md explains every key.

title: {title}
{chapter}
question: {question}
quantifiers: [{names}]
comparisons: [[{names}]] # the one that satisfies the universal first, if there is one
# universal: monotonicity

# All else is as in 2019. To change a setting, take the # away before it and before what it is in.

{offered}
"""

_CHAPTER = "# chapter: Your experiments # another is another target than your_experiments"

_NEXT = """\
{path} asks which of {names} networks learn sooner.{added}
With 10 trials, in a minute or two (after: source .venv/bin/activate):
  snakemake --cores all --config experiments='[{name}]' trials=10 eval_scenes=300 -- {chapter}
With all {trials}, and with the other experiments of its chapter:
  make {chapter}
Its page will be results/chapters/{chapter}/experiments/{name}.html"""


def new_experiment(name: str, asked: Sequence[str], chapter: str = "") -> str:
    """Write config/experiments/<name>.yaml for two quantifiers, and say what to run next.

    asked: names, members of families or expressions. An expression gets a line in quantifiers.yaml.

    Raises `QuantlearnError`, and writes nothing, where a name cannot be used or is taken, a
    quantifier is unknown, or the experiment would have another fault.
    """
    if not all((name, *asked)):
        call = 'make new EXPERIMENT=mine A="most" B="|A & B| >= 3"'
        raise QuantlearnError(
            f"EXPERIMENT, A and B: name an experiment and two quantifiers: {call}"
        )
    lexicon_path = lexicon_file()
    config = lexicon_path.parent
    path = config / "experiments" / f"{name}.yaml"
    if fault := find_name_fault(path):
        raise QuantlearnError(f"{path}: {fault}")
    if path.exists():
        raise QuantlearnError(f"{path}: is there already: choose another name, or remove it")
    lexicon = load_lexicon(lexicon_path)
    pairs = [_named(" ".join(text.split()), lexicon) for text in asked]
    lines = {quantifier: text for quantifier, text in pairs if text is not None}
    lexicon = Lexicon({**lexicon.expressions, **lines}, lexicon.source)
    names = [quantifier for quantifier, _ in pairs]
    words = [name.replace("_", " ") for name in names]
    text = _FILE.format(
        title=json.dumps(" against ".join(words)[:120]),
        chapter=f"chapter: {json.dumps(chapter)}" if chapter else _CHAPTER,
        question=json.dumps(f"Which of {' and '.join(words)} do networks learn sooner?"[:500]),
        names=", ".join(names),
        offered="\n".join(_offered(settle(load_schema("experiment"), {}))),
    )
    with replacing(path, result=False) as beside:
        beside.write_text(text, encoding="utf-8")
        known = [other.stem for other in path.parent.glob("[!.]*.yaml")]
        surroundings = Surroundings(name, [*known, name], [name], lexicon)
        settings, faults = resolve(read_yaml(beside), [], surroundings, config)
        if faults:
            raise QuantlearnError("\n".join(f"{path}: {fault}" for fault in faults))
        if lines:
            before = lexicon_path.read_text(encoding="utf-8")
            new = (f"{each}: {json.dumps(of)} # for {name}\n" for each, of in lines.items())
            text = before + "\n" * (not before.endswith("\n")) + "".join(new)
            write_text(text, lexicon_path, result=False)
    return _NEXT.format(
        path=path,
        names=" and ".join(names),
        added=f" {lexicon_path} now has a line for {' and '.join(lines)}." if lines else "",
        name=name,
        chapter=settings["chapter"],
        trials=settings["trials"],
    )


def _named(text: str, lexicon: Lexicon) -> tuple[str, str | None]:
    """The name of a quantifier, and its expression if the lexicon needs a line for it."""
    name, expression = named(text, lexicon)
    if expression is None:
        return name, None
    try:
        known = lexicon[name]
    except QuantlearnError:
        return name, expression
    if known.tree != Quantifier(name, expression).tree:
        raise QuantlearnError(
            f"{lexicon.source}: {name}: is taken, by {known.expression!r}: give {expression!r} a "
            "line there under a name of your own, and use that name"
        )
    return name, None


def _offered(schema: Mapping[str, Any]) -> Iterator[str]:
    """A line for each setting that is offered, and for each mapping around it."""
    before: list[str] = []
    for setting in _OFFERED:
        *around, key = setting.split(".")
        part = schema
        for depth, outer in enumerate(around):
            part = part["properties"][outer]
            if around[: depth + 1] != before[: depth + 1]:
                yield f"# {'  ' * depth}{outer}:"
        before, part = around, part["properties"][key]
        value = json.dumps(part["default"]).replace('"', "")
        line = f"# {'  ' * len(around)}{key}: {value}"
        meaning = part["description"].partition(";")[0].replace("`", "")
        yield f"{line:<28} # {shorten(meaning, 69, placeholder=' …')}"
