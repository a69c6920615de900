"""The compiled core against torch.nn, and what must not make a difference to it."""

from pathlib import Path

import pytest
import torch
from torch.func import functional_call

from quantlearn import compiling
from quantlearn.networks.compiled import feedforward, sources, transformer_kernels
from quantlearn.networks.compiled.plans import evaluation_plan
from quantlearn.networks.compiled.recurrent import evaluation_kernels
from quantlearn.networks.compiled.recurrent.cells import ELMAN_RELU, ELMAN_TANH, GRU, LSTM
from quantlearn.networks.compiled.recurrent.core import Shape, evaluate, loss_gradient
from quantlearn.pipeline.code_version import imported_modules

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
PRECISIONS = list(TOLERANCE)
pytestmark = pytest.mark.processor
CELLS = [LSTM, GRU, ELMAN_TANH, ELMAN_RELU]
CASES = [  # trials, scenes, size, units, layers, vocabulary
    (3, 8, 20, 12, 2, 8),
    (2, 19, 9, 13, 3, 10),
    (2, 5, 7, 5, 1, 6),
    (2, 9, 5, 20, 2, 6),
    (1, 1, 1, 1, 1, 1),
    (1, 33, 6, 32, 2, 40),
]


@pytest.fixture(params=CELLS, ids=[cell.name for cell in CELLS])
def cell(request):
    return request.param


def batches(trials, batch, size, vocabulary):
    """Tokens, lengths and labels."""
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, vocabulary, (trials, batch, size), generator=draw, dtype=torch.uint8)
    lengths = torch.randint(1, size + 1, (trials, batch), generator=draw)
    return tokens, lengths, torch.randint(0, 2, (trials, batch), generator=draw)


def rows(shape, trials, inputs, dtype=torch.float32):
    """The weights of networks, and numbers after them that are none."""
    blocks, gates, units = shape.cell.blocks, shape.cell.gates, shape.units
    own = [inputs, *[units] * (shape.layers - 1)]
    size = sum((own_inputs + units) * blocks * units + gates * units for own_inputs in own)
    draw = torch.Generator().manual_seed(1)
    values = torch.randn(trials, size + 2 * units + 2 + 5, generator=draw, dtype=torch.float64)
    return (values / units**0.5).to(dtype)


def parts(shape, row, inputs):
    """Views of a row: (kernel, bias) of each layer and of the read-out."""
    units, found, start = shape.units, [], 0
    columns = [(shape.cell.blocks * units, shape.cell.gates * units)] * shape.layers
    for layer, (width, biases) in enumerate([*columns, (2, 2)]):
        above = inputs if layer == 0 else units
        height = units if layer == shape.layers else above + units
        kernel = row[start : start + height * width].view(height, width)
        start += height * width
        found.append((kernel, row[start : start + biases]))
        start += biases
    return found


def torch_logits(shape, row, vectors, tokens, lengths):
    """The same network of torch.nn."""
    *layers, (readout, readout_bias) = parts(shape, row, vectors.shape[1])
    units, name, settings = shape.units, shape.cell.name, {}
    if name in ("tanh", "relu"):
        settings["nonlinearity"] = name
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(name, torch.nn.RNN)
    network = module(
        vectors.shape[1], units, shape.layers, batch_first=True, dtype=row.dtype, **settings
    )
    weights = {}
    for k, (kernel, bias) in enumerate(layers):
        weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{k}"] = (
            part.T for part in (kernel[:-units], kernel[-units:])
        )
        weights[f"bias_ih_l{k}"], weights[f"bias_hh_l{k}"] = bias, torch.zeros_like(bias)
        if name == "gru":  # a bias of its own in what the reset gate multiplies
            r, z, n, m = bias.split(units)
            weights[f"bias_ih_l{k}"] = torch.cat([r, z, n])
            weights[f"bias_hh_l{k}"] = torch.cat([torch.zeros_like(r), torch.zeros_like(z), m])
    states, _ = functional_call(network, weights, (vectors[tokens.long()],))
    return states[torch.arange(len(tokens)), lengths - 1] @ readout + readout_bias


def logits(shape, flat, tokens, lengths, vectors, threads=1):
    plan = evaluation_plan(tokens, lengths, flat.dtype)
    return evaluate(shape, plan, flat, vectors, threads)


def one_hot(vocabulary, dtype=torch.float32):
    return torch.eye(vocabulary, dtype=dtype)


