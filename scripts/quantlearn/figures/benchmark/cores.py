"""What the figures of the benchmark share."""

import pandas as pd

from quantlearn.figures.style import OKABE_ITO, Look

__all__ = ["CORES", "SHAPE", "reference"]

CORES = {
    "loop": Look(OKABE_ITO[6], ":", "^"),
    "eager": Look(OKABE_ITO[1], "--", "s"),
    "compiled": Look(OKABE_ITO[0], "-", "o"),
}
SHAPE = ("trials", "size", "hidden")


def reference(benchmark: pd.DataFrame, varied: str = "") -> pd.DataFrame:
    """The rows of the shape that training runs have, which the others are compared with.

    One column of the shape may be ``varied``.
    """
    run = benchmark[benchmark["measure"] == "run"].iloc[0]
    fixed = [column for column in SHAPE if column != varied]
    return benchmark[(benchmark[fixed] == run[fixed].to_list()).all(axis="columns")]
