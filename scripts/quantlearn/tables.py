"""Result tables on disk: the same frame always gives the same bytes, and never half a file.

CSV for tables that people read, parquet for long ones. A schema names the columns that a table
must have and their types, so that a reader gets booleans, missing integers and text back as such.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quantlearn.columns import LEADERBOARD, TESTS, TRIALS, Column, Schema, types
from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing

__all__ = [
    "AS_RUN",
    "ATLAS",
    "ATLAS_CHECKS",
    "ATLAS_EFFECTS",
    "ATLAS_MEASURES",
    "BALANCING",
    "BENCHMARK",
    "COMPLEXITY",
    "CONTROLS",
    "DEGREES",
    "DESCRIPTION",
    "FINETUNING",
    "GENERALISATION",
    "GENERATED",
    "GRADIENTS_THROUGH_TIME",
    "KNOBS",
    "LANGUAGE_MODEL",
    "LEFT_OUT",
    "MACHINE",
    "MINIMAL_PAIRS",
    "OVERFITTING",
    "OVERVIEW",
    "PROBES",
    "PROJECTIONS",
    "RANDOM_AGAINST_GRID",
    "REGULARISATION",
    "ROWS",
    "SCOREBOARD",
    "SEQUENCE_LENGTHS",
    "STATE_SPACE",
    "TRANSFER",
    "TREES",
    "TRUTH_RATES",
    "TableError",
    "chosen_sample",
    "held_out",
    "job_of_samples",
    "of_chosen",
    "read_csv",
    "read_jobs",
    "read_parquet",
    "write_csv",
    "write_parquet",
]

OVERFITTING: Schema = {
    "kind": Column(
        "str",
        "loss (along training), turn (where the dev loss is smallest), end (of the runs), early "
        "stopping (what it would have given), or stopped runs (of the experiment beside, which "
        "had it)",
    ),
    "quantity": Column(
        "str",
        "What is estimated: train, dev or test (the split of a loss), or as it says; `steps "
        "saved` is a share of the steps",
    ),
    "patience": Column("Int64", "Evaluations without a smaller dev loss after which training ends"),
    "step": Column("Int64", "Step of a loss"),
    "estimate": Column("float64", "Estimate over trials"),
    "lower": Column("float64", "Lower end of the interval, or lower quartile"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
}

REGULARISATION: Schema = {
    "sample": Column("int64", "Hyperparameter sample that is the condition"),
    "condition": Column("str", "none, or which of L2, dropout and batch norm"),
    "metric": Column("str", "accuracy or loss"),
    "quantity": Column(
        "str",
        "train, test, gap (training less test accuracy, test less training loss), and for the "
        "conditions but none: test less none, gap less none (differences within trials)",
    ),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "p_adjusted": Column(
        "float64",
        "Of differences: two-sided p of the paired t-test, by Holm's method over the conditions",
    ),
    "n": Column("int64", "Trials"),
}

BALANCING: Schema = {
    "method": Column("str", "data.balance.method: none, downsample or upsample"),
    "sample": Column("int64", "Hyperparameter sample"),
    "steps": Column("float64", "Median steps of its trials"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "split": Column("str", "test or dev"),
    "quantity": Column(
        "str",
        "true and false (accuracy on the scenes with this truth value), all (accuracy), balanced "
        "(mean of true and false), majority (share of the commoner truth value), share_true, and "
        "not_above (share of trials whose accuracy is not above majority)",
    ),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval, of not_above of Wilson's"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
}

PROBES: Schema = {
    "quantifier": Column("str", "What the networks learn"),
    "target": Column(
        "str",
        "What is read: both (|A∩B|), difference (|A∩B| − |A∖B|), both of the objects so far, or "
        "automaton (the state of the smallest automaton, where it is finite)",
    ),
    "network": Column(
        "str",
        "trained, untrained (with the weights before training), or size (the number of objects so "
        "far in place of a state)",
    ),
    "part": Column(
        "str", "h (hidden state) or c (cell state) of the highest layer; blank for size"
    ),
    "metric": Column(
        "str",
        "r_squared (against the mean), or exact (share that is right, rounded to a whole number)",
    ),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
}

STATE_SPACE: Schema = {
    "quantifier": Column("str", "What the network learns"),
    "scene": Column("int64", "Number of the scene, from 0"),
    "position": Column("int64", "Which object of the scene was the last one read, from 1"),
    "both": Column("Int64", "|A∩B| of the objects so far"),
    "difference": Column("Int64", "|A∩B| − |A∖B| of the objects so far"),
    "automaton": Column("Int64", "State of the smallest automaton; blank where it is not finite"),
    "first": Column(
        "float64",
        "Coordinate of the state, hidden and cell units together, along the first principal "
        "component",
    ),
    "second": Column("float64", "Along the second one"),
    "first_share": Column(
        "float64", "Share of the variance of the quantifier's states along the first one"
    ),
    "second_share": Column("float64", "Along the second one"),
}

SEQUENCE_LENGTHS: Schema = {
    "architecture": Column("str", "network.architecture"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml"),
    "size": Column(
        "Int64", "Objects in the scene; blank over all sizes with this value of `trained`"
    ),
    "trained": Column("bool", "Whether training had scenes of the size"),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
}

GRADIENTS_THROUGH_TIME: Schema = {
    "architecture": Column("str", "network.architecture"),
    "part": Column("str", "h (hidden state) or c (cell state) of the highest layer"),
    "network": Column("str", "untrained (with the weights before training) or trained"),
    "distance": Column("int64", "Objects between this state and the last one"),
    "estimate": Column(
        "float64",
        "Norm relative to that by the last hidden state: geometric mean over scenes and trials",
    ),
    "lower": Column(
        "float64", "Lower end of its 95 % interval over trials (t interval of the logarithms)"
    ),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
}

SCOREBOARD: Schema = {
    "architecture": Column(
        "str", "network.architecture; where scenes are described, network.reader"
    ),
    "task": Column(
        "str",
        "monotonicity, quantity or conservativity (test scenes of trained sizes and the two "
        "quantifiers of the universal), search, longer_scenes, unseen_counts (zone counts that "
        "were not trained), description, transfer, or mean",
    ),
    "experiment": Column("str", "Where the task is; blank for the mean"),
    "sample": Column(
        "Int64",
        "The architecture's sample that is best on the dev scenes of the experiment; blank for "
        "the mean",
    ),
    "estimate": Column(
        "float64",
        "Accuracy on test scenes, or the share of descriptions that are right word for word; mean "
        "over trials",
    ),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
}

ATLAS: Schema = {
    "architecture": Column("str", "network.architecture"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml or config/generated.csv"),
    "expression": Column("str", "When it is true"),
    "family": Column(
        "str", "The primitives of its expression (`scripts/quantlearn/semantics/complexity.py`)"
    ),
    "negation": Column(
        "str", "The quantifier among these that is its negation; blank if there is none"
    ),
    "trial": Column("int64", "Trial"),
    "area": Column(
        "float64",
        "Area under the curve of the monitored loss, over its width; blank where training diverged",
    ),
    "step": Column("Int64", "Convergence step"),
    "converged": Column("bool", "Whether there is one"),
    "accuracy": Column("float64", "Final accuracy: mean of the last 50 evaluations"),
    "size_alone": Column(
        "float64", "Accuracy of the rule that knows only the size, on the monitored split"
    ),
    "counts_alone": Column("float64", "The same of the rule that knows only the zone counts"),
    "truth_rate": Column("float64", "Share of scenes in which it is true"),
    "monotonicity": Column("float64", "Largest of the four directions"),
    "max_with_negation": Column("float64", "As in atlas/tables/degrees.csv"),
    "mean_of_arguments": Column("float64", "As there"),
    "two_sided_mean": Column("float64", "As there"),
    "violation_rate": Column("float64", "As there"),
    "right_upward": Column("float64", "Degree of upward monotonicity in B"),
    "right_downward": Column("float64", "The same, downward"),
    "left_upward": Column("float64", "Degree of upward monotonicity in A"),
    "left_downward": Column("float64", "The same, downward"),
    "quantity": Column("float64", "Degree of quantity"),
    "conservativity": Column("float64", "Degree of conservativity"),
    "extensionality": Column("float64", "Degree of extensionality"),
    "lempel_ziv": Column("float64", "Lempel–Ziv complexity in bits, on scenes of 1 to 6 objects"),
}

ATLAS_CHECKS: Schema = {
    "analysis": Column(
        "str",
        "alone, given_truth_set, without_family, pairs, more_monotone, truer, degrees_of_pairs "
        "(see `scripts/quantlearn/figures/atlas/atlas_checks.py`); residuals and negation are "
        "points",
    ),
    "outcome": Column(
        "str", "area or accuracy, a column of atlas.csv; degree, in degrees_of_pairs"
    ),
    "architecture": Column("str", "network.architecture, or all"),
    "name": Column(
        "str", "A degree, the family that is left out (none: no family), a quantifier, or all pairs"
    ),
    "x": Column(
        "float64",
        "Place of a point: the rank of monotonicity that is left over, or the area of the more "
        "monotone of a pair",
    ),
    "y": Column("float64", "The same of the area, or the area of the other of the pair"),
    "estimate": Column(
        "float64",
        "Rank correlation, standardised coefficient, intraclass correlation (pairs), mean "
        "difference, or largest difference (degrees_of_pairs)",
    ),
    "lower": Column(
        "float64",
        "Lower end of its 95 % interval: bootstrap over quantifiers, robust (without_family), F "
        "(pairs), Student's (differences)",
    ),
    "upper": Column("float64", "Upper end"),
    "p": Column("float64", "p value"),
    "p_adjusted": Column("float64", "By Holm's method over all rows of the analysis"),
    "n": Column("int64", "Quantifiers, or pairs of them"),
    "networks": Column("int64", "Their networks"),
}

ATLAS_MEASURES: Schema = {
    "first": Column(
        "str", "A column of atlas.csv, or imbalance (distance of the truth rate from ½)"
    ),
    "second": Column("str", "Another one"),
    "estimate": Column("float64", "Their rank correlation over quantifiers"),
    "lower": Column("float64", "Lower end of its 95 % bootstrap interval"),
    "upper": Column("float64", "Upper end"),
    "p": Column("float64", "p value"),
    "p_adjusted": Column("float64", "By Holm's method over all rows"),
    "n": Column("int64", "Quantifiers"),
}

CONTROLS: Schema = {
    "easy": Column("str", "First quantifier of the pair, which satisfies the universal"),
    "hard": Column("str", "Second quantifier"),
    "condition": Column("str", "What differs from the experiment as the paper documents it"),
    "experiment": Column("str", "Where the networks were trained"),
    "sample": Column("int64", "Hyperparameter sample"),
    "threshold": Column("float64", "convergence.threshold of this row"),
    "window": Column("int64", "convergence.window of this row"),
    "ratio": Column(
        "float64",
        "Convergence step of the second over that of the first, geometric mean over the trials in "
        "which both converged",
    ),
    "lower": Column("float64", "Lower end of its 95 % interval"),
    "upper": Column("float64", "Upper end"),
    "rank_biserial": Column(
        "float64", "Rank-biserial correlation of the leads; above 0 the first is sooner"
    ),
    "p": Column("float64", "p value of Wilcoxon's signed-rank test"),
    "p_adjusted": Column("float64", "By Holm's method over all rows"),
    "n": Column("int64", "Trials"),
    "both": Column("int64", "Trials in which both converged"),
    "only_easy": Column("int64", "Trials in which only the first did"),
    "only_hard": Column("int64", "Trials in which only the second did"),
}

ATLAS_EFFECTS: Schema = {
    "analysis": Column(
        "str",
        "spearman, pearson, mixed (outcome ~ monotonicity · architecture + (1 | quantifier)) or "
        "regression (on all measures at once, standardised)",
    ),
    "outcome": Column("str", "area, accuracy or step, a column of atlas.csv"),
    "architecture": Column("str", 'network.architecture, or several joined by "and"'),
    "measure": Column(
        "str",
        "A column of atlas.csv, imbalance (distance of the truth rate from ½), or a term of the "
        "mixed model",
    ),
    "estimate": Column("float64", "Correlation or coefficient"),
    "lower": Column(
        "float64",
        "Lower end of its 95 % interval: bootstrap over quantifiers, Wald (mixed), robust "
        "(regression)",
    ),
    "upper": Column("float64", "Upper end"),
    "p": Column("float64", "p value"),
    "p_adjusted": Column("float64", "By Holm's method over all rows of the analysis"),
    "n": Column("int64", "Quantifiers"),
    "networks": Column("int64", "Networks"),
}

KNOBS: Schema = {
    "knob": Column("str", "Setting that varies, by its key, most important first"),
    "importance": Column(
        "float64",
        "Permutation importance: by how much R² of samples that a random forest has not seen falls "
        "when the values of the setting are shuffled among them; blank with fewer than 32 samples",
    ),
    "lower": Column("float64", "Lower end of the middle 95 % of ten repetitions"),
    "upper": Column("float64", "Upper end"),
    "samples": Column("int64", "Samples of the search"),
    "explained": Column(
        "float64", "R² of the unseen samples before shuffling; the same in each row"
    ),
}

PROJECTIONS: Schema = {
    "experiment": Column("str", "Search that has the sample"),
    "sampler": Column("str", "search.sampler"),
    "sample": Column("int64", "Hyperparameter sample"),
    "x": Column("str", "Numeric setting that matters most for the dev accuracy, by its key"),
    "x_value": Column("float64", "Its value in this sample"),
    "y": Column("str", "Numeric setting that matters least, by its key"),
    "y_value": Column("float64", "Its value in this sample"),
    "dev_accuracy": Column("float64", "Mean over trials of the accuracy on the dev split, 0 to 1"),
}

RANDOM_AGAINST_GRID: Schema = {
    "experiment": Column("str", "Search"),
    "sampler": Column("str", "search.sampler"),
    "budget": Column("int64", "Number of samples of which the best is taken"),
    "mean": Column(
        "float64",
        "Dev accuracy of the best of so many samples, chosen by one half of the trials and scored "
        "by the other: mean over random choices of samples",
    ),
    "lower": Column("float64", "Lower end of the middle 95 % of these choices"),
    "upper": Column("float64", "Upper end"),
    "resamplings": Column("int64", "Random choices of samples"),
}

GENERALISATION: Schema = {
    "experiment": Column("str", "Where the networks were trained"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml; all for several together"),
    "size": Column("Int64", "Objects in the scenes; blank over all sizes of their kind"),
    "trained": Column("bool", "Whether such scenes were trained; otherwise they are of a new kind"),
    "trials": Column("int64", "Trials"),
    "scenes": Column("int64", "Test scenes of all trials"),
    "accuracy": Column("float64", "Share of right answers, 0 to 1; mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "loss": Column(
        "float64",
        "Accuracy on what was trained less this accuracy; blank in a row about what was trained",
    ),
    "loss_lower": Column(
        "float64",
        "Lower end of its 95 % interval: within trials, of Welch between two experiments",
    ),
    "loss_upper": Column("float64", "Upper end"),
    "majority": Column("float64", "Accuracy of the rule that gives the commoner truth value"),
    "size_alone": Column("float64", "Accuracy of the rule that knows only the size"),
    "zone_counts": Column("float64", "Accuracy of the rule that knows only the zone counts"),
}

TRANSFER: Schema = {
    "kind": Column(
        "str",
        "`pair` of two quantifiers; `same`, the control with the source as target; `source`, the "
        "mean over all other targets; `target`, the mean over all other sources; `within` and "
        "`across`, the means over pairs of one class and of two; `contrast`, within less across; "
        "`overlap`, the rank correlation over pairs of gain and first accuracy",
    ),
    "universal": Column(
        "str",
        "By which `within`, `across` and `contrast` class the quantifiers: monotonicity (upward, "
        "downward or neither in B), quantity, conservativity; else blank",
    ),
    "source": Column(
        "str", "What was learned before; `mean` for all others, blank where no source is meant"
    ),
    "target": Column("str", "What was learned then; likewise"),
    "pairs": Column("int64", "Pairs that the row is about"),
    "started": Column("float64", "Mean score of the networks that start from the source"),
    "scratch": Column("float64", "Mean score of those that start from none"),
    "first": Column("float64", "Mean accuracy of the started networks at the first evaluation"),
    "estimate": Column(
        "float64", "Mean over trials of the gain, of the contrast or of the correlation"
    ),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "statistic": Column(
        "float64", "t of the test over trials that it is 0: for gains a paired t-test"
    ),
    "df": Column("float64", "Its degrees of freedom"),
    "p": Column("float64", "Its two-sided p"),
    "p_adjusted": Column("float64", "The same by Holm's method over all rows of the kind"),
    "p_permuted": Column(
        "float64",
        "Of contrasts: share of 9,999 random ways to give the classes to the quantifiers, and the "
        "true one, with a contrast as large; by Holm's method as well",
    ),
    "n": Column("int64", "Trials"),
}

OVERVIEW: Schema = {
    "experiment": Column("str", "Experiment"),
    "title": Column("str", "Its title"),
    "universal": Column("str", "The semantic universal at stake"),
    "version": Column("str", "documented, or as run"),
    "twin": Column("str", "The documented twin of an experiment as run"),
    "sample": Column("int64", "Hyperparameter sample"),
    "easy": Column("str", "First quantifier of the pair, which satisfies the universal"),
    "hard": Column("str", "Second quantifier of the pair"),
    "n": Column("int64", "Trials"),
    **{
        f"{name}_{side}": Column(dtype, meaning)
        for side in ("easy", "hard")
        for name, dtype, meaning in (
            ("censored", "int64", f"Trials in which `{side}` did not converge"),
            (
                "median_step",
                "float64",
                f"Kaplan–Meier median of the convergence step of `{side}`; blank when fewer than "
                "half converged",
            ),
            ("median_lower", "float64", "Lower end of the interval of the median"),
            ("median_upper", "float64", "Upper end"),
            (
                "final_accuracy",
                "float64",
                f"Mean over trials of the final accuracy of `{side}`, 0 to 1",
            ),
            (
                "size_alone",
                "float64",
                f"Mean over trials of what the size alone gives for `{side}` on the monitored "
                "split, 0 to 1",
            ),
        )
    },
    **{
        f"{test}_{name}": Column(dtype, meaning)
        for test in TESTS
        for name, dtype, meaning in (
            ("estimate", "float64", f"`estimate` of {test} in comparison.csv"),
            ("lower", "float64", "`lower` there"),
            ("upper", "float64", "`upper` there"),
            ("p", "float64", "`p` there"),
            ("p_adjusted", "float64", "The same, by Holm's method over all pairs of the page"),
            ("n", "int64", "`n` there"),
        )
    },
    "effect_size": Column("float64", "Effect size of paired_t_steps"),
    "effect_lower": Column("float64", "Lower end of its bootstrap interval"),
    "effect_upper": Column("float64", "Upper end"),
}

AS_RUN: Schema = {
    "documented": Column("str", "Experiment as documented"),
    "as_run": Column("str", "Experiment as run"),
    "sample": Column("int64", "Hyperparameter sample"),
    "easy": Column("str", "First quantifier of the pair"),
    "hard": Column("str", "Second quantifier of the pair"),
    "measure": Column(
        "str", "step (lead in convergence steps) or final_accuracy (lead in final accuracy)"
    ),
    "unit": Column("str", "steps or accuracy"),
    "documented_mean": Column(
        "float64", "Mean effect as documented, of trials in which both converged"
    ),
    "as_run_mean": Column("float64", "Likewise as run"),
    "difference": Column("float64", "documented_mean − as_run_mean"),
    "lower": Column("float64", "Lower end of the 95 % interval of `difference` (Welch)"),
    "upper": Column("float64", "Upper end"),
    "statistic": Column("float64", "Welch's t"),
    "df": Column("float64", "Its degrees of freedom"),
    "p": Column("float64", "Its two-sided p value"),
    "p_adjusted": Column("float64", "The same, by Holm's method over the rows of the same measure"),
    "n_documented": Column("int64", "Trials in documented_mean"),
    "n_as_run": Column("int64", "Trials in as_run_mean"),
    "mann_whitney_u": Column(
        "float64",
        "Mann–Whitney's U; a trial in which only one quantifier converged ranks beyond all steps",
    ),
    "mann_whitney_p": Column("float64", "Its two-sided p value"),
    "mann_whitney_p_adjusted": Column(
        "float64", "The same, by Holm's method over the rows of the same measure"
    ),
    "mann_whitney_n_documented": Column("int64", "Trials that it ranks, as documented"),
    "mann_whitney_n_as_run": Column("int64", "Trials that it ranks, as run"),
}

BENCHMARK: Schema = {
    "measure": Column(
        "str",
        "training (updates), training on threads (the same, by numbers of threads), evaluation "
        "(of prepared scenes), evaluation with plan (preparing them too), run and run without "
        "evaluation (whole training loops), memory, compile, load, or matrix product",
    ),
    "core": Column(
        "str", "loop (over torch.nn.LSTM), eager or compiled; blank for the machine itself"
    ),
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
    "gflops": Column("float64", "Matrix products on real objects, in 10⁹ operations a second"),
    "fraction_of_peak": Column(
        "float64", "The same as a fraction of the matrix product of this machine"
    ),
}

MACHINE: Schema = {
    "property": Column("str", "What is said about the machine"),
    "value": Column("str", "What it is"),
}

DEGREES: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "Its expression"),
    "truth_rate": Column("float64", "Share of the scenes in which it is true"),
    "right_upward": Column("float64", "Degree to which it is upward monotone in B"),
    "right_downward": Column("float64", "The same, downward in B"),
    "left_upward": Column("float64", "The same, upward in A"),
    "left_downward": Column("float64", "The same, downward in A"),
    "quantity": Column("float64", "Degree to which only the four zone counts matter"),
    "conservativity": Column(
        "float64", "Degree to which it does not matter whether objects outside A are in B"
    ),
    "extensionality": Column("float64", "Degree to which objects in neither A nor B do not matter"),
    "max_direction": Column("float64", "The largest of the four directions"),
    "max_with_negation": Column(
        "float64", "The largest of the four directions, of the quantifier and of its negation"
    ),
    "mean_of_arguments": Column(
        "float64", "Mean over A and B of the larger of upward and downward"
    ),
    "two_sided_mean": Column(
        "float64",
        "The largest direction, each the mean of its degree and that of the negation in the "
        "opposite direction",
    ),
    "violation_rate": Column(
        "float64",
        "The largest direction, each 1 minus the share of pairs of scenes, one below the other, "
        "whose truths go the wrong way",
    ),
}

DESCRIPTION: Schema = {
    "kind": Column(
        "str",
        "`exact` and `true` (shares of sentences); `new less trained` and `attention less none` "
        "(differences of exact); `counts` (exact for one pair of counts, where it is new); `true "
        "but not to be written`, `false` and `not a sentence` (shares of wrong ones); `right` and "
        "`wrong` (an example)",
    ),
    "attention": Column("str", "network.attention"),
    "counts": Column("str", "Which test scenes"),
    "both": Column("Int64", "Objects in A∩B"),
    "a_only": Column("Int64", "Objects in A∖B"),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "p_adjusted": Column(
        "float64",
        "Of differences: two-sided p of the paired t-test, by Holm's method over all of them",
    ),
    "n": Column("Int64", "Trials"),
    "scene": Column("str", "Of examples: the scene in words"),
    "target": Column("str", "What was to be written"),
    "written": Column("str", "What was written"),
}

LANGUAGE_MODEL: Schema = {
    "kind": Column(
        "str",
        "`perplexity of texts` (test texts, scenes included); `perplexity` (of the words of "
        "sentences); `true` (share of true sentences among those written); `frequency` (how often "
        "a sentence is written or in the texts); `written true` and `written false` (an example)",
    ),
    "model": Column(
        "str",
        "network; blind, unigram or uniform, models that do not see the scene (of `true`: how "
        "often the written sentences are true of the scenes of the test); texts",
    ),
    "quantifier": Column("str", "Of the sentence; or all"),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
    "scene": Column("str", "Of examples: the scene in words"),
    "written": Column("str", "What was written about it"),
}

FINETUNING: Schema = {
    "kind": Column(
        "str",
        "`accuracy` (test scenes); `difference` (pretrained less scratch within trials); `area` "
        "(its mean over the logarithm of the number of scenes); `met before` (share of the test "
        "scenes that are among those that the source was trained on)",
    ),
    "start": Column("str", "scratch, or pretrained"),
    "scenes": Column("Int64", "Labelled training scenes"),
    "estimate": Column("float64", "Mean over trials"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "p_adjusted": Column(
        "float64",
        "Two-sided p of the paired t-test: of differences by Holm's method over the numbers of "
        "scenes, of the area as it is",
    ),
    "n": Column("int64", "Trials"),
}

GENERATED: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "When it is true"),
    "words": Column("int64", "Words of the shortest expression in prefix notation"),
    "monotonicity": Column(
        "float64", "Largest degree of the four directions, exact on all scenes of at most 6 objects"
    ),
    "truth_rate": Column(
        "float64",
        "Share of 80,000 random scenes of 1 to 12 objects, repeated ones left out, in which it is "
        "true",
    ),
}

LEFT_OUT: Schema = {
    "what": Column(
        "str",
        "meanings, or what became of them: constant, too rarely true or false, not drawn, chosen",
    ),
    "number": Column("int64", "How many"),
}

COMPLEXITY: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "Its expression"),
    "nodes": Column("int64", "Nodes of the syntax tree of that expression"),
    "shortest": Column(
        "str",
        "The shortest expression found in the generated language "
        "(`scripts/quantlearn/semantics/grammar.py`) with the same truth in all these scenes; "
        "blank if none was found",
    ),
    "shortest_words": Column("Int64", "Its words"),
    "lempel_ziv": Column(
        "float64",
        "Lempel–Ziv complexity of its truths in all scenes of 1 to `atlas.max_size` objects, in "
        "bits",
    ),
    "boundaries": Column(
        "Int64",
        "Changes of truth along the rows of its tree of numbers, in all; blank where nodes are "
        "mixed",
    ),
    "boundaries_in_row": Column("Int64", "The most changes in one row"),
    "boundary_density": Column(
        "float64", "Share of pairs of scenes, one object apart in B, that differ in truth"
    ),
    "states": Column(
        "Int64",
        "States of the smallest finite automaton; blank if there are more than 26 (8 where order "
        "matters) or infinitely many",
    ),
}

TREES: Schema = {
    "quantifier": Column("str", "Its name"),
    "a_only": Column("int64", "Objects in A∖B"),
    "both": Column("int64", "Objects in A∩B"),
    "scenes": Column("int64", "Scenes with so many objects in the two zones"),
    "true": Column("int64", "Those in which the quantifier is true"),
    "mixed": Column("bool", "Whether it is true in some of them and false in others"),
}

MINIMAL_PAIRS: Schema = {
    "quantifier": Column("str", "Its name"),
    "universal": Column("str", "The universal, a column of degrees.csv"),
    "true": Column(
        "str", "Zone codes of the scene in which it is true: 0 A∩B, 1 A∖B, 2 B∖A, 3 neither"
    ),
    "false": Column("str", "Zone codes of the scene in which it is false"),
}

TRUTH_RATES: Schema = {
    "quantifier": Column("str", "Its name"),
    "size": Column("int64", "Objects in the scenes"),
    "truth_rate": Column("float64", "Share of the scenes of this size in which it is true"),
}


ROWS: Mapping[str, str] = {
    "overfitting": (
        "Loss along training on all scenes of a split, and what early stopping gives. Steps are "
        "medians over trials, everything else means, with 95 % intervals; a loss at a step is a "
        "median with quartiles."
    ),
    "regularisation": "One row for each condition, metric and quantity.",
    "knobs": "One row for each setting of a search that varies.",
    "projections": "One row for each sample of this search and of those beside it.",
    "random_against_grid": (
        "One row for each number of samples, of this search and of those beside it."
    ),
    "generalisation": "One row for each quantifier and kind of test scenes, of the chosen sample.",
    "transfer": (
        "What a source, learned before, brings for a target, in an experiment whose samples "
        "differ in `training.start` alone. A score is the accuracy on the monitored split in the "
        "mean over training (the area under the learning curve over its width); the gain is the "
        "score from the source less that from none, in the same trial."
    ),
    "balancing": (
        "One row for each length of training and quantity, of this experiment and of those beside "
        "it. Test scenes are counted, or dev scenes where there is no test."
    ),
    "probes": (
        "One row for each linear probe and metric, of recurrent networks that learn one "
        "quantifier each. A probe is fitted to the states at all positions of some test scenes "
        "and scored on others."
    ),
    "state_space": (
        "The states of the network of the first trial for each quantifier, one row for each "
        "object of some test scenes."
    ),
    "sequence_lengths": (
        "Accuracy on test scenes, in an experiment whose samples are architectures."
    ),
    "gradients_through_time": (
        "Norms of the derivative of a scene's loss by the state some objects before its end, for "
        "test scenes of the largest size that was trained, in an experiment whose samples are "
        "recurrent architectures."
    ),
    "scoreboard": (
        "One row for each architecture and task of this experiment and of those beside it, and "
        "for the mean over tasks. Architectures stand in the order of their mean. Which task an "
        "experiment is follows from its settings: `description` describes, `transfer` starts from "
        "another experiment, `search` has a sampler other than grid, `unseen_counts` is split by "
        "zone counts, and one with `only_test.sizes_above` sets four tasks, `longer_scenes` and "
        "the three universals."
    ),
    "atlas": (
        "One row for each network. Degrees and `truth_rate` are exact on all scenes of at most 8 "
        "objects."
    ),
    "atlas_checks": (
        "One row for each estimate, and one for each point of the figure. What cannot be "
        "estimated is blank."
    ),
    "atlas_measures": "One row for each two measures of its quantifiers.",
    "controls": "One row for each pair and condition, of this experiment and of those beside it.",
    "atlas_effects": "One row for each estimate. What cannot be estimated is blank.",
    "description": (
        "What networks write, in an experiment whose samples differ in `network.attention`. Test "
        "scenes have counts (|A∩B|, |A∖B|) that were trained (`trained counts`), new ones whose "
        "sentence was trained (`new counts`), or new ones whose sentence was not (`new "
        "sentence`); the last two together are `all new`."
    ),
    "language_model": "What networks write, and how well they expect the next word, in one sample.",
    "finetuning": (
        "What a start is worth in labelled scenes, in an experiment whose samples differ in "
        "`training.start` and `training.scenes`."
    ),
}
"""What the rows are of the table that each figure draws, for docs/tables.md."""


class TableError(QuantlearnError):
    """A result table is missing, cut off, or lacks what it must have."""


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a frame so that equal frames give equal bytes, whole or not at all.

    Floats have ten significant digits, booleans are true and false, what is missing is blank.
    """
    flags = frame.select_dtypes(["bool", "boolean"]).columns
    text = frame.assign(**{c: frame[c].map({True: "true", False: "false"}) for c in flags})
    with replacing(path) as beside:
        text.to_csv(beside, index=False, float_format="%.10g", lineterminator="\n")


