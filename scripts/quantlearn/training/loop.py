"""Train an ensemble: every trial its own data, start and order, all of them in step.

The loop knows nothing of quantifiers or scenes. It draws batches, takes optimiser steps, evaluates
at intervals, and drops a trial as soon as it has finished. Between its rounds everything that it
knows can be exported, and another run of the same loop can go on from there.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch

from quantlearn.errors import QuantlearnError
from quantlearn.networks.dropout_and_batch_norm import Training
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.fused.limits import demand_trainable
from quantlearn.pipeline.training_log import TrainingLine
from quantlearn.training.early_stopping import EarlyStopping
from quantlearn.training.evaluation import Scores, evaluate
from quantlearn.training.examples import BatchStream, BufferedStream, Stacked
from quantlearn.training.graphs import Replayed
from quantlearn.training.optimisers import (
    AdamInRounds,
    export_optimiser,
    keep_rows,
    make_optimiser,
    restore_optimiser,
)

__all__ = ["Evaluation", "Outcome", "Running", "train"]

log = logging.getLogger(__name__)

# Between lines of the log: the first soon, so that it is seen how long training takes.
_FIRST_PAUSE, _LONGEST_PAUSE = 1, 10  # seconds
# Bounds the memory that the batches of a round take, and how long a signal waits for its end.
_MOST_STEPS_IN_A_ROUND = 50
_MOST_STEPS = 2**31 - 1


@dataclass(frozen=True)
class Evaluation:
    """Scores of some trials on one side of the split after ``step`` updates."""

    step: int
    split: str
    trials: np.ndarray
    scores: Scores


@dataclass
class Outcome:
    """What training leaves: weights (trials, row), and for each trial how it went."""

    weights: torch.Tensor
    steps: np.ndarray
    best_step: np.ndarray
    stop_reason: np.ndarray
    seconds: np.ndarray
    curve: list[Evaluation] = field(default_factory=list)

    def export(self) -> dict[str, Any]:
        """Everything as arrays and lists; the evaluations joined to few arrays."""
        parts = [part.scores for part in self.curve]
        return {
            "weights": self.weights.cpu().numpy(),
            "steps": self.steps,
            "best_step": self.best_step,
            "stop_reason": self.stop_reason.tolist(),
            "seconds": self.seconds,
            "curve": {
                "step": np.array([part.step for part in self.curve], dtype=np.int64),
                "split": [part.split for part in self.curve],
                "networks": np.array([len(part.trials) for part in self.curve], dtype=np.int64),
                "trials": _join([part.trials for part in self.curve]),
                "loss": _join([scores.loss for scores in parts]),
                "accuracy": _join([scores.accuracy for scores in parts]),
            },
        }

    @classmethod
    def restored(cls, exported: dict[str, Any], device: torch.device) -> Self:
        """The outcome that was exported, with its weights on ``device``."""
        curve = exported["curve"]
        ends = np.cumsum(curve["networks"])[:-1]
        rows = (np.split(curve[name], ends) for name in ("trials", "loss", "accuracy"))
        return cls(
            weights=torch.tensor(exported["weights"], device=device),
            steps=exported["steps"],
            best_step=exported["best_step"],
            stop_reason=np.array(exported["stop_reason"], dtype=object),
            seconds=exported["seconds"],
            curve=[
                Evaluation(step, split, trials, Scores(loss, accuracy))
                for step, split, trials, loss, accuracy in zip(
                    curve["step"].tolist(), curve["split"], *rows, strict=False
                )
            ],
        )


def _join(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)


def train(
    ensemble: Ensemble,
    flat: torch.Tensor,
    examples: Stacked,
    evaluated: dict[str, Stacked],
    streams: list[np.random.Generator],
    settings: dict[str, Any],
    exported: dict[str, Any] | None = None,
    offer: Callable[[Callable[[], dict[str, Any]]], None] = lambda export: None,
) -> Outcome:
    """Train networks ``flat`` (trials, row) on ``examples`` and return what came of it.

    evaluated: the examples of each side of the split that the curves are drawn on; streams: one
    random stream for each trial's order of scenes, and a child of it for its dropout; settings: the
    experiment's ``training``. A trial ends for one of these reasons:

    - threshold: the loss on the monitored side is below ``stop_loss``;
    - patience: that loss has not improved in ``patience`` evaluations; the best weights are kept;
    - epochs: all ``max_epochs`` have been seen;
    - diverged: its loss is no longer a finite number, in a batch or when it is evaluated.

    Evaluations come after steps 1, 1 + n, 1 + 2n … and after a trial's last step, but not of a
    trial whose loss was bad in a batch before.

    After each round ``offer`` is given a function that exports what is known by then, and may leave
    by an exception. With the same arguments and what was ``exported`` training goes on from there,
    and its outcome is the same as without the interruption.
    """
    state = Running(ensemble, flat, examples, streams, settings)
    outcome = Outcome(
        weights=flat.clone(),
        steps=np.zeros(len(flat), dtype=np.int64),
        best_step=np.zeros(len(flat), dtype=np.int64),
        stop_reason=np.full(len(flat), "", dtype=object),
        seconds=np.zeros(len(flat)),
    )
    if exported is not None:
        state.restore(exported["state"])
        outcome = Outcome.restored(exported["outcome"], flat.device)
    report = _Reporter(int(state.limits.max()))
    while len(state.trials):
        due = _next_evaluation(state.step, settings["evaluate_every"])
        limit = int(state.limits[state.trials].min())
        first_bad = state.advance(min(due, limit, state.step + _MOST_STEPS_IN_A_ROUND))
        reasons = np.full(len(state.trials), "", dtype=object)
        reasons[state.limits[state.trials] == state.step] = "epochs"
        reasons[first_bad > 0] = "diverged"
        looked_at = np.flatnonzero(
            (reasons != "diverged") & ((state.step == due) | (reasons != ""))
        )
        if len(looked_at):
            _look(state, looked_at, evaluated, reasons, outcome)
        ended = np.flatnonzero(reasons != "")
        state.record(ended, reasons, first_bad, outcome)
        report(state, outcome, ended)
        state.keep(np.flatnonzero(reasons == ""))
        offer(lambda: {"state": state.export(), "outcome": outcome.export()})
    return outcome


class Running:
    """The trials that still train: their weights, optimiser and best weights so far."""

    def __init__(
        self,
        ensemble: Ensemble,
        flat: torch.Tensor,
        examples: Stacked,
        streams: list[np.random.Generator],
        settings: dict[str, Any],
    ) -> None:
        self.ensemble = ensemble
        self.examples = examples
        self.settings = settings
        self.started = time.monotonic()
        self.seconds_before = 0.0
        self.step = 0
        self.trials = np.arange(len(flat))
        batch = settings["batch_size"]
        self.limits = np.maximum(settings["max_epochs"] * examples.counts // batch, 1)
        if self.limits.max() > _MOST_STEPS:
            raise QuantlearnError(
                f"training.max_epochs: {settings['max_epochs']} are {self.limits.max()} steps, and "
                f"curves can number {_MOST_STEPS}: lower it"
            )
        self.streams = [
            _stream(int(n), settings, rng) for n, rng in zip(examples.counts, streams, strict=True)
        ]
        self.flat = torch.nn.Parameter(flat.clone())
        if ensemble.core == "fused":
            demand_trainable("training", settings)
        recorded = ensemble.core == "graph" and self.flat.is_cuda
        self.optimiser = make_optimiser(self.flat, settings, recorded, ensemble.descends)
        self.replayed: Replayed | None = None
        # A child stream leaves its parent, and with it the order of the scenes, as it is.
        self.mode = Training([rng.spawn(1)[0] for rng in streams])
        self.stopping = EarlyStopping(flat, settings["patience"], settings["stop_loss"])

    @property
    def seconds(self) -> float:
        """Time spent so far, with that of the runs that this one goes on from."""
        return self.seconds_before + time.monotonic() - self.started

    def export(self) -> dict[str, Any]:
        """Everything that changes as training goes on, as arrays and what JSON can hold."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "trials": self.trials,
            "flat": self.flat.detach().cpu().numpy(),
            "optimiser": export_optimiser(self.optimiser, self.flat),
            "streams": [self.streams[trial].export() for trial in self.trials],
            "masks": [stream.bit_generator.state for stream in self.mode.streams],
            **self.stopping.export(),
        }

    def restore(self, exported: dict[str, Any]) -> None:
        """Go on from where another run of the same trials was when it was exported."""
        device = self.flat.device
        self.seconds_before = exported["seconds"]
        self.step = exported["step"]
        self.trials = exported["trials"]
        self.flat.data = torch.tensor(exported["flat"], device=device)
        restore_optimiser(self.optimiser, exported["optimiser"])
        for trial, stream in zip(self.trials, exported["streams"], strict=True):
            self.streams[trial].restore(stream)
        masks = [self.mode.streams[trial] for trial in self.trials]
        for mask, state in zip(masks, exported["masks"], strict=True):
            mask.bit_generator.state = state
        self.mode = Training(masks)
        self.stopping.restore(exported)

    def advance(self, until: int) -> np.ndarray:
        """Train up to step ``until``; the first step of each trial with a bad loss, or 0."""
        steps = until - self.step
        batch = self.settings["batch_size"]
        rows = np.stack(
            [
                self.streams[trial].take(steps * batch).reshape(steps, batch)
                for trial in self.trials
            ],
            axis=1,
        )
        losses = self._update_all(*self.examples.rows(self.trials, rows))
        bad = ~losses.isfinite().cpu().numpy()
        first_bad = np.where(bad.any(axis=0), self.step + 1 + bad.argmax(axis=0), 0)
        self.step = until
        return first_bad

    def _update_all(self, *batches: torch.Tensor) -> torch.Tensor:
        """An optimiser step for each batch (steps, trials, batch, …); losses (steps, trials)."""
        if isinstance(self.optimiser, AdamInRounds):
            adam = self.optimiser.next_steps(len(batches[0]))
            return self.ensemble.descend(self.flat, *batches, self.mode, adam)
        if self.ensemble.core != "graph":
            return torch.stack([self._update(*batch) for batch in zip(*batches, strict=True)])
        if self.replayed is None:
            self.replayed = Replayed(self._update, _MOST_STEPS_IN_A_ROUND)
        losses = self.replayed(*batches)
        if self.replayed.failed:
            self.ensemble.core = "eager"
        return losses

    def _update(
        self, tokens: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """One optimiser step; the batch loss of each trial before it."""
        loss, self.flat.grad = self.ensemble.loss_gradient(
            self.flat, tokens, lengths, labels, self.mode
        )
        self.optimiser.step()
        self.ensemble.update_statistics(self.flat, self.mode)
        return loss

    def record(
        self, ended: np.ndarray, reasons: np.ndarray, first_bad: np.ndarray, outcome: Outcome
    ) -> None:
        """Write down how the trials at positions ``ended`` went."""
        trials = self.trials[ended]
        patient = self.settings["patience"] is not None
        outcome.weights[trials] = (self.stopping.best if patient else self.flat.detach())[ended]
        # A bad loss is found in a batch, or only when it is evaluated at the end of the round.
        steps = np.where(first_bad[ended] > 0, first_bad[ended], self.step)
        outcome.steps[trials] = steps
        outcome.best_step[trials] = self.stopping.best_step[ended] if patient else steps
        outcome.stop_reason[trials] = reasons[ended]
        outcome.seconds[trials] = self.seconds

    def keep(self, positions: np.ndarray) -> None:
        """Go on with the trials at ``positions`` only."""
        if len(positions) == len(self.trials):
            return
        keep_rows(self.optimiser, self.flat, positions)
        self.replayed = None  # it was recorded for all of them
        self.mode = Training([self.mode.streams[position] for position in positions])
        self.stopping.keep(positions)
        self.trials = self.trials[positions]


def _stream(
    n: int, settings: dict[str, Any], rng: np.random.Generator
) -> BatchStream | BufferedStream:
    """The rows of a trial in the order in which it sees them."""
    if settings["shuffle_buffer"] is None:
        return BatchStream(n, rng)
    return BufferedStream(n, settings["max_epochs"], settings["shuffle_buffer"], rng)


def _look(
    state: Running,
    positions: np.ndarray,
    evaluated: dict[str, Stacked],
    reasons: np.ndarray,
    outcome: Outcome,
) -> None:
    """Evaluate the trials at ``positions`` and set the reason of those that are to stop."""
    trials = state.trials[positions]
    flat = state.flat.detach()[torch.as_tensor(positions, device=state.flat.device)]
    for split, examples in evaluated.items():
        scores = evaluate(state.ensemble, flat, examples[trials])
        outcome.curve.append(Evaluation(state.step, split, trials, scores))
        bad = ~np.isfinite(scores.loss[:, -1])
        reasons[positions[bad]] = "diverged"
        if split != state.settings["monitor"]:
            continue
        loss = scores.loss[:, -1]
        found = state.stopping.look(positions, loss, state.step, state.flat.detach())
        running = (reasons[positions] == "") & (found != "")
        reasons[positions[running]] = found[running]


def _next_evaluation(step: int, every: int) -> int:
    """The first of 1, 1 + every, 1 + 2 · every … after ``step``.

    >>> [_next_evaluation(step, 50) for step in (0, 1, 50, 51)]
    [1, 51, 51, 101]
    """
    return 1 if step == 0 else 1 + every * ((step - 1) // every + 1)


class _Reporter:
    """Lines for the log, fewer as training goes on, and one at its end."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.pause = _FIRST_PAUSE
        self.first: tuple[int, float] | None = None  # step and time
        self.last = 0.0

    def __call__(self, state: Running, outcome: Outcome, ended: np.ndarray) -> None:
        now = time.monotonic()
        for position in ended:
            trial = state.trials[position]
            log.info(
                "trial %d ended after %d steps: %s",
                trial,
                outcome.steps[trial],
                outcome.stop_reason[trial],
            )
        running = len(state.trials) - len(ended)
        if self.first is None:
            # In the first round code is compiled: it tells nothing of the others.
            self.first, self.last = (state.step, now), now
        if running and now - self.last < self.pause:
            return
        self.last = now
        self.pause = min(2 * self.pause, _LONGEST_PAUSE)
        step, started = self.first
        pace = (now - started) / max(state.step - step, 1)
        look = outcome.curve[-1] if outcome.curve else None
        line = TrainingLine(
            step=state.step,
            limit=self.limit,
            trials=running,
            split=look and look.split,
            accuracy=look and float(np.median(look.scores.accuracy[:, -1])),
            seconds=pace * (self.limit - state.step) if running else 0,
        )
        log.info(str(line))
