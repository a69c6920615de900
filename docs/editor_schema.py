"""The schemas of settings as an editor reads them: one file each, in JSON Schema draft-07.

An editor looks at each key by itself. It takes every setting that some method or architecture has,
and a distribution wherever a setting may vary; what fits together is checked before a run.
"""

from typing import Any

from quantlearn.settings.distributions import KINDS, RANGES_OF_NUMBERS
from quantlearn.settings.schema import cases, load_schema
from quantlearn.settings.search import CONSTANT, SECTIONS

__all__ = ["EDITED", "editor_schema"]

EDITED = ("config", "experiment", "quantifiers")
"""The kinds of files in config/, by the names of their schemas."""

_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_DISTRIBUTION = {
    "description": f"What a setting that varies may be, one of {', '.join(KINDS)}; a grid takes "
    f"so many points of {' and '.join(RANGES_OF_NUMBERS)}",
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        **{kind: {"type": "array", "minItems": 2} if kind == "choice" else _PAIR for kind in KINDS},
        "points": {"type": "integer", "minimum": 2},
    },
}
_CONDITIONAL = ("allOf", "unevaluatedProperties")
_LEXICON = {
    "title": "config/quantifiers.yaml",
    "description": "The lexicon: quantifiers by name, each with the expression that it means.",
    "type": "object",
    "additionalProperties": {"description": "When the quantifier is true", "type": "string"},
}


def editor_schema(name: str) -> dict[str, Any]:
    """Give the schema of a kind of files of `EDITED`, self-contained.

    >>> training = editor_schema("experiment")["properties"]["training"]["properties"]
    >>> training["batch_size"]["anyOf"][0]
    {'type': 'integer', 'minimum': 1, 'maximum': 65536}
    """
    if name == "quantifiers":
        schema = _LEXICON
    elif name == "experiment":
        schema = {**_experiment(), "definitions": {"distribution": _DISTRIBUTION}}
    else:
        schema = _flat(load_schema("config"))
        parts = schema["properties"]
        of_experiments = {key: part for key, part in _experiment().items() if key != "required"}
        schema["definitions"] = {"distribution": _DISTRIBUTION, "experiment": of_experiments}
        parts["own_overrides"]["additionalProperties"] = {"$ref": "#/definitions/experiment"}
        overrides = parts["overrides"]["properties"]
        for key in overrides:
            overrides[key] = {"$ref": f"#/definitions/experiment/properties/{key}"}
    return {**schema, "$schema": "http://json-schema.org/draft-07/schema#"}


def _experiment() -> dict[str, Any]:
    """The schema of an experiment, in some of whose sections settings may vary."""
    schema = _flat(load_schema("experiment"))
    for section in SECTIONS:
        inner = schema["properties"][section]["properties"]
        for name in set(inner) - set(CONSTANT.get(section, ())):
            inner[name] = _varying(inner[name])
    return schema


def _flat(schema: dict) -> dict[str, Any]:
    """A schema with all its conditional settings side by side, and no others."""
    if "properties" not in schema:
        return dict(schema)
    found = {name: [part] for name, part in schema["properties"].items()}
    for _, own in cases(schema):
        for name, part in own.items():
            found.setdefault(name, []).append(part)
    properties = {name: _any_of([_flat(part) for part in parts]) for name, parts in found.items()}
    others = {key: value for key, value in schema.items() if key not in _CONDITIONAL}
    return {**others, "properties": properties, "additionalProperties": False}


def _any_of(parts: list[dict]) -> dict[str, Any]:
    """A setting as one of several methods or architectures has it; its default is theirs."""
    if len(parts) == 1:
        return parts[0]
    apart = ("description", "default")
    bounds = [{k: v for k, v in part.items() if k not in apart} for part in parts]
    different = [one for place, one in enumerate(bounds) if one not in bounds[:place]]
    text = "; or ".join(dict.fromkeys(part["description"] for part in parts))
    return {"description": text, **({"anyOf": different} if different[1:] else different[0])}


def _varying(part: dict) -> dict[str, Any]:
    """A setting that may be a constant or a distribution over such constants."""
    apart = {key: part[key] for key in ("description", "default") if key in part}
    constant = {key: value for key, value in part.items() if key not in apart}
    choice = {"properties": {"choice": {"items": constant}}}
    varying = {"allOf": [{"$ref": "#/definitions/distribution"}, choice]}
    return {**apart, "anyOf": [constant, varying]}
