"""How often a test finds a difference between quantifiers that are one learning problem.

The trials of each pair are a pool, which is parted at random into ensembles of a usual size; each
test is done within each ensemble, on the horizon of the pool. A pair is a test by itself here: p is
adjusted for no other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column, types
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.error_rates import (
    chance_range,
    disjoint_ensembles,
    signed_rank_p,
    t_test_p,
)
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.formats import percent
from quantlearn.seeds import random_stream
from quantlearn.statistics.convergence import measured, step_leads
from quantlearn.statistics.curves import area_to
from quantlearn.statistics.endpoint import pair_outcomes
from quantlearn.statistics.multiple_tests import LEVEL

READS = ("samples", "curves", "trials", "convergence", "verdicts")

_PAIR = {
    "experiment": Column("str", "Where the networks were trained"),
    "together": Column("bool", "Whether one network of a trial learned both quantifiers"),
    "first": Column("str", "First quantifier of the pair"),
    "second": Column("str", "Second quantifier, which is equally hard by symmetry"),
}
_SHARES = {
    "test": Column("str", "signed_rank, which decides verdicts, or a test of comparison.csv"),
    "n": Column("int64", "Trials of an ensemble"),
    "ensembles": Column("int64", "Ensembles without a common trial that the pool holds"),
    "resamples": Column("int64", "Ensembles that were tested, from random partitions"),
    "rejected": Column("float64", "Share of them in which p is below 0.05"),
    "lower": Column("float64", "Smallest share that is within chance at a true one of 0.05"),
    "upper": Column("float64", "Largest: both by the binomial distribution for `ensembles`"),
}

TABLES = {
    "false_verdicts": {**_PAIR, **_SHARES},
    "false_verdict_rates": {"pairs": Column("int64", "Pairs that are counted"), **_SHARES},
    "calibration_pools": {
        **_PAIR,
        "trials": Column("int64", "Trials of the pool"),
        "horizon": Column("int64", "Step up to which each is looked at"),
        "learned_first": Column("int64", "Trials that learned the first by then"),
        "learned_second": Column("int64", "Trials that learned the second"),
        "correlation": Column("float64", "Within pairs, of the logarithms of min(T, horizon)"),
        "ratio": Column("float64", "Ratio of the steps, second over first, of all trials"),
        "ratio_lower": Column("float64", "Lower end of its 95 % interval"),
        "ratio_upper": Column("float64", "Upper end"),
        "p": Column("float64", "p of the signed-rank test of all trials"),
    },
}

ROWS = {
    "false_verdicts": "One row for each pair, test and size of ensembles.",
    "false_verdict_rates": "One row for each test and size of ensembles, over all pairs.",
    "calibration_pools": "One row for each pair.",
}

SIZES = (10, 15, 30)
RESAMPLES = 2000

NAMES = {
    "signed_rank": "Verdict: exact signed ranks",
    "paired_t_steps": "2019: t-test of steps",
    "paired_t_accuracy": "2019: t-test of accuracies",
    "area_between_curves": "t-test of areas",
}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The shares of each pair, those over all pairs, and what the pools are like."""
    shares, pools = [], []
    for one in (experiment, *beside):
        for row in one.shown(one.verdicts).itertuples():
            pair = {
                "experiment": one.name,
                "together": bool(one.settings["training"]["together"]),
                "first": row.first,
                "second": row.second,
            }
            values = endpoint_values(one, row)
            rng = random_stream(seed, one.name, row.first, row.second, "ensembles")
            found = false_shares(differences(one, row, values), rng)
            shares += [pair | share for share in found]
            pools.append(pair | of_pool(row, values))
    frame = pd.DataFrame(shares, columns=list(TABLES["false_verdicts"]))
    found = {
        "false_verdicts": frame,
        "false_verdict_rates": over_pairs(frame),
        "calibration_pools": pd.DataFrame(pools, columns=list(TABLES["calibration_pools"])),
    }
    return {name: table.astype(types(TABLES[name])) for name, table in found.items()}


def endpoint_values(experiment: Experiment, row: Any) -> pd.DataFrame:
    """The endpoint of the two quantifiers of a verdict (columns) in each trial (rows)."""
    settings = experiment.settings
    _, both = pair_outcomes(
        of_pair(experiment, row),
        experiment.shown(experiment.trials),
        (row.first, row.second),
        training=settings["training"],
        endpoint={"measure": row.endpoint, "horizon": row.horizon, "window": row.window},
        threshold=settings["convergence"]["threshold"],
    )
    return both.rename(columns={"value_first": row.first, "value_second": row.second})[
        [row.first, row.second]
    ]


