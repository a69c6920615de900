"""What networks cannot tell apart: relabelled zones and negations.

The zones of an object are one-hot inputs whose first weights are exchangeable, true and false are
two outputs whose weights are exchangeable, and objects are drawn uniformly over the zones. So the
distribution of everything that is measured while networks learn stays the same when all zones are
renamed in all that they learn, and when true and false change places. The **orbit** of a quantifier
is what it becomes by these symmetries, at most 4! · 2 = 48 quantifiers that are one learning
problem. How far this holds of an experiment follows from its settings: `group_of`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from quantlearn.semantics import syntax as lang
from quantlearn.semantics.automata import Automaton, accept_the_same, minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts
from quantlearn.semantics.scenes import PADDING, ZONES, Space, enumerate_scenes, random_scenes

__all__ = [
    "IDENTITY",
    "Group",
    "Labels",
    "Symmetry",
    "canonical",
    "exchangeable",
    "group_of",
    "labels",
    "orbit",
    "orbits",
    "relabelling",
    "same_meaning",
    "same_orbit",
    "symmetries",
]

_BOTH, _A_ONLY, _B_ONLY, _NEITHER = ZONES.values()

# Any two zones make one of six sets, so A and B have a name under every relabelling.
_A, _B = lang.SetName("A"), lang.SetName("B")
_SETS = {
    frozenset({_BOTH, _A_ONLY}): _A,
    frozenset({_BOTH, _B_ONLY}): _B,
    frozenset({_B_ONLY, _NEITHER}): lang.Complement(_A),
    frozenset({_A_ONLY, _NEITHER}): lang.Complement(_B),
    frozenset({_A_ONLY, _B_ONLY}): lang.SetOperation("^", _A, _B),
    frozenset({_BOTH, _NEITHER}): lang.Complement(lang.SetOperation("^", _A, _B)),
}

_GONE_THROUGH = 30_000  # scenes at most that are all looked at where order matters
_DRAWN = 2_000  # scenes that are looked at where there are more, of each of two kinds
_FIRST = 200  # scenes that are looked at first: they decide most questions


@dataclass(frozen=True)
class Symmetry:
    """A relabelling of the zones, and whether true and false change places.

    zones: where an object of A∩B, A∖B, B∖A and neither goes, a permutation of 0 to 3.
    """

    zones: tuple[int, ...] = (0, 1, 2, 3)
    negates: bool = False

    def of(self, quantifier: Quantifier) -> Quantifier:
        """The quantifier that says of relabelled scenes what this one says of scenes.

        Raises ExpressionError where its expression would be too long.

        >>> at_least_4 = Quantifier("at_least_4", "|A & B| >= 4")
        >>> Symmetry(zones=(1, 0, 3, 2), negates=True).of(at_least_4).expression
        'not |A & ~B| >= 4'
        """
        renamed = {
            "A": _SETS[frozenset(self.zones[zone] for zone in (_BOTH, _A_ONLY))],
            "B": _SETS[frozenset(self.zones[zone] for zone in (_BOTH, _B_ONLY))],
            "M": lang.SetName("M"),
        }
        tree = _substituted(quantifier.tree, renamed)
        return Quantifier(quantifier.name, str(lang.Not(tree) if self.negates else tree))

    def of_counts(self, quantifier: Quantifier, counts: np.ndarray) -> np.ndarray:
        """The truth of ``of(quantifier)`` by zone counts: bool (n,) for integers (n, 4)."""
        return quantifier.verify_counts(counts[:, list(self.zones)]) ^ self.negates

    def of_scenes(
        self, quantifier: Quantifier, scenes: np.ndarray, sizes: np.ndarray
    ) -> np.ndarray:
        """The truth of ``of(quantifier)`` in scenes (n, max_size) of sizes (n,): bool (n,)."""
        back = np.full(PADDING + 1, PADDING, dtype=np.uint8)
        back[list(self.zones)] = range(len(ZONES))
        return quantifier.verify(back[scenes], sizes) ^ self.negates


IDENTITY = Symmetry()


def relabelling(**zones: str) -> Symmetry:
    """A relabelling by the names of zones; those that are not named stay.

    >>> relabelling(a_only="b_only", b_only="a_only").zones
    (0, 2, 1, 3)
    """
    return Symmetry(tuple(ZONES[zones.get(name, name)] for name in ZONES))


def symmetries(zones: Sequence[int]) -> tuple[Symmetry, ...]:
    """Every relabelling of these zones, with and without negation, the identity first.

    >>> [len(symmetries(range(zones))) for zones in (1, 2, 3, 4)]
    [2, 4, 12, 48]
    """
    found = []
    for order in permutations(sorted(zones)):
        goes = dict(zip(sorted(zones), order, strict=True))
        found.append(tuple(goes.get(zone, zone) for zone in ZONES.values()))
    return tuple(Symmetry(zones, negates) for negates in (False, True) for zones in found)


def _substituted(node: lang.Node, sets: Mapping[str, lang.Set]) -> lang.Node:
    """The tree with other sets in the place of A, B and M."""
    if isinstance(node, lang.SetName):
        return sets[node.name]
    parts = {each.name: getattr(node, each.name) for each in fields(node)}
    inner = {
        name: _substituted(part, sets)
        for name, part in parts.items()
        if isinstance(part, lang.Node)
    }
    return replace(node, **inner)


# One meaning or two -------------------------------------------------------------------------------


def same_meaning(
    first: Quantifier, second: Quantifier, space: Space, symmetry: Symmetry = IDENTITY
) -> bool | None:
    """Whether the first quantifier under a symmetry is the second, in all scenes of a space.

    Exact by the zone counts, where order matters to neither. Where it does, a scene that tells
    them apart decides, and otherwise, unless all scenes were looked at, the product of their
    smallest automata; None where one of them has no finite one.

    >>> at_least, at_most = Quantifier("", "|A & B| >= 4"), Quantifier("", "|A & B| <= 3")
    >>> same_meaning(at_least, at_most, Space(1, 20), Symmetry(negates=True))
    True
    """
    if not first.is_positional and not second.is_positional:
        return all(
            np.array_equal(symmetry.of_counts(first, counts), second.verify_counts(counts))
            for size in range(space.min_size, space.max_size + 1)  # few objects decide most
            for counts in [_counts(size, space.zones)]
        )
    scenes, sizes = _looked_at(space)
    for rows in (slice(_FIRST), slice(_FIRST, None)):
        found = symmetry.of_scenes(first, scenes[rows], sizes[rows])
        if not np.array_equal(found, second.verify(scenes[rows], sizes[rows])):
            return False
    negated = lang.Not(first.tree) if symmetry.negates else first.tree
    alike = _without_double_negation(negated) == _without_double_negation(second.tree)
    if space.count <= _GONE_THROUGH or (symmetry.zones == IDENTITY.zones and alike):
        return True
    both = [_automaton(each.expression) for each in (first, second)]
    return None if None in both else accept_the_same(*both, space, symmetry.zones, symmetry.negates)


def _without_double_negation(tree: lang.Node) -> lang.Node:
    """The tree without the pairs of negations around it."""
    while isinstance(tree, lang.Not) and isinstance(tree.operand, lang.Not):
        tree = tree.operand.operand
    return tree


@lru_cache(maxsize=128)
def _counts(size: int, zones: tuple[int, ...]) -> np.ndarray:
    return all_zone_counts(size, size, zones)


@lru_cache(maxsize=8)
def _looked_at(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """All scenes of a small space; of a larger one random scenes, also with skewed zones."""
    if space.count <= _GONE_THROUGH:
        return enumerate_scenes(space)
    rng = np.random.default_rng(0)
    uniform, skewed = (random_scenes(rng, _DRAWN, space, skewed=kind) for kind in (False, True))
    return np.concatenate([uniform[0], skewed[0]]), np.concatenate([uniform[1], skewed[1]])


@lru_cache(maxsize=256)
def _automaton(expression: str) -> Automaton | None:
    return minimal_automaton(Quantifier("", expression))


# Orbits -------------------------------------------------------------------------------------------


def orbit(
    quantifier: Quantifier, space: Space, known: Iterable[Quantifier] = ()
) -> list[Quantifier]:
    """The members of the quantifier's orbit, each meaning once, itself first.

    One that means what a ``known`` quantifier means is this one, the first of them; all others have
    the quantifier's name. Meanings are told apart by zone counts, or, where order matters, by the
    scenes that `same_meaning` looks at.

    >>> len(orbit(Quantifier("every", "A <= B"), Space(1, 20)))
    8
    """
    found: dict[bytes, Symmetry] = {}
    for symmetry in symmetries(space.zones):
        found.setdefault(_truth(quantifier, symmetry, space), symmetry)
    have = {_truth(quantifier, IDENTITY, space): quantifier}
    for each in known:
        if each.is_positional == quantifier.is_positional:
            have.setdefault(_truth(each, IDENTITY, space), each)
    return [have.get(truth) or symmetry.of(quantifier) for truth, symmetry in found.items()]


def canonical(quantifier: Quantifier, space: Space) -> Quantifier:
    """A member of the quantifier's orbit that means the same for all members: a canonical one.

    >>> every, only = Quantifier("", "A <= B"), Quantifier("", "B <= A")
    >>> same_meaning(canonical(every, Space(1, 20)), canonical(only, Space(1, 20)), Space(1, 20))
    True
    """
    least = min(symmetries(space.zones), key=lambda each: _truth(quantifier, each, space))
    return least.of(quantifier)


def same_orbit(first: Quantifier, second: Quantifier, space: Space) -> bool | None:
    """Whether the quantifiers are one learning problem in these scenes; None if not decided.

    >>> every, only = Quantifier("every", "A <= B"), Quantifier("only", "B <= A")
    >>> same_orbit(every, only, Space(1, 20))
    True
    """
    return _any(same_meaning(first, second, space, each) for each in symmetries(space.zones))


def orbits(quantifiers: Sequence[Quantifier], space: Space) -> dict[str, str]:
    """The orbit of each quantifier, by name: the name of the first of them that is in it.

    Quantifiers are put together only where `same_orbit` decides that they are.

    >>> every, some = Quantifier("every", "A <= B"), Quantifier("some", "|A & B| > 0")
    >>> orbits([every, some, Quantifier("even", "|A & B| % 2 == 0")], Space(1, 8))
    {'every': 'every', 'some': 'every', 'even': 'even'}
    """
    scenes, sizes = _looked_at(space)
    relabellings = [each for each in symmetries(space.zones) if not each.negates]
    found: dict[str, str] = {}
    leaders: dict[bytes, list[Quantifier]] = {}
    for quantifier in quantifiers:
        truths = [each.of_scenes(quantifier, scenes, sizes) for each in relabellings]
        # All members of an orbit have the same set of truths under all symmetries.
        least = min(np.packbits(one).tobytes() for truth in truths for one in (truth, ~truth))
        alike = leaders.setdefault(least, [])
        first = next((one for one in alike if same_orbit(quantifier, one, space)), quantifier)
        if first is quantifier:
            alike.append(quantifier)
        found[quantifier.name] = first.name
    return found


def _truth(quantifier: Quantifier, symmetry: Symmetry, space: Space) -> bytes:
    """The truth of a quantifier under a symmetry, as bits: by zone counts, or in scenes."""
    if quantifier.is_positional:
        scenes, sizes = _looked_at(space)
        return np.packbits(symmetry.of_scenes(quantifier, scenes, sizes)).tobytes()
    counts = np.concatenate(
        [_counts(size, space.zones) for size in range(space.min_size, space.max_size + 1)]
    )
    return np.packbits(symmetry.of_counts(quantifier, counts)).tobytes()


# Experiments --------------------------------------------------------------------------------------

# What is known of data.generate to treat all zones alike; whatever else there is may not.
_ALIKE = {"method", "min_size", "max_size", "zones", "sizes", "draws", "scenes_per_cell", "noise"}
_METHODS = ("sample", "enumerate", "fill")


class Group(NamedTuple):
    """The symmetries of an experiment, and in a line why they are not all 48.

    state: ``whole``, ``reduced`` where some are left, ``broken`` where none is.
    """

    symmetries: tuple[Symmetry, ...]
    state: str
    reason: str


def group_of(settings: Mapping[str, Any]) -> Group:
    """The symmetries that leave the distribution of an experiment's learning curves as it is.

    settings: the resolved settings of the experiment, or of one of its samples. A setting that
    varies breaks the symmetry where one of its values does.
    """
    broken = next(_breaking(settings), "")
    if broken:
        return Group((), "broken", broken)
    generate = settings["data"]["generate"]
    zones = [ZONES[name] for name in generate["zones"]]
    found = symmetries(zones)
    reasons = [] if len(zones) == len(ZONES) else [f"objects lie in {len(zones)} of the 4 zones"]
    others = set(zones) - {_BOTH, _A_ONLY}
    # Scenes are kept for testing by their numbers in A∩B and A∖B, under whatever names.
    kept = tuple(each for each in found if {each.zones[zone] for zone in others} == others)
    if settings["data"]["split"]["only_test"]["counts"] > 0 and len(kept) < len(found):
        found = kept
        reasons.append("numbers of objects in A∩B and A∖B are kept for testing")
    return Group(found, "reduced" if reasons else "whole", "; ".join(reasons))


def _breaking(settings: Mapping[str, Any]) -> Iterator[str]:
    """What breaks the symmetry of an experiment, each in a line."""
    generate = settings["data"]["generate"]
    if settings["task"] != "verification":
        yield "the task is in words"
    if generate["method"] not in _METHODS:
        yield f"scenes are made by the method {generate['method']}"
    for name in sorted(generate.keys() - _ALIKE):
        if generate[name] is not None:
            yield f"data.generate.{name} may tell zones apart"
    if settings["data"]["split"]["only_test"]["quantifiers"]:
        yield "some quantifiers are for testing only"
    if any(value is not None for value in _values(settings["training"].get("start"))):
        yield "networks start from trained ones"
    shared = True in _values(settings["training"]["together"])
    if shared and "number" in _values(settings["network"].get("quantifiers")):
        yield "quantifiers are coded by their numbers"


def _values(setting: Any) -> Sequence[Any]:
    """The values that a setting may have: all of a choice, or itself."""
    return setting["choice"] if isinstance(setting, Mapping) else [setting]


class Labels(NamedTuple):
    """What a comparison can say at all; None where it is not decided.

    same_orbit: whether the two quantifiers are one learning problem, each alone; exchangeable:
    whether the experiment cannot tell them apart, so that its comparison checks the procedure.
    """

    same_orbit: bool | None
    exchangeable: bool | None


def labels(pair: Sequence[str], settings: Mapping[str, Any]) -> Labels:
    """Label the comparison of two quantifiers in an experiment with these resolved settings.

    same_orbit is about the zones and sizes of the experiment's scenes, whatever else is set.
    Nothing is decided where only labels say what quantifiers mean.
    """
    if not settings["expressions"]:
        return Labels(None, None)
    generate = settings["data"]["generate"]
    space = Space.named(generate["min_size"], generate["max_size"], generate["zones"])
    known = {name: Quantifier(name, text) for name, text in settings["expressions"].items()}
    first, second = (known[name] for name in pair)
    mapped = [
        ([known[name] for name in source], [known[name] for name in target])
        for source, target in _mapped(pair, settings)
    ]
    group = group_of(settings).symmetries
    return Labels(
        same_orbit(first, second, space), exchangeable((first, second), mapped, group, space)
    )


def _mapped(
    pair: Sequence[str], settings: Mapping[str, Any]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Which quantifiers a symmetry has to map onto which, if it exchanges the pair."""
    networks = [[name] for name in settings["quantifiers"]]
    if True in _values(settings["training"]["together"]):
        networks = settings["groups"] or [settings["quantifiers"]]
    source, target = (next(each for each in networks if name in each) for name in pair)
    yield source, target
    split = settings["data"]["split"]
    if split["by"] == "zone_counts" or split["only_test"]["counts"] > 0:
        # Which numbers are for testing is drawn once for the scenes of all quantifiers of a trial.
        yield settings["quantifiers"], settings["quantifiers"]


