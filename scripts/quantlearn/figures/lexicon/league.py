"""All quantifiers in one table: what each means, and when it was learned."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from quantlearn.columns import types
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.lexicon.meanings import meaning
from quantlearn.report_columns import LEAGUE
from quantlearn.semantics.complexity import truth_sets
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.symmetry import orbits
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.semantics.universals import DIRECTIONS, degrees
from quantlearn.settings.protocol import named_and_generated, novelty
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.convergence import summarise_convergence

__all__ = ["league"]

_SPACE = Space(1, 20)  # the scenes of 2019, by which orbits are told apart


def league(
    lexicon: Mapping[str, str], max_size: int, experiments: Sequence[Experiment]
) -> pd.DataFrame:
    """Make a row for each quantifier of the lexicon or of an experiment: the columns of `LEAGUE`.

    lexicon: name → expression; max_size: objects of the largest scenes that degrees are from.
    Steps of experiments with other settings are no sample of one thing, so what was learned is that
    of one experiment, which verifies, chooses one sample, and whose networks start from nothing. Of
    several it is one without a search, as documented, with nothing new in its test but scenes, if
    there is one; then the one with the most trials, and then with the most quantifiers.
    """
    expressions, generated, trained = dict(lexicon), set(), {}
    for one in sorted(experiments, key=_rank):
        generated.update(named_and_generated(one.settings)[1])
        for name, expression in one.settings["expressions"].items():
            expressions.setdefault(name, expression)
            trained.setdefault(name, []).append(one)
    quantifiers = [Quantifier(*item) for item in expressions.items()]
    found = {name: each.name for name, each in _shown(trained).items()}
    frame = pd.DataFrame(
        {
            "quantifier": list(expressions),
            "meaning": [meaning(quantifier.tree) for quantifier in quantifiers],
            "expression": list(expressions.values()),
            "generated": [name in generated for name in expressions],
            "orbit": list(orbits(quantifiers, _SPACE).values()),
            "experiment": [found.get(name, "") for name in expressions],
            "experiments": [
                " ".join(sorted(one.name for one in trained.get(name, []))) for name in expressions
            ],
        }
    )
    table = tabulate(quantifiers, max_size)
    facts = degrees(table).assign(
        monotonicity=lambda rows: rows[list(DIRECTIONS)].max(axis="columns"),
        truth_rate=table.truth.mean(axis=1),
        sensitivity=truth_sets(table)["sensitivity"],
    )
    learned = [
        _learned(one, [name for name, own in found.items() if own == one.name])
        for one in experiments
        if one.name in found.values()
    ]
    frame = frame.join(facts, on="quantifier")
    if learned:
        frame = frame.join(pd.concat(learned), on="quantifier")
    return frame.reindex(columns=list(LEAGUE)).astype(types(LEAGUE))


def _rank(experiment: Experiment) -> tuple[Any, ...]:
    """Where an experiment stands among those that learned the same quantifier."""
    settings = experiment.settings
    is_plain = (
        settings["search"] is None
        and settings["documented"] is None
        and novelty(settings) == "scene"
    )
    return not is_plain, -settings["trials"], -len(settings["quantifiers"]), experiment.name


def _shown(trained: Mapping[str, Sequence[Experiment]]) -> dict[str, Experiment]:
    """The experiment whose numbers stand in the row of each quantifier that has some."""
    found = {}
    for name, experiments in trained.items():
        for one in experiments:
            settings = one.settings
            if (
                settings["task"] == "verification"
                and settings["start_from"] is None
                and chooses_sample(settings)
                and name not in settings["data"]["split"]["only_test"]["quantifiers"]
            ):
                found.setdefault(name, one)
    return found


def _learned(experiment: Experiment, quantifiers: Sequence[str]) -> pd.DataFrame:
    """What an experiment found of some of its quantifiers, by their names."""
    convergence = experiment.shown(experiment.convergence)
    by_size = experiment.baseline("size", experiment.settings["training"]["monitor"]).mean()
    summary = summarise_convergence(convergence, quantifiers).set_index("quantifier")
    summary = summary.rename(columns={"n": "trials", "converged": "learned"})
    columns = ["trials", "learned", "median_step", "median_lower", "median_upper"]
    return summary.loc[list(quantifiers), columns].assign(size_alone=by_size)
