"""Choose generated quantifiers to learn: the table that config/generated.csv is a copy of."""

import logging

import pandas as pd

from quantlearn import tables
from quantlearn.generated import generate
from quantlearn.jobs import run_job
from quantlearn.scenes import Space, enumerate_scenes
from quantlearn.seeds import random_stream
from quantlearn.stratified import choose, different_scenes

log = logging.getLogger("quantlearn")

# The grammar's meanings as ULTK's example learn_quant counts them: 4 objects, depth 5, no numbers.
OBJECTS = 4
DEPTH = 5
# What a network will see: scenes of these sizes, 5,000 of each truth value. Among so many draws
# more than these are found, with some to spare for chance.
LEARNED_FROM = Space(1, 12)
DRAWS = 80_000
FEWEST = 5_500
MOST = 2_000
SEED = 2019  # not the run's: the choice is a part of the experiments


def choose_quantifiers(*, generated: str, left_out: str) -> None:
    """Write the chosen quantifiers, and how many meanings were left out for what reason."""
    meanings = generate(enumerate_scenes(Space(1, OBJECTS))[0], DEPTH)
    rng = random_stream(SEED, "atlas", "choose quantifiers")
    tried = different_scenes(rng, DRAWS, LEARNED_FROM)
    choice = choose(meanings, tried, FEWEST, MOST, rng)
    tables.write_csv(choice.quantifiers[list(tables.GENERATED)], generated)
    counts = pd.DataFrame({"what": list(choice.counts), "number": list(choice.counts.values())})
    tables.write_csv(counts, left_out)
    log.info("%s", choice.counts)


if __name__ == "__main__":
    run_job(choose_quantifiers, snakemake)
