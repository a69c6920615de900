"""The compiled core against torch.nn, and what must not make a difference to it."""

from pathlib import Path

import pytest
import torch

from quantlearn import compiling
from quantlearn.networks.compiled import cells, kernels
from quantlearn.networks.compiled.cells import ELMAN_RELU, ELMAN_TANH, GRU, LSTM
from quantlearn.networks.compiled.core import (
    evaluate_over_tokens,
    evaluation_plan,
    hidden_over_tokens,
)
from quantlearn.pipeline.code_version import imported_modules

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
PRECISIONS = list(TOLERANCE)
pytestmark = pytest.mark.processor
CELLS = [LSTM, GRU, ELMAN_TANH, ELMAN_RELU]
SHAPES = [  # trials, scenes, size, units, layers, vocabulary
    (3, 8, 20, 12, 2, 8),
    (2, 19, 9, 13, 3, 10),
    (2, 5, 7, 5, 1, 6),
    (1, 1, 1, 1, 1, 1),
    (1, 33, 6, 32, 2, 40),
]


@pytest.fixture(params=CELLS, ids=[cell.name for cell in CELLS])
def cell(request):
    return request.param


def scenes(trials, batch, size, vocabulary, seed=0):
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, vocabulary, (trials, batch, size), generator=draw, dtype=torch.uint8)
    return tokens, torch.randint(1, size + 1, (trials, batch), generator=draw)


def weights(trials, units, layers, vocabulary, dtype, cell=LSTM):
    """Table, inputs, recurrents and biases."""
    draw = torch.Generator().manual_seed(1)

    def normal(*shape):
        values = torch.randn(trials, *shape, generator=draw, dtype=torch.float64)
        return (values / units**0.5).to(dtype).requires_grad_()

    columns = cell.gates * units
    square = (units, columns)
    return (
        normal(vocabulary, columns),
        [normal(*square) for _ in range(layers - 1)],
        [normal(*square) for _ in range(layers)],
        [normal(columns) for _ in range(layers - 1)],
    )


def flat(table, inputs, recurrents, biases):
    return [table, *inputs, *recurrents, *biases]


def of_trials(trials, table, inputs, recurrents, biases):
    def select(weight):
        return weight.detach()[trials].requires_grad_()

    return select(table), *([select(w) for w in ws] for ws in (inputs, recurrents, biases))


def hidden_and_gradients(tokens, lengths, parts, cell=LSTM, **settings):
    """Hidden states, and the gradients of a sum in which every number has its own factor."""
    hidden = hidden_over_tokens(cell, tokens, lengths, *parts, **settings)
    _, batch, units = hidden.shape
    factors = torch.linspace(-1, 1, batch * units, dtype=hidden.dtype).view(batch, units)
    gradients = torch.autograd.grad((hidden * factors).sum(), flat(*parts))
    return hidden.detach(), gradients


def torch_lstm(tokens, lengths, table, inputs, recurrents, biases):
    """One torch.nn.LSTM per trial that reads one-hot tokens."""
    trials, batch, _ = tokens.shape
    vocabulary, layers, units = table.shape[1], len(recurrents), recurrents[0].shape[1]
    hidden = []
    for k in range(trials):
        network = torch.nn.LSTM(vocabulary, units, layers, batch_first=True, dtype=table.dtype)
        state = {name: torch.zeros_like(w) for name, w in network.named_parameters()}
        for layer in range(layers):
            state[f"weight_ih_l{layer}"] = (table if layer == 0 else inputs[layer - 1])[k].T
            state[f"weight_hh_l{layer}"] = recurrents[layer][k].T
            if layer > 0:
                state[f"bias_ih_l{layer}"] = biases[layer - 1][k]
        one_hot = torch.nn.functional.one_hot(tokens[k].long(), vocabulary).to(table.dtype)
        outputs, _ = torch.func.functional_call(network, state, (one_hot,))
        hidden.append(outputs[torch.arange(batch), lengths[k] - 1])
    return torch.stack(hidden)


def assert_equal(found, expected):
    """The same bits."""
    assert torch.equal(found[0], expected[0])
    assert all(torch.equal(a, b) for a, b in zip(found[1], expected[1], strict=True))


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_torch(shape, dtype):
    trials, batch, size, units, layers, vocabulary = shape
    tokens, lengths = scenes(trials, batch, size, vocabulary)
    parts = weights(trials, units, layers, vocabulary, dtype)
    hidden, gradients = hidden_and_gradients(tokens, lengths, parts)
    reference = torch_lstm(tokens, lengths, *parts)
    factors = torch.linspace(-1, 1, batch * units, dtype=dtype).view(batch, units)
    expected = torch.autograd.grad((reference * factors).sum(), flat(*parts))
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(hidden, reference, atol=tolerance, rtol=0)
    for found, gradient in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found, gradient, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_activations_from_tiny_to_saturated(dtype):
    sizes = torch.logspace(-8, 3, 32, dtype=torch.float64)
    sums = torch.cat([-sizes.flip(0), sizes]).to(dtype)
    table = torch.stack([sums, sums, sums.flip(0), sums], dim=1)  # one row, one scene, one unit
    tokens = torch.arange(64, dtype=torch.uint8).view(1, 64, 1)
    lengths = torch.ones(1, 64, dtype=torch.int32)
    hidden = hidden_over_tokens(
        LSTM, tokens, lengths, table[None], [], [torch.zeros(1, 1, 4).to(dtype)], []
    )
    i, _, g, o = table.double().T
    expected = o.sigmoid() * (i.sigmoid() * g.tanh()).tanh()
    precise = {"rtol": 20 * torch.finfo(dtype).eps, "atol": torch.finfo(dtype).tiny * 100}
    torch.testing.assert_close(hidden.double().view(64), expected, **precise)


