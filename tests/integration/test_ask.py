"""A question of two quantifiers, asked without a file, answered on the terminal and on a page."""

import re

import pytest
from bs4 import BeautifulSoup

from pipeline import lay_out, run, snakemake

SMALL = (
    "overrides={data: {generate: {draws: 600, max_size: 6}}, network: {hidden: 4}, "
    "training: {learning_rate: 0.02, evaluate_every: 10, eval_scenes: 40}, "
    "convergence: {threshold: 0.7, window: 3}}"
)


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """A working folder after a question, and what the terminal said, with messages behind."""
    folder = lay_out(tmp_path_factory.mktemp("question"))
    options = ("--cores", "2", "--quiet", "rules", "host", "--config", "trials=6", SMALL)
    done = run(folder, *options, 'ask=["|A & B| >= 2", "some"]', "--", "ask", fork="jobs")
    return folder, done.stdout + done.stderr


def test_terminal_and_page_tell_the_same_verdict(answered):
    folder, told = answered
    [verdict] = re.findall(r"^.*(?:sooner|later|no difference).*$", told, re.MULTILINE)
    [page] = re.findall(r"^The report is in (.+)$", told, re.MULTILINE)
    html = (folder / page).read_text(encoding="utf-8")
    text = " ".join(BeautifulSoup(html, "html.parser").article.get_text().split())
    assert " ".join(verdict.split()) in text
    assert 'class="ask"' in html
    live = BeautifulSoup((folder / "results/report/live.html").read_text("utf-8"), "html.parser")
    links = [link["href"] for link in live.find_all("a")]
    assert [(folder / "results/report" / link).resolve() for link in links] == [folder / page]


def test_the_terminal_says_what_was_asked(answered):
    assert "A_and_B_at_least_2 is |A & B| >= 2\nsome is |A & B| > 0\n" in answered[1]


def test_a_question_leaves_the_results_of_others_alone(answered):
    folder, _ = answered
    made = {path.name for path in (folder / "results").iterdir()}
    [own] = made - {"report", "chapters"}
    assert own.startswith("ask_a_and_b_at_least_2_some")


def test_a_quantifier_that_is_always_true_and_hangs_on_order_is_left_to_the_jobs(tmp_path):
    """Of so many scenes nothing is known beforehand; the job that balances them says it."""
    asked = ("--dry-run", "--config", 'ask=["first_0", "most"]', "--", "ask")
    done = snakemake(lay_out(tmp_path), "--cores", "1", *asked)
    assert done.returncode == 0, done.stderr


def test_a_question_without_quantifiers_says_how_to_ask(tmp_path):
    done = snakemake(lay_out(tmp_path), "--cores", "1", "--", "ask")
    assert done.returncode != 0
    assert "ask: nothing is asked: name two quantifiers, as in snakemake" in done.stderr
