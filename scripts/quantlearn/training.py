"""Train an ensemble: every trial its own data, start and order, all of them in step.

The loop knows nothing of quantifiers or scenes. It draws batches, takes optimiser steps, evaluates
at intervals, and drops a trial as soon as it has finished.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from quantlearn.batches import BatchStream
from quantlearn.evaluation import Scores, evaluate
from quantlearn.examples import Stacked
from quantlearn.networks.ensemble import Ensemble

__all__ = ["Evaluation", "Outcome", "train"]

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10


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


def train(
    ensemble: Ensemble,
    flat: torch.Tensor,
    examples: Stacked,
    evaluated: dict[str, Stacked],
    streams: list[np.random.Generator],
    settings: dict[str, Any],
    progress: Callable[[int, int], None] = lambda step, limit: None,
) -> Outcome:
    """Train networks ``flat`` (trials, row) on ``examples`` and return what came of it.

    evaluated: the examples of each side of the split that the curves are drawn on; streams: one
    random stream for each trial's order of scenes; settings: the experiment's ``training``. A trial
    ends for one of these reasons:

    - threshold: the loss on the monitored side is below ``stop_loss``;
    - patience: that loss has not improved in ``patience`` evaluations; the best weights are kept;
    - epochs: all ``max_epochs`` have been seen;
    - diverged: its loss is no longer a finite number.

    Evaluations come after steps 1, 1 + n, 1 + 2n … and after a trial's last step.
    """
    state = _Running(ensemble, flat, examples, streams, settings)
    outcome = Outcome(
        weights=flat.clone(),
        steps=np.zeros(len(flat), dtype=np.int64),
        best_step=np.zeros(len(flat), dtype=np.int64),
        stop_reason=np.full(len(flat), "", dtype=object),
        seconds=np.zeros(len(flat)),
    )
    report = _Reporter(int(state.limits.max()), progress)
    while len(state.trials):
        due = _next_evaluation(state.step, settings["evaluate_every"])
        first_bad = state.advance(min(due, int(state.limits[state.trials].min())))
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
    return outcome


class _Running:
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
        self.step = 0
        self.trials = np.arange(len(flat))
        batch = settings["batch_size"]
        self.limits = np.maximum(settings["max_epochs"] * examples.counts // batch, 1)
        self.streams = [
            BatchStream(int(n), rng) for n, rng in zip(examples.counts, streams, strict=True)
        ]
        self.flat = torch.nn.Parameter(flat.clone())
        self.optimiser = torch.optim.Adam(
            [self.flat], lr=settings["learning_rate"], betas=(0.9, 0.999), eps=1e-8, fused=True
        )
        self.best_loss = np.full(len(flat), np.inf)
        self.best_step = np.zeros(len(flat), dtype=np.int64)
        self.best = flat.clone()
        self.waited = np.zeros(len(flat), dtype=np.int64)

    def advance(self, until: int) -> np.ndarray:
        """Train up to step ``until``; the first step of each trial with a bad loss, or 0."""
        steps = until - self.step
        batch = self.settings["batch_size"]
        rows = np.stack([self.streams[trial].take(steps * batch) for trial in self.trials])
        device = self.flat.device
        trial = torch.as_tensor(self.trials, device=device)[:, None]
        row = torch.as_tensor(rows, device=device)
        tokens = self.examples.tokens[trial, row].split(batch, dim=1)
        lengths = self.examples.lengths[trial, row].split(batch, dim=1)
        labels = self.examples.labels[trial, row].split(batch, dim=1)
        losses = [self._update(*one) for one in zip(tokens, lengths, labels, strict=True)]
        bad = ~torch.stack(losses).isfinite().cpu().numpy()
        first_bad = np.where(bad.any(axis=0), self.step + 1 + bad.argmax(axis=0), 0)
        self.step = until
        return first_bad

    def _update(
        self, tokens: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """One optimiser step; the batch loss of each trial before it."""
        loss, self.flat.grad = self.ensemble.loss_gradient(self.flat, tokens, lengths, labels)
        self.optimiser.step()
        return loss

    def note_improvement(self, positions: np.ndarray, loss: np.ndarray) -> None:
        """Remember the best weights of trials at ``positions`` whose monitored loss fell."""
        better = loss < self.best_loss[positions]
        improved = positions[better]
        self.best_loss[improved] = loss[better]
        self.best_step[improved] = self.step
        self.best[improved] = self.flat.detach()[improved]
        self.waited[positions] += 1
        self.waited[improved] = 0

    def record(
        self, ended: np.ndarray, reasons: np.ndarray, first_bad: np.ndarray, outcome: Outcome
    ) -> None:
        """Write down how the trials at positions ``ended`` went."""
        trials = self.trials[ended]
        patient = self.settings["patience"] is not None
        outcome.weights[trials] = (self.best if patient else self.flat.detach())[ended]
        steps = np.where(reasons[ended] == "diverged", first_bad[ended], self.step)
        outcome.steps[trials] = steps
        outcome.best_step[trials] = self.best_step[ended] if patient else steps
        outcome.stop_reason[trials] = reasons[ended]
        outcome.seconds[trials] = time.monotonic() - self.started

    def keep(self, positions: np.ndarray) -> None:
        """Go on with the trials at ``positions`` only."""
        if len(positions) == len(self.trials):
            return
        index = torch.as_tensor(positions, device=self.flat.device)
        state = self.optimiser.state[self.flat]
        for name in ("exp_avg", "exp_avg_sq"):
            state[name] = state[name][index]
        self.flat.grad = None
        self.flat.data = self.flat.data[index]
        self.best = self.best[index]
        self.trials = self.trials[positions]
        self.best_loss = self.best_loss[positions]
        self.best_step = self.best_step[positions]
        self.waited = self.waited[positions]


def _look(
    state: _Running,
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
        state.note_improvement(positions, loss)
        patience, stop_loss = state.settings["patience"], state.settings["stop_loss"]
        running = reasons[positions] == ""
        if patience is not None:
            reasons[positions[running & (state.waited[positions] >= patience)]] = "patience"
        if stop_loss is not None:
            reasons[positions[running & (loss < stop_loss)]] = "threshold"


def _next_evaluation(step: int, every: int) -> int:
    """The first of 1, 1 + every, 1 + 2 · every … after ``step``.

    >>> [_next_evaluation(step, 50) for step in (0, 1, 50, 51)]
    [1, 51, 51, 101]
    """
    return 1 if step == 0 else 1 + every * ((step - 1) // every + 1)


class _Reporter:
    """Lines for the log, at most one in ten seconds, with the time that is left at most."""

    def __init__(self, limit: int, progress: Callable[[int, int], None]) -> None:
        self.limit = limit
        self.progress = progress
        self.started = self.last = time.monotonic()

    def __call__(self, state: _Running, outcome: Outcome, ended: np.ndarray) -> None:
        self.progress(state.step, self.limit)
        now = time.monotonic()
        for position in ended:
            trial = state.trials[position]
            log.info(
                "trial %d ended after %d steps: %s",
                trial,
                outcome.steps[trial],
                outcome.stop_reason[trial],
            )
        if now - self.last < _SECONDS_BETWEEN_LINES:
            return
        self.last = now
        left = (now - self.started) / state.step * (self.limit - state.step)
        accuracy = np.median(outcome.curve[-1].scores.accuracy[:, -1])
        log.info(
            "step %d of %d, %d trials running, median %s accuracy %.3f, at most %.0f s left",
            state.step,
            self.limit,
            len(state.trials) - len(ended),
            outcome.curve[-1].split,
            accuracy,
            left,
        )
