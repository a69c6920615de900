"""What the benchmark's table says, in sentences and in tables for readers.

Every number is from one run on one machine. Rates are medians, and ratios medians of those within
a round of timings; a range in brackets goes from the lower to the upper quartile.
"""

from collections.abc import Mapping

import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.benchmark.cores import CORES, reference_shape

__all__ = [
    "growth_summary",
    "machine_table",
    "memory_summary",
    "rates_table",
    "read_benchmark",
    "speed_summary",
    "threads_summary",
]

SHAPE = {"trials": "trials", "size": "objects in the largest scene", "hidden": "units in a layer"}
MEASURES = {
    "training": "training",
    "evaluation": "evaluating prepared scenes",
    "evaluation with plan": "evaluating, with what prepares the scenes",
    "run": "a training run with an evaluation every 50 steps",
    "run without evaluation": "the same run without evaluations",
}
CORE_NAMES = {
    "loop": "the loop over torch.nn.LSTM",
    "eager": "the eager ensemble",
    "compiled": "the compiled core",
}


def read_benchmark(path: str) -> pd.DataFrame:
    """The table benchmark.csv."""
    return tables.read_csv(path, tables.BENCHMARK)


# --- The reference shape ----------------------------------------------------------------------


def speed_summary(frame: pd.DataFrame) -> str:
    """How fast the reference shape is trained and evaluated, beside the loop and the peak."""
    rows = _of_reference(frame)
    peak = frame[frame["measure"] == "matrix product"].iloc[0]
    lines = []
    for measure, name in MEASURES.items():
        of_measure = rows[rows["measure"] == measure]
        for scenes, some in of_measure.groupby("scenes", dropna=False):
            found = some.set_index("core").loc["compiled"]
            where = "" if pd.isna(scenes) else f", {scenes:,} scenes of each network"
            lines.append(
                f"- **{formats.capital(name)}**{where}: the compiled core is {_ratio(found)} times "
                f"as fast as the loop, {_rate(found)}{_eager(some)}. The compiled core "
                f"reaches {_share(found)}."
            )
    return "\n".join(
        [
            f"Measured on {_shape_in_words(rows.iloc[0])}, with one thread; medians of "
            f"{formats.counted(int(rows['repeats'].max()), 'timing')}, with quartiles in brackets. "
            f"The matrix product of this machine reaches {_number(peak['gflops'])} GFLOP/s "
            f"(square matrices of side {int(peak['size']):,}).",
            "",
            *lines,
        ]
    )


def _shape_in_words(row: pd.Series) -> str:
    return (
        f"{formats.counted(int(row['trials']), 'trial')}, LSTMs of "
        f"{formats.counted(int(row['layers']), 'layer')} with "
        f"{formats.counted(int(row['hidden']), 'unit')} each, scenes of at most "
        f"{formats.counted(int(row['size']), 'object')}, {int(row['batch'])} in a batch, in "
        f"{row['precision']}"
    )


def _of_reference(frame: pd.DataFrame) -> pd.DataFrame:
    shape = reference_shape(frame)
    return frame[(frame[list(shape)] == list(shape.values())).all(axis=1)]


def _eager(rows: pd.DataFrame) -> str:
    eager = rows[rows["core"] == "eager"]
    return f"; the eager ensemble is {_ratio(eager.iloc[0])} times as fast" if len(eager) else ""


def _ratio(row: pd.Series) -> str:
    low, high = formats.times(row["ratio_lower"]), formats.times(row["ratio_upper"])
    return f"{formats.times(row['ratio_to_loop'])} ({low} to {high})"


def _rate(row: pd.Series) -> str:
    unit = {"trial-steps/s": "trial-steps", "scenes/s": "scenes"}[row["unit"]]
    return f"{formats.steps(row['median'])} {unit} a second"


def _share(row: pd.Series) -> str:
    gflops, share = _number(row["gflops"]), row["fraction_of_peak"]
    if share < 1:
        return f"{gflops} GFLOP/s, {_percent(share)} of the matrix product's"
    # Useful operations are counted, also those that a shared prefix saves.
    return (
        f"{gflops} GFLOP/s of useful operations, more than the matrix product's, since it computes "
        "only once what scenes have in common"
    )