def exchangeable(
    pair: tuple[Quantifier, Quantifier],
    mapped: Sequence[tuple[Sequence[Quantifier], Sequence[Quantifier]]],
    group: Sequence[Symmetry],
    space: Space,
) -> bool | None:
    """Whether one symmetry of a group maps quantifiers onto quantifiers and swaps the pair.

    mapped: the quantifiers of the first one's network with those of the second one's, which are
    the same where they share it. Then both have the same distribution of whatever is measured, also
    jointly, and what differs between them is chance. None where it is not decided.

    >>> not_all, not_only = Quantifier("", "not A <= B"), Quantifier("", "not B <= A")
    >>> both = [not_all, not_only]
    >>> exchangeable((not_all, not_only), [(both, both)], symmetries(range(4)), Space(1, 20))
    True
    """
    return _any(_all(_swaps(pair, mapped, each, space)) for each in group)


def _swaps(
    pair: tuple[Quantifier, Quantifier],
    mapped: Sequence[tuple[Sequence[Quantifier], Sequence[Quantifier]]],
    symmetry: Symmetry,
    space: Space,
) -> Iterator[bool | None]:
    """What has to hold of a symmetry that exchanges the two."""
    first, second = pair
    yield same_meaning(first, second, space, symmetry)
    if any(second in source for source, _ in mapped):
        # From a network of its own another symmetry may lead back.
        yield same_meaning(second, first, space, symmetry)
    for source, target in mapped:
        free = [each for each in target if each not in pair]
        for quantifier in source:
            if quantifier not in pair:
                answers = [same_meaning(quantifier, each, space, symmetry) for each in free]
                # Those of one meaning may take each other's places, so any of them will do.
                if True in answers:
                    free.pop(answers.index(True))
                yield _any(answers)


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Whether one of the answers is yes; None if that hangs on those that are not known."""
    known = True
    for answer in answers:
        if answer:
            return True
        known &= answer is not None
    return False if known else None


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Whether all answers are yes; None if that hangs on those that are not known."""
    found = _any(None if answer is None else not answer for answer in answers)
    return None if found is None else not found
