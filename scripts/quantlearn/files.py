"""Write a file whole or not at all."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantlearn.errors import unwritable

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["replacing", "write_page", "write_text"]


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends without a fault.

    Raises `WriteError` where it cannot be written: the disk is full, or the folder read-only.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        os.replace(beside, path)
    except OSError as fault:
        raise unwritable(path, fault) from fault
    finally:
        with suppress(OSError):  # on a read-only disk, where there is nothing to take away
            beside.unlink(missing_ok=True)


def write_text(text: str, path: str | Path) -> None:
    """Write a text as UTF-8, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_page(template: str | Path, path: str | Path, content: Mapping[str, Any]) -> None:
    """Fill a Jinja template with ``content`` and write the page, whole or not at all.

    The template may extend and include files beside it. A name that it uses and ``content`` lacks
    is an error.
    """
    write_text(
        _pages(Path(template).parent).get_template(Path(template).name).render(content), path
    )


@cache
def _pages(folder: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
