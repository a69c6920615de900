"""The columns of result tables that several parts of the pipeline share, with their meaning.

A schema is the one place that says what a column holds: tables are read and cast by it, and
docs/tables.md is made from it.
"""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = [
    "BASELINES",
    "BASELINE_CELLS",
    "CELLS",
    "CHOSEN_TRIALS",
    "COMPARISON",
    "CONVERGENCE",
    "CURVES",
    "LEADERBOARD",
    "MEAN",
    "PUBLISHED",
    "SAMPLES",
    "SCENES",
    "TESTS",
    "TEXTS",
    "TIMELESS_TRIALS",
    "TRIALS",
    "VERDICTS",
    "Column",
    "Schema",
    "types",
]


class Column(NamedTuple):
    """The pandas type of a column, and what it means in words, for docs/tables.md.

    "Int64" and "float64" may be blank, "int64" and "bool" may not.
    """

    type: str
    meaning: str


Schema = Mapping[str, Column]
"""The columns that a table must have, by name and in their order."""


def types(schema: Schema) -> dict[str, str]:
    """Give the pandas type of each column, as `pandas.DataFrame.astype` takes them.

    >>> types({"step": Column("Int64", "Convergence step"), "n": Column("int64", "Trials")})
    {'step': 'Int64', 'n': 'int64'}
    """
    return {name: column.type for name, column in schema.items()}


MEAN: Schema = {
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
}
"""A mean with its interval, among the columns of other tables."""

