"""Architectures and activations against PyTorch's own, holding the same weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import (
    ARCHITECTURES,
    TOLERANCE,
    network,
    random_batch,
    start,
    torch_states,
    weights_of,
)
from torch.func import functional_call
from torch.nn import functional

from quantlearn.errors import QuantlearnError
from quantlearn.networks.dropout_and_batch_norm import EVALUATION
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.layers import ACTIVATIONS
from quantlearn.networks.loss import LOSSES
from quantlearn.networks.task import Task, quantifier_codes
from quantlearn.networks.text_task import TextTask
from quantlearn.networks.vocabulary import MOST_QUANTIFIERS
from quantlearn.pipeline.code_version import imported_modules
from quantlearn.semantics.scenes import PADDING

TASK = Task(positions=9, quantifiers=2)
TRIALS, BATCH = 3, 6


# Activations and losses ---------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_derivatives_are_those_of_torch(name, precision):
    x = torch.cat([torch.linspace(-19, 19, 1001), torch.tensor([0.0, -0.0, -100.0, 100.0])])
    x = x.to(getattr(torch, precision)).requires_grad_()
    found = ACTIVATIONS[name](x)
    expected = getattr(functional, name)(x)
    bound = {"atol": 0.1 * TOLERANCE[precision], "rtol": 0.1 * TOLERANCE[precision]}
    torch.testing.assert_close(found, expected, **bound)
    (derivative,) = torch.autograd.grad(found.sum(), x)
    (expected,) = torch.autograd.grad(expected.sum(), x)
    torch.testing.assert_close(derivative, expected, **bound)


@pytest.mark.processor
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_treat_every_element_alike(name, precision):
    x = torch.linspace(-5, 5, 37, dtype=getattr(torch, precision))
    together = ACTIVATIONS[name](x)
    for first in range(37):
        assert torch.equal(ACTIVATIONS[name](x[first:].clone()), together[first:])


def test_losses_are_those_of_their_formulas():
    logits = torch.randn(4, 7, 2, dtype=torch.float64, generator=torch.manual_seed(0))
    labels = torch.arange(28).view(4, 7) % 2
    probability = logits.softmax(dim=2)[:, :, 1]
    squared = (probability - labels) ** 2
    torch.testing.assert_close(LOSSES["squared_error"](logits, labels), squared)
    expected = functional.cross_entropy(logits.movedim(2, 1), labels, reduction="none")
    torch.testing.assert_close(LOSSES["cross_entropy"](logits, labels), expected)


# Architectures ------------------------------------------------------------------------------------


def torch_feedforward(weights, tokens, lengths, settings):
    vectors = TASK.one_hot(tokens, weights["readout.kernel"].dtype)
    told = vectors[..., :1] if settings["objects"] == "binary" else vectors[..., :4]
    x = torch.cat([told.flatten(start_dim=1), vectors[:, 0, 4:]], dim=1)
    for layer in range(settings["layers"]):
        x = functional.linear(x, weights[f"layer{layer}.kernel"].T, weights[f"layer{layer}.bias"])
        x = getattr(functional, settings["activation"])(x)
    return functional.linear(x, weights["readout.kernel"].T, weights["readout.bias"])


def torch_recurrent(weights, tokens, lengths, settings):
    states, _ = torch_states(weights, tokens, settings, TASK)
    last = lengths - 1 if settings["padding"] == "masked" else torch.full_like(lengths, -1)
    read = states[torch.arange(len(lengths)), last]
    return functional.linear(read, weights["readout.kernel"].T, weights["readout.bias"])


def torch_transformer(weights, tokens, lengths, settings):
    """torch.nn.TransformerEncoder with norm_first, called with the weights."""
    dtype = weights["readout.kernel"].dtype
    width = settings["heads"] * settings["head_size"]
    objects = TASK.one_hot(tokens, dtype)
    readout = torch.cat([torch.zeros_like(objects[:, 0, :4]), objects[:, 0, 4:]], dim=1)
    vectors = torch.cat([readout[:, None], objects], dim=1)
    first = torch.zeros(*vectors.shape[:2], 1, dtype=dtype)
    first[:, 0] = 1
    x = torch.cat([vectors, first], dim=2) @ weights["embedding.kernel"] + weights["embedding.bias"]
    if settings["position"] == "learned":
        x = x + torch.cat([torch.zeros(1, width, dtype=dtype), weights["position"]])
    if settings["position"] == "sinusoidal":
        for place in range(TASK.positions):
            for number in range(width):
                angle = place / 10000 ** ((number - number % 2) / width)
                wave = torch.cos if number % 2 else torch.sin
                x[:, 1 + place, number] += wave(torch.tensor(angle, dtype=torch.float64))
    module = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(
            width,
            settings["heads"],
            settings["hidden"],
            dropout=0,
            activation=getattr(functional, settings["activation"]),
            batch_first=True,
            norm_first=True,
            dtype=dtype,
        ),
        settings["layers"],
        norm=torch.nn.LayerNorm(width, dtype=dtype),
        enable_nested_tensor=False,
    )
    names = {
        "norm1.weight": "attention.norm.scale",
        "norm1.bias": "attention.norm.shift",
        "self_attn.in_proj_weight": "attention.inputs.kernel",
        "self_attn.in_proj_bias": "attention.inputs.bias",
        "self_attn.out_proj.weight": "attention.outputs.kernel",
        "self_attn.out_proj.bias": "attention.outputs.bias",
        "norm2.weight": "feedforward.norm.scale",
        "norm2.bias": "feedforward.norm.shift",
        "linear1.weight": "feedforward.hidden.kernel",
        "linear1.bias": "feedforward.hidden.bias",
        "linear2.weight": "feedforward.outputs.kernel",
        "linear2.bias": "feedforward.outputs.bias",
    }
    given = {
        "norm.weight": weights["readout.norm.scale"],
        "norm.bias": weights["readout.norm.shift"],
    }
    for layer in range(settings["layers"]):
        for theirs, ours in names.items():
            array = weights[f"layer{layer}.{ours}"]
            given[f"layers.{layer}.{theirs}"] = array.T if array.dim() == 2 else array
    padding = torch.arange(1 + TASK.positions) > lengths[:, None]
    more = {"src_key_padding_mask": padding} if settings["padding"] == "masked" else {}
    x = functional_call(module, given, (x,), more)[:, 0]
    return functional.linear(x, weights["readout.kernel"].T, weights["readout.bias"])


COMPILED = [
    ("rnn", {}),
    ("rnn", {"activation": "relu", "padding": "read", "layers": 1, "hidden": 5}),
    ("rnn", {"layers": 3, "hidden": 7}),
    ("rnn", {"activation": "relu", "hidden": 33}),
    ("gru", {}),
    ("gru", {"padding": "read", "layers": 1, "hidden": 5}),
    ("gru", {"layers": 3, "hidden": 7}),
    ("lstm", {"padding": "read"}),
    *(("feedforward", {"activation": name}) for name in ACTIVATIONS),
    ("feedforward", {"layers": 3, "hidden": 33}),
    ("feedforward", {"objects": "binary"}),
    ("transformer", {}),
    ("transformer", {"padding": "read", "layers": 1, "position": "learned"}),
    ("transformer", {"heads": 3, "head_size": 3, "activation": "gelu", "hidden": 11}),
    ("transformer", {"heads": 1, "layers": 3, "position": "none", "hidden": 7}),
]

TWINS = {
    "feedforward": torch_feedforward,
    "gru": torch_recurrent,
    "lstm": torch_recurrent,
    "rnn": torch_recurrent,
    "transformer": torch_transformer,
}


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("core", "architecture", "changes"),
    [(core, *case) for case in COMPILED for core in ("eager", "compiled")],
)
def test_forward_and_gradients_agree_with_torch(core, architecture, changes, precision):
    settings = network(architecture, precision=precision, **changes)
    ensemble = Ensemble(settings, TASK, core=core)
    # The start has zeros and ones among its weights: away from it, so that every weight counts.
    flat = start(ensemble, TRIALS)
    flat = flat + 0.1 * torch.randn(flat.shape, dtype=flat.dtype, generator=torch.manual_seed(1))
    tokens, lengths, labels = random_batch(TASK, TRIALS, BATCH)
    logits = ensemble.logits(flat, tokens, lengths)
    losses, gradient = ensemble.loss_gradient(flat, tokens, lengths, labels)
    gradients = ensemble.unpack(gradient)
    bound = {"atol": TOLERANCE[precision], "rtol": 0}
    for trial in range(TRIALS):
        weights = weights_of(ensemble, flat, trial)
        expected = TWINS[architecture](weights, tokens[trial], lengths[trial], settings)
        torch.testing.assert_close(logits[trial], expected, **bound)
        loss = functional.cross_entropy(expected, labels[trial])
        torch.testing.assert_close(losses[trial], loss.detach(), **bound)
        loss.backward()
        for name, array in weights.items():
            torch.testing.assert_close(gradients[name][trial], array.grad, **bound)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("architecture", "changes"), COMPILED)
def test_the_compiled_core_is_the_eager_one(architecture, changes, precision):
    settings = network(architecture, precision=precision, **changes)
    eager, compiled = (Ensemble(settings, TASK, core=core) for core in ("eager", "compiled"))
    other = Ensemble(settings, TASK, core="compiled", loss="squared_error")
    assert (eager.core, compiled.core) == ("eager", "compiled")
    flat = start(eager, TRIALS)
    tokens, lengths, labels = random_batch(TASK, TRIALS, 19)
    bound = {"atol": TOLERANCE[precision], "rtol": 0}
    logits = eager.logits(flat, tokens, lengths)
    planned = compiled.planned_logits(flat, compiled.plan(tokens, lengths))
    torch.testing.assert_close(planned, logits, **bound)
    torch.testing.assert_close(compiled.logits(flat, tokens, lengths), planned, **bound)
    for mine, loss in ((compiled, "cross_entropy"), (other, "squared_error")):
        expected = Ensemble(settings, TASK, core="eager", loss=loss)
        for found, wanted in zip(
            mine.loss_gradient(flat, tokens, lengths, labels),
            expected.loss_gradient(flat, tokens, lengths, labels),
            strict=True,
        ):
            torch.testing.assert_close(found, wanted, **bound)


@pytest.mark.parametrize("architecture", ["gru", "lstm", "rnn", "transformer"])
def test_masked_padding_is_not_read(architecture):
    ensemble = Ensemble(network(architecture), TASK)
    flat = start(ensemble, 2)
    tokens, lengths, _ = random_batch(Task(TASK.positions, 1), 2, 5)
    other = tokens.clone()
    other[torch.arange(TASK.positions) >= lengths[..., None]] = 2
    first, second = (ensemble.logits(flat, each, lengths) for each in (tokens, other))
    torch.testing.assert_close(first, second, atol=0, rtol=0)


def test_a_transformer_without_positions_does_not_see_the_order_but_sees_the_number():
    ensemble = Ensemble(network("transformer", position="none"), Task(positions=4, quantifiers=1))
    flat = start(ensemble, 1)
    tokens = torch.tensor([[[0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 4, 4]]], dtype=torch.uint8)
    logits = ensemble.logits(flat, tokens, torch.tensor([[4, 4, 2]]))[0]
    torch.testing.assert_close(logits[0], logits[1], atol=1e-12, rtol=0)
    assert (logits[0] - logits[2]).abs().max() > 1e-4


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("scheme", ["glorot", "torch"])
def test_starts_are_of_the_size_that_their_scheme_says(architecture, scheme):
    settings = network(architecture, initialisation=scheme, precision="float32")
    ensemble = Ensemble(settings, TASK)
    weights = ensemble.unpack(start(ensemble, 200))
    for name, array in weights.items():
        if name.endswith(".scale"):
            assert (array == 1).all()
        elif name.endswith(".shift"):
            assert (array == 0).all()
        elif name.endswith("kernel"):
            _, inputs, outputs = array.shape
            recurrent = architecture in ("gru", "lstm", "rnn")
            fan_in = settings["hidden"] if recurrent else inputs
            glorot = scheme == "glorot" or "attention.inputs" in name
            limit = (6 / (inputs + outputs)) ** 0.5 if glorot else fan_in**-0.5
            assert 0.98 * limit < array.abs().max() <= limit * (1 + 1e-6)
        elif scheme == "glorot" and architecture != "lstm":
            assert (array == 0).all()


@pytest.mark.processor
@pytest.mark.usefixtures("threads_as_before")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_number_of_threads_does_not_matter(architecture):
    task = Task(positions=20, quantifiers=2)
    ensemble = Ensemble(network(architecture, precision="float32"), task, core="eager")
    flat = start(ensemble, 30)
    batch = random_batch(task, 30, 8)
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(ensemble.loss_gradient(flat, *batch)[1])
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_editing_an_architecture_trains_again(architecture):
    scripts = Path(__file__).parents[3] / "scripts"
    names = {path.name for path in imported_modules(scripts / "train.py", scripts)}
    assert f"{architecture}.py" in names


def test_evaluation_is_the_default_mode():
    ensemble = Ensemble(network("feedforward", dropout=0.5, batch_norm=True), TASK)
    flat = start(ensemble, 2)
    tokens, lengths, _ = random_batch(TASK, 2, 5)
    expected = ensemble.logits(flat, tokens, lengths, EVALUATION)
    assert torch.equal(ensemble.logits(flat, tokens, lengths), expected)


# How a quantifier is told -------------------------------------------------------------------------


def test_a_number_tells_a_new_member_of_a_family():
    names = ["at_least_2", "at_least_4", "at_least_3", "between_2_and_4", "most"]
    codes = np.array(quantifier_codes(names, "number"))
    families, numbers = codes[:, :3], codes[:, 3:]
    assert families.tolist() == [[1, 0, 0]] * 3 + [[0, 1, 0], [0, 0, 1]]
    assert (numbers * 4).tolist() == [[2, 0], [4, 0], [3, 0], [2, 4], [0, 0]]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_code_of_a_quantifier_is_all_that_tells_it(architecture):
    """Quantifiers of equal codes get equal answers, others do not."""
    codes = ((1.0, 0.5), (1.0, 1.0), (1.0, 0.5))
    task = Task(TASK.positions, 3, codes)
    ensemble = Ensemble(network(architecture), task)
    flat = start(ensemble, 2)
    scenes = np.random.default_rng(3).integers(4, size=(4, TASK.positions)).astype(np.uint8)
    lengths = torch.full((2, 4), TASK.positions)
    first, second, third = (
        ensemble.logits(
            flat,
            torch.as_tensor(np.stack([task.tokens(scenes, np.full(4, quantifier))] * 2)),
            lengths,
        )
        for quantifier in range(3)
    )
    assert torch.equal(first, third)
    assert not torch.allclose(first, second)


def test_the_codes_of_one_hot_are_the_default():
    told = Task(TASK.positions, 3, quantifier_codes(["a", "b", "c"], "one_hot"))
    assert (told.token_inputs() == Task(TASK.positions, 3).token_inputs()).all()


def test_no_task_has_more_tokens_than_a_byte_can_tell_apart():
    largest = Task(4, MOST_QUANTIFIERS)
    scenes = np.full((MOST_QUANTIFIERS, 4), PADDING, dtype=np.uint8)
    tokens = largest.tokens(scenes, np.arange(MOST_QUANTIFIERS))
    assert len(np.unique(tokens)) == MOST_QUANTIFIERS
    with pytest.raises(QuantlearnError, match="at most 256 different tokens"):
        Task(4, MOST_QUANTIFIERS + 1)
    with pytest.raises(QuantlearnError, match="at most 256 different tokens"):
        TextTask("language_model", 4, tuple(f"word{number}" for number in range(256)))
