"""What the schemas cannot say of an experiment: that its settings fit each other and the lexicon.

A check yields a fault for each setting that does not fit; `CHECKS` names the settings each reads.
`quantlearn.settings.start_checks` looks at two experiments at a time.
"""

import math
import re
from collections.abc import Iterator

from quantlearn.errors import QuantlearnError
from quantlearn.networks.fused.limits import LIMITS, unfit
from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.networks.vocabulary import MOST_QUANTIFIERS, MOST_TOKENS
from quantlearn.semantics.scenes_in_words import WRITING, vocabulary
from quantlearn.settings.data_checks import DATA_CHECKS
from quantlearn.settings.distributions import RANGES_OF_NUMBERS, kind_of, values_of
from quantlearn.settings.figure_checks import FIGURES
from quantlearn.settings.memory import check_memory
from quantlearn.settings.protocol import (
    is_filled,
    learns_all,
    named_as_file,
    published_columns,
    quantifiers_of_network,
)
from quantlearn.settings.schema import Fault, Key, did_you_mean, shown
from quantlearn.settings.search import SECTIONS, chooses_sample, count_grid, distributions_of
from quantlearn.settings.surroundings import Check, Surroundings, keys, not_there, splits_looked_at

__all__ = ["CHECKS"]

# A quantifier of this name would stand in the curves beside their total.
RESERVED_QUANTIFIERS = ("all",)

MOST_SAMPLES = 10_000  # as in the schema

RESERVED_CHAPTERS = re.compile(
    "index|methods|quantifiers|search|help|report|test|test_.*|clean|new|all|benchmark|verify|"
    "(analyse|plot|build_report)_.*|"
    "(generate|balance|split)_data|sample_hyperparameters|withhold_test|train|open_test|"
    "write_texts|aggregate|measure_(baselines|speed)|read_published|leaderboard|compare|overview|"
    "draw|draw_overview|export_networks|render_.*|league|(describe|choose)_quantifiers|"
    "check_symmetry|record_run|pack_crate|build_page|ask|gpu"
)
"""What a chapter cannot be called: pages, other targets of make, and rules."""


def _check_chapter(settings: dict, _: Surroundings) -> Iterator[Fault]:
    name = named_as_file(settings["chapter"])
    if not re.match("[a-z]", name):
        text = "must begin with a letter from a to z: its folder and target are named after it"
        yield Fault(("chapter",), f"{shown(settings['chapter'])} {text}")
    elif RESERVED_CHAPTERS.fullmatch(name):
        text = f"would be the target {name}, which there is already: choose another title"
        yield Fault(("chapter",), f"{shown(settings['chapter'])} {text}")


def _check_comparisons(settings: dict, _: Surroundings) -> Iterator[Fault]:
    untaught = settings["data"]["split"]["only_test"]["quantifiers"]
    known = settings["quantifiers"]
    for place, pair in enumerate(settings["comparisons"] or []):
        for side, name in enumerate(pair):
            if name not in known:
                yield Fault(("comparisons", place, side), not_there(name, known))
            elif name in untaught:
                text = (
                    f"{shown(name)} is for testing only (data.split.only_test), so no network "
                    "learns it: compare others"
                )
                yield Fault(("comparisons", place, side), text)


def _check_endpoint(settings: dict, _: Surroundings) -> Iterator[Fault]:
    low, high = settings["endpoint"]["margin"]
    if not low < 1 < high:
        text = f"{shown([low, high])} does not have 1 inside: write a ratio below 1 and one above"
        yield Fault(("endpoint", "margin"), text)
    compared, family = len(settings["comparisons"] or []), settings["family"]
    if family is not None and family["size"] < compared:
        text = (
            f"{family['size']} is fewer than the {compared} comparisons of this experiment alone: "
            "count those of all experiments of the family"
        )
        yield Fault(("family", "size"), text)


