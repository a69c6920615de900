"""The fused core against the eager one: on a GPU where there is one, else by Triton's interpreter.

The interpreter knows no threads. What threads of one network must wait for is looked for in a
record of what is read and written between barriers.
"""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_networks import network, random_batch, start
from test_training import curve, some_examples, training_settings

from quantlearn.errors import QuantlearnError
from quantlearn.networks.dropout_and_batch_norm import Training
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.layers import ACTIVATIONS
from quantlearn.networks.task import Task
from quantlearn.networks.vocabulary import CODES
from quantlearn.semantics.scenes import PADDING
from quantlearn.training.examples import stack
from quantlearn.training.loop import train
from quantlearn.training.optimisers import AdamInRounds, make_optimiser

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TASK = Task(positions=3, quantifiers=2)


@pytest.fixture(scope="module")
def triton():
    """Triton, with its interpreter where there is no GPU; skips where it is not installed."""
    try:
        import triton
    except ImportError:
        reason = "triton is not installed"
        if os.environ.get("QUANTLEARN_REQUIRE_TRITON"):
            pytest.fail(f"QUANTLEARN_REQUIRE_TRITON is set, but {reason}")
        pytest.skip(f"FUSED CORE NOT TESTED: {reason}")
    if DEVICE.type == "cpu":
        from triton.runtime import interpreter

        # In each call of a function it prepares Triton's language anew: a third of its time.
        prepare = functools.lru_cache(interpreter._patch_lang)
        interpreter.InterpretedFunction.__call__ = lambda self, *given, **named: (
            prepare(self.fn) and self.rewrite()(*given, **named)
        )
    return triton


pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("triton")]


def small(architecture="lstm", **changes):
    return network(architecture, **{"hidden": 3, "precision": "float32", **changes})


def with_an_empty_scene(tokens, lengths, labels):
    """A batch whose first scenes have no objects, which recurrent networks do not read."""
    tokens[:, 0] += PADDING - tokens[:, 0] % CODES
    lengths[:, 0] = 0
    return tokens, lengths, labels


def stepped(settings, core, task=TASK, batch=5, networks=2, steps=2, **training):
    """Losses, weights and Adam's averages after some steps, on the CPU."""
    torch.manual_seed(0)
    ensemble = Ensemble(settings, task, DEVICE, core, training.pop("loss", "cross_entropy"))
    flat = start(ensemble, networks)
    # Norms, too, begin with numbers that show when they are taken for one another.
    flat[:, : ensemble.parameters] += torch.rand(ensemble.parameters) / 10
    flat = torch.nn.Parameter(flat.to(DEVICE))
    asked = training_settings(learning_rate=1e-3, **training)
    optimiser = make_optimiser(flat, asked, in_rounds=core == "fused")
    mode = Training([np.random.default_rng(trial) for trial in range(networks)])
    batches = [random_batch(task, networks, batch, seed=step) for step in range(steps)]
    if settings["architecture"] in ("feedforward", "transformer"):
        batches = [with_an_empty_scene(*given) for given in batches]
    batches = [tuple(part.to(DEVICE) for part in given) for given in batches]
    if isinstance(optimiser, AdamInRounds):
        adam = optimiser.next_steps(steps)
        rounds = map(torch.stack, zip(*batches, strict=True))
        losses = ensemble.descend(flat, *rounds, mode, adam)
    else:
        losses = []
        for batch_of_step in batches:
            loss, flat.grad = ensemble.loss_gradient(flat, *batch_of_step, mode)
            optimiser.step()
            ensemble.update_statistics(flat, mode)
            losses.append(loss)
        losses = torch.stack(losses)
    averages = [optimiser.state[flat][name] for name in ("exp_avg", "exp_avg_sq")]
    return [part.detach().cpu() for part in (losses, flat, *averages)]


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (small("lstm"), {"weight_decay": 0.1}),
        (small("gru"), {"optimiser": "adamw", "weight_decay": 0.1, "loss": "squared_error"}),
        (small("rnn", layers=3, padding="read"), {}),
        (small("rnn", activation="relu", layers=1), {"batch": 1, "networks": 1}),
        # More units and rows than are multiplied at a time, and more inputs than units.
        (small("lstm", hidden=18, layers=1), {"batch": 13, "networks": 1, "steps": 1}),
        (small("gru", layers=1), {"task": Task(positions=2, quantifiers=14), "networks": 1}),
        (small("feedforward"), {"weight_decay": 0.1}),
        (
            small("feedforward", hidden=18, layers=3, activation="tanh", objects="binary"),
            {"batch": 13, "task": Task(positions=17, quantifiers=2), "loss": "squared_error"},
        ),
    ],
    ids=[
        *("lstm", "gru", "tanh", "relu", "many units", "many quantifiers"),
        *("feed-forward", "many units of binary objects"),
    ],
)
def test_steps_are_those_of_the_eager_core(settings, more):
    assert_same_steps(settings, **more)


