"""The columns of result tables that several parts of the pipeline share, with their meaning.

A schema is the one place that says what a column holds: tables are read and cast by it, and
docs/tables.md is made from it.
"""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = [
    "AS_RUN",
    "BASELINES",
    "BASELINE_CELLS",
    "BENCHMARK",
    "CELLS",
    "CHOSEN_TRIALS",
    "COMPARISON",
    "COMPARISON_SYMMETRIES",
    "CONVERGENCE",
    "CURVES",
    "EXPERIMENT_SYMMETRIES",
    "LEADERBOARD",
    "LEAGUE",
    "MACHINE",
    "MEAN",
    "ORBITS",
    "OVERVIEW",
    "PUBLISHED",
    "SAMPLES",
    "SCENES",
    "SYMMETRY_CHECK",
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


OVERVIEW: Schema = {
    **VERDICTS,
    "title": Column("str", "Title of the experiment"),
    "version": Column("str", "documented, or as run"),
    "twin": Column("str", "The documented twin of an experiment as run"),
    **{
        f"{name}_{side}": Column("float64", meaning)
        for side in ("first", "second")
        for name, meaning in (
            (
                "median_step",
                f"Median convergence step of `{side}`; blank when fewer than half converged",
            ),
            ("final_accuracy", f"Mean over trials of the final accuracy of `{side}`, 0 to 1"),
            (
                "size_alone",
                f"Mean over trials of what the size alone gives for `{side}` on the monitored "
                "split, 0 to 1",
            ),
        )
    },
}


AS_RUN: Schema = {
    "documented": Column("str", "Experiment as documented"),
    "as_run": Column("str", "Experiment as run"),
    "sample": Column("int64", "Hyperparameter sample"),
    "first": Column("str", "First quantifier of the pair"),
    "second": Column("str", "Second quantifier of the pair"),
    "ratio_documented": Column("float64", "`ratio` of verdicts.csv as documented"),
    "ratio_as_run": Column("float64", "Likewise as run"),
    "ratio": Column("float64", "ratio_documented over ratio_as_run"),
    "lower": Column(
        "float64", "Lower end of its 95 % interval (Welch, of the logarithms of the ratios)"
    ),
    "upper": Column("float64", "Upper end"),
    "p": Column("float64", "Two-sided p of Welch's t-test of the logarithms"),
    "p_adjusted": Column("float64", "By Holm's method over the pairs of the two experiments"),
    "n_documented": Column("int64", "Trials as documented"),
    "n_as_run": Column("int64", "Trials as run"),
}


LEAGUE: Schema = {
    "quantifier": Column("str", "Its name"),
    "meaning": Column("str", "When it is true, in words that are made from its expression"),
    "expression": Column("str", "Its expression"),
    "generated": Column("bool", "Whether it is a generated quantifier, or the negation of one"),
    "orbit": Column(
        "str", "Its orbit: the first quantifier of this table that is the same learning problem"
    ),
    "truth_rate": Column("float64", "Share of the scenes in which it is true"),
    **{
        f"{side}_{way}": Column("float64", f"Degree to which it is {way} monotone in {letter}")
        for side, letter in (("right", "B"), ("left", "A"))
        for way in ("upward", "downward")
    },
    "monotonicity": Column("float64", "The largest of the four"),
    "quantity": Column("float64", "Degree to which only the four zone counts matter"),
    "conservativity": Column(
        "float64", "Degree to which it does not matter whether objects outside A are in B"
    ),
    "extensionality": Column("float64", "Degree to which objects in neither A nor B do not matter"),
    "sensitivity": Column("float64", "Average sensitivity, as in complexity.csv"),
    "experiment": Column(
        "str",
        "The experiment that the next six columns are of: `figures/lexicon/league.py` says which",
    ),
    "trials": Column("Int64", "Its trials in which the accuracy was measured"),
    "learned": Column("Int64", "Those of them that learned the quantifier"),
    "median_step": Column(
        "float64", "Median convergence step; blank when fewer than half converged"
    ),
    "median_lower": Column("float64", "Lower end of its 95 % interval; blank when not reached"),
    "median_upper": Column("float64", "Upper end"),
    "size_alone": Column(
        "float64",
        "Mean over trials of what the size of a scene alone gives on the monitored split, 0 to 1",
    ),
    "experiments": Column("str", "All experiments of the page with it, set apart by blanks"),
}


BENCHMARK: Schema = {
    "measure": Column(
        "str",
        "training (updates), training on threads (the same, by numbers of threads), evaluation "
        "(of prepared scenes), evaluation with plan (preparing them too), run and run without "
        "evaluation (whole training loops), training by architecture, memory, compile, load, or "
        "matrix product",
    ),
    "core": Column(
        "str",
        "loop (over torch.nn.LSTM), eager, compiled, or jax (jax.vmap, where that is installed); "
        "blank for the machine itself",
    ),
    "architecture": Column("str", "Architecture of the networks; blank for the machine itself"),
    "trials": Column("Int64", "Networks in the ensemble"),
    "hidden": Column("Int64", "Units in each layer"),
    "size": Column("Int64", "Objects in the largest scene"),
    "scenes": Column("Int64", "Scenes evaluated for each network"),
    "layers": Column("Int64", "Layers"),
    "batch": Column("Int64", "Scenes in an update"),
    "precision": Column("str", "float32 or float64"),
    "threads": Column("Int64", "Threads of the core; the loop has one"),
    "networks": Column(
        "Int64", "Networks really run, where running all of them would only take longer"
    ),
    "median": Column("float64", "Median over the repeats"),
    "lower": Column("float64", "Lower quartile"),
    "upper": Column("float64", "Upper quartile"),
    "unit": Column("str", "Unit of the three"),
    "repeats": Column("int64", "Repeats"),
    "ratio_to_loop": Column(
        "float64", "Median of the ratio to the loop in the same round; above 1 is faster"
    ),
    "ratio_lower": Column("float64", "Its lower quartile"),
    "ratio_upper": Column("float64", "Its upper quartile"),
    "ratio_to_eager": Column("float64", "The same median beside eager"),
    "gflops": Column(
        "float64",
        "Matrix products on real objects, in 10⁹ operations a second; blank for networks that read "
        "a scene at once",
    ),
    "fraction_of_peak": Column(
        "float64", "The same as a fraction of the matrix product of this machine"
    ),
}


GPU: Schema = {
    "core": Column("str", "fused, graph or jax on the GPU, or CPU: compiled on all its cores"),
    "networks": Column("int64", "Networks in the ensemble; a CPU trains 64 at most"),
    "architecture": Column("str", "Architecture of the networks"),
    "layers": Column("int64", "Layers"),
    "hidden": Column("int64", "Units in each layer"),
    "batch": Column("int64", "Scenes in an update"),
    "size": Column("int64", "Objects in the largest scene"),
    "median": Column("float64", "Steps of networks in a second; median over the repeats"),
    "lower": Column("float64", "Lower quartile"),
    "upper": Column("float64", "Upper quartile"),
    "repeats": Column("int64", "Repeats"),
    "fused_over_it": Column(
        "float64", "How many times as fast the fused core is in the same round; the median"
    ),
}


MACHINE: Schema = {
    "property": Column("str", "What is said about the machine"),
    "value": Column("str", "What it is"),
}


SYMMETRY_CHECK: Schema = {
    "architecture": Column("str", "Architecture of the two networks"),
    "first": Column("str", "What one network learns"),
    "second": Column("str", "What its mirror image learns"),
    "together": Column("bool", "Whether one network learns both, and the two change places"),
    "steps": Column("int64", "Updates of each network"),
    "loss_at_start": Column("float64", "Test loss of the first after its first update"),
    "loss_at_end": Column("float64", "The same after its last update"),
    "largest_difference": Column(
        "float64", "Largest absolute difference between the test losses of the two networks"
    ),
}


ORBITS: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "Its expression"),
    "orbit": Column("str", "Its orbit: the name of the first quantifier of this table in it"),
    "size": Column("int64", "Different meanings in its orbit"),
    "ordered": Column("bool", "Whether its expression speaks of the order of objects"),
    "monotonicity_lowest": Column(
        "float64",
        "Lowest in its orbit of the largest degree of monotonicity of the four directions, by all "
        "scenes of at most 7 objects",
    ),
    "monotonicity_highest": Column("float64", "The same, highest"),
    "conservativity_lowest": Column("float64", "Lowest degree of conservativity in its orbit"),
    "conservativity_highest": Column("float64", "The same, highest"),
}


EXPERIMENT_SYMMETRIES: Schema = {
    "experiment": Column("str", "Its name"),
    "state": Column("str", "Whether its symmetry is whole, reduced or broken"),
    "symmetries": Column("int64", "How many of the 48 symmetries it has; 0 where it is broken"),
    "reason": Column("str", "What reduces or breaks the symmetry"),
}


COMPARISON_SYMMETRIES: Schema = {
    "experiment": Column("str", "Its name"),
    "first": Column("str", "The first quantifier of the comparison"),
    "second": Column("str", "The second one"),
    "same_orbit": Column(
        "boolean", "Whether the two are one learning problem, each alone; blank if not decided"
    ),
    "exchangeable": Column(
        "boolean",
        "Whether a symmetry of the experiment exchanges them, so that their comparison is a check "
        "of the procedure; blank if not decided",
    ),
}
