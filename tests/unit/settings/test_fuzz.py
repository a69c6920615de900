"""Spoilt input by the thousand: expressions and config files that nobody would write on purpose."""

import random
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from snakemake.common.configfile import load_configfile

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.language import ExpressionError, parse
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.syntax import MAX_DEPTH
from quantlearn.settings.load import load_settings
from quantlearn.yamlfile import LARGEST_FILE, read_mapping, read_yaml

ROOT = Path(__file__).parents[3]
EXPERIMENTS = ("exp1a", "exp1a_as_run", "exp3b", "tutorial")  # the others are like them
SECONDS = 2  # that one of them may take, on a machine that is busy with others

# Expressions --------------------------------------------------------------------------------------

# fmt: off
TOKENS = [
    "A", "B", "M", "C", "first", "last", "|A|", "0", "1", "3", "99999999", "|", "(", ")", "[", "]",
    ",", "&", "+", "-", "^", "~", "*", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or",
    "not", "=", ".", "{", "}", "/", "!", "\n", "\t", "\0", "é", "１", "∞", "\u202e", "\ud800", "😀",
    "__import__('os').system('true')", "A.__class__", "exec", "lambda: 1", "1e9", "'", '"', "\\",
    ";", "#", "`", "$", "@",
]
# fmt: on


@pytest.fixture(scope="module")
def published() -> list[str]:
    """The expressions that the project comes with."""
    return list(read_yaml(ROOT / "config" / "quantifiers.yaml").values())


def any_character(rng: random.Random) -> str:
    return chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x110000)]))


def soup(rng: random.Random, _: list[str]) -> str:
    return rng.choice(["", " "]).join(rng.choices(TOKENS, k=rng.randint(0, 40)))


def noise(rng: random.Random, _: list[str]) -> str:
    return "".join(any_character(rng) for _ in range(rng.randint(0, 60)))


def repetition(rng: random.Random, known: list[str]) -> str:
    times = 10 ** rng.randint(0, 4)
    return rng.choice(TOKENS) * times + rng.choice(known) + rng.choice(TOKENS) * times


def mutation(rng: random.Random, known: list[str]) -> str:
    """A known expression, numbers for its placeholders, with one to four pieces changed."""
    text = re.sub(r"\{\w+\}", "2", rng.choice(known))
    for _ in range(rng.randint(1, 3)):
        start, other = (rng.randrange(len(text) + 1) for _ in range(2))
        match rng.choice(["insert", "delete", "copy", "replace", "character"]):
            case "insert":
                text = f"{text[:start]} {rng.choice(TOKENS)} {text[start:]}"
            case "delete":
                text = text[:start] + text[start + rng.randint(1, 3) :]
            case "copy":
                text = text[:start] + text[other : other + rng.randint(1, 20)] + text[start:]
            case "replace":
                text = text[:start] + rng.choice(TOKENS) + text[start + rng.randint(1, 4) :]
            case "character":
                text = text[:start] + any_character(rng) + text[start + 1 :]
    return text


@pytest.mark.parametrize("count", [2000, pytest.param(100_000, marks=pytest.mark.whole)])
def test_expressions_parse_or_are_refused(published, count):
    rng = random.Random(2019)
    makers = (soup, noise, repetition, mutation, mutation, mutation)
    accepted = 0
    for place in range(count):
        text = makers[place % len(makers)](rng, published)
        begin = time.process_time()
        message = ""
        try:
            # Any other exception than ExpressionError ends the test.
            tree = parse(text)
            assert parse(str(tree)) == tree
            accepted += 1
        except ExpressionError as error:
            message = str(error)
        assert len(message.split("\n")) in (1, 3)
        assert time.process_time() - begin < SECONDS, text[:100]
    assert accepted > count / 100  # some mutations are right by chance


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10**5,
        "(" * 10**5 + "A <= B" + ")" * 10**5,
        "not " * 10**5 + "A <= B",
        "A" + " & A" * 10**5 + " <= B",
        "A <= B" + " and A <= B" * 10**5,
        "|A| > " + "9" * 10**5,
        "A" + "[1]" * 10**5 + " <= B",
        "first(1, " * 10**5,
        "(" * 990 + "A <= B" + ")" * 989,
        "not " * 490 + "A <= B",
        "~" * 1990 + "A <= B",
        "|A| > " + "-" * 1990 + "1",
        "|A| < " + " < ".join(["1"] * 400),
        "first(" * 200 + "1, A" + ", A)" * 200 + " <= B",
    ],
    ids=lambda text: f"{text[:8]}… of {len(text)}",
)
def test_depth_and_length_are_refused_at_once(text):
    begin = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert time.process_time() - begin < SECONDS
    assert max(map(len, str(caught.value).split("\n"))) < 200