def assert_equal(found, expected):
    """The same bits."""
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_torch(case, dtype, cell):
    trials, batch, size, units, layers, vocabulary = case
    tokens, lengths, labels = batches(trials, batch, size, vocabulary)
    shape, vectors = Shape(cell, layers, units), one_hot(vocabulary, dtype)
    flat = rows(shape, trials, vocabulary, dtype)
    losses, gradient = loss_gradient(shape, flat, tokens, lengths, labels, vectors)
    evaluated = logits(shape, flat, tokens, lengths, vectors)
    tolerance = {"atol": TOLERANCE[dtype], "rtol": TOLERANCE[dtype]}
    for trial in range(trials):
        row = flat[trial].clone().requires_grad_()
        expected = torch_logits(shape, row, vectors, tokens[trial], lengths[trial])
        loss = torch.nn.functional.cross_entropy(expected, labels[trial])
        (slope,) = torch.autograd.grad(loss, row)
        torch.testing.assert_close(evaluated[trial], expected.detach(), **tolerance)
        torch.testing.assert_close(losses[trial], loss.detach(), **tolerance)
        torch.testing.assert_close(gradient[trial], slope, **tolerance)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_activations_from_tiny_to_saturated(dtype):
    """Each scene is one token, whose vector is the four sums of the only unit."""
    sizes = torch.logspace(-8, 3, 32, dtype=torch.float64)
    sums = torch.cat([-sizes.flip(0), sizes]).to(dtype)
    vectors = torch.stack([sums, sums, sums.flip(0), sums], dim=1)
    shape = Shape(LSTM, layers=1, units=1)
    flat = torch.zeros(1, (4 + 1) * 4 + 4 + 2 + 2, dtype=dtype)
    (kernel, _), (readout, _) = parts(shape, flat[0], inputs=4)
    kernel[:4] = torch.eye(4)
    readout[:] = torch.tensor([[1, 0]])
    tokens = torch.arange(64, dtype=torch.uint8).view(1, 64, 1)
    hidden = logits(shape, flat, tokens, torch.ones(1, 64, dtype=torch.int32), vectors)[..., 0]
    i, _, g, o = vectors.double().T
    expected = o.sigmoid() * (i.sigmoid() * g.tanh()).tanh()
    precise = {"rtol": 20 * torch.finfo(dtype).eps, "atol": torch.finfo(dtype).tiny * 100}
    torch.testing.assert_close(hidden.double().view(64), expected, **precise)


@pytest.mark.parametrize("squared", [False, True])
def test_gradients_are_finite_differences(cell, squared):
    examples = batches(2, 3, 4, 3)
    shape, vectors = Shape(cell, layers=2, units=2), one_hot(3, torch.float64)
    flat, step = rows(shape, 2, 3, torch.float64), 1e-5
    _, gradient = loss_gradient(shape, flat, *examples, vectors, squared)
    for k in range(flat.shape[1]):
        moved = torch.zeros_like(flat)
        moved[:, k] = step
        above, below = (
            loss_gradient(shape, at, *examples, vectors, squared)[0]
            for at in (flat + moved, flat - moved)
        )
        torch.testing.assert_close((above - below) / (2 * step), gradient[:, k], atol=1e-8, rtol=0)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_trial_does_not_depend_on_its_company(cell, dtype):
    examples = batches(5, 11, 9, 8)
    shape, vectors = Shape(cell, layers=2, units=12), one_hot(8, dtype)
    flat = rows(shape, 5, 8, dtype)
    found = loss_gradient(shape, flat, *examples, vectors)
    evaluated = logits(shape, flat, *examples[:2], vectors)
    for company in ([2], [4, 2], [3, 0, 1]):
        own = [part[company] for part in examples]
        alone = loss_gradient(shape, flat[company], *own, vectors)
        assert_equal(alone, [part[company] for part in found])
        assert torch.equal(logits(shape, flat[company], *own[:2], vectors), evaluated[company])


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_make_no_difference(cell, threads):
    examples = batches(5, 11, 9, 8)
    shape, vectors = Shape(cell, layers=2, units=12), one_hot(8)
    flat = rows(shape, 5, 8)
    expected = loss_gradient(shape, flat, *examples, vectors)
    assert_equal(loss_gradient(shape, flat, *examples, vectors, threads=threads), expected)
    spread = logits(shape, flat, *examples[:2], vectors, threads)
    assert torch.equal(spread, logits(shape, flat, *examples[:2], vectors))


