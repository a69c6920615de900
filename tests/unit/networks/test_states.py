"""States along a scene against torch's own modules, and gradients through time in closed form."""

import numpy as np
import pytest
import torch
from small_networks import network, random_batch, start, torch_states, weights_of

from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.states import state_gradients, top_states
from quantlearn.networks.task import Task

TASK = Task(positions=6, quantifiers=2)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("architecture", ["rnn", "gru", "lstm"])
def test_states_are_those_of_torch(architecture, layers):
    settings = network(architecture, hidden=5, layers=layers)
    ensemble = Ensemble(settings, TASK)
    flat = start(ensemble, 3)
    tokens, _, _ = random_batch(TASK, 3, 4)
    states = top_states(ensemble, ensemble.unpack(flat), tokens)
    hidden = torch.stack([state[0] for state in states], dim=2)
    for trial in range(3):
        weights = weights_of(ensemble, flat, trial)
        expected, last = torch_states(weights, tokens[trial], settings, TASK)
        torch.testing.assert_close(hidden[trial], expected)
        if architecture == "lstm":
            torch.testing.assert_close(states[-1][1][trial], last[1][-1])


def test_networks_without_a_state_are_refused_in_words():
    ensemble = Ensemble(network("feedforward"), TASK)
    with pytest.raises(QuantlearnError, match="feedforward has no state along"):
        top_states(ensemble, ensemble.unpack(start(ensemble, 1)), torch.zeros(1, 1, 6))


def test_gradients_of_a_linear_network_are_powers_of_its_matrix():
    """ReLU of what is positive is linear: ∂L/∂h_t = ∂L/∂h_n (U^T)^(n − t)."""
    ensemble = Ensemble(network("rnn", activation="relu", hidden=4, layers=1), TASK)
    flat = start(ensemble, 2).abs()
    tokens, _, labels = random_batch(TASK, 2, 3)
    (norms,) = state_gradients(ensemble, flat, tokens, labels)
    weights = ensemble.unpack(flat)
    states = top_states(ensemble, weights, tokens)
    for trial in range(2):
        matrix = weights["layer0.kernel"][trial][-4:]
        readout = weights["readout.kernel"][trial]
        logits = states[-1][0][trial] @ readout + weights["readout.bias"][trial]
        target = torch.nn.functional.one_hot(labels[trial], 2)
        gradient = (torch.softmax(logits, dim=1) - target) @ readout.T
        for position in reversed(range(TASK.positions)):
            torch.testing.assert_close(norms[trial, :, position], gradient.norm(dim=1))
            gradient = gradient @ matrix.T


def test_a_cell_that_forgets_nothing_and_hears_nothing_keeps_its_gradient():
    """An LSTM with f = 1 and no way from h to its gates: ∂L/∂c is the same at all positions."""
    ensemble = Ensemble(network("lstm", hidden=3, layers=1), TASK)
    flat = start(ensemble, 1)
    weights = ensemble.unpack(flat)
    weights["layer0.kernel"][:, -3:] = 0
    weights["layer0.kernel"][:, :, 3:6] = 0
    weights["layer0.bias"][:, 3:6] = 60.0
    tokens, _, labels = random_batch(TASK, 1, 4)
    hidden, cell = state_gradients(ensemble, flat, tokens, labels)
    torch.testing.assert_close(cell, cell[:, :, -1:].expand_as(cell))
    assert np.all(hidden[:, :, :-1].numpy() == 0)
    assert (hidden[:, :, -1] > 0).all()
