"""Reading YAML strictly, so that a slip of the pen is an error and not another meaning.

Plain values are read as in YAML 1.2: ``1e-4`` is a number, and ``no`` is a word (it is a quantifier
here), where YAML 1.1 makes the first a text and the second false. A key given twice is an error.
"""

import math
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from quantlearn.errors import QuantlearnError

__all__ = ["YamlError", "plain_value", "read_mapping", "read_text", "read_yaml"]

# Bounds of what is read at all, far beyond what anyone writes: they bound the time it takes.
LARGEST_FILE = 200_000  # bytes
LONGEST_NUMBER = 1_000  # characters; Python itself refuses to read 4,300 digits

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
_WORDS = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
}


class YamlError(QuantlearnError):
    """A file that is not there, is not YAML, or is not strict enough."""


def plain_value(text: str) -> str | int | float | bool | None:
    """What an unquoted word means in YAML 1.2's core schema (decimal numbers only).

    >>> [plain_value(word) for word in ("1e-4", "30", "no", "true", "null", "most")]
    [0.0001, 30, 'no', True, None, 'most']
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INFINITE.fullmatch(text):
        return float(infinite[1] + "inf")
    return text


def read_text(path: Path) -> str:
    """The text of a file; raises :class:`YamlError` when it is not there, not text or too long."""
    try:
        if (size := path.stat().st_size) > LARGEST_FILE:
            raise YamlError(f"{path}: has {size} bytes, where {LARGEST_FILE} are allowed: split it")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 text: byte {error.start} does not fit") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """The content of a YAML file that must hold keys with values; raises :class:`YamlError`."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise YamlError(f"{path}: must hold keys with their values, such as trials: 30")
    return content


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises :class:`YamlError`, which names file, line and column, when the file cannot be read, does
    not parse, gives a key twice, has a key that is no text, or uses anchors and aliases.
    """
    try:
        return yaml.load(read_text(path), Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        raise YamlError(f"{path}: {_place(error)}: {_what(error)}") from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise YamlError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise YamlError(f"{path}: is nested too deeply") from None


class _StrictLoader(yaml.SafeLoader):
    """A SafeLoader with YAML 1.2 scalars, unique text keys and no tags."""

    # Empty tables of its own, in place of PyYAML's for YAML 1.1.
    yaml_implicit_resolvers: ClassVar[dict] = {}
    yaml_constructors: ClassVar[dict] = {}

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(
                problem=f"aliases (*{event.anchor}) are not allowed: write the value out",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_list(self, node):
        return [self.construct_object(item, deep=True) for item in node.value]

    def construct_plain(self, node):
        if node.style is not None:
            return node.value
        if node.value in ("<<", "="):  # marks of YAML 1.1, by which Snakemake reads config.yaml
            raise yaml.MarkedYAMLError(
                problem=f'{node.value} is no text unless it is quoted: "{node.value}"',
                problem_mark=node.start_mark,
            )
        value = plain_value(node.value)
        if isinstance(value, float) and len(node.value) > LONGEST_NUMBER:
            raise yaml.MarkedYAMLError(
                problem=f"a number has at most {LONGEST_NUMBER} characters, "
                f"found {len(node.value)}",
                problem_mark=node.start_mark,
            )
        return value

    def construct_strict_mapping(self, node):
        mapping = {}
        for key_node, value_node in node.value:
            word = key_node.tag == "tag:yaml.org,2002:str"  # no list or mapping, and without a tag
            key = key_node.value if word else None
            if key is None:
                problem = "a key must be a single word"
            elif key in mapping:
                problem = f'the key "{key}" is given twice: keep one of them'
            else:
                mapping[key] = self.construct_object(value_node, deep=True)
                continue
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        return mapping


_StrictLoader.add_constructor("tag:yaml.org,2002:str", _StrictLoader.construct_plain)
_StrictLoader.add_constructor("tag:yaml.org,2002:map", _StrictLoader.construct_strict_mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:seq", _StrictLoader.construct_list)
_StrictLoader.add_constructor(None, _StrictLoader.construct_undefined)


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _what(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return ": ".join(parts)
