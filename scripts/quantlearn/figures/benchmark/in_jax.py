"""The same LSTMs in JAX, as the benchmark compares with, where JAX is installed.

`jax.vmap` over networks of one that scans along the scenes, and a scan over the steps of a round,
in one function that `jax.jit` compiles.
"""

import importlib.util
import os
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["InJax", "has_jax"]

_LEARNING_RATE = 1e-4


def has_jax() -> bool:
    """Whether JAX is installed."""
    return importlib.util.find_spec("jax") is not None


class InJax:
    """Networks of a `Shape`, LSTMs that read to the last object, trained by Adam.

    ``weights`` are by name, as those of an ensemble, each (trials, …).
    """

    def __init__(self, shape: Any, weights: dict[str, np.ndarray] | None = None) -> None:
        # Read when JAX is first imported: one thread as the others have, and memory as it is used.
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ.setdefault("XLA_FLAGS", flags)
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        self.shape = shape
        self.networks = shape.trials
        self.weights = weights or self._drawn()
        self.moments = ({name: 0 * part for name, part in self.weights.items()},) * 2
        self.count = 0

    def _drawn(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(0)
        hidden, trials = self.shape.hidden, self.shape.trials
        sizes = {}
        for layer in range(self.shape.layers):
            inputs = hidden if layer else self.shape.task.inputs
            sizes[f"layer{layer}.kernel"] = (inputs + hidden, 4 * hidden)
            sizes[f"layer{layer}.bias"] = (4 * hidden,)
        sizes |= {"readout.kernel": (hidden, 2), "readout.bias": (2,)}
        dtype = self.shape.precision
        return {
            name: rng.uniform(-0.2, 0.2, size=(trials, *size)).astype(dtype)
            for name, size in sizes.items()
        }

    def train(self, examples: Any, steps: int) -> np.ndarray:
        """Losses (steps, trials) of so many updates, each on a new batch."""
        batch = self.shape.batch
        whole = examples.labels.shape[1] // batch
        rows = [slice(k % whole * batch, (k % whole + 1) * batch) for k in range(steps)]
        tokens, lengths, labels = (
            np.stack([np.asarray(part.cpu())[:, some] for some in rows])
            for part in (examples.tokens, examples.lengths, examples.labels)
        )
        counts = self.count + np.arange(1, steps + 1, dtype=np.float32)
        self.count += steps
        self.weights, self.moments, losses = self._round(
            self.weights, self.moments, (tokens, lengths, labels, counts)
        )
        return np.asarray(losses)

    @cached_property
    def _round(self) -> Any:
        """The compiled function that takes the steps of a round."""
        import jax  # noqa: PLC0415 - only where it is installed
        from jax import numpy as jnp  # noqa: PLC0415

        shape = self.shape
        vectors = jnp.asarray(shape.task.token_inputs().astype(shape.precision))

        def loss(weights, tokens, lengths, labels):
            x = vectors[tokens].swapaxes(0, 1)
            for layer in range(shape.layers):
                kernel, bias = weights[f"layer{layer}.kernel"], weights[f"layer{layer}.bias"]
                recurrent = kernel[-shape.hidden :]

                def step(state, sums, recurrent=recurrent):
                    h, c = state
                    i, f, g, o = jnp.split(sums + h @ recurrent, 4, axis=1)
                    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                    h = jax.nn.sigmoid(o) * jnp.tanh(c)
                    return (h, c), h

                zeros = jnp.zeros((shape.batch, shape.hidden), x.dtype)
                driven = x @ kernel[: -shape.hidden] + bias
                _, x = jax.lax.scan(step, (zeros, zeros), driven)
            last = x[lengths - 1, jnp.arange(shape.batch)]
            logits = last @ weights["readout.kernel"] + weights["readout.bias"]
            right = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
            return -right.mean()

        def update(state, batch):
            weights, (means, squares) = state
            *scenes, count = batch
            losses, slopes = jax.vmap(jax.value_and_grad(loss))(weights, *scenes)
            means = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, means, slopes)
            squares = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, squares, slopes)
            rate, root = _LEARNING_RATE / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
            weights = jax.tree.map(
                lambda w, m, s: w - rate * m / (jnp.sqrt(s) / root + 1e-8), weights, means, squares
            )
            return (weights, (means, squares)), losses

        def steps(weights, moments, batches):
            (weights, moments), losses = jax.lax.scan(update, (weights, moments), batches)
            return weights, moments, losses

        return jax.jit(steps)