def threads_summary(frame: pd.DataFrame) -> str:
    """What more threads are worth to the compiled core, on the reference shape."""
    rows = frame[frame["measure"] == "training on threads"].set_index("threads")
    if rows.empty:
        return "This machine has one core, so that more threads were not measured."
    one = rows.loc[1]
    found = [
        f"{formats.times(row['ratio_to_loop'] / one['ratio_to_loop'])} times as fast on "
        f"{formats.counted(int(threads), 'thread')} ({_rate(row)})"
        for threads, row in rows.drop(1).iterrows()
    ]
    return (
        f"With one thread the compiled core trains {_shape_in_words(one)}, at {_rate(one)}. It is "
        f"{formats.listed(found)}; no number of the networks changes with the threads."
    )


def memory_summary(frame: pd.DataFrame) -> str:
    """Peak memory of a training job, and what compiling costs once, where they were measured."""
    memory = frame[frame["measure"] == "memory"].set_index("core")["median"]
    if memory.empty:
        return "Not measured in this run (`benchmark.first_use: false`)."
    cost = {
        measure: frame.loc[frame["measure"] == measure, "median"].iloc[0]
        for measure in ("compile", "load")
    }
    others = formats.listed(
        f"{formats.steps(memory[core])} MB with {CORE_NAMES[core]}" for core in ("loop", "eager")
    )
    return (
        f"A process that trains and evaluates with the compiled core holds at most "
        f"{formats.steps(memory['compiled'])} MB; it is {others}, and "
        f"{formats.steps(memory['nothing'])} MB for Python and torch with nothing to do. The first "
        f"process on a machine compiles the core for {_number(cost['compile'])} s; later ones load "
        f"it in {_number(cost['load'])} s."
    )


# --- How cost grows ---------------------------------------------------------------------------


def growth_summary(frame: pd.DataFrame) -> str:
    """How many times as long an update takes when trials, objects or units grow."""
    shape = reference_shape(frame)
    training = frame[frame["measure"] == "training"]
    lines = []
    for column, name in SHAPE.items():
        others = [other for other in SHAPE if other != column]
        rows = training[(training[others] == [shape[other] for other in others]).all(axis=1)]
        low, high = int(rows[column].min()), int(rows[column].max())
        if low == high:
            continue
        costs = {core: _growth(rows[rows["core"] == core], column) for core in CORES}
        grown = formats.listed(
            f"{formats.times(cost)} for {CORE_NAMES[core]}" for core, cost in costs.items()
        )
        lines.append(
            f"- From {low} to {high} {name} ({formats.times(high / low)} times as many), the "
            f"time of "
            f"an update of all trials grows by a factor of {grown}."
        )
    return "\n".join(lines)


def _growth(rows: pd.DataFrame, column: str) -> float:
    """The time of an update with the most of ``column``, divided by that with the least."""
    rows = rows.sort_values(column)
    seconds = rows["trials"].astype(float) / rows["median"]
    return float(seconds.iloc[-1] / seconds.iloc[0])


# --- Tables -----------------------------------------------------------------------------------


def rates_table(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One line for each shape of a measure: rates, ratio to the loop, share of the peak."""
    keys = ["trials", "hidden", "size", "scenes"]
    rows = frame[frame["measure"] == measure].sort_values(keys)
    lines = []
    for _, some in rows.groupby(keys, dropna=False, sort=False):
        by_core = {row["core"]: row for _, row in some.iterrows()}
        first = some.iloc[0]
        scenes = {} if pd.isna(first["scenes"]) else {"Scenes": f"{int(first['scenes']):,}"}
        lines.append(
            {
                "Trials": f"{first['trials']}",
                "Units": f"{first['hidden']}",
                "Objects": f"{first['size']}",
                **scenes,
                **{
                    core.capitalize(): formats.steps(by_core[core]["median"])
                    if core in by_core
                    else formats.MISSING
                    for core in CORES
                },
                "Eager to loop": _ratio_of(by_core, "eager"),
                "Compiled to loop": _ratio_of(by_core, "compiled"),
                "GFLOP/s": _number(by_core["compiled"]["gflops"]),
                "Of the peak": _percent(by_core["compiled"]["fraction_of_peak"]),
            }
        )
    return pd.DataFrame(lines)


def _ratio_of(rows: Mapping[str, pd.Series], core: str) -> str:
    return formats.times(rows[core]["ratio_to_loop"]) if core in rows else formats.MISSING


def machine_table(path: str) -> pd.DataFrame:
    """What the times depend on."""
    facts = tables.read_csv(path, tables.MACHINE)
    return facts.rename(columns={"property": "What", "value": "Here"})


def _number(value: float) -> str:
    return f"{value:#.2g}" if value < 9.95 else formats.steps(value)


def _percent(share: float) -> str:
    return f"{_number(100 * share)} %"
