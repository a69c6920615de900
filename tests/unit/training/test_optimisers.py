"""Optimisers on an ensemble: each network as torch's optimiser would train it alone."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from small_networks import network, random_batch, start

from quantlearn.networks.dropout_and_batch_norm import Training
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.training.optimisers import keep_rows, make_optimiser

SETTINGS = {
    "sgd": {"momentum": 0.0},
    "sgd with momentum": {"momentum": 0.9},
    "adam": {},
    "adamw": {},
    "rmsprop": {"momentum": 0.0},
    "rmsprop with momentum": {"momentum": 0.5},
}


def settings_of(name, weight_decay):
    return {
        "optimiser": name.split()[0],
        "learning_rate": 0.01,
        "weight_decay": weight_decay,
        **SETTINGS[name],
    }


def gradient(weights):
    """Of a loss with valleys, whose size differs from weight to weight."""
    return torch.sin(3 * weights) * torch.linspace(0.1, 2, weights.shape[-1])


def torch_optimiser(parameter, name, weight_decay):
    kind = {
        "sgd": torch.optim.SGD,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "rmsprop": torch.optim.RMSprop,
    }[name.split()[0]]
    return kind([parameter], lr=0.01, weight_decay=weight_decay, **SETTINGS[name])


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("name", SETTINGS)
def test_rows_move_as_they_would_alone_and_go_on_when_others_leave(name, weight_decay):
    start = torch.randn(4, 64, generator=torch.manual_seed(0))
    flat = torch.nn.Parameter(start.clone())
    optimiser = make_optimiser(flat, settings_of(name, weight_decay))
    rows = np.arange(4)
    for step in range(30):
        if step == 11:
            rows = np.array([0, 2, 3])
            keep_rows(optimiser, flat, rows)
        if step == 20:
            rows = np.array([2, 3])
            keep_rows(optimiser, flat, np.array([1, 2]))
        flat.grad = gradient(flat.detach())
        optimiser.step()
    for position, row in enumerate(rows):
        alone = torch.nn.Parameter(start[row].clone())
        expected = torch_optimiser(alone, name, weight_decay)
        for _ in range(30):
            alone.grad = gradient(alone.detach())
            expected.step()
        torch.testing.assert_close(flat[position], alone, atol=1e-6, rtol=1e-6)


def test_decay_is_part_of_the_gradient_for_adam_and_apart_from_it_for_adamw():
    """With a gradient of 0, Adam's step is of the learning rate; AdamW only shrinks the weights."""
    moved = {}
    for name in ("adam", "adamw"):
        flat = torch.nn.Parameter(torch.tensor([[2.0]]))
        optimiser = make_optimiser(flat, settings_of(name, 0.1))
        flat.grad = torch.zeros(1, 1)
        optimiser.step()
        moved[name] = flat.item()
    assert moved["adam"] == pytest.approx(2.0 - 0.01)
    assert moved["adamw"] == pytest.approx(2.0 * (1 - 0.01 * 0.1))


@pytest.mark.parametrize(
    ("architecture", "padding", "dropout", "name", "weight_decay", "loss"),
    [
        ("lstm", "masked", 0.0, "adam", 0.0, "cross_entropy"),
        ("lstm", "read", 0.2, "adamw", 0.1, "squared_error"),
        ("gru", "read", 0.0, "adam", 0.1, "cross_entropy"),
        ("rnn", "masked", 0.3, "adamw", 0.0, "squared_error"),
        ("feedforward", None, 0.0, "adamw", 0.1, "squared_error"),
        ("transformer", "masked", 0.0, "adam", 0.1, "cross_entropy"),
    ],
)
def test_a_compiled_round_is_a_gradient_and_a_step_of_torch_in_turn(
    architecture, padding, dropout, name, weight_decay, loss
):
    """In two rounds, and more scenes in a batch than lanes; with threads exactly the same."""
    task = Task(positions=6, quantifiers=2)
    changes = {} if padding is None else {"padding": padding}
    settings = network(architecture, layers=2, hidden=5, dropout=dropout, **changes)
    modes = [Training([np.random.default_rng(trial) for trial in range(4)]) for _ in range(3)]
    ensembles = [Ensemble(settings, task, loss=loss, threads=threads) for threads in (1, 3)]
    batches = [random_batch(task, trials=4, batch=11, seed=seed) for seed in range(12)]
    expected, *found = (torch.nn.Parameter(start(ensembles[0], 4)) for _ in range(3))
    optimisers = [
        make_optimiser(flat, settings_of(name, weight_decay), in_rounds=flat is not expected)
        for flat in (expected, *found)
    ]
    losses = []
    for batch in batches:
        before, expected.grad = ensembles[0].loss_gradient(expected, *batch, modes[0])
        losses.append(before)
        optimisers[0].step()
    for ensemble, flat, optimiser, mode in zip(
        ensembles, found, optimisers[1:], modes[1:], strict=True
    ):
        parts = []
        for some in (batches[:7], batches[7:]):
            adam = optimiser.next_steps(len(some))
            rounds = [torch.stack(part) for part in zip(*some, strict=True)]
            parts.append(ensemble.descend(flat, *rounds, mode, adam))
        torch.testing.assert_close(torch.cat(parts), torch.stack(losses), rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(flat, expected, rtol=1e-10, atol=1e-11)
        for state, value in optimisers[0].state[expected].items():
            torch.testing.assert_close(optimiser.state[flat][state], value, rtol=1e-9, atol=1e-12)
    assert torch.equal(*found)


def test_what_compiled_code_needs_does_not_load_the_compiler_of_torch():
    """Nothing that is compiled here needs it, and each job would wait for it."""
    code = (
        "import sys, torch\n"
        "from quantlearn.training.optimisers import make_optimiser\n"
        "flat = torch.nn.Parameter(torch.zeros(1, 64))\n"
        f"adam = make_optimiser(flat, {settings_of('adam', 0.0)}, in_rounds=True).next_steps(3)\n"
        "print(len(adam.rates), 'torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "3 False\n"
