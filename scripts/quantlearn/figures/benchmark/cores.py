"""What the figures of the benchmark share."""

import pandas as pd

from quantlearn.figures.style import OKABE_ITO, Look

__all__ = ["CORES", "reference_shape"]

CORES = {
    "loop": Look(OKABE_ITO[6], ":", "^"),
    "eager": Look(OKABE_ITO[1], "--", "s"),
    "compiled": Look(OKABE_ITO[0], "-", "o"),
}


def reference_shape(benchmark: pd.DataFrame) -> dict[str, int]:
    """Trials, size and units that the others are compared with: those of the training runs."""
    runs = benchmark[benchmark["measure"] == "run"]
    return runs.iloc[0][["trials", "size", "hidden"]].to_dict()