def test_repeated_runs_are_identical_whatever_ran_between(cell):
    tokens, lengths, labels = batches(4, 8, 20, 8)
    shape, vectors = Shape(cell, layers=2, units=12), one_hot(8)
    flat = rows(shape, 4, 8)
    first = loss_gradient(shape, flat, tokens, lengths, labels, vectors)
    loss_gradient(shape, flat, tokens[:, :3], lengths[:, :3], labels[:, :3], vectors)
    other, double = Shape(cell, layers=3, units=9), torch.float64
    loss_gradient(other, rows(other, 2, 8, double), *batches(2, 30, 25, 8), one_hot(8, double))
    assert_equal(loss_gradient(shape, flat, tokens, lengths, labels, vectors), first)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_scene_does_not_depend_on_its_place_among_others(cell, dtype):
    tokens, lengths, labels = batches(2, 21, 9, 8)
    shape, vectors = Shape(cell, layers=2, units=10), one_hot(8, dtype)
    flat = rows(shape, 2, 8, dtype)
    expected = logits(shape, flat, tokens, lengths, vectors)
    order = torch.randperm(21, generator=torch.Generator().manual_seed(3))
    for some in (order, order[:4], order[3:12]):
        found = logits(shape, flat, tokens[:, some], lengths[:, some], vectors)
        assert torch.equal(found, expected[:, some])
    # Among empty scenes, to which only the read-out's bias answers, one scene has the gradient.
    among = []
    for place in (0, 5, 15, 31):
        alone = torch.zeros(2, 32, dtype=torch.int64)
        alone[:, place] = lengths[:, 0]
        same = labels[:, :1].expand(2, 32)
        scenes = tokens[:, :1].expand(2, 32, 9)
        among.append(loss_gradient(shape, flat, scenes, alone, same, vectors)[1])
    for gradient in among:
        gradient[:, -7:-5] = 0  # the bias's, a sum over all scenes in their order
    assert_equal(among[1:], [among[0]] * 3)


def test_what_follows_the_end_of_a_scene_is_not_read():
    tokens, lengths, labels = batches(2, 10, 9, 8)
    shape, vectors = Shape(LSTM, layers=2, units=12), one_hot(8)
    flat = rows(shape, 2, 8)
    padded = tokens.masked_fill(torch.arange(9) >= lengths[..., None], 255)  # no row of the table
    assert_equal(
        loss_gradient(shape, flat, padded, lengths, labels, vectors),
        loss_gradient(shape, flat, tokens, lengths, labels, vectors),
    )
    expected = logits(shape, flat, tokens, lengths, vectors)
    assert torch.equal(logits(shape, flat, padded, lengths, vectors), expected)


def test_weights_that_are_no_numbers_matter_only_to_scenes_that_use_them():
    tokens, lengths, labels = batches(1, 10, 9, 8)
    shape, vectors = Shape(LSTM, layers=2, units=12), one_hot(9)
    flat = rows(shape, 1, 9)
    tokens = tokens.masked_fill(torch.arange(9) >= lengths[..., None], 8)
    expected = loss_gradient(shape, flat, tokens, lengths, labels, vectors)
    parts(shape, flat[0], inputs=9)[0][0][8] = torch.nan  # what token 8 adds
    assert_equal(loss_gradient(shape, flat, tokens, lengths, labels, vectors), expected)


def test_an_empty_scene_has_the_zero_state(cell):
    tokens, lengths, labels = batches(2, 6, 5, 8)
    shape, vectors = Shape(cell, layers=2, units=12), one_hot(8)
    flat = rows(shape, 2, 8)
    full = logits(shape, flat, tokens[:, 1:], lengths[:, 1:], vectors)
    lengths[:, 0] = 0
    found = logits(shape, flat, tokens, lengths, vectors)
    biases = torch.stack([parts(shape, row, inputs=8)[-1][1] for row in flat])
    assert torch.equal(found[:, 0], biases)
    assert torch.equal(found[:, 1:], full)
    losses, gradient = loss_gradient(shape, flat, tokens, 0 * lengths, labels, vectors)
    answers = biases[:, None].expand(2, 6, 2).transpose(1, 2)
    expected = torch.nn.functional.cross_entropy(answers, labels, reduction="none").mean(dim=1)
    torch.testing.assert_close(losses, expected)
    assert (gradient[:, :-7] == 0).all()  # all but the read-out's bias


