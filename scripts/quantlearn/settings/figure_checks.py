"""Whether an experiment has what its figures show, by its settings and those of the ones beside it.

Without these checks an analysis would find out when all networks are trained.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.semantics.symmetry import labels
from quantlearn.settings.distributions import is_distribution, values_of
from quantlearn.settings.protocol import (
    PAIRS,
    REGULARISATION,
    is_control,
    keeps_for_test,
    learns_all,
    novelty,
    quantifiers_of_network,
    whole_task,
)
from quantlearn.settings.schema import Fault, is_number, load_schema, shown
from quantlearn.settings.search import SECTIONS, chooses_sample

__all__ = ["FIGURES", "find_figure_faults"]

_ROOMS = ("paper", "practice", "course", "atlas", "calibration")

FIGURES = {
    path.stem: path
    for room in _ROOMS
    for path in sorted((Path(__file__).parents[1] / "figures" / room).glob("[a-z]*.py"))
}
"""The file of each figure that an experiment can have, by its name."""

_MOST_MODELS = 60

# They ask what quantifiers mean of more scenes than networks have seen.
OF_MEANING = (
    "atlas",
    "atlas_checks",
    "atlas_effects",
    "atlas_measures",
    "language_model",
    "probes",
    "state_space",
    "transfer",
)

# All others show answers true or false.
OF_WORDS = (
    "description",
    "knobs",
    "language_model",
    "projections",
    "random_against_grid",
    "ranking",
    "scoreboard",
)

Need = Callable[[dict, Sequence[dict]], str | None]


def find_figure_faults(settings: dict, experiments: Mapping[str, dict]) -> Iterator[Fault]:
    """What the figures of an experiment need and do not find.

    ``experiments`` are those of the run that are without faults so far.
    """
    if set(settings["beside"]) - set(experiments):
        return  # one beside it has faults of its own
    beside = [experiments[name] for name in settings["beside"]]
    for place, figure in enumerate(settings["figures"]):
        lacking = _lacking(figure, settings, beside)
        if lacking is not None:
            yield Fault(("figures", place), f"{shown(figure)} {lacking}")


def _lacking(figure: str, settings: dict, beside: Sequence[dict]) -> str | None:
    """What a figure needs and the experiment has not, and what to do about it."""
    task = settings["task"]
    if task in WRITING and figure not in OF_WORDS:
        return f"shows answers true or false, and there are none in {task}: name another figure"
    if figure in OF_MEANING and not settings["expressions"]:
        return (
            "is about what expressions mean, and the scenes here come with their truth "
            "(data.generate.method: table): name another figure"
        )
    # The figures of an experiment that names none are of its chosen sample.
    by_default = load_schema("experiment")["properties"]["figures"]["default"]
    if figure in by_default and not chooses_sample(settings):
        return (
            "shows the chosen sample, and search.choose false chooses none: give the experiment "
            "figures that compare its samples"
        )
    lacking = NEEDS[figure](settings, beside) if figure in NEEDS else None
    return lacking and f"{lacking}, or take it out of figures"


# What varies --------------------------------------------------------------------------------------


def _varying(settings: dict) -> dict[str, list]:
    """The settings that differ between samples, as ``section.name``, with what they may be.

    Values of a choice stand alone; a range is given by its ends.
    """
    if settings["search"] is None:
        return {}
    found = {}
    for section in SECTIONS:
        variants = settings["search"]["space"][section]
        for name in dict.fromkeys(name for variant in variants for name in variant):
            given = [variant[name] for variant in variants if name in variant]
            values = {repr(value): value for one in given for value in values_of(one, ()).values()}
            if len(values) > 1 or any(map(is_distribution, given)):
                found[f"{section}.{name}"] = list(values.values())
    return found


def _values(settings: dict, section: str, name: str) -> list:
    """The values that a setting has in the samples of an experiment."""
    varying = _varying(settings)
    if f"{section}.{name}" in varying:
        return varying[f"{section}.{name}"]
    return [settings[section][name]] if name in settings[section] else []


# What is needed -----------------------------------------------------------------------------------


def _search(settings: dict, _: Sequence[dict]) -> str | None:
    if settings["search"] is None:
        return "is about the samples of a search, and here no setting varies: let one vary"
    return _dev(settings)


def _dev(settings: dict) -> str | None:
    if not settings["data"]["split"]["dev"]:
        return f"needs dev scenes, and {settings['name']} has none: set data.split.dev there"
    return None


def _searches(settings: dict, beside: Sequence[dict]) -> str | None:
    for one in (settings, *beside):
        if one["search"] is None:
            return f"compares searches, and {one['name']} is none: let a setting vary there"
        if set(_varying(one)) != set(_varying(settings)):
            return f"compares searches, and {one['name']} varies other settings: vary the same ones"
        if lacking := _dev(one):
            return lacking
    return None


def _searches_of_trials(settings: dict, beside: Sequence[dict]) -> str | None:
    for one in (settings, *beside):
        if one["trials"] < 2:
            return (
                f"chooses and scores by different trials, and {one['name']} has one: raise trials"
            )
    return _searches(settings, beside)


def _searches_of_numbers(settings: dict, beside: Sequence[dict]) -> str | None:
    numbers = [name for name, values in _varying(settings).items() if all(map(is_number, values))]
    if settings["search"] is not None and len(numbers) < 2:
        varying = f"there is {numbers[0]} alone" if numbers else "there is none"
        return f"needs two settings that vary over numbers, and {varying}: let another vary"
    return _searches(settings, beside)


def _conditions(settings: dict, wanted: set[str]) -> str | None:
    """What is wrong unless the samples are a grid over these settings, shown side by side."""
    varying = set(_varying(settings))
    if varying != wanted or settings["search"]["sampler"] != "grid":
        is_so = ", ".join(sorted(varying)) or "nothing"
        return (
            f"is about a grid over {' and '.join(sorted(wanted))}, and here {is_so} varies: let "
            "these vary, with search.sampler grid and search.choose false"
        )
    if chooses_sample(settings):
        return "compares samples, and one is chosen: set search.choose to false"
    return None


def _told_apart(settings: dict, name: str) -> str | None:
    """What is wrong unless there is one sample, or one for each value of a setting."""
    return _conditions(settings, {name}) if _varying(settings) else None


def _finetuning(settings: dict, _: Sequence[dict]) -> str | None:
    starts = _values(settings, "training", "start")
    if len(starts) != 2 or None not in starts:
        return (
            "compares a start with none: set start_from, and training.start to a choice of null "
            "and one of its networks"
        )
    lacking = _conditions(settings, {"training.start", "training.scenes"})
    if lacking is None and None in _values(settings, "training", "scenes"):
        return "counts the training scenes: let training.scenes be numbers, and not null"
    return lacking


def _transfer(settings: dict, _: Sequence[dict]) -> str | None:
    if None not in _values(settings, "training", "start"):
        return "compares each start with none: let training.start vary, with null among its values"
    for name in ("stop_loss", "patience"):
        if settings["training"][name] is not None:
            return f"compares networks that train equally long: set training.{name} to null"
    return _conditions(settings, {"training.start"})


def _regularisation(settings: dict, _: Sequence[dict]) -> str | None:
    varying = _varying(settings)
    for mean in REGULARISATION:
        section, name = mean.split(".")
        values = _values(settings, section, name)
        if len(values) > 2 or (values and all(values)):
            return f"compares each of the means with none, and {mean} is not 0, or 0 and one value"
    if not varying or not set(varying) <= set(REGULARISATION):
        means = ", ".join(REGULARISATION)
        return f"is about a grid over some of {means}: let these, and nothing else, vary"
    return _conditions(settings, set(varying))


def _generalisation(settings: dict, beside: Sequence[dict]) -> str | None:
    new = novelty(settings)
    controls = [one for one in beside if is_control(one, settings)]
    if new in ("size", "quantifier") or (new != "scene" and len(controls) == 1):
        return None
    return (
        "needs test scenes of a new kind: set data.split.only_test, or split by zone_counts or "
        "size and name in beside one experiment with the same quantifiers that is split by scene"
    )


def _longer_scenes(settings: dict, _: Sequence[dict]) -> str | None:
    if settings["data"]["split"]["only_test"]["sizes_above"] is None:
        return (
            "needs scenes that are longer than the trained ones: set "
            "data.split.only_test.sizes_above"
        )
    return _told_apart(settings, "network.architecture")


def _gradients(settings: dict, beside: Sequence[dict]) -> str | None:
    return _recurrent(settings, beside) or _told_apart(settings, "network.architecture")


def _recurrent(settings: dict, _: Sequence[dict]) -> str | None:
    for name in _values(settings, "network", "architecture"):
        if not ARCHITECTURES[name].is_recurrent:
            return f"shows the state along a scene, and {name} has none: use rnn, gru or lstm"
    return None


def _states(settings: dict, beside: Sequence[dict]) -> str | None:
    if settings["search"] is not None:
        return "is about one sample, and here settings vary: give each one value"
    if settings["training"]["together"]:
        return "is about networks of one quantifier each: set training.together to false"
    return _recurrent(settings, beside)


def _overfitting(settings: dict, _: Sequence[dict]) -> str | None:
    training = settings["training"]
    if settings["search"] is not None:
        return "is about one sample, and here settings vary: give each one value"
    if not learns_all(settings):
        return (
            "is about networks that learn all quantifiers: set training.together to true, and no "
            "groups"
        )
    lacking = [name for name in ("train", "dev", "test") if name not in training["evaluate_splits"]]
    if lacking:
        return f"shows train, dev and test: add {lacking[0]} to training.evaluate_splits"
    if training["patience"] is not None:
        return "shows runs without early stopping: set training.patience to null"
    return None


def _controls(settings: dict, beside: Sequence[dict]) -> str | None:
    wanted = _effort(settings)
    if {len(group) for group in settings["groups"] or []} != {2}:
        return "is about pairs that share a network: let groups be pairs"
    for one in (settings, *beside):
        name = one["name"]
        if one["search"] is not None and chooses_sample(one):
            return f"compares samples, and {name} chooses one: set search.choose to false there"
        if None in (wanted, _effort(one)) or _effort(one) != wanted:
            return (
                "compares learning from as many scenes and steps of a quantifier, and "
                f"{name} has others than {settings['name']}, or leaves them open: let "
                "training.scenes, batch_size and max_epochs be numbers that make them the same"
            )
    return None


def _equal_pairs(settings: dict, beside: Sequence[dict]) -> str | None:
    for one in (settings, *beside):
        if not one["comparisons"]:
            return f"is about pairs, and {one['name']} compares none: name some in comparisons"
        for pair in one["comparisons"]:
            if not labels(pair, one).exchangeable:
                return (
                    f"is about pairs that a symmetry exchanges, and {' and '.join(pair)} in "
                    f"{one['name']} are none: compare others"
                )
    return None


def _effort(settings: dict) -> tuple[float, int] | None:
    """The training scenes of a quantifier, and the steps; None where that is not fixed."""
    training = settings["training"]
    given = [training[name] for name in ("scenes", "max_epochs", "batch_size")]
    if not all(map(is_number, given)):
        return None
    scenes, epochs, batch = given
    return scenes / quantifiers_of_network(settings), epochs * scenes // batch


def _crossed_pair(settings: dict, _: Sequence[dict]) -> str | None:
    if settings["crossed"] is None:
        return "is about a crossed design, and this one is none: set crossed"
    if settings["search"] is not None:
        return "is about one sample, and here settings vary: give each one value"
    if (number := len(settings["quantifiers"])) != 2:
        return f"is about a pair, and here are {number} quantifiers: have two"
    return None


def _task(task: str) -> Need:
    def need(settings: dict, _: Sequence[dict]) -> str | None:
        if settings["task"] != task:
            return f"is about the task {task}, and this one is {settings['task']}: set task to it"
        return None

    return need


def _description(settings: dict, beside: Sequence[dict]) -> str | None:
    return _task("description")(settings, beside) or _told_apart(settings, "network.attention")


def _scoreboard(settings: dict, beside: Sequence[dict]) -> str | None:
    for one in (settings, *beside):
        if whole_task(one):
            continue
        if one["data"]["split"]["only_test"]["sizes_above"] is None:
            return (
                f"knows no task of {one['name']}: set data.split.only_test.sizes_above there, "
                "split by zone_counts, let it describe, start from another experiment or search at "
                "random"
            )
        lacking = set(itertools.chain(*PAIRS.values())) - set(one["quantifiers"])
        if lacking:
            return f"needs the quantifiers {', '.join(sorted(lacking))} in {one['name']}: add them"
    return None


def _models(settings: dict, _: Sequence[dict]) -> str | None:
    number, split = len(settings["quantifiers"]), settings["data"]["split"]
    if number > _MOST_MODELS:
        return (
            f"makes a model of each quantifier, and here are {number}: have {_MOST_MODELS} or fewer"
        )
    if not (split["dev"] or split["test"] or keeps_for_test(split)):
        return "asks about scenes that are not trained, and there are none: set data.split.test"
    return None


NEEDS: dict[str, Need] = {
    "controls": _controls,
    "description": _description,
    "false_verdicts": _equal_pairs,
    "finetuning": _finetuning,
    "generalisation": _generalisation,
    "gradients_through_time": _gradients,
    "item_errors": _models,
    "knobs": _search,
    "language_model": _task("language_model"),
    "overfitting": _overfitting,
    "probes": _states,
    "projections": _searches_of_numbers,
    "random_against_grid": _searches_of_trials,
    "regularisation": _regularisation,
    "scoreboard": _scoreboard,
    "seed_variance": _crossed_pair,
    "sequence_lengths": _longer_scenes,
    "state_space": _states,
    "transfer": _transfer,
}
