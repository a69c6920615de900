"""Three ways to do the same work, and how much work it is.

A loop over `torch.nn.LSTM`, one network after the other, as it is usually done; the ensemble of
eager PyTorch; and the ensemble's compiled core.

Useful operations are those of the mathematics, not of an implementation: the multiplications and
additions in the products of weight matrices with hidden states, for every object of every scene.
Nothing is counted for padding, for the first layer's inputs (each picks a row of a matrix), and
for element-wise functions. A core that avoids work, as the compiled evaluation does by sharing
prefixes, is so credited with the work it avoids, and may seem to exceed the machine's peak.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from quantlearn.figures.benchmark.in_jax import InJax
from quantlearn.networks.dropout_and_batch_norm import EVALUATION
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import PADDING, ZONES
from quantlearn.training.evaluation import answers
from quantlearn.training.examples import Examples, Stacked, stack
from quantlearn.training.loop import train
from quantlearn.training.optimisers import AdamInRounds, make_optimiser

__all__ = [
    "CORES",
    "EVALUATE_EVERY",
    "Shape",
    "Workload",
    "elementary_functions",
    "useful_operations",
    "workload",
]

CORES = ("loop", "eager", "compiled")
_BLOCKS = {"lstm": 4, "gru": 3, "rnn": 1}
_FUNCTIONS = {"lstm": 5, "gru": 3, "rnn": 1}  # σ and tanh of a unit at one object
_CLASSES = 2
_LEARNING_RATE = 1e-4
EVALUATE_EVERY = 50


@dataclass(frozen=True)
class Shape:
    """The sizes that cost depends on; the defaults are those of exp1a."""

    trials: int = 30
    hidden: int = 12
    size: int = 20
    layers: int = 2
    batch: int = 8
    quantifiers: int = 2
    precision: str = "float32"
    architecture: str = "lstm"

    @property
    def task(self) -> Task:
        return Task(self.size, self.quantifiers)

    @property
    def network(self) -> dict[str, Any]:
        """The settings of the network, as in an experiment."""
        known = ARCHITECTURES[self.architecture].settings
        return {
            **{name: setting["default"] for name, setting in known.items()},
            "architecture": self.architecture,
            "layers": self.layers,
            "hidden": self.hidden,
            "initialisation": "torch",
            "precision": self.precision,
        }

    @property
    def training(self) -> dict[str, Any]:
        """The settings of training, as in an experiment."""
        return {
            "optimiser": "adam",
            "weight_decay": 0.0,
            "learning_rate": _LEARNING_RATE,
            "batch_size": self.batch,
            "max_epochs": 1,
            "shuffle_buffer": None,
            "evaluate_every": EVALUATE_EVERY,
            "monitor": "test",
            "stop_loss": None,
            "patience": None,
        }

    def examples(self, scenes: int, seed: int = 0, device: str = "cpu") -> Stacked:
        """Random scenes for each trial: sizes uniform on 1 .. size, zones and truth uniform."""
        rng = np.random.default_rng(seed)
        own = [self._examples(scenes, rng) for _ in range(self.trials)]
        return stack(own, torch.device(device))

    def _examples(self, count: int, rng: np.random.Generator) -> Examples:
        sizes = rng.integers(1, self.size, size=count, endpoint=True)
        scenes = rng.integers(len(ZONES), size=(count, self.size), dtype=np.uint8)
        scenes[np.arange(self.size) >= sizes[:, None]] = PADDING
        quantifiers = rng.integers(self.quantifiers, size=count)
        truth = rng.integers(_CLASSES, size=count)
        return Examples(self.task.tokens(scenes, quantifiers), sizes, truth, quantifiers)


def useful_operations(shape: Shape, objects: float, scenes: float, backward: bool) -> float:
    """Floating point operations to read ``scenes`` scenes with ``objects`` objects in all.

    A layer multiplies its last hidden state, and from the second layer on that of the layer below,
    with a matrix (H, 4H): 2 · H · 4H operations. The read-out takes 2 · H · 2 a scene. The backward
    pass has two products for each of the forward pass: one for the state's derivative, one for the
    matrix's. GRUs and Elman networks have 3 and 1 in the place of 4. Of networks that read a scene
    at once nothing is counted: NaN.

    >>> useful_operations(Shape(hidden=1, layers=2), objects=10, scenes=1, backward=False)
    244
    """
    blocks = _BLOCKS.get(shape.architecture, math.nan)
    matrices = 2 * shape.layers - 1
    forward = objects * matrices * 2 * shape.hidden * blocks * shape.hidden
    forward += scenes * 2 * shape.hidden * _CLASSES
    return 3 * forward if backward else forward


def elementary_functions(shape: Shape, objects: float) -> float:
    """How often networks compute σ or tanh to read ``objects`` objects in all.

    The backward pass computes none. NaN as in `useful_operations`.

    >>> elementary_functions(Shape(hidden=12, layers=2), objects=1)
    120
    """
    return objects * shape.layers * shape.hidden * _FUNCTIONS.get(shape.architecture, math.nan)


class Workload(ABC):
    """Networks of one shape and the two things done with them.

    ``networks`` is how many are really trained or evaluated, the work of which is timed.
    """

    networks: int

    @abstractmethod
    def train(self, examples: Stacked, steps: int) -> None:
        """Forward, backward, Adam: ``steps`` updates of every network, each on a new batch."""

    @abstractmethod
    def evaluate(self, examples: Stacked) -> np.ndarray:
        """Whether each network is right on each of its scenes, (networks, scenes)."""

    @abstractmethod
    def run(self, examples: Stacked, evaluated: Stacked | None, evaluations: int) -> None:
        """A training run: updates with evaluations after steps 1, 51, 101 …

        All of ``examples`` are seen once; without ``evaluated`` the evaluations are left out.
        """


class Loop(Workload):
    """One `torch.nn.LSTM` after the other, each with an optimiser of its own.

    Of ``shape.trials`` networks at most ``most`` are made: they do not know of one another, so a
    network's time does not depend on their number.
    """

    def __init__(self, shape: Shape, most: int) -> None:
        self.shape = shape
        self.networks = min(shape.trials, most)
        torch.manual_seed(0)
        self.models = [_Single(shape) for _ in range(self.networks)]
        self.optimisers = [
            torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE) for model in self.models
        ]

    def train(self, examples: Stacked, steps: int) -> None:
        batch = self.shape.batch
        for k, (model, optimiser) in enumerate(zip(self.models, self.optimisers, strict=True)):
            for rows in _batches(examples, batch, steps):
                optimiser.zero_grad()
                logits = model(examples.tokens[k, rows], examples.lengths[k, rows])
                torch.nn.functional.cross_entropy(logits, examples.labels[k, rows]).backward()
                optimiser.step()

    @torch.no_grad()
    def evaluate(self, examples: Stacked) -> np.ndarray:
        answers = [
            model(examples.tokens[k], examples.lengths[k]).argmax(dim=1)
            for k, model in enumerate(self.models)
        ]
        return (torch.stack(answers) == examples.labels[: self.networks]).numpy()

    def run(self, examples: Stacked, evaluated: Stacked | None, evaluations: int) -> None:
        for k in range(evaluations):
            self.train(examples, EVALUATE_EVERY if k else 1)
            if evaluated is not None:
                self.evaluate(evaluated)


class _Single(torch.nn.Module):
    """One network as it is usually written."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        dtype = getattr(torch, shape.precision)
        self.inputs = shape.task.token_table(dtype, torch.device("cpu"))
        self.lstm = torch.nn.LSTM(
            shape.task.inputs, shape.hidden, shape.layers, batch_first=True, dtype=dtype
        )
        self.readout = torch.nn.Linear(shape.hidden, _CLASSES, dtype=dtype)

    def forward(self, tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(self.inputs[tokens.long()])
        return self.readout(states[torch.arange(len(states)), lengths.long() - 1])


class Together(Workload):
    """All networks as one ensemble, by one of its cores."""

    def __init__(self, shape: Shape, core: str, threads: int = 1) -> None:
        self.shape = shape
        self.networks = shape.trials
        self.ensemble = Ensemble(shape.network, shape.task, core=core, threads=threads)
        streams = [np.random.default_rng(trial) for trial in range(shape.trials)]
        self.flat = torch.nn.Parameter(self.ensemble.initialise(streams))
        self.optimiser = make_optimiser(self.flat, shape.training, in_rounds=self.ensemble.descends)

    def train(self, examples: Stacked, steps: int) -> None:
        parts = (examples.tokens, examples.lengths, examples.labels)
        batches = [
            [part[:, rows] for part in parts]
            for rows in _batches(examples, self.shape.batch, steps)
        ]
        if isinstance(self.optimiser, AdamInRounds):
            adam = self.optimiser.next_steps(steps)
            rounds = map(torch.stack, zip(*batches, strict=True))
            self.ensemble.descend(self.flat, *rounds, EVALUATION, adam)
            return
        for batch in batches:
            _, self.flat.grad = self.ensemble.loss_gradient(self.flat, *batch)
            self.optimiser.step()

    def evaluate(self, examples: Stacked) -> np.ndarray:
        return answers(self.ensemble, self.flat.detach(), examples).correct.astype(bool)

    def run(self, examples: Stacked, evaluated: Stacked | None, evaluations: int) -> None:
        settings = self.shape.training
        streams = [np.random.default_rng(trial) for trial in range(self.shape.trials)]
        sides = {} if evaluated is None else {"test": evaluated}
        if evaluated is not None and self.ensemble.planned:
            evaluated.plan(self.ensemble.plan)  # made once, as a training job does
        train(self.ensemble, self.flat.detach(), examples, sides, streams, settings)


def workload(core: str, shape: Shape, loop_networks: int = 2, threads: int = 1) -> Any:
    """The networks of a shape, done in one of the ways; the loop and jax have one thread."""
    if core == "jax":
        return InJax(shape)
    return Loop(shape, loop_networks) if core == "loop" else Together(shape, core, threads)


def _batches(examples: Stacked, batch: int, steps: int) -> list[slice]:
    """Rows of ``steps`` batches, from the first on again when the examples are used up."""
    whole = examples.labels.shape[1] // batch
    return [slice(k % whole * batch, (k % whole + 1) * batch) for k in range(steps)]
