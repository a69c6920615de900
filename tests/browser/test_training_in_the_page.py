"""Training in the page: its gradients and steps are those of torch, its scenes the library's."""

from pathlib import Path

import numpy as np
import pytest
import torch

from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES
from quantlearn.training.optimisers import make_optimiser

STATIC = Path(__file__).parents[2] / "workflow" / "report" / "static"
ROWS, INPUTS, HIDDEN = 7, 4, 3
BIASES = slice(INPUTS * HIDDEN, INPUTS * HIDDEN + HIDDEN)

OF_BATCH = """({settings, weights, x, y, drawn}) => {
  const network = new quantlearn.course.training.Network(settings);
  network.weights.set(weights);
  let place = 0;
  const uniform = () => drawn[place++];
  const trained = network.score({ x, y }, uniform);
  place = 0;
  network.differentiate({ x, y }, uniform);
  const gradient = [...network.gradient];
  network.follow(y.length);
  const running = network.running.map((values) => [...values]);
  return { trained, gradient, running, evaluated: network.score({ x, y }) };
}"""

STEPS = """({settings, rule, rate, decay, weights, x, y}) => {
  const { Network, stepper } = quantlearn.course.training;
  const network = new Network(settings);
  network.weights.set(weights);
  const step = stepper(network, { rule, rate, decay }, Math.random);
  return [1, 2, 3].map(() => (step({ x, y }), [...network.weights]));
}"""


@pytest.fixture(scope="module")
def trainer(browser):
    """A page that can train."""
    page = browser.new_page()
    page.goto("about:blank")
    for script in ("elements.js", "course/course.js", "course/training.js"):
        page.add_script_tag(path=STATIC / script)
    yield page
    page.close()


class TorchNetwork(torch.nn.Module):
    """The same network of torch's own layers, with dropout by a mask that is given."""

    def __init__(self, activation, batch_norm):
        super().__init__()
        self.below = torch.nn.Linear(INPUTS, HIDDEN)
        self.norm = torch.nn.BatchNorm1d(HIDDEN)
        self.above = torch.nn.Linear(HIDDEN, 2)
        self.activation, self.normalises = getattr(torch, activation), batch_norm
        self.double()

    def loss(self, x, y, mask=1.0):
        """Mean cross entropy, and the share of right answers."""
        sums = self.below(x)
        units = self.activation(self.norm(sums) if self.normalises else sums) * mask
        logits = self.above(units)
        right = logits.argmax(dim=1) == y
        return torch.nn.functional.cross_entropy(logits, y), right.double().mean()

    def flat(self, gradient=False):
        """Weights or their gradient in the page's order; its matrices are transposed."""
        layers = (self.below, self.norm, self.above)
        arrays = [array for layer in layers for array in (layer.weight, layer.bias)]
        if gradient:  # 0 where a norm is not used
            zeros = [torch.zeros_like(array) for array in arrays]
            pairs = zip(arrays, zeros, strict=True)
            arrays = [zero if array.grad is None else array.grad for array, zero in pairs]
        return np.concatenate([array.detach().numpy().T.ravel() for array in arrays])


def example(activation, batch_norm, seed=0):
    """A network of torch, its settings for the page, and a batch."""
    torch.manual_seed(seed)
    network = TorchNetwork(activation, batch_norm)
    with torch.no_grad():
        for weights in network.norm.parameters():
            weights.uniform_(0.5, 1.5)
    x = torch.randn(ROWS, INPUTS, dtype=torch.float64)
    x[torch.rand(ROWS, INPUTS) < 0.3] = 0
    y = torch.randint(2, (ROWS,))
    settings = {"inputs": INPUTS, "hidden": HIDDEN, "activation": activation}
    return network, settings | {"batchNorm": batch_norm}, x, y


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("dropout", [0, 0.4])
def test_loss_and_gradient_are_those_of_torch(activation, batch_norm, dropout, trainer):
    network, settings, x, y = example(activation, batch_norm)
    drawn = torch.rand(ROWS * HIDDEN, dtype=torch.float64)
    mask = (drawn >= dropout).double().view(ROWS, HIDDEN) / (1 - dropout)
    loss, accuracy = network.loss(x, y, mask)
    loss.backward()
    found = trainer.evaluate(
        OF_BATCH,
        {
            "settings": settings | {"dropout": dropout},
            "weights": network.flat().tolist(),
            "x": x.ravel().tolist(),
            "y": y.tolist(),
            "drawn": drawn.tolist(),
        },
    )
    assert found["trained"] == pytest.approx(
        {"loss": loss.item(), "accuracy": accuracy.item()}, rel=1e-12
    )
    np.testing.assert_allclose(found["gradient"], network.flat(gradient=True), rtol=0, atol=1e-10)
    network.eval()
    loss, accuracy = network.loss(x, y)
    if batch_norm:
        running = (network.norm.running_mean, network.norm.running_var)
        np.testing.assert_allclose(found["running"], torch.stack(running), rtol=1e-12)
    assert found["evaluated"] == pytest.approx(
        {"loss": loss.item(), "accuracy": accuracy.item()}, rel=1e-12
    )