def _check_documented(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    name = settings["documented"]
    if name is not None and (fault := surroundings.other_experiment(name, needed=False)):
        yield Fault(("documented",), fault)


def _check_figures(settings: dict, _: Surroundings) -> Iterator[Fault]:
    for place, name in enumerate(settings["figures"]):
        if name == "published":
            text = (
                "is added where an experiment says what it replicates and the run names the "
                "folder (published): take it out"
            )
            yield Fault(("figures", place), f"{shown(name)} {text}")
        elif name not in FIGURES:
            hint = did_you_mean(name, FIGURES) or f"; there are {', '.join(FIGURES)}"
            yield Fault(("figures", place), f"{shown(name)} is not a figure{hint}")


def _check_replicates(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """What repeats an experiment of 2019 has its networks, and says what each column means."""
    replicates = settings["replicates"]
    if replicates is None:
        return
    for name in replicates["columns"]:
        if name not in settings["quantifiers"]:
            text = not_there(name, settings["quantifiers"])
            yield Fault(("replicates", "columns", name), text)
    columns = list(published_columns(settings).values())
    for column in dict.fromkeys(column for column in columns if columns.count(column) > 1):
        text = f"give two quantifiers the column {column}: name one for each"
        yield Fault(("replicates", "columns"), text)
    same = settings["task"] == "verification" and learns_all(settings)
    if not same or not chooses_sample(settings):
        text = (
            "in 2019 one network of a trial verified all quantifiers, in one sample, and here it "
            "is otherwise: leave it out"
        )
        yield Fault(("replicates",), text)


def _check_beside(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Figures read the tables of other experiments only where these run as well."""
    for place, name in enumerate(settings["beside"]):
        if fault := surroundings.other_experiment(name):
            yield Fault(("beside", place), fault)


def _check_start(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Networks start from those of another experiment of this run, or of none."""
    name = settings["start_from"]
    starts = values_of(settings["training"]["start"], ("training", "start"))
    if name is None:
        for key, start in starts.items():
            if start is not None:
                text = (
                    "is a network of another experiment: name that in start_from or leave this out"
                )
                yield Fault(key, f"{shown(start)} {text}")
    elif fault := surroundings.other_experiment(name):
        yield Fault(("start_from",), fault)
    elif all(start is None for start in starts.values()):
        text = "no network starts from there: set training.start or leave it out"
        yield Fault(("start_from",), text)
    if all(start is None for start in starts.values()):
        readouts = values_of(settings["training"]["start_readout"], ("training", "start_readout"))
        for key, readout in readouts.items():
            if not readout:
                text = "no network starts from another one (training.start): leave it out"
                yield Fault(key, text)


def _check_tokens(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """The tokens that a network reads can be told apart."""
    names = settings["quantifiers"]
    key = ("generated",) if settings["generated"] else ("quantifiers",)
    if settings["task"] == "verification":
        learned = quantifiers_of_network(settings)
        if learned > MOST_QUANTIFIERS:
            text = (
                f"{learned} quantifiers share a network, which can tell {MOST_QUANTIFIERS} apart: "
                "take fewer, give them groups, or set training.together: false"
            )
            yield Fault(key, text)
    elif (words := len(vocabulary(names))) >= MOST_TOKENS:
        text = (
            f"the sentences have {words} different words, and networks can tell {MOST_TOKENS - 1} "
            "apart: take fewer quantifiers"
        )
        yield Fault(key, text)


def _check_eval_scenes(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Each quantifier and truth value has a place in an evaluation."""
    kinds = quantifiers_of_network(settings) * (1 if settings["task"] in WRITING else 2)
    places = values_of(settings["training"]["eval_scenes"], ("training", "eval_scenes"))
    for key, scenes in places.items():
        if 0 < scenes < kinds:
            text = (
                f"{scenes} cannot hold a scene of each kind that is evaluated, and there are "
                f"{kinds} (quantifier and truth): use more, or 0 for all"
            )
            yield Fault(key, text)


def _check_networks(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Groups of quantifiers that share a network hold each quantifier once, and as many each."""
    groups, known = settings["groups"], settings["quantifiers"]
    if groups is None:
        return
    seen: list[str] = []
    for place, group in enumerate(groups):
        for index, name in enumerate(group):
            if name not in known:
                yield Fault(("groups", place, index), not_there(name, known))
            elif name in seen:
                text = f"{shown(name)} is in a group already: leave it out here"
                yield Fault(("groups", place, index), text)
            seen.append(name)
        if len(group) != len(groups[0]):
            text = (
                f"has {len(group)} quantifiers, the first group {len(groups[0])}: networks that "
                "train as one ensemble learn equally many"
            )
            yield Fault(("groups", place), text)
    if missing := [name for name in known if name not in seen]:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        text = f"leave out {', '.join(missing[:3])}{more}: put each quantifier in one group"
        yield Fault(("groups",), text)
    untaught = settings["data"]["split"]["only_test"]["quantifiers"]
    needs = {
        "training.together: true": settings["training"]["together"] is True,
        "task: verification": settings["task"] == "verification",
        "network.quantifiers: one_hot": settings["network"].get("quantifiers") == "one_hot",
        "no data.split.only_test.quantifiers": not untaught,
        "no start_from": settings["start_from"] is None,
    }
    for need, is_met in needs.items():
        if not is_met:
            yield Fault(("groups",), f"need {need}: set it so, or leave the groups out")


def _check_crossed(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """A crossed design has a trial for each combination, and none that counts as independent."""
    crossed = settings["crossed"]
    if crossed is None:
        return
    product = math.prod(crossed.values())
    if settings["trials"] != product:
        text = (
            f"{settings['trials']} is not the number of combinations of crossed, {product}: set "
            "trials to it, or other levels in crossed"
        )
        yield Fault(("trials",), text)
    needs = {
        "comparisons: [] (trials that share a part are no independent ones)": (
            not settings["comparisons"]
        ),
        "no replicates": settings["replicates"] is None,
        "no start_from": settings["start_from"] is None,
        "task: verification": settings["task"] == "verification",
    }
    for need, is_met in needs.items():
        if not is_met:
            yield Fault(("crossed",), f"needs {need}: set it so, or leave crossed out")


def _check_quantifiers(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    if surroundings.lexicon is None:  # its own fault is reported
        return
    labelled = settings["data"]["generate"]["method"] == "table"  # which `data_checks` looks into
    for place, name in enumerate(settings["quantifiers"]):
        if name in RESERVED_QUANTIFIERS:
            text = f"{shown(name)} is reserved for the total: rename it in config/quantifiers.yaml"
            yield Fault(("quantifiers", place), text)
            continue
        try:
            if not labelled:
                surroundings.lexicon[name]
        except QuantlearnError as error:
            yield Fault(("quantifiers", place), str(error))


def _check_task(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """The network and the scenes are such as the task needs."""
    task, generate = settings["task"], settings["data"]["generate"]
    architecture = settings["network"]["architecture"]
    for key, name in values_of(architecture, ("network", "architecture")).items():
        if task not in ARCHITECTURES[name].tasks:
            able = [other for other, known in ARCHITECTURES.items() if task in known.tasks]
            yield Fault(key, f"{name} has no way to do the task {task}: take {' or '.join(able)}")
    coding = values_of(settings["network"]["quantifiers"], ())
    if task != "verification" and "number" in coding.values():
        text = "number is for scenes; a text names its quantifier in words: leave it out"
        yield Fault(("network", "quantifiers"), text)
    describes = generate["method"] == "describe"
    if task == "description" and not describes:
        text = f"{generate['method']} does not say what is to be written: use describe"
        yield Fault(("data", "generate", "method"), text)
    if describes and task not in WRITING:
        text = f"describe makes true sentences only, and {task} needs false ones: use fill"
        yield Fault(("data", "generate", "method"), text)
    if describes and settings["data"]["balance"]["method"] != "none":
        text = (
            f"{settings['data']['balance']['method']} needs scenes where a quantifier is false, "
            "and describe makes none: use none"
        )
        yield Fault(("data", "balance", "method"), text)


def _check_writing(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Nothing asks for truth values where networks write words."""
    task = settings["task"]
    if task not in WRITING:
        return
    if settings["comparisons"]:
        text = f"quantifiers are compared by their verification, and there is none in {task}"
        yield Fault(("comparisons",), f"{text}: leave it out")
    if "squared_error" in values_of(settings["training"]["loss"], ()).values():
        text = "squared_error is of the probability given to true; words need cross_entropy"
        yield Fault(("training", "loss"), text)


def _check_fused(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """All networks that may be drawn are such as the fused core trains."""
    if "fused" not in values_of(settings["training"]["core"], ()).values():
        return
    for section, name in LIMITS:
        for key, value in values_of(settings[section].get(name), (section, name)).items():
            if value is not None and (text := unfit((section, name), value)):
                yield Fault(key, text)
    if settings["task"] != "verification":
        text = f"{settings['task']} is not for training.core: fused: take verification, or auto"
        yield Fault(("task",), text)


def _check_search(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Settings vary where there is a search, and it can tell which values they take."""
    search = settings["search"]
    varying = {
        (section, name): distribution
        for section in SECTIONS
        for name, distribution in distributions_of(settings[section]).items()
    }
    if search is None:
        for key in varying:
            text = (
                "is a distribution, and nothing draws from it: add search: {sampler: random, "
                "samples: 16} or write a constant"
            )
            yield Fault(key, text)
        return
    if not varying:
        text = "no setting in network or training is a distribution: leave it out or let one vary"
        yield Fault(("search",), text)
        return
    if search["sampler"] == "grid":
        yield from _check_grid(search, varying)
        return
    if search["samples"] is None:
        text = f"is missing: {search['sampler']} draws as many samples as it is told"
        yield Fault(("search", "samples"), text)
    for key, distribution in varying.items():
        if "points" in distribution:
            text = "applies only where search.sampler is grid: leave it out"
            yield Fault((*key, "points"), text)


def _check_grid(search: dict, varying: dict[Key, dict]) -> Iterator[Fault]:
    endless = {
        key: distribution
        for key, distribution in varying.items()
        if kind_of(distribution) in RANGES_OF_NUMBERS and "points" not in distribution
    }
    for key, distribution in endless.items():
        kind = kind_of(distribution)
        text = f"a grid takes some values only: add points, as {{{kind}: [low, high], points: 5}}"
        yield Fault((*key, kind), text)
    if endless:
        return
    product = count_grid(search["space"])
    if product > MOST_SAMPLES:
        text = (
            f"the grid has {product} samples, where {MOST_SAMPLES} are allowed: give fewer values "
            "or use sampler random"
        )
        yield Fault(("search",), text)
    elif search["samples"] not in (None, product):
        text = f"{search['samples']} is not the grid's number, {product}: leave it out"
        yield Fault(("search", "samples"), text)


def _check_test_is_closed(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """A search chooses by the dev split and looks at the test split only afterwards."""
    if settings["search"] is None or not settings["search"]["choose"]:
        return
    split, training = settings["data"]["split"], settings["training"]
    purposes = {"dev": "chooses its sample by the dev split", "test": "tests the chosen sample"}
    for side, purpose in purposes.items():
        if not is_filled(side, split):
            text = f"0 is not allowed: a search {purpose}: give it a fraction"
            yield Fault(("data", "split", side), text)
    for key, side in splits_looked_at(training).items():
        if side == "test":
            text = '"test" is closed in a search until a sample is chosen: use dev'
            yield Fault(key, text)


def _check_conditions(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Samples that are conditions to compare are shown together, and not one in place of all."""
    if settings["comparisons"] and not chooses_sample(settings):
        text = "quantifiers are compared in the chosen sample, and search.choose false chooses none"
        yield Fault(("comparisons",), f"{text}: leave it out")


CHECKS: tuple[tuple[Check, tuple[Key, ...]], ...] = (
    (_check_chapter, keys("chapter")),
    (_check_comparisons, keys("quantifiers", "comparisons", "data.split")),
    (_check_endpoint, keys("endpoint", "family", "comparisons")),
    (_check_documented, keys("documented")),
    (_check_figures, keys("figures")),
    (
        _check_replicates,
        keys("replicates", "quantifiers", "groups", "task", "search", "network", "training"),
    ),
    (_check_beside, keys("beside")),
    (_check_start, keys("start_from", "training.start", "training.start_readout")),
    (_check_tokens, keys("quantifiers", "generated", "groups", "task", "training.together")),
    (
        _check_eval_scenes,
        keys("quantifiers", "groups", "task", "training.together", "training.eval_scenes"),
    ),
    (
        _check_networks,
        keys(
            "groups",
            "quantifiers",
            "task",
            "network",
            "start_from",
            "training.together",
            "data.split.only_test",
        ),
    ),
    (
        _check_crossed,
        keys("crossed", "trials", "comparisons", "replicates", "start_from", "task"),
    ),
    (_check_quantifiers, keys("quantifiers")),
    (_check_task, keys("task", "network", "data.generate", "data.balance")),
    (_check_writing, keys("task", "comparisons", "training.loss")),
    (_check_fused, keys("task", "network", "training")),
    *DATA_CHECKS,
    (_check_search, keys("search", "network", "training")),
    (_check_conditions, keys("search", "comparisons")),
    (
        _check_test_is_closed,
        keys("search", "data.split", "training.evaluate_splits", "training.monitor"),
    ),
    (check_memory, keys("data", "network", "quantifiers", "search", "training", "trials")),
)
"""Each check with the keys that it reads; it is left out when one of them has a fault already."""
