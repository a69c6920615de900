"""The compiled cores of transformers and feed-forward networks: what must not matter to them.

Masks, company and threads also of recurrent networks with dropout.
"""

import numpy as np
import pytest
import torch
from small_networks import TOLERANCE, network, random_batch, start

from quantlearn.networks.dropout_and_batch_norm import EVALUATION, Training
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task

pytestmark = pytest.mark.processor
TASK = Task(positions=9, quantifiers=2)
NETWORKS = {
    "transformer": network("transformer", heads=3, head_size=3, hidden=7, dropout=0.2),
    "transformer that reads padding": network("transformer", padding="read", position="learned"),
    "feed-forward": network("feedforward", hidden=7, activation="elu", dropout=0.3),
    "batch normalisation": network("feedforward", hidden=7, dropout=0.3, batch_norm=True),
}

RECURRENT = {
    "LSTM": network("lstm", hidden=7, layers=3, dropout=0.3),
    "GRU that reads padding": network("gru", hidden=5, layers=2, dropout=0.2, padding="read"),
    "Elman, one layer": network("rnn", hidden=6, layers=1, dropout=0.4),
}


def mode_of(trials):
    return Training([np.random.default_rng(trial) for trial in trials])


@pytest.fixture(params=NETWORKS)
def settings(request):
    return NETWORKS[request.param]


@pytest.fixture(params={**NETWORKS, **RECURRENT})
def dropping(request):
    """Settings of networks, nearly all with dropout."""
    return {**NETWORKS, **RECURRENT}[request.param]


def ensemble_of(settings, trials, core="compiled", threads=1, **changes):
    """An ensemble, and weights of which none is 0 or 1."""
    ensemble = Ensemble({**settings, **changes}, TASK, core=core, threads=threads)
    flat = start(ensemble, trials)
    noise = torch.randn(flat.shape, dtype=flat.dtype, generator=torch.manual_seed(1))
    flat[:, : ensemble.parameters] += 0.1 * noise.abs()[:, : ensemble.parameters]
    return ensemble, flat


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("scenes", [3, 16, 35])
def test_masks_and_statistics_are_those_of_the_eager_core(dropping, precision, loss, scenes):
    """What the eager core rounds itself in float32 is no measure: it computes in float64."""
    batch, found = random_batch(TASK, 3, scenes), {}
    _, flat = ensemble_of(dropping, 3, precision=precision)
    for core, own in (("eager", "float64"), ("compiled", precision)):
        ensemble = Ensemble({**dropping, "precision": own}, TASK, core=core, loss=loss)
        mode, weights = mode_of(range(3)), flat.to(getattr(torch, own))
        steps = [ensemble.loss_gradient(weights, *batch, mode) for _ in range(2)]
        found[core] = steps, mode.statistics
    bound = {"atol": TOLERANCE[precision], "rtol": 0, "check_dtype": False}
    torch.testing.assert_close(found["compiled"], found["eager"], **bound)


def test_nothing_is_read_beyond_the_masks(settings, monkeypatch):
    """Whatever is there would reach the gradient as 0 times that, which may be no number."""
    pad = np.pad

    def fenced(array, width):
        masks = pad(array, width)
        return np.append(masks, np.full(10_000, np.nan, masks.dtype))[: len(masks)]

    monkeypatch.setattr(np, "pad", fenced)
    ensemble, flat = ensemble_of(settings, 3)
    for scenes in (3, 16, 35):
        batch = random_batch(TASK, 3, scenes)
        losses, gradient = ensemble.loss_gradient(flat, *batch, mode_of(range(3)))
        assert losses.isfinite().all()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("precision", TOLERANCE)
def test_a_trial_does_not_depend_on_its_company_or_threads(dropping, precision):
    ensemble, flat = ensemble_of(dropping, 5, precision=precision)
    batch = random_batch(TASK, 5, 35)
    expected = ensemble.loss_gradient(flat, *batch, mode_of(range(5)))
    logits = ensemble.logits(flat, *batch[:2])
    for company in ([2], [4, 2], [3, 0, 1]):
        own = [part[company] for part in batch]
        found = ensemble.loss_gradient(flat[company], *own, mode_of(company))
        assert all(torch.equal(a, b[company]) for a, b in zip(found, expected, strict=True))
        assert torch.equal(ensemble.logits(flat[company], *own[:2]), logits[company])
    for threads in (2, 7):
        spread, _ = ensemble_of(dropping, 5, precision=precision, threads=threads)
        found = spread.loss_gradient(flat, *batch, mode_of(range(5)))
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
        assert torch.equal(spread.logits(flat, *batch[:2]), logits)


def test_one_trial_is_not_compiled_apart(settings):
    compiled = []
    for trials in (3, 1):
        ensemble, flat = ensemble_of(settings, trials)
        batch = random_batch(TASK, trials, 5)
        ensemble.loss_gradient(flat, *batch, mode_of(range(trials)))
        ensemble.logits(flat, *batch[:2])
        compiled.append(len(ensemble.compiled.kernel.signatures))
    assert compiled[0] == compiled[1]


