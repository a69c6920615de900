"""Components of variance: what is put into simulated trials is found again."""

import numpy as np
import pytest

from quantlearn.figures.variance_components import (
    COMPONENTS,
    shares,
    variance_components,
    variance_within,
)

SHAPE = (3, 5, 5, 2)
SIMULATIONS = 400
KNOWN = {"root": 0.3, "data": 1.0, "start": 2.0, "order": 0.5, "data_start": 0.4, "left": 0.8}
NOTHING_BUT_STARTS = dict.fromkeys(KNOWN, 0.0) | {"start": 1.0, "left": 1.0}


def trials(rng, variances):
    """Trials (3, 5, 5, 2) of the model, with an interaction of data and start."""
    sizes = {
        "root": (3, 1, 1, 1),
        "data": (3, 5, 1, 1),
        "start": (3, 1, 5, 1),
        "order": (3, 1, 1, 2),
        "data_start": (3, 5, 5, 1),
        "left": SHAPE,
    }
    return sum(variances[name] ** 0.5 * rng.normal(size=size) for name, size in sizes.items())


def truth(variances):
    rest = variances["data_start"] + variances["left"]
    return {name: variances.get(name, rest) for name in COMPONENTS}


@pytest.mark.parametrize("variances", [KNOWN, NOTHING_BUT_STARTS])
def test_components_are_recovered_without_bias(variances):
    rng = np.random.default_rng(1)
    found = np.array(
        [list(variance_components(trials(rng, variances)).values()) for _ in range(SIMULATIONS)]
    )
    error = found.std(axis=0) / SIMULATIONS**0.5
    assert (np.abs(found.mean(axis=0) - list(truth(variances).values())) < 4 * error).all()


def test_many_levels_give_what_was_put_in_and_no_more():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(30, 12, 1, 1)) + 0.5 * rng.normal(size=(30, 12, 12, 4))
    found = variance_components(values)
    assert found["data"] == pytest.approx(1, abs=0.25)
    assert found["rest"] == pytest.approx(0.25, abs=0.01)
    for name in ("root", "start", "order"):
        assert abs(found[name]) < 0.1, name


def test_components_of_a_root_add_up_to_the_variance_of_trials_that_share_nothing():
    """In one root, without bias: half the mean squared difference where all levels differ."""
    values = np.random.default_rng(3).normal(size=(2, 3, 4, 2)).cumsum(axis=1)
    found = variance_components(values)
    pairs = [
        (values[r, d, s, o] - values[r, e, t, p]) ** 2 / 2
        for r in range(2)
        for d, e in np.ndindex(3, 3)
        for s, t in np.ndindex(4, 4)
        for o, p in np.ndindex(2, 2)
        if d != e and s != t and o != p
    ]
    within = sum(found[name] for name in COMPONENTS if name != "root")
    assert within == pytest.approx(np.mean(pairs))


def test_trials_that_differ_in_one_part_show_this_and_its_interactions():
    rng = np.random.default_rng(4)
    seen = {part: [] for part in ("data", "start", "order")}
    for _ in range(SIMULATIONS):
        values = trials(rng, KNOWN)
        for part, found in seen.items():
            found.append(variance_within(values, part))
    assert np.mean(seen["data"]) == pytest.approx(1.0 + 0.4 + 0.8, rel=0.05)
    assert np.mean(seen["start"]) == pytest.approx(2.0 + 0.4 + 0.8, rel=0.05)
    assert np.mean(seen["order"]) == pytest.approx(0.5 + 0.8, rel=0.05)


def test_intervals_of_shares_cover_in_about_95_of_100_cases():
    rng, repeats = np.random.default_rng(5), 200
    known = truth(KNOWN)
    covered = dict.fromkeys(COMPONENTS, 0)
    for _ in range(repeats):
        for name, one in shares(trials(rng, KNOWN), rng).items():
            covered[name] += one.lower <= known[name] / sum(known.values()) <= one.upper
    for name, count in covered.items():  # three standard errors below .92, what small designs reach
        assert count / repeats > 0.86, name


def test_shares_add_up_and_what_is_below_0_counts_as_0():
    rng = np.random.default_rng(7)
    values = trials(rng, NOTHING_BUT_STARTS)
    components, found = variance_components(values), shares(values, rng)
    assert sum(one.estimate for one in found.values()) == pytest.approx(1)
    below = [name for name, one in components.items() if one < 0]
    assert below
    assert all(found[name].estimate == 0 for name in below)


def test_trials_that_are_all_the_same_have_no_shares():
    found = shares(np.ones(SHAPE), np.random.default_rng(1))
    assert all(np.isnan([one.estimate, one.lower, one.upper]).all() for one in found.values())
