"""Some of the training scenes: nested, in proportion, and the same for every sample."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlearn.errors import QuantlearnError
from quantlearn.training.examples import (
    BufferedStream,
    Examples,
    nested_rows,
    stack,
    stratified_subset,
)


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


# A shuffle buffer --------------------------------------------------------------------------------

STREAMS = {
    "n": st.integers(1, 30),
    "epochs": st.integers(1, 4),
    "buffer": st.integers(1, 40),
    "seed": st.integers(0, 99),
}


def through_a_buffer(n, epochs, buffer, rng):
    """The rows of a shuffle buffer, one after another, as its definition says it."""
    order = rng.permutation(n).tolist()
    coming = order * epochs
    held, rows = coming[:buffer], []
    del coming[:buffer]
    while held:
        pick = int(rng.integers(len(held)))
        rows.append(held[pick])
        if coming:
            held[pick] = coming.pop(0)
        else:
            held[pick] = held[-1]
            held.pop()
    return order, rows


@settings(max_examples=200, deadline=None)
@given(**STREAMS, cuts=st.lists(st.integers(1, 25), min_size=1, max_size=5))
def test_a_buffered_stream_is_a_shuffle_buffer_however_it_is_cut(n, epochs, buffer, seed, cuts):
    _, expected = through_a_buffer(n, epochs, buffer, np.random.default_rng(seed))
    stream = BufferedStream(n, epochs, buffer, np.random.default_rng(seed))
    found = []
    for cut in itertools.cycle(cuts):
        found += stream.take(min(cut, len(expected) - len(found))).tolist()
        if len(found) == len(expected):
            break
    assert found == expected


@settings(max_examples=200, deadline=None)
@given(**STREAMS)
def test_a_scene_leaves_the_buffer_after_it_has_come_in_and_once_an_epoch(n, epochs, buffer, seed):
    order = np.random.default_rng(seed).permutation(n)
    rows = BufferedStream(n, epochs, buffer, np.random.default_rng(seed)).take(epochs * n)
    assert np.bincount(rows, minlength=n).tolist() == [epochs] * n
    seen = dict.fromkeys(range(n), 0)
    place = {int(row): i for i, row in enumerate(order)}
    for draw, row in enumerate(rows.tolist()):
        # By its k-th time it has come in k times, whichever of these has left.
        assert draw >= seen[row] * n + place[row] - buffer + 1
        seen[row] += 1


def test_a_buffer_of_one_scene_keeps_the_order_and_a_large_one_shuffles_evenly():
    order = np.random.default_rng(3).permutation(7)
    assert BufferedStream(7, 2, 1, np.random.default_rng(3)).take(14).tolist() == [*order, *order]
    firsts = [
        np.flatnonzero(np.random.default_rng(s).permutation(4) == stream.take(1)[0])[0]
        for s in range(4000)
        for stream in [BufferedStream(4, 1, 9, np.random.default_rng(s))]
    ]
    # Four binomial counts around 1,000 with a standard deviation of 27.
    assert np.abs(np.bincount(firsts) - 1000).max() < 110


@settings(max_examples=50, deadline=None)
@given(**STREAMS, taken=st.integers(0, 130))
def test_a_buffered_stream_goes_on_from_where_it_was(n, epochs, buffer, seed, taken):
    """Also beyond its last epoch, where it begins again."""
    stream = BufferedStream(n, epochs, buffer, np.random.default_rng(seed))
    stream.take(taken)
    again = BufferedStream(n, epochs, buffer, np.random.default_rng(seed))
    again.restore(stream.export())
    assert stream.take(50).tolist() == again.take(50).tolist()


def test_rows_of_some_trials_are_those_of_each_by_itself():
    """Of trials with different numbers of examples, when some have left."""
    sizes = [5, 3, 4]
    own = [
        Examples(*(np.arange(n).reshape(-1, *[1] * more) + 10 * n for more in (1, 0, 0, 0)))
        for n in sizes
    ]
    stacked = stack(own, torch.device("cpu"))
    rows = np.array([[[2, 0], [3, 3]], [[1, 1], [0, 2]]])  # (steps, trials, batch)
    tokens, lengths, labels = stacked.rows(np.array([1, 2]), rows)
    expected = [[own[1].lengths[first], own[2].lengths[second]] for first, second in rows]
    assert np.array_equal(lengths, expected)
    assert np.array_equal(labels, expected)
    assert np.array_equal(tokens[..., 0], expected)
