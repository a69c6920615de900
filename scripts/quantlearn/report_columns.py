"""The columns of the tables that stand beside the experiments: what a report compares and measures.

As in `quantlearn.columns`, with their meaning.
"""

from quantlearn.columns import VERDICTS, Column, Schema

__all__ = [
    "AS_RUN",
    "BENCHMARK",
    "COMPARISON_SYMMETRIES",
    "EXPERIMENT_SYMMETRIES",
    "GPU",
    "LEAGUE",
    "MACHINE",
    "ORBITS",
    "OVERVIEW",
    "SYMMETRY_CHECK",
]


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
    "fraction_of_bound": Column(
        "float64",
        "The compiled core's speed as a fraction of what it could be if products were as fast as "
        "this machine's matrix product and σ and tanh as fast as they are alone, in evaluation "
        "with the lanes that stay idle; blank for others",
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