def test_gradients_are_finite_differences(cell):
    tokens, lengths = scenes(2, 3, 4, 3)
    parts = weights(2, 2, 2, 3, torch.float64, cell)
    _, gradients = hidden_and_gradients(tokens, lengths, parts, cell)
    step = 1e-5

    def loss():
        hidden = hidden_over_tokens(cell, tokens, lengths, *parts)
        return (hidden * torch.linspace(-1, 1, 6, dtype=torch.float64).view(3, 2)).sum()

    with torch.no_grad():
        for weight, gradient in zip(flat(*parts), gradients, strict=True):
            numbers = weight.view(-1)
            for k in range(len(numbers)):
                value = numbers[k].item()
                numbers[k] = value + step
                above = loss()
                numbers[k] = value - step
                slope = (above - loss()) / (2 * step)
                numbers[k] = value
                assert slope.item() == pytest.approx(gradient.view(-1)[k].item(), abs=1e-8)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_trial_does_not_depend_on_its_company(cell, dtype):
    tokens, lengths = scenes(5, 11, 9, 8)
    parts = weights(5, 12, 2, 8, dtype, cell)
    hidden, gradients = hidden_and_gradients(tokens, lengths, parts, cell)
    for company in ([2], [4, 2], [3, 0, 1]):
        some = of_trials(company, *parts)
        alone = hidden_and_gradients(tokens[company], lengths[company], some, cell)
        assert_equal(alone, (hidden[company], [g[company] for g in gradients]))


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_make_no_difference(cell, threads):
    tokens, lengths = scenes(5, 11, 9, 8)
    parts = weights(5, 12, 2, 8, torch.float32, cell)
    expected = hidden_and_gradients(tokens, lengths, parts, cell)
    assert_equal(hidden_and_gradients(tokens, lengths, parts, cell, threads=threads), expected)
    plan = evaluation_plan(tokens, lengths)
    assert torch.equal(evaluate_over_tokens(cell, plan, *parts, threads=threads), expected[0])


def test_repeated_runs_are_identical_whatever_ran_between(cell):
    tokens, lengths = scenes(4, 8, 20, 8)
    parts = weights(4, 12, 2, 8, torch.float32, cell)
    first = hidden_and_gradients(tokens, lengths, parts, cell)
    hidden_and_gradients(tokens[:, :3], lengths[:, :3], parts, cell)
    hidden_and_gradients(*scenes(2, 30, 25, 8), weights(2, 9, 3, 8, torch.float64, cell), cell)
    assert_equal(hidden_and_gradients(tokens, lengths, parts, cell), first)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_scene_does_not_depend_on_its_place_in_the_batch(cell, dtype):
    tokens, lengths = scenes(2, 21, 9, 8)
    parts = weights(2, 10, 2, 8, dtype, cell)
    hidden = hidden_over_tokens(cell, tokens, lengths, *parts)
    order = torch.randperm(21, generator=torch.Generator().manual_seed(3))
    for some in (order, order[:4], order[3:12]):
        found = hidden_over_tokens(cell, tokens[:, some], lengths[:, some], *parts)
        assert torch.equal(found, hidden[:, some])


def test_what_follows_the_end_of_a_scene_is_not_read():
    tokens, lengths = scenes(2, 10, 9, 8)
    parts = weights(2, 12, 2, 8, torch.float32)
    expected = hidden_and_gradients(tokens, lengths, parts)
    padded = tokens.masked_fill(torch.arange(9) >= lengths[..., None], 255)  # no row of the table
    assert_equal(hidden_and_gradients(padded, lengths, parts), expected)
    plan = evaluation_plan(padded, lengths)
    assert torch.equal(evaluate_over_tokens(LSTM, plan, *parts), expected[0])


def test_an_infinite_row_matters_only_to_scenes_that_contain_it():
    tokens, lengths = scenes(1, 10, 9, 8)
    parts = weights(1, 12, 2, 9, torch.float32)
    tokens = tokens.masked_fill(torch.arange(9) >= lengths[..., None], 8)
    expected = hidden_and_gradients(tokens, lengths, parts)
    with torch.no_grad():
        parts[0][:, 8] = torch.nan
    assert_equal(hidden_and_gradients(tokens, lengths, parts), expected)


