"""How complex a quantifier is, by what can be measured on its truth table.

Lempel–Ziv complexity after van de Pol, Steinert-Threlkeld & Szymanik (2019, "Complexity and
learnability in the explanation of semantic universals of quantifiers", CogSci) and van de Pol,
Lodder, van Maanen, Steinert-Threlkeld & Szymanik (2023, "Quantifiers satisfying semantic universals
have shorter minimal description length", Cognition 232); boundaries in van Benthem's tree of
numbers (1986, "Essays in Logical Semantics"). The shortest expression is found by grammar.py, the
states of the smallest automaton by automata.py. How far single scenes are from the boundary stands
at the end.
"""

from collections.abc import Sequence
from itertools import permutations
from math import log2

import numpy as np
import pandas as pd

from quantlearn.compiling import kernel
from quantlearn.semantics import syntax as lang
from quantlearn.semantics.automata import Automaton, minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts, zone_counts
from quantlearn.semantics.scenes import ZONES
from quantlearn.semantics.truth_tables import TruthTable

__all__ = [
    "boundaries",
    "boundary_density",
    "boundary_distances",
    "family",
    "lempel_ziv_complexity",
    "phrases",
    "truth_sets",
]

# Orders of the zones, of each and its reverse only one.
_ZONE_ORDERS = [order for order in permutations(ZONES.values()) if order[0] < order[-1]]


def phrases(sequence: bytes) -> int:
    """The number of different phrases when a sequence is cut as by Ziv & Lempel (1978).

    Each phrase is the shortest that is new; a rest at the end that is not new does not count.

    >>> phrases(b"1011010100010")  # 1, 0, 11, 01, 010, 00, 10
    7
    """
    symbols = np.frombuffer(sequence, np.uint8)
    return _phrases(symbols, int(symbols.max(initial=0)) + 1)


@kernel
def _phrases(sequence: np.ndarray, symbols: int) -> int:
    """The number of phrases of a sequence of numbers below ``symbols``."""
    # Each phrase found is a node of a tree. A row says, for each symbol, which phrase it leads to
    # from this one; 0 is the empty phrase, to which none leads.
    children = np.zeros((len(sequence) + 1, symbols), np.int32)
    found, node = 0, 0
    for symbol in sequence:
        child = children[node, symbol]
        if child == 0:
            found += 1
            children[node, symbol] = found
        node = child
    return found


def lempel_ziv_complexity(table: TruthTable, name: str) -> float:
    """The approximate Kolmogorov complexity, in bits, of a quantifier's column of a truth table.

    C(x) = log2(n) · (N(x) + N(reversed x)) / 2, where x are the truths of all n scenes and N counts
    phrases; log2(n) if x is constant. The formula is that of Dingle, Camargo & Louis (2018,
    "Input–output maps are strongly biased towards simple outputs", Nature Communications 9:761),
    who count phrases as in Lempel & Ziv (1976). Van de Pol et al. count those of Ziv & Lempel
    (1978), as their package lempel_ziv_complexity does, and so does this function. Scenes
    are in order of size, those of one size in lexicographic order; the mean is over all 12 orders
    of the four zones that are not each other's reverse, as in the study of 2019.
    """
    truth = table[name]
    bits = log2(len(truth))
    if truth.all() or not truth.any():
        return bits
    row = table.names.index(name)
    counts = []
    for order in _ZONE_ORDERS:
        blocks = [
            values[row].reshape((4,) * size)[np.ix_(*[order] * size)].ravel()
            for size, values in table.of_sizes()
        ]
        sequence = np.concatenate(blocks).tobytes()
        counts += [phrases(sequence), phrases(sequence[::-1])]
    return bits * float(np.mean(counts))


def boundaries(tree: pd.DataFrame) -> tuple[int, int] | None:
    """How often truth changes along the rows of a tree of numbers: in all, and most in one row.

    A row has all nodes with the same card(A), and each step in it moves one object from A∖B to A∩B.
    In B, a monotone quantifier changes once in a row at most, always in the same direction; a
    continuous one (van Benthem 1984, "Questions about quantifiers") twice at most. None when nodes
    are mixed, so that truth is more than a choice of nodes. ``tree`` is from
    `tree_of_numbers`.

    >>> nodes = {"a_only": [0, 1, 0], "both": [0, 0, 1], "true": [0, 0, 1]}
    >>> boundaries(pd.DataFrame(nodes).assign(scenes=1, mixed=False))  # some
    (1, 1)
    """
    if tree["mixed"].any():
        return None
    ordered = tree.assign(size=tree["a_only"] + tree["both"]).sort_values(["size", "both"])
    truth = ordered["true"] > 0
    changed = (truth != truth.shift()) & (ordered["size"] == ordered["size"].shift())
    by_row = changed.groupby(ordered["size"]).sum()
    return int(by_row.sum()), int(by_row.max())


