"""Networks that start from trained ones: the same weights, and only those that fit."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from small_networks import ARCHITECTURES, network, start

from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.networks.weight_files import write_weights
from quantlearn.training.warm_start import STATISTICS, Source, take_over

TASK = Task(positions=4, quantifiers=1)
LEARNED = ["most", "even"]
TRIALS = 3


def make_source(folder, ensemble, learned=LEARNED, trials=TRIALS):
    """Networks as training leaves them, each weight another number; the source and the weights."""
    rows = [(trial, name) for trial in range(trials) for name in learned]
    rng = np.random.default_rng(5)
    weights = {
        name: rng.normal(size=(len(rows), *shape)).astype(
            str(ensemble.dtype).removeprefix("torch.")
        )
        for name, shape in ensemble.shapes.items()
    }
    source = Source(str(folder / "weights.safetensors"), str(folder / "trials.csv"))
    write_weights({0: weights}, source.weights)
    table = pd.DataFrame({name: 0 for name in columns.TRIALS}, index=range(len(rows)))
    table["trial"], table["quantifier"] = zip(*rows, strict=True)
    tables.write_csv(table, source.trials)
    return source, {
        row: {name: weights[name][at] for name in weights} for at, row in enumerate(rows)
    }


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_row_is_the_network_of_its_trial_bit_for_bit(tmp_path, architecture, precision):
    ensemble = Ensemble(network(architecture, precision=precision), TASK)
    source, weights = make_source(tmp_path, ensemble)
    flat = start(ensemble, 4)
    trials = [2, 0, 0, 1]  # as many networks of a trial as it learns quantifiers
    taken = take_over(ensemble, flat, source, "even", trials)
    assert taken == list(ensemble.shapes)
    for name, array in ensemble.unpack(flat).items():
        for row, trial in zip(array.numpy(), trials, strict=True):
            assert row.tobytes() == weights[trial, "even"][name].tobytes()


def test_the_read_out_may_be_left_as_it_was_initialised(tmp_path):
    ensemble = Ensemble(network("lstm"), TASK)
    source, weights = make_source(tmp_path, ensemble)
    flat, before = start(ensemble, TRIALS), ensemble.unpack(start(ensemble, TRIALS))
    taken = take_over(ensemble, flat, source, "most", range(TRIALS), readout=False)
    for name, array in ensemble.unpack(flat).items():
        kept = name.startswith("readout.")
        assert kept == (name not in taken)
        expected = before[name][1].numpy() if kept else weights[1, "most"][name]
        assert array[1].numpy().tobytes() == expected.tobytes()


def test_running_statistics_start_anew(tmp_path):
    ensemble = Ensemble(network("feedforward", batch_norm=True), TASK)
    source, _ = make_source(tmp_path, ensemble)
    flat, before = start(ensemble, TRIALS), ensemble.unpack(start(ensemble, TRIALS))
    taken = take_over(ensemble, flat, source, "most", range(TRIALS))
    left = set(ensemble.shapes) - set(taken)
    assert left == {name for name in ensemble.shapes if name.endswith(STATISTICS)} != set()
    assert all(torch.equal(ensemble.unpack(flat)[name], before[name]) for name in left)


def test_weights_of_another_shape_are_initialised_as_usual_and_the_log_says_so(tmp_path, caplog):
    """A network that is told of two quantifiers has a larger first kernel."""
    source, weights = make_source(tmp_path, Ensemble(network("lstm"), TASK))
    ensemble = Ensemble(network("lstm"), Task(positions=4, quantifiers=2))
    flat, before = start(ensemble, TRIALS), ensemble.unpack(start(ensemble, TRIALS))
    with caplog.at_level(logging.INFO, "quantlearn"):
        taken = take_over(ensemble, flat, source, "most", range(TRIALS))
    assert set(ensemble.shapes) - set(taken) == {"layer0.kernel"}
    own = ensemble.unpack(flat)
    assert torch.equal(own["layer0.kernel"], before["layer0.kernel"])
    assert (
        own["layer1.kernel"][2].numpy().tobytes() == weights[2, "most"]["layer1.kernel"].tobytes()
    )
    assert "initialised layer0.kernel" in caplog.text
    assert "taken over layer0.bias, layer1.kernel" in caplog.text


def test_what_the_source_lacks_is_said(tmp_path):
    ensemble = Ensemble(network("lstm"), TASK)
    source, _ = make_source(tmp_path, ensemble)
    with pytest.raises(QuantlearnError, match="trial 0 has no network first_3"):
        take_over(ensemble, start(ensemble, 1), source, "first_3", [0])
    with pytest.raises(QuantlearnError, match=f"trial {TRIALS} has no network most"):
        take_over(ensemble, start(ensemble, 1), source, "most", [TRIALS])
    other = Ensemble(network("feedforward", layers=1, hidden=3), TASK)
    with pytest.raises(QuantlearnError, match=r"no weight in .* has the name and shape"):
        take_over(other, start(other, 1), source, "most", [0], readout=False)
    more, _ = make_source(tmp_path, ensemble, trials=TRIALS + 1)
    make_source(tmp_path / "fewer", ensemble)
    cut = Source(str(tmp_path / "fewer" / "weights.safetensors"), more.trials)
    with pytest.raises(QuantlearnError, match=r"weights of sample 0.*delete it and run again"):
        take_over(ensemble, start(ensemble, 1), cut, "most", [TRIALS])
    open(cut.weights, "wb").close()
    with pytest.raises(QuantlearnError, match="cannot be read as the weights of sample 0"):
        take_over(ensemble, start(ensemble, 1), cut, "most", [0])
