"""The members of an ensemble: which network learns what, from which scenes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.split import SIDES
from quantlearn.errors import QuantlearnError
from quantlearn.networks.task import Task, quantifier_codes
from quantlearn.networks.text_task import TextTask
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.semantics.scenes import LabelledScenes, places_among, rows_of_each
from quantlearn.settings.protocol import learned_by_name
from quantlearn.training.examples import Examples, nested_rows

__all__ = [
    "Member",
    "each_member",
    "examples_of",
    "read_members",
    "with_training_scenes",
]


@dataclass(frozen=True)
class Member:
    """One network: its trial, and what it learns: the quantifiers, and a name for them.

    The name is 'all', or that of the only quantifier, or those of a group joined by +. scenes and
    examples hold the same rows, by side of the split, sorted by size.
    """

    trial: int
    learns: str
    quantifiers: tuple[str, ...]
    scenes: dict[str, LabelledScenes]
    examples: dict[str, Examples]

    def with_training_scenes(self, count: int, rng: np.random.Generator) -> "Member":
        """The same network with so many of its training scenes, as `nested_rows` takes them.

        Raises `QuantlearnError` when it has fewer.
        """
        known = len(self.examples["train"])
        if count > known:
            learns = "" if self.learns == "all" else f" that learns {self.learns}"
            raise QuantlearnError(
                f"training.scenes: {count} is more than the {known} training scenes of the network "
                f"of trial {self.trial}{learns}: lower it or make more"
            )
        rows = nested_rows(self.examples["train"], count, rng)
        return replace(
            self,
            scenes={**self.scenes, "train": self.scenes["train"][rows]},
            examples={**self.examples, "train": self.examples["train"][rows]},
        )


def read_members(
    path: str | Path,
    quantifiers: list[str],
    together: bool,
    coding: str = "one_hot",
    kind: str = "verification",
    groups: list[list[str]] | None = None,
) -> tuple[list[Member], Task | TextTask]:
    """Members for the split scenes in the file ``path``, and the task they have.

    With ``together`` one network of a trial learns all quantifiers, or each of the ``groups`` has
    one; without, each quantifier has a network of its own. A network is told of no quantifier that
    it does not learn. ``coding`` is how it is told which one to verify, as `quantifier_codes`
    explains; texts say it in words. ``kind`` is the experiment's task. Networks that write get the
    scenes where the quantifier is true.
    """
    found = list(each_member(path, quantifiers, together, coding, kind, groups))
    return [member for member, _ in found], found[0][1]


def each_member(
    path: str | Path,
    quantifiers: list[str],
    together: bool,
    coding: str = "one_hot",
    kind: str = "verification",
    groups: list[list[str]] | None = None,
) -> Iterator[tuple[Member, Task | TextTask]]:
    """As `read_members`, one after another, so that one trial's scenes are in memory at a time."""
    networks = learned_by_name(quantifiers, together, groups)
    codes = quantifier_codes(next(iter(networks.values())), coding) if together else ((1.0,),)
    for trial, (scenes, extra) in enumerate(scene_files.read_trials(path, quantifiers)):
        max_size = scenes.scenes.shape[1]
        task = (
            Task(max_size, len(codes), codes)
            if kind == "verification"
            else TextTask(kind, max_size, tuple(quantifiers), len(codes))
        )
        rows_of = _rows_of_networks(scenes, quantifiers, networks)
        for (name, learned), rows in zip(networks.items(), rows_of, strict=True):
            kept = rows[scenes.truth[rows]] if task.writes else rows
            sides = extra["split"][kept]
            parts = {side: _by_size(scenes[kept[sides == side]]) for side in SIDES}
            places = places_among(quantifiers, learned)
            examples = {side: examples_of(part, places, task) for side, part in parts.items()}
            yield Member(trial, name, learned, parts, examples), task


def _rows_of_networks(
    scenes: LabelledScenes, quantifiers: list[str], networks: dict[str, tuple[str, ...]]
) -> list[np.ndarray]:
    """The rows of the scenes that each network has, in their order."""
    number = {name: row for row, learned in enumerate(networks.values()) for name in learned}
    network = np.array([number[name] for name in quantifiers])
    return rows_of_each(network[scenes.quantifiers], len(networks))


def with_training_scenes(
    members: list[Member],
    count: int | None,
    seed: int,
    experiment: str,
    crossed: Mapping[str, int] | None = None,
) -> list[Member]:
    """The same networks with so many of their training scenes, or with all.

    Which ones depends on the root ``seed``, experiment, trial and quantifier, not on the sample:
    all samples of so many scenes have the same. Trials that share data (``crossed``) have the same.
    """
    if count is None:
        return members
    found = []
    for member in members:
        parts = parts_of_trial(member.trial, crossed)
        name = (experiment, parts.data, member.learns, "training scenes")
        rng = random_stream(seed + parts.root, *name)
        found.append(member.with_training_scenes(count, rng))
    return found


def _by_size(scenes: LabelledScenes) -> LabelledScenes:
    """Scenes of like size side by side, so that little is computed on padding."""
    return scenes[np.argsort(scenes.sizes, kind="stable")]


def examples_of(scenes: LabelledScenes, places: np.ndarray, task: Task | TextTask) -> Examples:
    """Make of scenes what a network reads.

    places (quantifiers,): that of each quantifier among those that the network learns.
    """
    asked = places[scenes.quantifiers]
    truth = scenes.truth.astype(np.int64)
    if isinstance(task, Task):
        return Examples(task.tokens(scenes.scenes, asked), scenes.sizes, truth, asked)
    tokens, words = task.texts(scenes.scenes, scenes.sizes, scenes.quantifiers)
    lengths = task.lengths(scenes.sizes, scenes.quantifiers)
    return Examples(tokens, lengths, words if task.writes else truth, asked)
