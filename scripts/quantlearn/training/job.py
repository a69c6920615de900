"""A training job: what it is told, the samples it trains one after another, and how it is left.

A job may be left by a signal or a fault of the machine, and goes on from its checkpoint.
"""

import hashlib
import json
import logging
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from types import FrameType, TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import torch

from quantlearn.data.split import SIDES
from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.pipeline.training_log import next_sample
from quantlearn.seeds import parts_of_trial, random_stream, seed_sequence
from quantlearn.settings.samples import Sample
from quantlearn.training.checkpoints import Checkpoints
from quantlearn.training.evaluation import answers, scored
from quantlearn.training.examples import Stacked, stack, stratified_subset
from quantlearn.training.loop import Outcome, train
from quantlearn.training.members import Member, read_members, with_training_scenes
from quantlearn.training.tables import cells_table, curves_table, trials_table
from quantlearn.training.warm_start import find_source, take_over

__all__ = [
    "Assignment",
    "StopSignals",
    "Stopped",
    "TrainedSample",
    "TrainingJob",
    "interruptible",
    "joined",
    "train_job",
]

log = logging.getLogger(__name__)

# What decides the bytes of results beside the settings, the data and the code.
LIBRARIES = ("torch", "numpy", "numba")


@dataclass(frozen=True)
class Assignment:
    """What all samples of an experiment share: who learns what, from which scenes, and where.

    split_scenes: the path of the scenes; groups: which quantifiers share a network, where not all
    do; seed: the root seed; crossed: the design, as `parts_of_trial` explains, if it is crossed.
    Where networks may start from those of another experiment, ``source_samples`` holds the path of
    its samples, and the other two lists one path for each of its training jobs.
    """

    experiment: str
    split_scenes: str
    quantifiers: list[str]
    task: str
    groups: list[list[str]] | None
    seed: int
    device: torch.device
    threads: int
    crossed: Mapping[str, int] | None = None
    source_samples: Sequence[str] = ()
    source_weights: Sequence[str] = ()
    source_trials: Sequence[str] = ()

    def fingerprint(self, settings: Mapping[int, Sample], code: str) -> dict[str, str]:
        """What decides the results of samples with these settings, by what it is.

        A checkpoint is used only where all of it is the same; ``code`` is the digest of the code.
        """
        told = [self.experiment, self.quantifiers, self.groups, self.task, self.crossed, settings]
        return {
            "settings": hashlib.sha256(json.dumps(told).encode()).hexdigest(),
            "data": _digest_of_file(self.split_scenes),
            "source": " ".join(map(_digest_of_file, [*self.source_samples, *self.source_weights])),
            "seed": str(self.seed),
            "code": code,
            "device": self.device.type,
            "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        }

    def networks(self, settings: Sample, core: str | None = None) -> tuple[list[Member], Ensemble]:
        """The networks of a sample with these settings: what each learns, and their ensemble.

        ``core`` takes the place of that of the settings.
        """
        network, training = settings["network"], settings["training"]
        members, task = read_members(
            self.split_scenes,
            self.quantifiers,
            training["together"],
            coding=network["quantifiers"],
            kind=self.task,
            groups=self.groups,
        )
        members = with_training_scenes(
            members, training["scenes"], self.seed, self.experiment, self.crossed
        )
        ensemble = Ensemble(
            network,
            task,
            device=self.device,
            core=core or training["core"],
            loss=training["loss"],
            threads=self.threads,
        )
        ensemble.share_threads()
        return members, ensemble

    def streams(
        self, sample: int, members: Sequence[Member], purpose: str, part: str
    ) -> list[np.random.Generator]:
        """A random stream for each network of a sample: the same where this part is the same.

        ``part`` is one of data, start and order of the `Parts` of a trial.
        """
        streams = []
        for member in members:
            parts = parts_of_trial(member.trial, self.crossed)
            name = (sample, getattr(parts, part), member.learns, purpose)
            streams.append(random_stream(self.seed + parts.root, self.experiment, *name))
        return streams

    def seeds(self, sample: int, members: Sequence[Member]) -> list[str]:
        """The seed of each network of a sample, in hexadecimal: that of its first weights."""
        seeds = []
        for member in members:
            parts = parts_of_trial(member.trial, self.crossed)
            name = (self.experiment, sample, parts.start, member.learns)
            sequence = seed_sequence(self.seed + parts.root, *name)
            seeds.append(f"{sequence.generate_state(1, np.uint64)[0]:016x}")
        return seeds


def _digest_of_file(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Stopped(BaseException):
    """The job was asked to stop. No `Exception`, so that nothing takes it for a fault."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)


class StopSignals:
    """While this is entered, SIGTERM and SIGINT raise `Stopped`, and only once.

    Further signals must not disturb what is then saved, so they do nothing. Nor does the first one
    within `deferred`, where `check` or the end of the block raises it.

    >>> import os
    >>> with StopSignals() as signals, signals.deferred():
    ...     os.kill(os.getpid(), signal.SIGTERM)
    ...     not_left_here = True
    Traceback (most recent call last):
    quantlearn.training.job.Stopped: SIGTERM
    >>> not_left_here
    True
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._deferring = False

    def __enter__(self) -> Self:
        self._previous = {
            number: signal.signal(number, self._receive)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `Stopped` if a signal has come."""
        if self._received is not None:
            raise Stopped(self._received)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """In this block a signal waits for `check` or for the end."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        self.check()

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self._received is None:
            self._received = number
            if not self._deferring:
                self.check()


@dataclass(frozen=True)
class TrainedSample:
    """What a sample leaves: its part of each table, and its weights by name."""

    curves: pa.Table
    trials: pa.Table
    cells: pa.Table
    weights: dict[str, np.ndarray]

    def export(self) -> dict[str, Any]:
        """The tables as bytes in arrow's own format, the weights as they are."""
        parts = {"curves": self.curves, "trials": self.trials, "cells": self.cells}
        return {**{name: _to_bytes(part) for name, part in parts.items()}, "weights": self.weights}

    @classmethod
    def restored(cls, exported: dict[str, Any]) -> Self:
        """The sample that was exported."""
        parts = {name: _from_bytes(exported[name]) for name in ("curves", "trials", "cells")}
        return cls(**parts, weights=exported["weights"])


class TrainingJob:
    """Samples that are trained one after another, with the checkpoint that keeps what is known.

    ``done`` are the samples that are trained, ``exported`` is where training of the next one was
    when the job was interrupted, or None.
    """

    def __init__(self, checkpoints: Checkpoints, signals: StopSignals) -> None:
        self._checkpoints = checkpoints
        self._signals = signals
        known = checkpoints.restore() or {"done": [], "training": None}
        self.done = [TrainedSample.restored(part) for part in known["done"]]
        self.exported = known["training"]

    def whole_rounds(self) -> AbstractContextManager[None]:
        """A block that is left by a signal only where training makes an offer."""
        return self._signals.deferred()

    def offer(self, export: Callable[[], Any]) -> None:
        """Let the training of the next sample be saved, and leave it where a signal asks for that.

        ``export`` tells where the training is; what it tells must not change until the next call.
        """
        self._checkpoints.offer(
            lambda: {"done": [part.export() for part in self.done], "training": export()}
        )
        self._signals.check()

    def finish(self, sample: TrainedSample) -> None:
        """Add a sample that is trained."""
        with self._signals.deferred():
            self.done.append(sample)
            self.exported = None
            self.offer(lambda: None)


@contextmanager
def interruptible(checkpoints: Checkpoints) -> Iterator[StopSignals]:
    """In this block a signal to stop saves the checkpoint and raises a `QuantlearnError`."""
    with StopSignals() as signals:
        try:
            yield signals
        except Stopped as stopped:
            raise _interruption(stopped, checkpoints) from None


def _interruption(stopped: Stopped, checkpoints: Checkpoints) -> QuantlearnError:
    if checkpoints.save():
        remedy = f"what it has done is in {checkpoints.path}; run the same command again to go on"
    else:
        remedy = "there is no checkpoint; run the same command again to start anew"
    return QuantlearnError(f"stopped by {stopped}: {remedy}")


def train_job(
    settings: Mapping[int, Sample], assignment: Assignment, job: TrainingJob
) -> dict[int, TrainedSample]:
    """Train the samples with these settings, by number, from where ``job`` was interrupted."""
    for sample in list(settings)[len(job.done) :]:
        if len(settings) > 1:
            log.info(next_sample(sample, before=len(job.done), samples=len(settings)))
        job.finish(_train_sample(sample, settings[sample], assignment, job))
    return dict(zip(settings, job.done, strict=True))


def _train_sample(
    sample: int, settings: Sample, assignment: Assignment, job: TrainingJob
) -> TrainedSample:
    """Train all trials of one sample as one ensemble."""
    training = settings["training"]
    members, ensemble = assignment.networks(settings)
    _demand_scenes(members, ["train", *training["evaluate_splits"]])
    sides = [side for side in SIDES if any(len(member.examples[side]) for member in members)]
    whole = {
        side: stack([member.examples[side] for member in members], assignment.device)
        for side in sides
    }
    evaluated = _evaluated(sample, training, assignment, members)
    if ensemble.planned:
        for examples in evaluated.values():
            examples.plan(ensemble.plan)
    start = _start(sample, settings, assignment, members, ensemble)
    with job.whole_rounds():
        outcome = train(
            ensemble,
            start,
            whole["train"],
            evaluated,
            streams=assignment.streams(sample, members, "shuffle", "order"),
            settings=training,
            exported=job.exported,
            offer=job.offer,
        )
    return _trained(sample, assignment, members, ensemble, outcome, whole, list(evaluated))


def _demand_scenes(members: Sequence[Member], sides: Sequence[str]) -> None:
    """Raise `QuantlearnError` where a network has nothing to learn from, or to be evaluated on."""
    for member in members:
        for side in sides:
            if not len(member.examples[side]):
                learns = "" if member.learns == "all" else f" that learns {member.learns}"
                raise QuantlearnError(
                    f"data.split: the network of trial {member.trial}{learns} has no scenes on the "
                    f"side {side}: use more scenes, smaller units (by: scene) or other fractions"
                )


def _evaluated(
    sample: int, training: dict[str, Any], assignment: Assignment, members: list[Member]
) -> dict[str, Stacked]:
    """The examples of each side of the split on which the curves are drawn."""
    evaluated = {}
    for side in training["evaluate_splits"]:
        streams = assignment.streams(sample, members, f"evaluate {side}", "data")
        subsets = [
            stratified_subset(member.examples[side], training["eval_scenes"], rng)
            for member, rng in zip(members, streams, strict=True)
        ]
        evaluated[side] = stack(subsets, assignment.device)
    return evaluated


def _start(
    sample: int,
    settings: Sample,
    assignment: Assignment,
    members: list[Member],
    ensemble: Ensemble,
) -> torch.Tensor:
    """The weights (networks, row) that training starts from."""
    training = settings["training"]
    streams = assignment.streams(sample, members, "initialise", "start")
    start = ensemble.initialise(streams)
    if training["start"] is not None:
        found = find_source(
            settings["network"],
            *assignment.source_samples,
            weights=assignment.source_weights,
            trials=assignment.source_trials,
        )
        trials = [member.trial for member in members]
        readout = training["start_readout"]
        take_over(ensemble, start, found, training["start"], trials, readout=readout)
    return start.to(assignment.device)


def _trained(
    sample: int,
    assignment: Assignment,
    members: list[Member],
    ensemble: Ensemble,
    outcome: Outcome,
    whole: dict[str, Stacked],
    splits: Sequence[str],
) -> TrainedSample:
    """What the sample leaves, with the scores of its final weights on whole sides of the split.

    ``splits`` are those that the curves were drawn on.
    """
    given = {side: answers(ensemble, outcome.weights, part) for side, part in whole.items()}
    quantifiers = ensemble.task.quantifiers
    scores = {side: scored(given[side], part, quantifiers) for side, part in whole.items()}
    tested = {side: part for side, part in given.items() if side != "train"}
    seeds, device = assignment.seeds(sample, members), str(assignment.device)
    curves = curves_table(sample, outcome, members, splits)
    trials = trials_table(sample, outcome, members, scores, seeds, device, ensemble.core)
    cells = cells_table(sample, members, tested, assignment.quantifiers)
    weights = ensemble.unpack(outcome.weights.cpu())
    return TrainedSample(
        curves=pa.Table.from_pandas(curves, preserve_index=False),
        trials=pa.Table.from_pandas(trials, preserve_index=False),
        cells=pa.Table.from_pandas(cells, preserve_index=False),
        weights={name: array.numpy() for name, array in weights.items()},
    )


def joined(parts: Iterable[pa.Table]) -> pa.Table:
    """The samples' parts of a table, one after another."""
    return pa.concat_tables(parts).combine_chunks()


def _to_bytes(table: pa.Table) -> np.ndarray:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), dtype=np.uint8)


def _from_bytes(content: np.ndarray) -> pa.Table:
    return pa.ipc.open_file(pa.py_buffer(content)).read_all()