def assert_same_steps(settings, **more):
    expected, found = (stepped(settings, core, **more) for core in ("eager", "fused"))
    # What rounding leaves of a derivative that is 0 Adam makes into a whole step, up or down.
    means = expected[2].abs().maximum(found[2].abs())
    expected[1], found[1] = (part[1][(means == 0) | (means > 1e-6)] for part in (expected, found))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_batch_normalisation_are_those_of_the_eager_core(activation):
    """Also running statistics, which no gradient moves, and what weight decay does to them."""
    settings = small("feedforward", activation=activation, batch_norm=True)
    assert_same_steps(settings, steps=1, optimiser="adamw", weight_decay=0.1)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"position": "none", "heads": 1, "layers": 1}, {"weight_decay": 0.1}),
        # Also where no scene has the last positions.
        ({"position": "learned"}, {"batch": 2, "optimiser": "adamw", "weight_decay": 0.1}),
        ({"padding": "read", "activation": "gelu"}, {"loss": "squared_error"}),
        # More units, hidden units and vectors than are multiplied at a time.
        (
            {"heads": 3, "hidden": 18},
            {"task": Task(positions=17, quantifiers=14), "batch": 4, "networks": 1},
        ),
    ],
    ids=["no positions", "learned positions", "padding that is read", "many"],
)
def test_steps_of_transformers_are_those_of_the_eager_core(changes, more):
    assert_same_steps(small("transformer", **changes), **more)


def test_one_scene_is_not_normalised():
    with pytest.raises(QuantlearnError, match=r"training\.batch_size: 1 scene has no variance"):
        stepped(small("feedforward", batch_norm=True), "fused", batch=1)


@pytest.mark.parametrize("architecture", ["rnn", "feedforward", "transformer"])
def test_training_goes_as_with_the_eager_core(architecture):
    """Also evaluations, trials that end before others, and what they leave behind."""
    settings = training_settings(max_epochs=1, evaluate_every=3, patience=2)

    def trained(core):
        ensemble = Ensemble(small(architecture, layers=1), Task(3, 1), DEVICE, core)
        streams = [np.random.default_rng(trial) for trial in range(2)]
        examples = [some_examples(trial, 9 + 6 * trial, positions=3) for trial in range(2)]
        evaluated = stack([some_examples(9, 20, positions=3)] * 2, DEVICE)
        flat = ensemble.initialise(streams).to(DEVICE)
        training = stack(examples, DEVICE)
        return train(ensemble, flat, training, {"test": evaluated}, streams, settings)

    expected, found = map(trained, ("eager", "fused"))
    assert found.steps.tolist() == expected.steps.tolist() == [3, 5]
    torch.testing.assert_close(found.weights, expected.weights, atol=1e-5, rtol=0)
    for trial in range(2):
        np.testing.assert_allclose(curve(found, trial), curve(expected, trial), atol=1e-5)


def test_where_there_is_no_room_networks_go_one_by_one(monkeypatch):
    """With the same bits: no number of a network depends on its company."""
    together = stepped(small("rnn", layers=1), "fused")
    monkeypatch.setattr("quantlearn.networks.fused.core._MOST_BYTES", 1)
    one_by_one = stepped(small("rnn", layers=1), "fused")
    assert all(map(torch.equal, together, one_by_one))


# --- What threads must wait for -----------------------------------------------------------------


class Record:
    """Places that are read and written by different threads without a barrier between."""

    def __init__(self):
        self.read, self.written, self.faults = set(), set(), set()

    def load(self, places):
        self.faults |= places & self.written
        self.read |= places

    def store(self, places):
        self.faults |= places & (self.written | self.read)
        self.written |= places

    def barrier(self):
        self.read.clear()
        self.written.clear()


