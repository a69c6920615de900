"""JSON Schemas as the one description of settings: what is allowed, the defaults, the messages.

Schemas are JSON Schema, draft 2020-12. A setting that belongs to one method or architecture only
stands under ``allOf`` with ``if`` and ``then``; :func:`settle` chooses those that apply to a given
mapping. After that every mapping has plain ``properties``, so that errors and defaults are simple.
"""

import copy
import difflib
import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.yamlfile import read_yaml

__all__ = [
    "Fault",
    "allowed",
    "apply_defaults",
    "cases",
    "did_you_mean",
    "find_faults",
    "is_number",
    "is_whole",
    "load_schema",
    "settle",
    "shown",
]

_FOLDER = Path(__file__).parents[3] / "workflow" / "schemas"

Key = tuple[str | int, ...]


class Fault(NamedTuple):
    """One thing that is wrong in a mapping: where it is, and what it is and how to mend it."""

    key: Key
    text: str

    def __str__(self) -> str:
        """The key's path and the text.

        >>> str(Fault(("comparisons", 0, 1), "is missing"))
        'comparisons[0][1]: is missing'
        """
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.key)
        return f"{path.lstrip('.')}: {self.text}" if self.key else self.text


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


@cache
def _validator() -> Any:
    """The class that validates. Only who checks settings loads it; a job is given them.

    JSON Schema takes 30.0 for an integer; and no bound keeps out a number that is not one (NaN).
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    return extend(
        Draft202012Validator,
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
            {
                "number": lambda _, value: is_number(value),
                "integer": lambda _, value: is_whole(value),
            }
        ),
    )


@cache
def load_schema(name: str) -> dict:
    """The schema ``config`` or ``experiment``, complete.

    The settings of the architectures are put into that of an experiment, and the experiment's own
    into ``overrides`` of the run's. It is read once and shared: do not change it.
    """
    schema = read_yaml(_FOLDER / f"{name}.schema.yaml")
    if name == "config":
        parts = load_schema("experiment")["properties"]
        overrides = schema["properties"]["overrides"]["properties"]
        for part in overrides:
            overrides[part] = _opened(parts[part])
    else:
        network = schema["properties"]["network"]
        network["properties"]["architecture"]["enum"] = list(ARCHITECTURES)
        default = network["properties"]["architecture"]["default"]
        network["allOf"] = [
            {
                "if": {
                    "properties": {"architecture": {"const": architecture}},
                    "required": [] if architecture == default else ["architecture"],
                },
                "then": {"properties": known.settings},
            }
            for architecture, known in ARCHITECTURES.items()
        ]
    return schema


def cases(schema: dict) -> Iterator[tuple[dict, dict]]:
    """The conditional settings of a mapping: pairs (condition on the mapping, properties)."""
    for part in schema.get("allOf", []):
        yield part["if"], part["then"]["properties"]


def settle(schema: dict, given: Any) -> dict:
    """The schema with its conditions decided for ``given``: plain properties and no others.

    Where the deciding setting itself is wrong, every conditional setting is let through, so that
    one mistake gives one error.
    """
    if schema.get("type") != "object":
        return schema
    given = given if isinstance(given, dict) else {}
    properties = dict(schema.get("properties", {}))
    decided = False
    loose: dict[str, Any] = {}
    deciding: set[str] = set()
    for condition, conditional in cases(schema):
        deciding |= set(condition["properties"])
        loose |= {name: {} for name in conditional}
        if _validator()(condition).is_valid(given):
            decided = True
            properties |= conditional
    if not decided and not all(
        _validator()(properties[name]).is_valid(given[name])
        for name in deciding
        if name in given and name in properties
    ):
        properties |= loose
    settled = {name: settle(part, given.get(name)) for name, part in properties.items()}
    others = {key: value for key, value in schema.items() if key != "allOf"}
    others.pop("unevaluatedProperties", None)
    return {"additionalProperties": False, **others, "properties": settled}


def _opened(schema: dict) -> dict:
    """The schema without defaults and conditions: what may be laid over any experiment."""
    opened = {key: value for key, value in schema.items() if key not in ("default", "allOf")}
    if schema.get("type") == "object":
        properties = dict(schema["properties"])
        for _, conditional in cases(schema):
            for name, part in conditional.items():
                same = _bounds(properties.setdefault(name, part)) == _bounds(part)
                # Architectures that differ in a bound are left to the check of each experiment.
                properties[name] = part if same else {}
        opened["properties"] = {name: _opened(part) for name, part in properties.items()}
        opened.pop("unevaluatedProperties", None)
        opened["additionalProperties"] = False
    return opened


def _bounds(part: dict) -> dict:
    return {key: value for key, value in part.items() if key not in ("description", "default")}


def apply_defaults(settled: dict, given: dict) -> dict:
    """``given`` with every setting that it leaves out, in the schema's order.

    ``given`` must be valid under the settled schema.
    """
    complete = {}
    for name, part in settled["properties"].items():
        if part.get("type") == "object" and "properties" in part:
            complete[name] = apply_defaults(part, given.get(name, {}))
        elif name in given or "default" in part:
            value = copy.deepcopy(given[name] if name in given else part["default"])
            # 1 and 1.0 are one setting, and must not look like two
            if "number" in part.get("type", ()) and isinstance(value, int):
                value = float(value)
            complete[name] = value
    return complete


def find_faults(schema: dict, given: Any) -> list[Fault]:
    """Everything in ``given`` that the schema does not allow, one fault for each key."""
    settled = settle(schema, given)
    faults = {}
    for error in _validator()(settled).iter_errors(given):
        for fault in _faults(error, schema):
            faults.setdefault(fault.key, fault)
    return list(faults.values())


def _faults(error, schema: dict) -> Iterator[Fault]:
    key = tuple(error.absolute_path)
    value = error.instance
    if error.validator == "additionalProperties":
        for name in value:
            if name not in error.schema["properties"]:
                yield Fault((*key, name), _unknown(name, error.schema, _at(schema, key)))
    elif error.validator == "required":
        for name in error.schema["required"]:
            if name not in value:
                part = error.schema["properties"][name]
                about = f"{part['description']}; {allowed(part)}"
                yield Fault((*key, name), f"is missing: {about}")
    elif error.validator == "uniqueItems":
        twice = next(item for place, item in enumerate(value) if item in value[:place])
        yield Fault(key, f"{shown(twice)} is listed twice: list it once")
    else:
        hint = did_you_mean(value, error.schema.get("enum", []))
        yield Fault(key, f"{shown(value)} is not allowed: must be {allowed(error.schema)}{hint}")


def _at(schema: dict, key: Key) -> dict:
    """The schema of the mapping at ``key``, its conditions not decided."""
    for name in key:
        schema = schema["properties"][name]
    return schema


def _unknown(name: str, settled: dict, schema: dict) -> str:
    homes = [condition for condition, properties in cases(schema) if name in properties]
    if homes:
        *_, deciding = homes[0]["properties"]  # the last of a chain of conditions
        conditions = [home["properties"][deciding] for home in homes]
        wanted = [value for one in conditions for value in one.get("enum") or [one["const"]]]
        return f"applies only where {deciding} is {' or '.join(wanted)}: leave it out"
    known = list(settled["properties"])
    return "unknown key" + (did_you_mean(name, known) or f"; known here: {', '.join(known)}")


def did_you_mean(name: Any, known) -> str:
    """A hint at the known name that was probably meant, or nothing.

    >>> did_you_mean("trian", ["train", "dev", "test"])
    '; did you mean "train"?'
    """
    close = difflib.get_close_matches(name, known, n=1) if isinstance(name, str) else []
    return f'; did you mean "{close[0]}"?' if close else ""


def shown(value: Any, width: int = 60) -> str:
    """A value as it is shown in a message: as JSON, cut to ``width`` characters.

    >>> shown(["most", None])
    '["most", null]'
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= width else text[: width - 1] + "…"


def allowed(part: dict) -> str:
    """What a schema allows, in words.

    >>> allowed({"type": ["integer", "null"], "minimum": 1, "maximum": 9})
    'a whole number from 1 to 9 or null'
    """
    if "enum" in part:
        return f"one of {', '.join(map(str, part['enum']))}"
    types = part["type"] if isinstance(part["type"], list) else [part["type"]]
    return " or ".join(_allowed_type(name, part) for name in types)


def _allowed_type(name: str, part: dict) -> str:
    match name:
        case "integer":
            return f"a whole number from {part['minimum']} to {part['maximum']}"
        case "number":
            return f"a number from {part['minimum']} to {part['maximum']}"
        case "string":
            known = f", such as {', '.join(part['examples'])}" if "examples" in part else ""
            return f"text of {part['minLength']} to {part['maxLength']} characters{known}"
        case "array":
            fewest, most = part.get("minItems", 0), part["maxItems"]
            count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            return f"a list of {count} items, each {allowed(part['items'])}"
        case "object":
            keys = part.get("properties")
            return f"a mapping with keys among {', '.join(keys)}" if keys else "a mapping by name"
    return name  # null
