"""Where a run and its jobs find packages."""

import os
import sys
from pathlib import Path

__all__ = ["leave_out_the_shells"]


def leave_out_the_shells(library: Path) -> None:
    """Let jobs take the library of this clone, whichever clone the environment was set up in.

    What PYTHONPATH names, as `module load` sets it, comes after that; where the environment is a
    virtual one or conda's, and so complete, it is left out, here and in jobs.
    """
    shells = list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    if sys.prefix != sys.base_prefix or Path(sys.prefix, "conda-meta").exists():
        sys.path[:] = [path for path in sys.path if path not in shells or path == str(library)]
        shells = []
    os.environ["PYTHONPATH"] = os.pathsep.join([str(library), *shells])
