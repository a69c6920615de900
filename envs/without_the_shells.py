"""Start Snakemake without what PYTHONPATH names, as "module load" sets it, but Quantlearn.

Python imports this where make has copied it to, in .venv, as it starts. With another pandas not
even the plugins of Snakemake would load, before a Snakefile could do anything about it.
"""

import os
import sys

if "snakemake" in map(os.path.basename, sys.orig_argv[1:4]):
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    of_shells = set(map(os.path.abspath, named))
    own = (sys.prefix + os.sep, os.path.dirname(os.__file__))  # whoever names them, they stay
    sys.path[:] = [
        place
        for place in sys.path
        if place not in of_shells
        or place.startswith(own)
        or os.path.isdir(os.path.join(place, "quantlearn"))
    ]