SCENES: Schema = {
    "trial": Column("int64", "Trial, counted from 0"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "size": Column("int64", "Objects in the scene"),
    "scene": Column(
        "bytes",
        "Zone of each object in order, one byte each: 0 = A∩B, 1 = A∖B, 2 = B∖A, 3 = neither; "
        "4 fills up to max_size",
    ),
    "truth": Column("bool", "Whether the quantifier is true of the scene"),
    "copy": Column(
        "int64", "0, or which repetition of the scene (upsampling); only in balanced.parquet"
    ),
    "split": Column("str", "train, dev or test; only in split.parquet"),
}


SAMPLES: Schema = {"sample": Column("int64", "Hyperparameter sample, counted from 0")}


CURVES: Schema = {
    "sample": Column("int64", "Hyperparameter sample"),
    "trial": Column("int64", "Trial, counted from 0"),
    "step": Column("int64", "Step after which the network was evaluated, counted from 1"),
    "split": Column("str", "train, dev or test"),
    "quantifier": Column("str", "Name, or `all` for all scenes of the split"),
    "loss": Column("float64", "Mean loss (`training.loss`); cross entropy is in nats"),
    "accuracy": Column(
        "float64",
        "Share of right answers, 0 to 1; an answer is a word in a language model, a sentence in a "
        "description",
    ),
}


CELLS: Schema = {
    "sample": Column("int64", "Hyperparameter sample"),
    "trial": Column("int64", "Trial, counted from 0"),
    "split": Column("str", "dev or test"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "size": Column("int64", "Objects in the scene"),
    "both": Column("int64", "Objects in A∩B"),
    "a_only": Column("int64", "Objects in A∖B"),
    "truth": Column("bool", "Whether the quantifier is true of these scenes"),
    "scenes": Column("int64", "Scenes in the cell"),
    "correct": Column("int64", "How many of them were answered rightly"),
}


TRIALS: Schema = {
    "sample": Column("int64", "Hyperparameter sample"),
    "trial": Column("int64", "Trial, counted from 0"),
    "quantifier": Column(
        "str",
        "What the network learns: one quantifier by name, those of a group joined by +, or `all`",
    ),
    "seed": Column("str", "Seed of the network, 16 hexadecimal digits"),  # wider than int64
    "steps": Column("int64", "Steps it was trained"),
    "best_step": Column(
        "Int64", "Step of the weights that were kept: the best ones with `patience`, else the last"
    ),
    "stop_reason": Column("str", "threshold, patience, epochs or diverged"),
    **{
        f"{split}_loss": Column(
            "float64",
            f"Mean loss (`training.loss`) of the kept weights on the whole {split} split; blank "
            "where it has no scenes",
        )
        for split in ("train", "dev", "test")
    },
    **{
        f"{split}_accuracy": Column("float64", "Likewise the share of right answers, 0 to 1")
        for split in ("train", "dev", "test")
    },
    **{
        f"{split}_scenes": Column("int64", f"Scenes in the {split} split")
        for split in ("train", "dev", "test")
    },
    "seconds": Column(
        "float64",
        "Wall time until the network stopped, in seconds; after an interruption that of all "
        "attempts, but for what had to be done again",
    ),
    "device": Column("str", "Where it was trained, cpu or cuda"),
    "core": Column(
        "str", "Which implementation trained it: compiled, fused, graph or eager (`training.core`)"
    ),
}


# As in tables/: timings differ from run to run; without them equal runs give equal bytes.
TIMELESS_TRIALS: Schema = {name: column for name, column in TRIALS.items() if name != "seconds"}


CHOSEN_TRIALS: Schema = {
    "sample": Column("int64", "The chosen sample"),
    "trial": Column("int64", "Trial"),
    "quantifier": Column(
        "str",
        "What the network learns: one quantifier by name, those of a group joined by +, or `all`",
    ),
    "test_loss": Column(
        "float64", "Mean loss (`training.loss`) of the kept weights on the whole test split"
    ),
    "test_accuracy": Column("float64", "Likewise the share of right answers, 0 to 1"),
    "test_scenes": Column("int64", "Scenes in the test split"),
}


BASELINES: Schema = {
    "trial": Column("int64", "Trial"),
    "split": Column("str", "train, dev or test"),
    "quantifier": Column("str", "Name, or `all` for all scenes of the split"),
    "baseline": Column("str", "majority, size or zone_counts"),
    "scenes": Column("int64", "Scenes it answered"),
    "unseen": Column("float64", "Share of them whose key was in no training scene, 0 to 1"),
    "accuracy": Column("float64", "Share of right answers, 0 to 1"),
}


BASELINE_CELLS: Schema = {
    "trial": Column("int64", "Trial"),
    "split": Column("str", "train, dev or test"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "size": Column("int64", "Objects in the scene"),
    "baseline": Column("str", "majority, size or zone_counts"),
    "scenes": Column("int64", "Scenes of this size"),
    "unseen": Column("int64", "How many of them have a key that was in no training scene"),
    "correct": Column("int64", "How many of them were answered rightly"),
}


CONVERGENCE: Schema = {
    "sample": Column("int64", "Hyperparameter sample"),
    "trial": Column("int64", "Trial"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "step": Column("Int64", "Convergence step; blank when there was none"),
    "converged": Column("boolean", "Whether there was one; blank where nothing was measured"),
    "last_step": Column("int64", "Last evaluated step"),
    "final_accuracy": Column(
        "float64",
        "Mean accuracy of the last tenth of the run's evaluations (at least one, at most 50), 0 to "
        "1",
    ),
    "last_50_accuracy": Column(
        "float64",
        "Mean accuracy of the last 50 evaluations, or of all where there are fewer, 0 to 1; for "
        "the paper's own test alone (paired_t_accuracy)",
    ),
}


PUBLISHED: Schema = {
    "trial": Column("int64", "Published trial, counted from 0"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "step": Column("Int64", "Convergence step by the rule of the experiment; blank without one"),
    "converged": Column("bool", "Whether there was one"),
    "last_step": Column("int64", "Last evaluated step"),
    "final_loss": Column("float64", "Loss of the run there, over all quantifiers, in nats"),
}


COMPARISON: Schema = {
    "experiment": Column("str", "Experiment"),
    "sample": Column("int64", "Hyperparameter sample"),
    "easy": Column("str", "First quantifier of the pair, which satisfies the universal"),
    "hard": Column("str", "Second quantifier of the pair"),
    "test": Column(
        "str",
        "paired_t_steps, paired_t_accuracy (the tests of the paper, which leave out trials in "
        "which a quantifier was not learned) or area_between_curves (all trials)",
    ),
    "estimate": Column(
        "float64",
        "Mean difference of convergence steps, of the mean of the last 50 accuracies, or of the "
        "mean accuracy up to the horizon of the endpoint",
    ),
    "unit": Column("str", "steps or accuracy"),
    "lower": Column("float64", "Lower end of the 95 % t interval of `estimate`"),
    "upper": Column("float64", "Upper end"),
    "statistic": Column("float64", "Student's t"),
    "df": Column("float64", "Its degrees of freedom"),
    "p": Column("float64", "Two-sided p value"),
    "p_adjusted": Column("float64", "The same, by Holm's method over the pairs of the experiment"),
    "n": Column("int64", "Trials that entered the test"),
    "censored_easy": Column("int64", "Trials in which `easy` did not converge"),
    "censored_hard": Column("int64", "Trials in which `hard` did not converge"),
    "effect_size": Column(
        "float64",
        "Hedges' g_z: mean of the paired differences over their standard deviation, corrected for "
        "few trials",
    ),
    "effect_lower": Column("float64", "Lower end of its 95 % interval (noncentral t)"),
    "effect_upper": Column("float64", "Upper end"),
}


VERDICTS: Schema = {
    "experiment": Column("str", "Experiment"),
    "chapter": Column("str", "Its chapter"),
    "universal": Column("str", "The semantic universal at stake"),
    "sample": Column("int64", "Hyperparameter sample"),
    "first": Column("str", "First quantifier of the pair, which satisfies the universal"),
    "second": Column("str", "Second quantifier of the pair"),
    "endpoint": Column("str", "What decides: convergence_step or area_above_curve"),
    "horizon": Column("int64", "Step up to which each trial is looked at, τ"),
    "window": Column("int64", "Evaluations over which the mean accuracy exceeds the threshold"),
    "margin_low": Column("float64", "Ratios between this …"),
    "margin_high": Column("float64", "… and this are no difference that matters"),
    "n": Column("int64", "Trials"),
    "learned_first": Column("int64", "Trials that learned `first` up to the horizon"),
    "learned_second": Column("int64", "Trials that learned `second` up to the horizon"),
    "stopped_by_epochs": Column(
        "int64", "Of the other runs, two for each trial, those that used all their epochs"
    ),
    "stopped_by_patience": Column("int64", "Those that ended since the loss got no better"),
    "diverged": Column("int64", "Those that diverged"),
    "estimate": Column(
        "float64",
        "Mean of the paired differences, second minus first, of min(T, τ) in steps (T: the "
        "convergence step with `window`), or of the mean share of errors up to τ",
    ),
    "lower": Column(
        "float64",
        "Lower end of its 95 % t interval; none for fewer than 30 trials, where differences may "
        "be too skewed for it, or fewer than 12 runs, two a trial, that learned by τ (20 with more "
        "than 30 trials)",
    ),
    "upper": Column("float64", "Upper end"),
    "ratio": Column("float64", "Geometric mean of the paired ratios, second over first"),
    "ratio_lower": Column(
        "float64",
        "Lower end of its 95 % t interval (of the logarithms); none for fewer than 12 such runs",
    ),
    "ratio_upper": Column("float64", "Upper end"),
    "p": Column(
        "float64", "Two-sided p of the exact signed-rank test of the differences, all trials"
    ),
    "p_adjusted": Column(
        "float64", "The same for the family: Holm among the pairs, or times a declared size"
    ),
    "family": Column("str", "Name of the family: the experiment, or a declared one"),
    "family_size": Column("int64", "Comparisons in it"),
    "verdict": Column(
        "str",
        "sooner or later (`first`, where p_adjusted < 0.05), no_difference (none larger than the "
        "margin, by two one-sided tests at 0.05), else open",
    ),
    "within_margin": Column(
        "bool", "Whether the 90 % interval of the ratio lies inside the margin, also if sooner"
    ),
    "smallest_effect": Column(
        "float64",
        "The smallest mean difference, in standard deviations of the differences, that so many "
        "trials show with a probability of 0.8",
    ),
    "same_orbit": Column(
        "boolean", "Whether a relabelling of the zones or a negation makes one of the other"
    ),
    "exchangeable": Column(
        "boolean",
        "Whether that is a symmetry of the whole experiment, so that no difference is possible "
        "and the comparison checks the procedure",
    ),
}


LEADERBOARD: Schema = {
    "rank": Column("int64", "Place, counted from 1"),
    "sample": Column("int64", "Hyperparameter sample"),
    "chosen": Column(
        "bool", "Whether it is the chosen one, the first; with `search.choose: false` none is"
    ),
    "trials": Column("int64", "Trials that the means are over"),
    "diverged": Column(
        "int64", "Trials of which a network diverged; they count with the weights they left"
    ),
    **{
        f"{split}_{metric}{bound}": Column("float64", meaning)
        for split, which in (
            ("dev", "; blank where there is none"),
            ("test", ", for the chosen sample; blank for others, unless `search.choose` is false"),
        )
        for metric in ("accuracy", "loss")
        for bound, meaning in {
            "": f"Mean over trials of the {metric} of the kept weights on the {split} split{which}",
            "_lower": f"Lower end of its 95 % t interval, cut where no {metric} can be; blank for "
            "one trial",
            "_upper": "Upper end",
        }.items()
    },
}


TEXTS: Schema = {
    "sample": Column("int64", "Hyperparameter sample"),
    "trial": Column("int64", "Trial, counted from 0"),
    "quantifier": Column("str", "That of the text, or of the sentence that is to be written"),
    "size": Column("int64", "Objects in the scene"),
    "both": Column("int64", "Objects in A∩B"),
    "a_only": Column("int64", "Objects in A∖B"),
    "counts_trained": Column(
        "bool", "Whether a training scene has as many objects in A∩B and in A∖B"
    ),
    "sentence_trained": Column("bool", "Whether a training scene has the same sentence"),
    "scene": Column("str", "The scene in words"),
    "target": Column("str", "The sentence of the text, or the one that is to be written"),
    "written": Column("str", "What the network wrote, without the full stop"),
    "said": Column("str", "The quantifier of which that is the sentence; blank where it is none"),
    "true": Column("bool", "Whether it is true of the scene"),
    "words": Column("int64", "Words of the target, with its full stop"),
    "loss": Column("float64", "−ln of the probability of the target, in nats, all words together"),
    "blind": Column(
        "float64",
        "The same where sentences are as frequent as in training, whatever the scene (each "
        "counted once more)",
    ),
    "unigram": Column(
        "float64",
        "The same where words are as frequent as in the training sentences, whatever comes before",
    ),
}


TESTS = ("paired_t_steps", "paired_t_accuracy", "area_between_curves")