def test_nan_stays_in_its_trial(cell):
    tokens, lengths, labels = batches(3, 8, 9, 8)
    shape, vectors = Shape(cell, layers=2, units=12), one_hot(8)
    flat = rows(shape, 3, 8)
    losses, gradient = loss_gradient(shape, flat, tokens, lengths, labels, vectors)
    expected = logits(shape, flat, tokens, lengths, vectors)
    parts(shape, flat[1], inputs=8)[0][0][8, 0] = torch.nan  # from the first unit to itself
    spoilt, spoilt_gradient = loss_gradient(shape, flat, tokens, lengths, labels, vectors)
    evaluated = logits(shape, flat, tokens, lengths, vectors)
    others = [0, 2]
    assert_equal((spoilt[others], spoilt_gradient[others], evaluated[others]),
                 (losses[others], gradient[others], expected[others]))  # fmt: skip
    assert spoilt[1].isnan()
    assert spoilt_gradient[1].isnan().any()
    assert evaluated[1].isnan().all()


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("vocabulary", [1, 2, 8])  # few tokens: many prefixes and repetitions
@pytest.mark.parametrize(("units", "layers"), [(12, 2), (7, 1), (5, 3)])
def test_evaluation_is_the_forward_pass(cell, dtype, vocabulary, units, layers):
    """A read-out of zeros answers one half, so half the hidden state is the loss's slope by it."""
    tokens, lengths, _ = batches(2, 40, 8, vocabulary)
    shape, vectors = Shape(cell, layers, units), one_hot(vocabulary, dtype)
    flat = rows(shape, 2, vocabulary, dtype)
    flat[:, -(2 * units + 7) :] = 0
    trained = [
        loss_gradient(shape, flat, tokens[:, k, None], lengths[:, k, None], one, vectors)[1]
        for k, one in enumerate(torch.ones(40, 2, 1, dtype=torch.int64))
    ]
    hidden = torch.stack([
        2 * torch.stack([parts(shape, row, vocabulary)[-1][0][:, 0] for row in gradient])
        for gradient in trained
    ], dim=1)  # fmt: skip
    for unit in range(units):
        read = flat.clone()
        for row in read:
            parts(shape, row, vocabulary)[-1][0][unit, 0] = 1
        plan = evaluation_plan(tokens, lengths, dtype)
        evaluated = evaluate(shape, plan, read, vectors)[..., 0]
        assert torch.equal(evaluated, hidden[..., unit])
        second = evaluate(shape, plan.select([1]), read[[1]], vectors)
        assert torch.equal(second[..., 0], evaluated[[1]])


@pytest.mark.parametrize("vocabulary", [2, 4, 8])
def test_evaluation_computes_every_distinct_prefix_once(vocabulary):
    tokens, lengths, _ = batches(2, 300, 9, vocabulary)
    plan = evaluation_plan(tokens, lengths)
    for trial in range(2):
        prefixes = {
            tuple(scene[:end])
            for scene, length in zip(tokens[trial].tolist(), lengths[trial].tolist(), strict=True)
            for end in range(1, length + 1)
        }
        assert plan.trials[trial].positions == len(prefixes)


def test_trials_with_the_same_scenes_share_a_plan():
    tokens, lengths, _ = batches(2, 30, 9, 8)
    plan = evaluation_plan(tokens[[0, 1, 0]], lengths[[0, 1, 0]])
    assert plan.trials[0] is plan.trials[2] is not plan.trials[1]


def test_bad_input_is_refused():
    tokens, lengths, labels = batches(2, 4, 5, 8)
    shape, vectors = Shape(LSTM, layers=2, units=12), one_hot(8)
    flat = rows(shape, 2, 8)
    plan = evaluation_plan(tokens, lengths)
    small = vectors[: int(tokens[0, 0, 0])]
    with pytest.raises(IndexError, match="is not a row of the table"):
        loss_gradient(shape, flat, tokens, lengths, labels, small)
    with pytest.raises(IndexError, match="is not a row of the table"):
        evaluate(shape, plan, flat, small)
    with pytest.raises(ValueError, match="between 0 and 5"):
        loss_gradient(shape, flat, tokens, lengths + 5, labels, vectors)
    with pytest.raises(ValueError, match="too short"):
        evaluate(shape, plan, flat[:, :500], vectors)
    with pytest.raises(ValueError, match="float16"):
        evaluate(shape, plan, flat.half(), vectors.half())
    with pytest.raises(ValueError, match="1 trials, the weights have 2"):
        loss_gradient(shape, flat, tokens[:1], lengths[:1], labels[:1], vectors)
    with pytest.raises(ValueError, match="another precision"):
        evaluate(shape, evaluation_plan(tokens, lengths, torch.float64), flat, vectors)


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    def refuse(function):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(compiling, "_Stored", refuse)
    assert compiling.kernel(lambda number: number + 1)(2) == 3


@pytest.mark.parametrize("module", [evaluation_kernels, transformer_kernels, feedforward])
def test_stored_machine_code_is_that_of_all_its_sources(module):
    # numba itself looks at the kernels' own file
    file = Path(module.__file__)
    folder = Path(sources.__file__).parent
    used = {path for path in imported_modules(file, folder.parents[2]) if folder in path.parents}
    assert used <= sources.files()
    assert Path(compiling.__file__) in sources.files()
