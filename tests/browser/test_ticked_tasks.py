"""The leaderboard in the course: mean ranks over the tasks that are ticked."""

import itertools

import numpy as np
import pandas as pd
import pytest

from quantlearn.figures.course.scoreboard import ranked

NAMES = ["lstm", "gru", "rnn", "transformer"]
TASKS = {"monotonicity": "monotonicity", "search": "search", "transfer": "transfer"}


def boards(seed):
    """Scores (trials, architectures) in each task, of which some are equal."""
    rng = np.random.default_rng(seed)
    return {
        task: pd.DataFrame(np.tile(rng.integers(4, size=4) / 4, (2, 1)), columns=NAMES)
        for task in TASKS
    }


def of_page(made):
    """What the page is told: each architecture with its ranks, in the order of all tasks."""
    table = made["scoreboard"].pivot_table("rank", "architecture", "task", sort=False)
    ranks = table.drop(columns="mean")
    return [{"name": name, "ranks": own.to_dict()} for name, own in ranks.iterrows()]


@pytest.fixture
def page(act):
    return act("leaderboard", tasks=TASKS, board=of_page(ranked(boards(1), {})))


def test_mean_ranks_are_those_of_the_scoreboard_for_every_choice_of_tasks(page):
    subsets = [some for n in (1, 2, 3) for some in itertools.combinations(TASKS, n)]
    for seed in range(2):
        own = boards(seed)
        board = of_page(ranked(own, {}))
        found = page.evaluate(
            "([board, all]) => all.map((some) => quantlearn.course.leaderboard.order(board, some))",
            [board, subsets],
        )
        stood = [row["name"] for row in board]
        for tasks, order in zip(subsets, found, strict=True):
            table = ranked({task: own[task] for task in tasks}, {})["scoreboard"]
            means = table[table["task"] == "mean"].set_index("architecture")["rank"]
            assert {row["name"]: row["mean"] for row in order} == pytest.approx(means.to_dict())
            assert [row["name"] for row in order] == sorted(stood, key=means.get)


def rows(page):
    return [row.split("\t") for row in page.locator("tbody tr").all_inner_texts()]


def test_tasks_are_left_out_by_keyboard(page, accessible):
    before = rows(page)
    assert all(moved == "" for *_, moved in before)
    for key in ("Tab", "Space", "Tab", "Space"):  # only transfer is left
        page.keyboard.press(key)
    made = ranked({"transfer": boards(1)["transfer"]}, {})["scoreboard"]
    ranks = made[made["task"] == "transfer"].set_index("architecture")["rank"]
    assert {name: float(mean) for _, name, mean, _ in rows(page)} == ranks.to_dict()
    first = " and ".join(name for _, name, mean, _ in rows(page) if float(mean) == ranks.min())
    assert page.inner_text(".widget-answer") == f"First over 1 task: {first}."
    order = [name for _, name, *_ in before]
    for place, (_, name, _, moved) in enumerate(rows(page)):
        steps = order.index(name) - place
        assert moved == ("" if not steps else f"{'↑' if steps > 0 else '↓'} {abs(steps)}")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.inner_text(".widget-answer") == "Tick a task."
    page.keyboard.press("Space")
    accessible(page)
