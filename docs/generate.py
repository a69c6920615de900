"""Make what readers and editors read of the facts in the code, and write it: `main`.

docs/tables.md says what the columns of result tables mean, docs/settings.md what can be set;
workflow/schemas/editor/ holds the schemas by which an editor completes and checks settings.
A test fails while one of them is stale.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(DOCS), str(ROOT / "scripts")]

from editor_schema import EDITED, editor_schema  # noqa: E402

from quantlearn import columns, report_columns  # noqa: E402
from quantlearn.figures.registry import FIGURES, load, outline  # noqa: E402
from quantlearn.semantics import measures  # noqa: E402
from quantlearn.settings.schema import allowed, cases, load_schema  # noqa: E402

KINDS = {
    "int64": "whole number",
    "Int64": "whole number or blank",
    "float64": "number",
    "str": "text",
    "bool": "true or false",
    "boolean": "true, false or blank",
    "bytes": "bytes",
}
"""What readers call the types of columns; a number or text may be blank."""


def generated() -> dict[Path, str]:
    """Give the text of each file that is made, by its path."""
    environment = Environment(
        loader=FileSystemLoader(DOCS), undefined=StrictUndefined, keep_trailing_newline=True
    )
    schemas = {**vars(columns), **vars(report_columns), **vars(measures)}
    facts = {
        **{name: found for name, found in schemas.items() if name.isupper()},
        "columns": columns_table,
        "figures": [load(figure) for figure in FIGURES if outline(figure).tables],
        "table": settings_table,
        "run": list(sections(load_schema("config"))),
        "experiment": list(sections(load_schema("experiment"))),
    }
    pages = {
        DOCS / f"{page}.md": environment.get_template(f"{page}.md.j2").render(facts)
        for page in ("tables", "settings")
    }
    editors = {
        ROOT / f"workflow/schemas/editor/{name}.json": _json(editor_schema(name)) for name in EDITED
    }
    return {**pages, **editors}


def columns_table(schema: columns.Schema) -> str:
    """Write a table in Markdown with a row for each column of a result table."""
    rows = [(f"`{name}`", KINDS[kind], meaning) for name, (kind, meaning) in schema.items()]
    return _table(["Column", "Type", "Meaning"], rows)


def settings_table(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """Write a table in Markdown with a row for each setting, by its dotted key."""
    rows = []
    for key, part in settings.items():
        default = json.dumps(part["default"]).replace('"', "") if "default" in part else "{}"
        given = "required" if "default" not in part and part.get("type") != "object" else ""
        rows.append((f"`{key}`", given or f"`{default}`", allowed(part), part["description"]))
    return _table(["Key", "Default", "Allowed", "Meaning"], rows)


def sections(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Part the settings of a schema: heading, what they are, the schema of each by its dotted key.

    First those at the top, whose heading is empty, then each mapping among them; what an
    architecture adds to ``network`` stands by itself.
    """
    parts = schema["properties"]
    inner = [key for key, part in parts.items() if "properties" in part and key != "overrides"]
    yield "", schema["description"], {key: parts[key] for key in parts if key not in inner}
    for key in inner:
        apart = list(cases(parts[key])) if key == "network" else []
        yield key, parts[key]["description"], dict(_leaves(key, parts[key], conditional=not apart))
        for condition, own in apart:
            name = condition["properties"]["architecture"]["const"]
            text = f"Where `network.architecture` is `{name}`"
            yield f"network of {name}", text, {f"network.{one}": own[one] for one in own}


def _leaves(
    key: str, schema: Mapping[str, Any], conditional: bool = True
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every single setting in a mapping, after the mapping itself where that may be left out."""
    if "default" in schema:
        yield key, schema
    for name, part in schema["properties"].items():
        if "properties" in part:
            yield from _leaves(f"{key}.{name}", part)
        else:
            yield f"{key}.{name}", part
    for condition, own in cases(schema) if conditional else ():
        [(deciding, values)] = condition["properties"].items()
        named = " or ".join(f"`{value}`" for value in values.get("enum", [values.get("const")]))
        for name, part in own.items():
            text = f"{part['description']}; only where `{deciding}` is {named}"
            yield f"{key}.{name}", {**part, "description": text}


def _table(heading: list[str], rows: list[tuple[str, ...]]) -> str:
    cells = [heading, *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    first, *others = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join([first, "|---" * len(heading) + "|", *others])


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file that is made."""
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