def write_parquet(frame: pd.DataFrame | pa.Table, path: str | Path) -> None:
    """Write a frame or arrow table as zstd parquet, without index or pandas' own metadata."""
    if isinstance(frame, pd.DataFrame):
        frame = pa.Table.from_pandas(frame, preserve_index=False)
    with replacing(path) as beside:
        pq.write_table(frame.replace_schema_metadata(None), beside, compression="zstd")


def read_csv(path: str | Path, schema: Schema) -> pd.DataFrame:
    """Read a table that `write_csv` wrote, with the types of ``schema``.

    Columns beyond the schema are kept, with the types that pandas finds for them.

    Raises `TableError` when the file is missing, cut off, or has not the columns and types.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise _unreadable(path, str(fault)) from fault
    if not text.endswith("\n"):
        raise _unreadable(path, "it ends in the middle of a line")
    _demand_columns(path, _header(text), schema)
    kinds = types(schema)
    blank_free = [column for column, dtype in kinds.items() if dtype in ("int64", "bool")]
    nullable = {"int64": "Int64", "bool": "boolean"}
    words = [column for column, dtype in kinds.items() if dtype == "str"]
    try:
        frame = pd.read_csv(
            path,
            dtype={column: nullable.get(dtype, dtype) for column, dtype in kinds.items()},
            keep_default_na=False,
            na_values={column: [""] for column in _header(text) if column not in words},
            true_values=["true"],
            false_values=["false"],
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise _unreadable(path, str(fault)) from fault
    for column in blank_free:
        if frame[column].isna().any():
            raise _unreadable(
                path, f"column {column} has a blank in row {_first_blank(frame, column)}"
            )
    return frame.astype({column: kinds[column] for column in blank_free})


def read_parquet(path: str | Path, schema: Schema) -> pd.DataFrame:
    """Read a parquet table that has the columns of ``schema``.

    Raises `TableError` when the file is missing, cut off or lacks a column.
    """
    try:
        frame = pq.read_table(path).to_pandas()
    except (OSError, ValueError, pa.ArrowException) as fault:
        raise _unreadable(path, str(fault)) from fault
    _demand_columns(path, list(frame.columns), schema)
    try:
        return frame.astype(types(schema))
    except (ValueError, TypeError) as fault:
        raise _unreadable(path, str(fault)) from fault


def read_jobs(
    paths: Sequence[str | Path], schema: Schema, samples: Sequence[int]
) -> list[pd.DataFrame]:
    """The table that each training job wrote, of ``schema``; together they are of all ``samples``.

    Raises `TableError` when a file is unreadable or a sample is in none of them.
    """
    parts = []
    for path in paths:
        read = read_csv if Path(path).suffix == ".csv" else read_parquet
        parts.append(read(path, schema))
    found = list(itertools.chain(*(part["sample"].unique().tolist() for part in parts)))
    if found != list(samples):
        raise _unreadable(
            ", ".join(map(str, paths)), f"samples {found} instead of {list(samples)} are there"
        )
    return parts


def job_of_samples(paths: Sequence[str | Path], samples: Sequence[int]) -> dict[int, int]:
    """The place of the training job of each sample, as the jobs' ``paths`` of trials.csv tell.

    Raises `TableError` as `read_jobs` does.
    """
    return {
        int(sample): place
        for place, job in enumerate(read_jobs(paths, TRIALS, samples))
        for sample in job["sample"].unique()
    }


def chosen_sample(leaderboard: str | Path) -> int:
    """The number of the sample that leaderboard.csv names as the chosen one."""
    frame = read_csv(leaderboard, LEADERBOARD)
    chosen = frame.loc[frame["chosen"], "sample"]
    if len(chosen) != 1:
        raise _unreadable(leaderboard, f"{len(chosen)} of its samples are chosen")
    return int(chosen.iloc[0])


def of_chosen(frame: pd.DataFrame, leaderboard: str | Path | None) -> pd.DataFrame:
    """The rows of the chosen sample of a table of all samples.

    Without a leaderboard the table must be of a single sample; raises `TableError` otherwise.
    """
    if leaderboard is None:
        if len(set(frame["sample"])) > 1:
            raise TableError("a table of several samples needs leaderboard.csv to choose by")
        return frame
    return frame[frame["sample"] == chosen_sample(leaderboard)]


def held_out(cells: pd.DataFrame, path: str | Path) -> tuple[pd.DataFrame, str]:
    """The cells of the test split and its name; of the dev split where an experiment has no test.

    Raises `TableError` when there are cells of neither.
    """
    for split in ("test", "dev"):
        if (cells["split"] == split).any():
            return cells[cells["split"] == split], split
    raise _unreadable(path, "it has neither test nor dev scenes")


def _header(text: str) -> list[str]:
    return text.partition("\n")[0].split(",")


def _first_blank(frame: pd.DataFrame, column: str) -> int:
    return int(frame[column].isna().to_numpy().argmax()) + 1


def _demand_columns(path: str | Path, found: list[str], schema: Schema) -> None:
    lacking = [column for column in schema if column not in found]
    if lacking:
        raise _unreadable(path, f"it lacks {', '.join(lacking)} (it has {', '.join(found)})")


def _unreadable(path: str | Path, why: str) -> TableError:
    return TableError(damaged(path, "a result table", why))
