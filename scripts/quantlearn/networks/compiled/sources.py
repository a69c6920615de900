"""When compiled code is made again: when any file changes that it is made from.

Numba stores machine code under the types of a function's arguments, and else looks only at the file
of that function. The digest of all files of this package, in the name of an argument's type, makes
it see a change of the others.
"""

import hashlib
from functools import cache
from pathlib import Path

from numba import types
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox

from quantlearn import compiling

__all__ = ["CODE", "Code", "Digested", "digest", "files", "register_digested"]


class Code:
    """What kernels that ask nothing else of their first argument are given."""


CODE = Code()


class Digested(types.Type):
    """The numba type of an argument that holds nothing: its name says all."""

    def __init__(self, name):
        super().__init__(name=f"{name} of {digest()}")


def files() -> set[Path]:
    """The files that compiled code is made from."""
    return {*Path(__file__).parent.rglob("*.py"), Path(compiling.__file__)}


@cache
def digest() -> str:
    """The digest of those files, in hexadecimal."""
    content = b"\0".join(file.read_bytes() for file in sorted(files()))
    return hashlib.sha256(content).hexdigest()[:16]


def register_digested(kind: type[Digested]) -> None:
    """Let numba pass arguments of a type that hold nothing."""
    register_model(kind)(models.OpaqueModel)
    unbox(kind)(lambda _, value, context: NativeValue(context.context.get_dummy_value()))


@cache
def _type_of_code() -> Digested:
    return Digested("Code")


typeof_impl.register(Code)(lambda code, context: _type_of_code())
register_digested(Digested)
