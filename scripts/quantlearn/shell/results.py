"""The results of an experiment in a notebook of one's own: tables, figures, trained networks."""

import importlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.figures.experiment import Experiment as Results
from quantlearn.networks import architectures
from quantlearn.networks.task import Task, quantifier_codes
from quantlearn.networks.text_task import TextTask
from quantlearn.networks.weight_files import read_networks
from quantlearn.pipeline.run_record import content_digest, read_record
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING
from quantlearn.semantics.scenes_in_words import OBJECTS, WRITING
from quantlearn.settings.protocol import learned_by_name
from quantlearn.settings.schema import did_you_mean
from quantlearn.settings.surroundings import not_there

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Experiment", "answers_in_words"]


class Experiment(Results):
    """The results of an experiment, found by their folder, such as results/exp1a.

    Its settings are those of the newest record of a run that names it. Raises `QuantlearnError`
    where there is none, and where results were made again since.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__(_recorded(Path(folder)), folder)

    def draw(self, figure: str) -> "Figure":
        """Draw one of its figures again, to be changed or saved.

        Raises `QuantlearnError` for a figure that the experiment does not have.
        """
        from quantlearn.figures.style import figure_style  # noqa: PLC0415 - matplotlib, a second

        known = self.settings["figures"]
        if figure not in known:
            hint = did_you_mean(figure, known) or f"; there are {', '.join(known)}"
            raise QuantlearnError(f"{self.folder}: {figure!r} is none of its figures{hint}")
        with figure_style():
            return super().draw(figure)

    def ask(self, scene: str, quantifier: str | None = None) -> pd.DataFrame:
        """Ask the trained networks whether a quantifier is true in a scene, or each of them.

        scene: a word for each object, AB, A-, -B or --. Returns a row for each quantifier, by its
        name: `truth`, how many of the `networks` `say_true`, one network a trial, and `median`,
        `lowest` and `highest` of the probability that they give to true. Where samples are
        compared, the networks are those of the sample that is shown.

        Raises `QuantlearnError` for a scene that the networks cannot read, a quantifier that they
        do not know, and networks that write.
        """
        names = self.settings["quantifiers"]
        if quantifier is not None and quantifier not in names:
            raise QuantlearnError(f"{self.folder}: {not_there(quantifier, names)}")
        codes = _zone_codes(scene, self.settings)
        size = np.array([(codes != PADDING).sum()])
        rows = {}
        for name in names if quantifier is None else [quantifier]:
            probability = self._probabilities(codes[None], size, name)
            own = Quantifier(name, self.settings["expressions"][name])
            rows[name] = {
                "truth": bool(own.verify(codes[None], size)[0]),
                "say_true": int((probability > 0.5).sum()),
                "networks": len(probability),
                "median": float(np.median(probability)),
                "lowest": float(probability.min()),
                "highest": float(probability.max()),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantifier")

    @cached_property
    def _networks(self) -> dict[str, np.ndarray]:
        """The weights of all networks of the sample that is shown, (networks, …) by name."""
        rows = range(self.settings["trials"] * len(self._learned))
        return read_networks(self.weights_of(self.chosen), self.chosen, rows)

    @cached_property
    def _learned(self) -> list[tuple[str, ...]]:
        """What each network of a trial learned."""
        together = self.sample(self.chosen)["training"]["together"]
        names, groups = self.settings["quantifiers"], self.settings["groups"]
        return list(learned_by_name(names, together, groups).values())

    def _probabilities(self, scene: np.ndarray, size: np.ndarray, name: str) -> np.ndarray:
        """The probability of true that the network of each trial gives, (trials,)."""
        import torch  # noqa: PLC0415 - a second, which tables and figures save

        from quantlearn.networks.dropout_and_batch_norm import EVALUATION  # noqa: PLC0415

        chosen, names = self.sample(self.chosen), self.settings["quantifiers"]
        place = next(place for place, own in enumerate(self._learned) if name in own)
        if self.settings["task"] == "text_verification":
            task = TextTask("text_verification", scene.shape[1], tuple(names))
            index = np.array([names.index(name)])
            tokens, length = task.texts(scene, size, index)[0], task.lengths(size, index)
        else:  # as `training.members` tells networks of quantifiers
            together, coding = chosen["training"]["together"], chosen["network"]["quantifiers"]
            codes = quantifier_codes(self._learned[0], coding) if together else ((1.0,),)
            task = Task(scene.shape[1], len(codes), codes)
            tokens, length = task.tokens(scene, np.array([self._learned[place].index(name)])), size
        weights = {
            key: torch.from_numpy(array[place :: len(self._learned)])
            for key, array in self._networks.items()
        }
        forward = importlib.import_module(
            f"{architectures.__name__}.{chosen['network']['architecture']}"
        ).forward
        trials = self.settings["trials"]
        read = (
            torch.from_numpy(part)[None].expand(trials, *part.shape) for part in (tokens, length)
        )
        with torch.no_grad():
            logits = forward(weights, *read, chosen["network"], task, EVALUATION)
        return torch.softmax(logits.double(), dim=-1)[:, 0, 1].numpy()


def _recorded(folder: Path) -> dict[str, Any]:
    """The resolved settings of the experiment whose results are in a folder."""
    name = folder.resolve().name
    known = {}
    for path in sorted(folder.parent.glob("report/*/record.json")):
        record = read_record(path)
        if name in record["settings"].get("experiments", {}):
            known[record["made"], path] = record
    if not known:
        raise QuantlearnError(
            f"{folder}: no record of a run in {folder.parent / 'report'} names this experiment; "
            f"let one end: snakemake --cores all --config experiments='[{name}]'"
        )
    (_, path), record = max(known.items(), key=lambda item: item[0])
    trials = folder / "tables" / "trials.csv"
    recorded = [
        digest
        for file, digest in record["files"].items()
        if Path(file).parts[-3:] == (name, *trials.parts[-2:])
    ]
    if [content_digest(trials)] != recorded:
        raise QuantlearnError(
            f"{trials}: is not as {path} has it, so its settings may be others; let a run end, as "
            "by the command that made it"
        )
    return record["settings"]["experiments"][name]


def _zone_codes(scene: str, settings: dict[str, Any]) -> np.ndarray:
    """A scene in words as zone codes (max_size,), padded."""
    words, most = scene.split(), settings["data"]["generate"]["max_size"]
    if settings["task"] in WRITING:
        raise QuantlearnError(
            f"{settings['name']}: its networks write (task: {settings['task']}): ask those of an "
            "experiment that verifies"
        )
    for place, word in enumerate(words, start=1):
        if word not in OBJECTS:
            known = f"{', '.join(OBJECTS[:-1])} or {OBJECTS[-1]}"
            raise QuantlearnError(f"scene: object {place} is {word!r}: write {known}")
    if not 1 <= len(words) <= most:
        raise QuantlearnError(
            f"scene: has {len(words)} objects: write 1 to {most}, which is what the networks of "
            f"{settings['name']} read"
        )
    codes = np.full(most, PADDING, dtype=np.uint8)
    codes[: len(words)] = [OBJECTS.index(word) for word in words]
    return codes


def answers_in_words(answers: pd.DataFrame) -> str:
    """Write what `Experiment.ask` returns as a table."""
    shown = pd.DataFrame(
        {
            "truth": answers["truth"].map({True: "true", False: "false"}),
            "networks that say true": [
                f"{row.say_true} of {row.networks}" for row in answers.itertuples()
            ],
            "their probability of true": [
                f"{row.median:.2f} ({row.lowest:.2f} to {row.highest:.2f})"
                for row in answers.itertuples()
            ],
        }
    )
    return f"{shown.rename_axis(None).to_string()}\n(median and range over the trials)"