@pytest.fixture
def record(triton, monkeypatch):
    """A record of what kernels do, while the interpreter runs them."""
    if DEVICE.type != "cpu":
        pytest.skip("a GPU keeps no record")
    from triton.runtime.interpreter import InterpreterBuilder

    record, load, store = (
        Record(),
        *(getattr(InterpreterBuilder, f"create_masked_{what}") for what in ("load", "store")),
    )

    def places(pointers, mask):
        return set(np.asarray(pointers.data)[np.asarray(mask.data, bool)].ravel().tolist())

    def loads(self, pointers, mask, *more):
        record.load(places(pointers, mask))
        return load(self, pointers, mask, *more)

    def stores(self, pointers, value, mask, *more):
        record.store(places(pointers, mask))
        return store(self, pointers, value, mask, *more)

    monkeypatch.setattr(InterpreterBuilder, "create_masked_load", loads)
    monkeypatch.setattr(InterpreterBuilder, "create_masked_store", stores)
    monkeypatch.setattr(InterpreterBuilder, "create_barrier", lambda self: record.barrier())
    return record


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (small("lstm"), {}),
        (small("gru"), {}),
        (small("rnn"), {}),
        (small("feedforward", batch_norm=True), {}),
        # More vectors than are computed at a time.
        (small("transformer"), {"task": Task(positions=17, quantifiers=1), "batch": 4}),
    ],
    ids=["lstm", "gru", "rnn", "feed-forward", "transformer"],
)
def test_threads_wait_for_what_others_write_and_read(settings, more, record):
    stepped(settings, "fused", networks=1, **more)
    assert not record.faults


def test_a_barrier_that_is_missing_is_found(record, monkeypatch):
    monkeypatch.setattr(record, "barrier", lambda: None)
    stepped(small("rnn", layers=1), "fused", networks=1, steps=1)
    assert record.faults


# --- What it is compiled to ---------------------------------------------------------------------

COMPILING = """
import re
import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

from quantlearn.networks.fused.kernels.descend import descend
from quantlearn.networks.fused.core import FusedCore
from quantlearn.networks.task import Task
from quantlearn.training.optimisers import AdamInRounds


class Driver:  # of a GPU that is not there
    get_current_device = get_current_stream = lambda *_: 0
    get_current_target = lambda _: GPUTarget("cuda", 90, 32)


driver.set_active(Driver())
made, run = [], descend.run
descend.run = lambda *given, warmup, **named: made.append(run(*given, warmup=True, **named))
settings, batch = {settings}, {batch}
flat = torch.nn.Parameter(torch.zeros(3, 2**17))
adam = AdamInRounds(flat, {training}).next_steps(2)
tokens, lengths = torch.zeros(2, 3, batch, 20, dtype=torch.uint8), torch.ones(2, 3, batch).int()
core = FusedCore(settings, Task(20, 2), torch.device("cuda"))
core.descend(flat, tokens, lengths, lengths.long(), adam)
code = made[0].asm["ptx"]
print(made[0].metadata.shared, len(re.findall("mma", code)), code.count("fma.rn.f32"))
"""


@pytest.mark.whole
@pytest.mark.parametrize(
    ("settings", "batch"),
    [
        (small("lstm", hidden=12), 8),
        (small("gru", hidden=64), 64),
        (small("feedforward", hidden=16), 8),
        (small("feedforward", hidden=64, activation="gelu", batch_norm=True), 64),
        (small("transformer", hidden=24), 8),
        (small("transformer", hidden=64, heads=4, head_size=16, position="learned"), 64),
    ],
    ids=lambda given: given["architecture"] if isinstance(given, dict) else str(given),
)
def test_it_compiles_for_a_gpu_and_multiplies_in_full_precision(settings, batch):
    """With all but the launch, which alone needs a GPU. Units that multiply matrices would round
    to ten bits."""
    program = COMPILING.format(settings=settings, batch=batch, training=training_settings())
    environment = {**os.environ, "TRITON_INTERPRET": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
    )
    shared, rounded, products = map(int, told.stdout.split())
    assert shared <= 48 * 1024
    assert rounded == 0 < products