def boundary_density(table: TruthTable, name: str) -> float:
    """The share of pairs of scenes, one object apart in B, that differ in truth.

    Defined for every quantifier, whatever truth depends on. The pairs are those of one size that
    differ in whether one object belongs to B: it is in A∩B or A∖B, in B∖A or neither.
    """
    row = table.names.index(name)
    differing = pairs = 0
    for size, values in table.of_sizes():
        for place in range(size):
            objects = values[row].reshape(4**place, 4, -1)
            for inside, outside in (("both", "a_only"), ("b_only", "neither")):
                changed = objects[:, ZONES[inside]] != objects[:, ZONES[outside]]
                differing += int(changed.sum())
                pairs += changed.size
    return differing / pairs if pairs else 0.0


def truth_sets(table: TruthTable) -> pd.DataFrame:
    """Statistics of the scenes in which quantifiers are true: a row for each quantifier.

    boundary: how often truth changes when an object at random moves to another zone at random, in a
    scene at random; sensitivity: that over 2p(1 − p), how often two scenes at random differ, where
    p is the rate of truth (average sensitivity, O'Donnell 2014, "Analysis of Boolean Functions",
    2.3, here of four zones and standardised); class_separation: the distance between the mean zone
    counts of true and of false scenes. These are the same for all of an orbit. Further the mean
    (true_size) and the variance of the size of true scenes, and the variance of their zone counts,
    the mean over the zones. Blank where there are no true scenes, or no false ones.

    >>> from quantlearn.semantics.truth_tables import tabulate
    >>> half = tabulate([Quantifier("", "|A| % 2 == 0")], max_size=6, min_size=1)
    >>> truth_sets(half)["sensitivity"].round(4).tolist()  # two thirds of all moves, over a half
    [1.3333]
    """
    rate = table.truth.mean(axis=1)
    changes = np.zeros(len(rate))
    for size, values in table.of_sizes():
        for place in range(size):
            objects = values.reshape(len(rate), 4**place, 4, -1)
            true = objects.sum(axis=2)
            # Of the 12 moves between four zones, one each way for a true and a false one.
            changes += (2 * true * (4 - true)).sum(axis=(1, 2)) / (3 * size)
    boundary = changes / table.truth.shape[1]
    counts = zone_counts(table.scenes)
    true, false = (truth.sum(axis=1) for truth in (table.truth, ~table.truth))
    with np.errstate(invalid="ignore", divide="ignore"):
        of_true = table.truth @ counts / true[:, None]
        of_false = ~table.truth @ counts / false[:, None]
        sizes = table.truth @ table.sizes / true
        size_squares = table.truth @ table.sizes.astype(float) ** 2 / true
        squares = table.truth @ counts.astype(float) ** 2 / true[:, None]
        sensitivity = boundary / (2 * rate * (1 - rate))
    columns = {
        "boundary": boundary,
        "sensitivity": sensitivity,
        "class_separation": np.sqrt(((of_true - of_false) ** 2).sum(axis=1)),
        "true_size": sizes,
        "true_size_variance": size_squares - sizes**2,
        "true_count_variance": (squares - of_true**2).mean(axis=1),
    }
    return pd.DataFrame(columns, index=pd.Index(table.names, name="quantifier"))


_PRIMITIVES: dict[str, tuple[type[lang.Node], ...]] = {
    "sets": (lang.SetComparison,),
    "numbers": (lang.IntegerComparison,),
    "order": (lang.Index, lang.First, lang.Last),
}


def family(quantifier: Quantifier) -> str:
    """The primitives of its expression, joined by " + ".

    A generated quantifier has no name that says anything, and its expression is the shortest of its
    meaning. Its family is what is compared in it (sets, or numbers), whether the order of objects
    counts, and which connectives join comparisons. Operations on sets are in nearly all and do not
    tell families apart; neither does negation. A quantifier of the lexicon belongs to the family of
    its name, at_least_4 to at_least_{n}.

    >>> family(Quantifier("only or every", "not (B <= A or A <= B)"))
    'sets + or'
    >>> family(Quantifier("first 3", "|A| >= 3 and first(3, A) <= B"))
    'sets + numbers + order + and'
    """
    nodes = list(quantifier.tree.walk())
    found = [
        name
        for name, kinds in _PRIMITIVES.items()
        if any(isinstance(node, kinds) for node in nodes)
    ]
    joined = {node.operator for node in nodes if isinstance(node, lang.Connective)}
    return " + ".join([*found, *sorted(joined)])