@pytest.mark.parametrize(
    ("rule", "settings"),
    [
        ("plain", {"optimiser": "sgd", "momentum": 0.0}),
        ("momentum", {"optimiser": "sgd", "momentum": 0.9}),
        ("RMSprop", {"optimiser": "rmsprop", "momentum": 0.0}),
        ("Adam", {"optimiser": "adam"}),
    ],
)
@pytest.mark.parametrize("decay", [0, 0.03])
def test_steps_are_those_of_the_librarys_optimisers(rule, settings, decay, trainer):
    network, shape, x, y = example("sigmoid", batch_norm=True)
    given = {
        "settings": shape,
        "rule": rule,
        "rate": 0.1,
        "decay": decay,
        "weights": network.flat().tolist(),
        "x": x.ravel().tolist(),
        "y": y.tolist(),
    }
    settings = settings | {"learning_rate": 0.1, "weight_decay": decay}
    rules = [make_optimiser(weights, settings) for weights in network.parameters()]
    for weights in trainer.evaluate(STEPS, given):
        network.loss(x, y)[0].backward()
        for one in rules:
            one.step()
            one.zero_grad()
        # But the biases before the norm: their slope is rounding, of which Adam makes whole steps.
        ours, theirs = (np.delete(all_, BIASES) for all_ in (weights, network.flat()))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


def test_start_weights_are_uniform_on_torchs_and_glorots_intervals(trainer):
    parts = trainer.evaluate(
        """() => ["torch", "glorot"].map((scheme) => {
          const settings = { inputs: 60, hidden: 40, activation: "relu" };
          const network = new quantlearn.course.training.Network(settings);
          const { parts } = network.start(quantlearn.course.random(1), scheme === "glorot");
          return parts.slice(0, 2).map((part) => [...part]);
        })"""
    )
    bounds = {"torch": 60**-0.5, "glorot": (6 / 100) ** 0.5}
    for (kernel, bias), (scheme, bound) in zip(parts, bounds.items(), strict=True):
        assert np.abs(kernel).max() == pytest.approx(bound, rel=0.01)
        assert np.std(kernel) == pytest.approx(bound / 3**0.5, rel=0.05)
        assert np.ptp(bias) == pytest.approx(2 * bound if scheme == "torch" else 0, rel=0.2)


def test_scenes_are_coded_as_the_library_codes_them(trainer):
    numbers, objects = [0, 1, 6, 13], 4
    isb = np.array([[int(digit) for digit in f"{number:04b}"] for number in numbers])
    coded = [
        trainer.evaluate(
            "([numbers, isPlain]) => [...quantlearn.course.training.coded(numbers, 4, isPlain)]",
            [numbers, plain],
        )
        for plain in (True, False)
    ]
    assert coded[0] == isb.ravel().tolist()
    scenes = np.where(isb, ZONES["both"], ZONES["a_only"]).astype(np.uint8)
    task = Task(positions=objects, quantifiers=1)
    tokens = task.tokens(scenes, np.zeros(len(scenes), dtype=int))
    vectors = task.one_hot(torch.as_tensor(tokens), torch.float64)
    zones = vectors[..., : len(ZONES)].flatten(start_dim=1)
    library = torch.cat([zones, vectors[:, 0, len(ZONES) :]], dim=1)
    assert coded[1] == library.ravel().tolist()
    both = trainer.evaluate("(all) => all.map(quantlearn.course.training.countBoth)", numbers)
    assert both == isb.sum(axis=1).tolist()