@pytest.mark.parametrize("operator", ["//", "%"])
def test_division_by_zero_is_refused_or_defined(operator):
    with pytest.raises(ExpressionError, match="division by zero"):
        parse(f"|A| {operator} 0 == 1")
    # A divisor that only turns out to be zero: x // 0 is 0 and x % 0 is x.
    value = {"//": 0, "%": 3}[operator]
    quantifier = Quantifier("q", f"|A| {operator} (1 - 1) == {value}")
    assert quantifier.verify_counts(np.array([[3, 0, 0, 0]])).all()


def test_the_deepest_expression_is_evaluated():
    text = "~" * (MAX_DEPTH - 2) + "A <= B"
    assert parse(text).depth == MAX_DEPTH
    assert Quantifier("q", text).verify(np.zeros((1, 3), dtype=np.uint8), np.array([3])).all()


# Config files -------------------------------------------------------------------------------------

VALUES = [
    *("", "null", "~", "true", "no", "0", "-1", "1e400", "-1e-400", "9" * 30, "9" * 5000, "0x1F"),
    *(".nan", ".inf", "-.inf", "2019-01-01", "12:30:45", "1_000", "=", "<<", "!!python/name:os"),
    *("!!python/object/apply:os.system ['true']", "!!binary aGk=", "!!set {a, b}", "!<tag:x> y"),
    *("[]", "{}", "[[[[]]]]", "{a: {b: {c: d}}}", "{[a]: b}", "'", '"', '"\\x00"', '"\\ud800"'),
    *("&a [*a]", "*missing", "|", ">", "%YAML 9.9", "- - -", "? : ?", "@", "`", "{choice: []}"),
    *("{uniform: [0, 1]}", "{uniform: [1, 0]}", "{choice: [1, a, null]}", "{integer: [1, 1e9]}"),
    *("{log_uniform: [0, 1]}", "{normal: 1}", "é", "\u202e", "\x00", "\x07", "\ufeff", "\u2028"),
]

BOMBS = {
    "billion laughs": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20)),
    "merge keys": "a: &a {x: 1}\nb: {<<: *a}\n",
    "recursion": "a: &a {b: *a}\n",
    "deep list": "[" * 10**4,
    "deep mapping": "{a: " * 10**4,
    "deep block": "\n".join(" " * i + "a:" for i in range(1500)),
    "many keys": "".join(f"key{i}: {i}\n" for i in range(5000)),
    "long text": "title: " + "x" * 10**5,
    "long number": "trials: " + "9" * 10**5,
    "long list": "quantifiers: [" + "most, " * 10**4 + "]",
    "large file": "#" * (LARGEST_FILE + 1),
    "object": "a: !!python/object/apply:os.system ['exit 1']",
    "tabs": "\tdata:\n\t\tsplit: 1\n",
    "binary": bytes(range(256)) * 40,
    "nothing": "",
    "blank": "\n \n",
    "two documents": "a: 1\n---\nb: 2\n",
    "comment": "# nothing else\n",
    "scalar": "most",
    "list": "- a\n- b\n",
    "utf-16": "seed: 1\n".encode("utf-16"),
    "byte order": b"\xef\xbb\xbfseed: 1\n",
}