def of_pair(experiment: Experiment, row: Any) -> pd.DataFrame:
    """The curves of a pair on the split that is monitored."""
    curves = experiment.shown(experiment.curves)
    monitored = curves["split"] == experiment.settings["training"]["monitor"]
    return curves[monitored & curves["quantifier"].isin([row.first, row.second])]


def differences(experiment: Experiment, row: Any, values: pd.DataFrame) -> dict[str, np.ndarray]:
    """What each test is done on, by its name: a number for each trial, nan where it leaves it out.

    Those are the differences that the verdict and the tests of comparison.csv look at.
    """
    known = measured(experiment.shown(experiment.convergence)).set_index("trial")
    first, second = (
        known[known["quantifier"] == name].reindex(values.index) for name in (row.first, row.second)
    )
    leads = step_leads(first, second)
    learned = np.isfinite(leads)
    accuracy = (first["last_50_accuracy"] - second["last_50_accuracy"]).to_numpy(dtype=float)
    runs = of_pair(experiment, row).sort_values("step").groupby(["quantifier", "trial"])
    areas = runs[["step", "accuracy"]].apply(
        lambda run: area_to(run["step"].to_numpy(), run["accuracy"].to_numpy(), row.horizon)
    )
    found = {
        "signed_rank": values[row.second] - values[row.first],
        "paired_t_steps": np.where(learned, leads, np.nan),
        "paired_t_accuracy": np.where(learned, accuracy, np.nan),
        "area_between_curves": (areas[row.first] - areas[row.second]).reindex(values.index),
    }
    return {name: np.asarray(numbers, dtype=float) for name, numbers in found.items()}