# Distances from the boundary ----------------------------------------------------------------------


def boundary_distances(
    quantifier: Quantifier, scenes: np.ndarray, sizes: np.ndarray, zones: Sequence[int]
) -> np.ndarray | None:
    """The objects that must be moved until the truth changes, (n,); 0 where no moves change it.

    That is 1 beside the boundary, where one object decides. Objects move to another zone, so that
    the size stays.

    scenes (n, max_size) zone codes, sizes (n,), zones the codes between which objects move. Exact:
    over all combinations of zone counts of a scene's size, or, where the order matters, along the
    states of the smallest automaton (the fewest changed letters of a word, by dynamic programming
    as in Wagner & Fischer 1974, "The string-to-string correction problem"). None where the order
    matters and no automaton is known.

    >>> scenes = np.array([[0, 0, 0, 1], [1, 1, 1, 4]], dtype=np.uint8)
    >>> at_least_2 = Quantifier("at_least_2", "|A & B| >= 2")
    >>> boundary_distances(at_least_2, scenes, np.array([4, 3]), zones=[0, 1]).tolist()
    [2, 2]
    """
    if quantifier.is_positional:
        automaton = minimal_automaton(quantifier)
        return None if automaton is None else _along_states(automaton, scenes, zones)
    counts = zone_counts(scenes)
    distances = np.zeros(len(scenes), dtype=np.int64)
    for size in np.unique(sizes).tolist():
        known = all_zone_counts(size, size, zones)
        rows = np.flatnonzero(sizes == size)
        place = _places(known, size)
        between = _between_counts(quantifier.verify_counts(known), known, place, size)
        distances[rows] = between[place[_keys(counts[rows], size)]]
    return distances


def _keys(counts: np.ndarray, size: int) -> np.ndarray:
    """A number (n,) for each combination of zone counts (n, 4) of one size, without the fourth."""
    return counts[:, :3] @ (size + 1) ** np.arange(3)


def _places(counts: np.ndarray, size: int) -> np.ndarray:
    """The row of each combination among ``counts``, by its key."""
    places = np.full((size + 1) ** 3, -1)
    places[_keys(counts, size)] = np.arange(len(counts))
    return places


def _between_counts(
    truth: np.ndarray, counts: np.ndarray, place: np.ndarray, size: int
) -> np.ndarray:
    """The distance of each combination of zone counts (n, 4), all those of a size; truth (n,).

    The way to the nearest one of the other truth value goes, one move after another, through
    combinations of one's own, each of which is one move nearer.
    """
    used = np.flatnonzero(counts.any(axis=0))
    moves = [(giver, taker) for giver in used for taker in used if giver != taker]
    neighbours = np.full((len(counts), len(moves)), -1)
    for column, (giver, taker) in enumerate(moves):
        rows = np.flatnonzero(counts[:, giver])
        moved = counts[rows]
        moved[:, giver] -= 1
        moved[:, taker] += 1
        neighbours[rows, column] = place[_keys(moved, size)]
    differs = (neighbours >= 0) & (truth[neighbours] != truth[:, None])
    distances = differs.any(axis=1).astype(np.int64)
    rows, distance = np.flatnonzero(distances), 1
    while len(rows):
        around = np.unique(neighbours[rows])
        rows = around[(around >= 0) & (distances[around] == 0)]
        distance += 1
        distances[rows] = distance
    return distances


def _along_states(automaton: Automaton, scenes: np.ndarray, zones: Sequence[int]) -> np.ndarray:
    """The fewest objects to be changed until an automaton ends otherwise, (n,); 0 for never."""
    states, never = len(automaton.accepting), scenes.shape[1] + 1
    # The fewest changes that lead to each state behind the objects so far, (n, states).
    fewest = np.full((len(scenes), states), never)
    fewest[:, 0] = 0
    for objects in scenes.T:
        inside = objects < len(ZONES)
        after = np.full((int(inside.sum()), states), never)
        for zone in zones:
            changed = fewest[inside] + (objects[inside] != zone)[:, None]
            for state, follower in enumerate(automaton.transitions[:, zone]):
                np.minimum(after[:, follower], changed[:, state], out=after[:, follower])
        fewest[inside] = after
    truth = automaton.accepting[automaton.run(scenes)[:, -1]]
    other = np.where(automaton.accepting == truth[:, None], never, fewest)
    least = other.min(axis=1)
    return np.where(least >= never, 0, least)
