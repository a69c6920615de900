"""Choose generated quantifiers to learn: the table that config/generated.csv is a copy of."""

import logging
from collections.abc import Sequence

import pandas as pd

from quantlearn import tables
from quantlearn.data.selection import choose, different_scenes
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream
from quantlearn.semantics.grammar import Meanings, generate, meanings_of
from quantlearn.semantics.measures import GENERATED
from quantlearn.semantics.scenes import Space, enumerate_scenes
from quantlearn.semantics.ultk import read_expressions

log = logging.getLogger("quantlearn")

# The grammar's meanings as ULTK's example learn_quant counts them: 4 objects, depth 5, no numbers.
OBJECTS = 4
DEPTH = 5
OBJECTS_OF_LISTS = 6
# What a network will see: scenes of these sizes, 5,000 of each truth value. Among so many draws
# more than these are found, with some to spare for chance.
LEARNED_FROM = Space(1, 12)
DRAWS = 80_000
FEWEST = 5_500
MOST = 2_000
SEED = 2019  # not the run's: the choice is a part of the experiments


def choose_quantifiers(
    *, generated: str, left_out: str, expressions: str | Sequence[str] = ()
) -> None:
    """Write the chosen quantifiers, and how many meanings were left out for what reason.

    expressions: the path of a list to choose from, if there is one, instead of all meanings of the
    grammar.
    """
    meanings = listed_meanings(expressions) if expressions else grammar_meanings()
    rng = random_stream(SEED, "atlas", "choose quantifiers")
    tried = different_scenes(rng, DRAWS, LEARNED_FROM)
    try:
        choice = choose(meanings, tried, FEWEST, MOST, rng)
    except QuantlearnError as fault:
        raise QuantlearnError(f"{expressions or 'the grammar'}: {fault}: take others") from None
    tables.write_csv(choice.quantifiers[list(GENERATED)], generated)
    counts = pd.DataFrame({"what": list(choice.counts), "number": list(choice.counts.values())})
    tables.write_csv(counts, left_out)
    log.info("%s", choice.counts)


def grammar_meanings() -> Meanings:
    """All meanings that the grammar expresses."""
    return generate(enumerate_scenes(Space(1, OBJECTS))[0], DEPTH)


def listed_meanings(path: str) -> Meanings:
    """The meanings of a list, told apart by more scenes: its expressions may be deeper."""
    return meanings_of(read_expressions(path), *enumerate_scenes(Space(1, OBJECTS_OF_LISTS)))


if __name__ == "__main__":
    run_job(choose_quantifiers, snakemake)