def change_line(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    line = lines[place]
    match rng.choice(["delete", "twice", "value", "value", "value", "key", "indent", "move"]):
        case "delete":
            del lines[place]
        case "twice":
            lines.insert(place, line)
        case "value":
            lines[place] = f"{line.partition(':')[0]}: {rng.choice(VALUES)}\n"
        case "key":
            lines[place] = f"{rng.choice([*VALUES, 'data', 'seed'])}: {line.partition(':')[2]}"
        case "indent":
            lines[place] = rng.choice(["\t", " ", "   ", "- "]) + line
        case "move":
            lines.insert(rng.randrange(len(lines)), lines.pop(place))
    return "".join(lines)


def change_characters(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] + rng.choice([*VALUES, *TOKENS]) + text[start + rng.randint(0, 3) :]


def change_value_within(rng: random.Random, text: str) -> str:
    """A value in the middle of a flow mapping."""
    pieces = text.split(": ")
    place = rng.randrange(1, len(pieces)) if len(pieces) > 1 else 0
    rest = pieces[place].lstrip("-0123456789abcdefghijklmnopqrstuvwxyz._")
    pieces[place] = rng.choice(VALUES) + rest
    return ": ".join(pieces)


def cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text))]


CHANGES = (change_line, change_line, change_characters, change_value_within, cut)


def outcome(folder: Path) -> str:
    """Settings, as the workflow's first lines read them, or the lines that refuse them."""
    try:
        read_mapping(folder / "config.yaml")
        config = load_configfile(folder / "config.yaml")
        return f"settings with {len(load_settings(config, folder).experiments)} experiments"
    except QuantlearnError as error:
        return str(error)


@pytest.mark.parametrize("line", ["label: <<", "label: =", "!x label: 1"])
def test_what_snakemakes_reader_takes_for_a_mark_is_told(tmp_path, line):
    (tmp_path / "config.yaml").write_text(f"seed: 1\n{line}\n", encoding="utf-8")
    assert "config.yaml: line 2, column " in outcome(tmp_path)


def check(folder: Path) -> bool:
    """Whether the folder gives settings; insists that it gives them or clear lines, soon."""
    begin = time.process_time()
    result = outcome(folder)
    assert time.process_time() - begin < 5 * SECONDS
    if result.startswith("settings with "):
        return True
    for line in result.split("\n"):
        assert line.startswith((f"{folder}/", "--config: ", f"{folder}: ")), line[:200]
        assert len(line) < 2000, line[:200]
        assert line.isprintable(), line[:200]
    return False


@pytest.fixture
def config_folder(tmp_path) -> Path:
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    for path in (folder / "experiments").glob("*.yaml"):
        if path.stem not in EXPERIMENTS:
            path.unlink()
    return folder


@pytest.mark.parametrize("count", [90, pytest.param(3000, marks=pytest.mark.whole)])
def test_spoilt_files_are_read_or_refused(config_folder, count):
    rng = random.Random(2019)
    files = [
        config_folder / "config.yaml",
        config_folder / "quantifiers.yaml",
        *sorted((config_folder / "experiments").glob("*.yaml")),
    ]
    assert check(config_folder)
    accepted = 0
    for place in range(count):
        path = files[place % len(files)]
        whole = path.read_bytes()
        text = whole.decode("utf-8")
        for _ in range(rng.randint(1, 3)):
            text = rng.choice(CHANGES)(rng, text) if text else text
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        accepted += check(config_folder)
        path.write_bytes(whole)
    assert 0 < accepted < count / 2


@pytest.mark.parametrize("file", ["config.yaml", "quantifiers.yaml", "experiments/exp1a.yaml"])
@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_files_that_mean_harm(config_folder, file, content):
    data = content if isinstance(content, bytes) else content.encode()
    (config_folder / file).write_bytes(data)
    check(config_folder)