def test_a_scene_is_answered_alike_wherever_it_stands(settings):
    ensemble, flat = ensemble_of(settings, 2, precision="float32")
    tokens, lengths, _ = random_batch(TASK, 2, 40)
    expected = ensemble.logits(flat, tokens, lengths)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    for some in (order, order[:1], order[3:20], torch.cat([order, order])):
        assert torch.equal(
            ensemble.logits(flat, tokens[:, some], lengths[:, some]), expected[:, some]
        )


def test_a_plan_of_some_trials_answers_as_that_of_all(settings):
    ensemble, flat = ensemble_of(settings, 3)
    tokens, lengths, _ = random_batch(TASK, 3, 20)
    tokens[0], lengths[0] = tokens[0, :1], lengths[0, :1]  # one scene again and again
    plan = ensemble.plan(tokens, lengths)
    assert plan.counts[0] == 1
    expected = ensemble.planned_logits(flat, plan)
    for some in ([1], [2, 0]):
        found = ensemble.planned_logits(flat[some], plan.select(np.array(some)))
        assert torch.equal(found, expected[some])


def test_a_network_that_is_no_number_spoils_no_other(settings):
    ensemble, flat = ensemble_of(settings, 3)
    batch = random_batch(TASK, 3, 20)
    expected = ensemble.loss_gradient(flat, *batch, mode_of(range(3)))
    flat[1, 0] = torch.nan
    found = ensemble.loss_gradient(flat, *batch, mode_of(range(3)))
    for part, wanted in zip(found, expected, strict=True):
        assert torch.equal(part[[0, 2]], wanted[[0, 2]])
        assert part[1].isnan().any()


def test_what_follows_a_masked_scene_and_empty_scenes():
    ensemble, flat = ensemble_of(NETWORKS["transformer"], 2)
    tokens, lengths, labels = random_batch(TASK, 2, 20)
    lengths[:, 3] = 0
    other = tokens.masked_fill(torch.arange(9) >= lengths.clamp(min=1)[..., None], 255)
    expected = ensemble.loss_gradient(flat, tokens, lengths, labels, mode_of(range(2)))
    found = ensemble.loss_gradient(flat, other, lengths, labels, mode_of(range(2)))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    logits = ensemble.logits(flat, other, lengths)
    assert torch.equal(logits, ensemble.logits(flat, tokens, lengths))
    eager = Ensemble(ensemble.settings, TASK, core="eager").logits(flat, tokens, lengths)
    torch.testing.assert_close(logits, eager, atol=1e-10, rtol=0)


@pytest.mark.parametrize("activation", ["softplus", "elu", "gelu", "leaky_relu"])
@pytest.mark.parametrize("precision", TOLERANCE)
def test_activations_from_tiny_to_saturated(activation, precision):
    """The first unit's sum is the scene's own number; its activation is read out."""
    sizes = torch.logspace(-6, 3, 25, dtype=torch.float64)
    sums = torch.cat([-sizes.flip(0), sizes]).to(getattr(torch, precision))
    codes = tuple((float(number),) for number in sums)
    task = Task(1, len(codes), codes)
    settings = network("feedforward", layers=1, hidden=1, activation=activation)
    ensemble = Ensemble({**settings, "precision": precision}, task, core="compiled")
    flat = torch.zeros_like(start(ensemble, 1))
    weights = ensemble.unpack(flat)
    weights["layer0.kernel"][0, 4], weights["readout.kernel"][0, 0, 1] = 1, 1
    tokens = torch.as_tensor(task.tokens(np.zeros((50, 1), np.uint8), np.arange(50)))[None]
    found = ensemble.logits(flat, tokens, torch.ones(1, 50))[0, :, 1]
    expected = getattr(torch.nn.functional, activation)(sums.double())
    precise = 40 * torch.finfo(sums.dtype).eps
    torch.testing.assert_close(found.double(), expected, atol=precise, rtol=precise)


def test_bad_batches_are_refused(settings):
    ensemble, flat = ensemble_of(settings, 2)
    tokens, lengths, labels = random_batch(TASK, 2, 6)
    with pytest.raises(IndexError, match="is not a row of the table"):
        ensemble.loss_gradient(flat, tokens + 200, lengths, labels, mode_of(range(2)))
    with pytest.raises(ValueError, match="1 trials, the weights have 2"):
        ensemble.logits(flat, tokens[:1], lengths[:1])
    with pytest.raises(ValueError, match="labels must be"):
        ensemble.loss_gradient(flat, tokens, lengths, labels[:, :3], mode_of(range(2)))


def test_batch_normalisation_is_trained_in_the_mode_of_training():
    ensemble, flat = ensemble_of(NETWORKS["batch normalisation"], 2)
    with pytest.raises(ValueError, match="in the mode of training"):
        ensemble.loss_gradient(flat, *random_batch(TASK, 2, 6), EVALUATION)
