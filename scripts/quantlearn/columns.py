"""The columns of result tables that several parts of the pipeline share."""

from collections.abc import Mapping

__all__ = [
    "BASELINES",
    "BASELINE_CELLS",
    "CELLS",
    "CHOSEN_TRIALS",
    "COMPARISON",
    "CONVERGENCE",
    "CURVES",
    "LEADERBOARD",
    "SAMPLES",
    "TESTS",
    "TEXTS",
    "TIMELESS_TRIALS",
    "TRIALS",
    "Schema",
]


Schema = Mapping[str, str]
"""Column name → pandas type. "Int64" and "float64" may be blank, "int64" and "bool" may not."""


SAMPLES: Schema = {"sample": "int64"}


CURVES: Schema = {
    "sample": "int64",
    "trial": "int64",
    "step": "int64",
    "split": "str",
    "quantifier": "str",
    "loss": "float64",
    "accuracy": "float64",
}


CELLS: Schema = {
    "sample": "int64",
    "trial": "int64",
    "split": "str",
    "quantifier": "str",
    "size": "int64",
    "both": "int64",
    "a_only": "int64",
    "truth": "bool",
    "scenes": "int64",
    "correct": "int64",
}


TRIALS: Schema = {
    "sample": "int64",
    "trial": "int64",
    "quantifier": "str",  # what the network learns: one by name, a group joined by +, or all
    "seed": "str",  # wider than 64 bits
    "steps": "int64",
    "best_step": "Int64",
    "stop_reason": "str",
    **dict.fromkeys([f"{split}_loss" for split in ("train", "dev", "test")], "float64"),
    **dict.fromkeys([f"{split}_accuracy" for split in ("train", "dev", "test")], "float64"),
    **dict.fromkeys([f"{split}_scenes" for split in ("train", "dev", "test")], "int64"),
    "seconds": "float64",
    "device": "str",
    "core": "str",
}


# As in tables/: timings differ from run to run; without them equal runs give equal bytes.
TIMELESS_TRIALS: Schema = {name: kind for name, kind in TRIALS.items() if name != "seconds"}


CHOSEN_TRIALS: Schema = {
    "sample": "int64",
    "trial": "int64",
    "quantifier": "str",
    "test_loss": "float64",
    "test_accuracy": "float64",
    "test_scenes": "int64",
}


BASELINES: Schema = {
    "trial": "int64",
    "split": "str",
    "quantifier": "str",
    "baseline": "str",
    "scenes": "int64",
    "unseen": "float64",
    "accuracy": "float64",
}


BASELINE_CELLS: Schema = {
    "trial": "int64",
    "split": "str",
    "quantifier": "str",
    "size": "int64",
    "baseline": "str",
    "scenes": "int64",
    "unseen": "int64",
    "correct": "int64",
}


CONVERGENCE: Schema = {
    "sample": "int64",
    "trial": "int64",
    "quantifier": "str",
    "step": "Int64",
    "converged": "boolean",  # blank where nothing was measured
    "last_step": "int64",
    "final_accuracy": "float64",
}


COMPARISON: Schema = {
    "experiment": "str",
    "sample": "int64",
    "easy": "str",
    "hard": "str",
    "test": "str",
    "estimate": "float64",
    "unit": "str",
    "lower": "float64",
    "upper": "float64",
    "statistic": "float64",
    "df": "float64",
    "p": "float64",
    "p_adjusted": "float64",
    "n": "int64",
    "censored_easy": "int64",
    "censored_hard": "int64",
    "effect_size": "float64",
    "effect_lower": "float64",
    "effect_upper": "float64",
    "horizon": "float64",
}


LEADERBOARD: Schema = {
    "rank": "int64",
    "sample": "int64",
    "chosen": "bool",
    "trials": "int64",
    "diverged": "int64",
    **{
        f"{split}_{metric}{bound}": "float64"
        for split in ("dev", "test")
        for metric in ("accuracy", "loss")
        for bound in ("", "_lower", "_upper")
    },
}


TEXTS: Schema = {
    "sample": "int64",
    "trial": "int64",
    "quantifier": "str",
    "size": "int64",
    "both": "int64",
    "a_only": "int64",
    "counts_trained": "bool",
    "sentence_trained": "bool",
    "scene": "str",
    "target": "str",
    "written": "str",
    "said": "str",
    "true": "bool",
    "words": "int64",
    **dict.fromkeys(["loss", "blind", "unigram"], "float64"),
}


TESTS = ("paired_t_steps", "paired_t_accuracy", "wilcoxon_steps", "logrank", "area_between_curves")