def test_an_empty_scene_has_the_zero_state(cell):
    tokens, lengths = scenes(2, 6, 5, 8)
    parts = weights(2, 12, 2, 8, torch.float32, cell)
    full = hidden_and_gradients(tokens[:, 1:], lengths[:, 1:], parts, cell)[0]
    lengths[:, 0] = 0
    plan = evaluation_plan(tokens, lengths)
    for hidden in (
        hidden_over_tokens(cell, tokens, lengths, *parts),
        evaluate_over_tokens(cell, plan, *parts),
    ):
        assert torch.equal(hidden[:, 0], torch.zeros(2, 12))
        assert torch.equal(hidden[:, 1:], full)


def test_nan_stays_in_its_trial(cell):
    tokens, lengths = scenes(3, 8, 9, 8)
    parts = weights(3, 12, 2, 8, torch.float32, cell)
    hidden, gradients = hidden_and_gradients(tokens, lengths, parts, cell)
    with torch.no_grad():
        parts[2][0][1, 0, 0] = torch.nan
    spoilt, spoilt_gradients = hidden_and_gradients(tokens, lengths, parts, cell)
    evaluated = evaluate_over_tokens(cell, evaluation_plan(tokens, lengths), *parts)
    others = [0, 2]
    assert_equal((spoilt[others], [g[others] for g in spoilt_gradients]),
                 (hidden[others], [g[others] for g in gradients]))  # fmt: skip
    assert torch.equal(evaluated[others], hidden[others])
    assert spoilt[1][lengths[1] > 1].isnan().all()
    assert torch.equal(evaluated[1].isnan(), spoilt[1].isnan())
    of_states = spoilt_gradients[1:4]  # by matrices that are multiplied with hidden states
    assert all(g[1].isnan().any() for g in of_states)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("vocabulary", [1, 2, 8])  # few tokens: many prefixes and repetitions
@pytest.mark.parametrize(("units", "layers"), [(12, 2), (7, 1), (5, 3)])
def test_evaluation_is_the_forward_pass(cell, dtype, vocabulary, units, layers):
    tokens, lengths = scenes(2, 150, 8, vocabulary)
    parts = weights(2, units, layers, vocabulary, dtype, cell)
    plan = evaluation_plan(tokens, lengths, dtype)
    expected = hidden_over_tokens(cell, tokens, lengths, *parts)
    assert torch.equal(evaluate_over_tokens(cell, plan, *parts), expected)
    second = evaluate_over_tokens(cell, plan.select([1]), *of_trials([1], *parts))
    assert torch.equal(second, expected[[1]])


@pytest.mark.parametrize("vocabulary", [2, 4, 8])
def test_evaluation_computes_every_distinct_prefix_once(vocabulary):
    tokens, lengths = scenes(2, 300, 9, vocabulary)
    plan = evaluation_plan(tokens, lengths)
    for trial in range(2):
        prefixes = {
            tuple(scene[:end])
            for scene, length in zip(tokens[trial].tolist(), lengths[trial].tolist(), strict=True)
            for end in range(1, length + 1)
        }
        assert plan.trials[trial].positions == len(prefixes)


def test_history_serves_one_backward_pass():
    parts = weights(1, 4, 1, 3, torch.float32)
    total = hidden_over_tokens(LSTM, *scenes(1, 2, 3, 3), *parts).sum()
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="only once"):
        total.backward()


def test_bad_input_is_refused():
    tokens, lengths = scenes(2, 4, 5, 8)
    parts = weights(2, 12, 2, 8, torch.float32)
    table, inputs, recurrents, biases = parts
    small = table.detach()[:, : int(tokens[0, 0, 0])]
    for compute in (
        lambda: hidden_over_tokens(LSTM, tokens, lengths, small, inputs, recurrents, biases),
        lambda: evaluate_over_tokens(LSTM, evaluation_plan(tokens, lengths), small, *parts[1:]),
    ):
        with pytest.raises(IndexError, match="is not a row of the table"):
            compute()
    with pytest.raises(ValueError, match="between 0 and 5"):
        hidden_over_tokens(LSTM, tokens, lengths + 5, *parts)
    with pytest.raises(ValueError, match="expected"):
        hidden_over_tokens(LSTM, tokens, lengths, table, inputs, recurrents, [biases[0][:, 1:]])
    with pytest.raises(ValueError, match="need one input matrix"):
        hidden_over_tokens(LSTM, tokens, lengths, table, [], recurrents, biases)
    with pytest.raises(ValueError, match="not supported"):
        hidden_over_tokens(LSTM, tokens, lengths, table.half(), inputs, recurrents, biases)
    with pytest.raises(ValueError, match="1 trials, the weights have 2"):
        hidden_over_tokens(LSTM, tokens[:1], lengths[:1], *parts)
    with pytest.raises(ValueError, match="another precision"):
        evaluate_over_tokens(LSTM, evaluation_plan(tokens, lengths, torch.float64), *parts)


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    def refuse(function, cache=False, **settings):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return function

    monkeypatch.setattr(compiling, "njit", refuse)
    assert compiling.kernel(abs) is abs


def test_stored_machine_code_is_that_of_all_its_sources():
    # numba itself looks at the kernels' own file
    file = Path(kernels.__file__)
    used = imported_modules(file, file.parents[3])
    assert set(cells.SOURCES) == {path for path in used if path.name != "__init__.py"}