def false_shares(found: Mapping[str, np.ndarray], rng: np.random.Generator) -> list[dict[str, Any]]:
    """The share of ensembles in which each test rejects, from the differences of a pool.

    A pool that is smaller than all `SIZES` is one ensemble.
    """
    pool = len(next(iter(found.values())))
    rows = []
    for n in [size for size in SIZES if size <= pool] or [pool]:
        drawn = disjoint_ensembles(rng, pool, n, RESAMPLES)
        lower, upper = chance_range(pool // n)
        for test, numbers in found.items():
            p = (signed_rank_p if test == "signed_rank" else t_test_p)(numbers[drawn])
            rows.append(
                {
                    "test": test,
                    "n": n,
                    "ensembles": pool // n,
                    "resamples": len(drawn),
                    "rejected": float(np.mean(p < LEVEL)),
                    "lower": lower,
                    "upper": upper,
                }
            )
    return rows


def over_pairs(shares: pd.DataFrame) -> pd.DataFrame:
    """The shares over all pairs, whose ensembles are independent of one another."""
    rows = []
    for (test, n), own in shares.groupby(["test", "n"], sort=False):
        ensembles = int(own["ensembles"].sum())
        lower, upper = chance_range(ensembles)
        rows.append(
            {
                "pairs": len(own),
                "test": test,
                "n": n,
                "ensembles": ensembles,
                "resamples": int(own["resamples"].sum()),
                "rejected": float(np.average(own["rejected"], weights=own["ensembles"])),
                "lower": lower,
                "upper": upper,
            }
        )
    return pd.DataFrame(rows, columns=list(TABLES["false_verdict_rates"]))


def of_pool(row: Any, values: pd.DataFrame) -> dict[str, Any]:
    """What the trials of a pair are like, all together."""
    logarithms = np.log(values.to_numpy())
    varies = len(values) > 1 and bool(np.ptp(logarithms, axis=0).all())
    kept = ("horizon", "learned_first", "learned_second", "ratio", "ratio_lower", "ratio_upper")
    return {
        "trials": row.n,
        "correlation": np.corrcoef(logarithms.T)[0, 1] if varies else np.nan,
        "p": row.p,
    } | {name: getattr(row, name) for name in kept}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """How often each test finds a difference at 0.05 between quantifiers that cannot differ.

    Large markers: all pairs; small ones: single pairs, filled where each quantifier has a network
    of its own, hollow where one network learns both. Grey: where the share over all pairs lies in
    95 of 100 cases if the true share is 0.05 (dashed), by the number of ensembles without a common
    trial.
    """
    rates = tables["false_verdict_rates"]
    figure = style.new_figure(style.PAGE_WIDTH, 2.9)
    panels = figure.subplots(1, len(NAMES), sharey=True)
    colours = zip(NAMES.items(), style.OKABE_ITO, strict=False)
    for axes, ((test, name), colour) in zip(panels, colours, strict=True):
        singles = tables["false_verdicts"]
        draw_test(axes, rates[rates["test"] == test], singles[singles["test"] == test], colour)
        axes.set_title(name.replace(": ", ":\n"))
    panels[0].set_ylabel("Ensembles with p < 0.05")
    panels[0].set_ylim(0, None)
    style.percent_axis(panels[0].yaxis)
    figure.supxlabel("Trials of an ensemble", fontsize=9)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def draw_test(axes: Axes, rates: pd.DataFrame, singles: pd.DataFrame, colour: str) -> None:
    """The shares of one test."""
    sizes = list(rates["n"])
    places = np.arange(len(sizes))
    axes.bar(
        places,
        rates["upper"] - rates["lower"],
        bottom=rates["lower"],
        width=0.8,
        color=style.GREY,
        alpha=0.25,
        linewidth=0,
    )
    axes.axhline(LEVEL, color=style.GREY, linestyle="--", linewidth=0.8)
    kinds = ((False, -0.2, colour, "each alone"), (True, 0.2, "white", "together"))
    for together, side, fill, name in kinds:
        own = singles[singles["together"] == together]
        at = [sizes.index(n) + side for n in own["n"]]
        (points,) = axes.plot(
            at,
            own["rejected"],
            "o",
            color=colour,
            markerfacecolor=fill,
            markersize=3,
            label=name,
        )
        shares = zip(own["n"], own["rejected"], strict=True)
        svg_titles.tell(points, [f"{name}, {n} trials: {percent(share)}" for n, share in shares])
    (points,) = axes.plot(
        places, rates["rejected"], "o-", color=colour, markersize=6, linewidth=1, label="all pairs"
    )
    shares = zip(sizes, rates["rejected"], strict=True)
    svg_titles.tell(points, [f"all pairs, {n} trials: {percent(share)}" for n, share in shares])
    axes.set_xticks(places, [str(n) for n in sizes])


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The shares over all pairs, and which of them chance does not explain."""
    rates, pools = tables["false_verdict_rates"], tables["calibration_pools"]
    above = rates[rates["rejected"] > rates["upper"]]
    below = rates[rates["rejected"] < rates["lower"]]
    pairs = tables["false_verdicts"]
    kinds = {"alone": pairs[~pairs["together"]], "together": pairs[pairs["together"]]}
    split = {
        kind: over_pairs(own).set_index(["test", "n"])["rejected"] for kind, own in kinds.items()
    }
    return {
        "names": NAMES,
        "verdicts": rates[rates["test"] == "signed_rank"].to_dict("records"),
        "rates": rates.to_dict("records"),
        "above": above.to_dict("records"),
        "below": below.to_dict("records"),
        "pairs": len(pools),
        "trials": pools["trials"].tolist(),
        "level": LEVEL,
        "rows": [
            {
                "Test": NAMES[row.test],
                "Trials": str(row.n),
                "Ensembles": str(row.ensembles),
                "False": formats.percent(row.rejected),
                "Each alone": formats.percent(split["alone"].get((row.test, row.n), np.nan)),
                "Together": formats.percent(split["together"].get((row.test, row.n), np.nan)),
                "Within chance": formats.interval(
                    formats.percent(row.lower), formats.percent(row.upper)
                ),
            }
            for row in rates.itertuples()
        ],
        "pools": [
            {
                "Pair": f"{style.label(row.first)} – {style.label(row.second)}",
                "Networks": "one for both" if row.together else "one each",
                "Trials": str(row.trials),
                "First learned": str(row.learned_first),
                "Second": str(row.learned_second),
                "Correlation": formats.correlation(row.correlation),
                "Ratio": formats.times(row.ratio),
                "95 % interval": formats.interval(
                    formats.times(row.ratio_lower), formats.times(row.ratio_upper)
                ),
                "p": formats.p_value(row.p),
            }
            for row in pools.itertuples()
        ],
    }
