"""The results of an experiment in a notebook of one's own: tables, figures, trained networks."""

import importlib
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
        name: `truth` (None where only labels tell it), how many of the `networks` `say_true`, one
        network a trial, and `median`, `lowest` and `highest` of the probability that they give to
        true. Where samples are compared, the networks are those of the sample that is shown.

        Raises `QuantlearnError` for a scene that the networks cannot read, a quantifier that they
        do not know, and networks that write.
        """
        rows = {}
        for name in self.settings["quantifiers"] if quantifier is None else [quantifier]:
            given = self.probabilities(scene, name)
            codes, size = _zone_codes(scene, self.settings)
            expression = self.settings["expressions"].get(name)
            rows[name] = {
                "truth": expression and bool(Quantifier(name, expression).verify(codes, size)[0]),
                "say_true": int((given > 0.5).sum()),
                "networks": len(given),
                "median": float(np.median(given)),
                "lowest": float(given.min()),
                "highest": float(given.max()),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantifier")

    def probabilities(self, scene: str, quantifier: str) -> np.ndarray:
        """Ask for the probability of true that the network of each trial gives, (trials,).

        Scene, quantifier and errors are as in `ask`.
        """
        import torch  # noqa: PLC0415 - a second, which tables and figures save

        from quantlearn.networks.dropout_and_batch_norm import EVALUATION  # noqa: PLC0415

        names, chosen = self.settings["quantifiers"], self.sample(self.chosen)
        if quantifier not in names:
            raise QuantlearnError(f"{self.folder}: {not_there(quantifier, names)}")
        codes, size = _zone_codes(scene, self.settings)
        together = chosen["training"]["together"]
        learned = [*learned_by_name(names, together, self.settings["groups"]).values()]
        place = next(place for place, own in enumerate(learned) if quantifier in own)
        if self.settings["task"] == "text_verification":
            task = TextTask("text_verification", codes.shape[1], tuple(names))
            index = np.array([names.index(quantifier)])
            tokens, length = task.texts(codes, size, index)[0], task.lengths(size, index)
        else:  # told of quantifiers as by `training.members`
            coding = chosen["network"]["quantifiers"]
            told = quantifier_codes(learned[0], coding) if together else ((1.0,),)
            task = Task(codes.shape[1], len(told), told)
            tokens, length = task.tokens(codes, np.array([learned[place].index(quantifier)])), size
        trials = self.settings["trials"]
        rows = range(place, trials * len(learned), len(learned))
        weights = read_networks(self.weights_of(self.chosen), self.chosen, rows)
        module = f"{architectures.__name__}.{chosen['network']['architecture']}"
        with torch.no_grad():
            logits = importlib.import_module(module).forward(
                {name: torch.from_numpy(array) for name, array in weights.items()},
                torch.from_numpy(tokens).expand(trials, *tokens.shape),
                torch.from_numpy(length).expand(trials, 1),
                chosen["network"],
                task,
                EVALUATION,
            )
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


def _zone_codes(scene: str, settings: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """A scene in words as zone codes (1, max_size), and its size (1,)."""
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
    codes = np.full((1, most), PADDING, dtype=np.uint8)
    codes[0, : len(words)] = [OBJECTS.index(word) for word in words]
    return codes, np.array([len(words)])


def answers_in_words(answers: pd.DataFrame) -> str:
    """Write what `Experiment.ask` returns as a table."""
    shown = pd.DataFrame(
        {
            "truth": answers["truth"].map({True: "true", False: "false", None: "not known"}),
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
