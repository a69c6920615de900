"""Quantifiers read by hand: what each entry of the lexicon means, over Python sets.

An object is its place in the scene, so sorted() puts a set in scene order. None of this is derived
from the expressions.
"""

from itertools import islice

from quantlearn.semantics import syntax as lang


def first_n_as_run(A, B, M, n):
    """The procedure of experiment 2a: it looks for success only when another object comes."""
    found = 0
    for x in sorted(M):
        if found >= n:
            return True
        if x in A and x not in B:
            return False
        found += x in A
    return False


# Readings take the sets A, B and M, then the numbers in the order in which the name has them.
READINGS = {
    "every": lambda A, B, M: all(x in B for x in A),
    "some": lambda A, B, M: any(x in B for x in A),
    "no": lambda A, B, M: not any(x in B for x in A),
    "not_all": lambda A, B, M: any(x not in B for x in A),
    "only": lambda A, B, M: all(x in A for x in B),
    "not_only": lambda A, B, M: any(x not in A for x in B),
    "all_and_only": lambda A, B, M: all((x in A) is (x in B) for x in M),
    "some_but_not_all": lambda A, B, M: {x in B for x in A} == {True, False},
    "all_or_none": lambda A, B, M: len({x in B for x in A}) < 2,
    "at_least_{n}": lambda A, B, M, n: not len(A.intersection(B)) < n,
    "at_most_{n}": lambda A, B, M, n: not len(A.intersection(B)) > n,
    "exactly_{n}": lambda A, B, M, n: sum(x in B for x in A) == n,
    "not_exactly_{n}": lambda A, B, M, n: sum(x in B for x in A) != n,
    "more_than_{n}": lambda A, B, M, n: sum(x in B for x in A) > n,
    "fewer_than_{n}": lambda A, B, M, n: sum(x in B for x in A) < n,
    "between_{m}_and_{n}": lambda A, B, M, m, n: len(A.intersection(B)) in range(m, n + 1),
    "strictly_between_{m}_and_{n}": lambda A, B, M, m, n: len(A.intersection(B)) in range(m + 1, n),
    "at_least_{n}_or_at_most_{m}": lambda A, B, M, n, m: (
        len(A.intersection(B)) not in range(m + 1, n)
    ),
    "all_but_{n}": lambda A, B, M, n: len(A.difference(B)) == n,
    "all_but_at_most_{n}": lambda A, B, M, n: len(A.difference(B)) in range(n + 1),
    "all_but_at_least_{n}": lambda A, B, M, n: len(A.difference(B)) not in range(n),
    "the": lambda A, B, M: [x in B for x in A] == [True],
    "both": lambda A, B, M: [x in B for x in A] == [True, True],
    "neither": lambda A, B, M: [x in B for x in A] == [False, False],
    "all_{n}": lambda A, B, M, n: [x in B for x in A] == [True] * n,
    "exactly_{n}_of_the_{m}": lambda A, B, M, n, m: (
        sorted(x in B for x in A) == [False] * (m - n) + [True] * n and n <= m
    ),
    "even": lambda A, B, M: len(A.intersection(B)) in range(0, 100, 2),
    "odd": lambda A, B, M: len(A.intersection(B)) in range(1, 100, 2),
    "multiple_of_{n}": lambda A, B, M, n: len(A.intersection(B)) in range(0, 100, n),
    "most": lambda A, B, M: sum(1 if x in B else -1 for x in A) > 0,
    "more_than_half": lambda A, B, M: sum(1 if x in B else -1 for x in A) > 0,
    "at_least_half": lambda A, B, M: sum(1 if x in B else -1 for x in A) >= 0,
    "exactly_half": lambda A, B, M: sum(1 if x in B else -1 for x in A) == 0,
    "at_most_half": lambda A, B, M: sum(1 if x in B else -1 for x in A) <= 0,
    "fewer_than_half": lambda A, B, M: sum(1 if x in B else -1 for x in A) < 0,
    "more_than_{n}_percent": lambda A, B, M, n: sum(100 * (x in B) - n for x in A) > 0,
    "at_least_{n}_percent": lambda A, B, M, n: sum(100 * (x in B) - n for x in A) >= 0,
    "exactly_{m}_in_{n}": lambda A, B, M, m, n: sum(n * (x in B) - m for x in A) == 0,
    "more_than_{m}_in_{n}": lambda A, B, M, m, n: sum(n * (x in B) - m for x in A) > 0,
    "M": lambda A, B, M: sum((x in A) - (x in B) for x in M) > 0,
    "fewer_As_than_Bs": lambda A, B, M: sum((x in A) - (x in B) for x in M) < 0,
    "at_least_as_many": lambda A, B, M: sum((x in A) - (x in B) for x in M) >= 0,
    "equal_number": lambda A, B, M: sum((x in A) - (x in B) for x in M) == 0,
    "most_reversed": lambda A, B, M: sum(1 if x in A else -1 for x in B) > 0,
    "everything": lambda A, B, M: all(x in B for x in M),
    "first_{n}": lambda A, B, M, n: [x in B for x in sorted(A)[:n]] == [True] * n,
    "last_{n}": lambda A, B, M, n: (
        [x in B for x in islice(sorted(A, reverse=True), n)] == [True] * n
    ),
    "first_{n}_as_run": first_n_as_run,
    "number_{n}": lambda A, B, M, n: any(sum(y <= x for y in A) == n for x in A & B),
    "first_and_last": lambda A, B, M: bool(A) and min(A) in B and max(A) in B,
    "scene_begins_with_A": lambda A, B, M: 0 in A,
}


def sets_of(scene):
    """The sets A, B and M of a scene given as zone codes."""
    return (
        {x for x, zone in enumerate(scene) if zone in (0, 1)},
        {x for x, zone in enumerate(scene) if zone in (0, 2)},
        {x for x, zone in enumerate(scene) if zone != 4},
    )


def value(node, A, B, M):  # noqa: PLR0911, PLR0912
    """The value of a syntax tree in one scene: a set of objects, an int, or a bool."""
    below = [value(child, A, B, M) for child in node.children]
    match node:
        case lang.SetName(name):
            return {"A": A, "B": B, "M": M}[name]
        case lang.Number(number):
            return number
        case lang.Complement():
            return M - below[0]
        case lang.First():
            return set(sorted(below[1])[: max(0, below[0])])
        case lang.Last():
            return set(sorted(below[1], reverse=True)[: max(0, below[0])])
        case lang.Index():
            members, position = below
            return {sorted(members)[position - 1]} if 1 <= position <= len(members) else set()
        case lang.Cardinality():
            return len(below[0])
        case lang.Negative():
            return -below[0]
        case lang.Not():
            return not below[0]
    left, right = below
    match node.operator:
        case "+":
            return left | right if isinstance(left, set) else left + right
        case "//":
            return left // right if right else 0
        case "%":
            return left % right if right else left
        case "and":
            return left and right
        case "or":
            return left or right
    # What is left means the same in Python.
    return eval(f"left {node.operator} right", {}, {"left": left, "right": right})
