"""Some of the training scenes: nested, in proportion, and the same for every sample."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlearn.errors import QuantlearnError
from quantlearn.training.examples import Examples, nested_rows, stratified_subset


def some_examples(cells):
    """Examples of so many rows in each (quantifier, truth), the cells mixed."""
    codes = np.random.default_rng(1).permutation(np.repeat(np.arange(len(cells)), cells))
    return Examples(codes[:, None], np.zeros_like(codes), codes % 2, codes // 2)


CELLS = st.lists(st.integers(0, 12), min_size=1, max_size=6).filter(any)


@settings(max_examples=100, deadline=None)
@given(cells=CELLS, seed=st.integers(0, 9))
def test_fewer_rows_are_among_more(cells, seed):
    examples = some_examples(cells)
    subsets = [
        nested_rows(examples, size, np.random.default_rng(seed))
        for size in range(1, len(examples) + 1)
    ]
    assert [len(set(rows.tolist())) for rows in subsets] == list(range(1, len(examples) + 1))
    for fewer, more in itertools.pairwise(subsets):
        assert set(fewer) < set(more)
        assert (np.diff(more) > 0).all()


@settings(max_examples=100, deadline=None)
@given(cells=CELLS, seed=st.integers(0, 9), share=st.floats(0.05, 1))
def test_cells_come_in_proportion(cells, seed, share):
    """Webster's method: no cell would stand better with the seat of another one."""
    examples = some_examples(cells)
    size = max(1, int(share * len(examples)))
    rows = nested_rows(examples, size, np.random.default_rng(seed))
    taken = np.bincount(
        2 * examples.quantifiers[rows] + examples.labels[rows], minlength=len(cells)
    )
    known = [(k, n) for k, n in zip(taken, cells, strict=True) if n]
    assert max((k - 0.5) / n for k, n in known) <= min((k + 0.5) / n for k, n in known) + 1e-12
    if len(set(cells)) == 1:
        assert np.ptp(taken) <= 1


def test_every_row_may_come_first():
    examples = some_examples([3, 3])
    firsts = {int(nested_rows(examples, 1, np.random.default_rng(s))[0]) for s in range(60)}
    assert firsts == set(range(6))


@settings(max_examples=200, deadline=None)
@given(cells=CELLS, seed=st.integers(0, 9), data=st.data())
def test_what_is_evaluated_has_each_quantifier_and_truth_that_there_is(cells, seed, data):
    examples = some_examples(cells)
    there = set(examples.cells.tolist())
    size = data.draw(st.integers(len(there), len(examples)))
    part = stratified_subset(examples, size, np.random.default_rng(seed))
    assert len(part) == size
    assert set(part.cells.tolist()) == there
    if len(there) > 1:
        with pytest.raises(QuantlearnError, match="eval_scenes: 1 is too few for the"):
            stratified_subset(examples, 1, np.random.default_rng(seed))
