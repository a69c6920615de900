"""The display as Snakemake's logger drives it, and the live page that it writes."""

import io
import logging
import os
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from quantlearn.pipeline.display import set_up
from quantlearn.pipeline.live_page import RunEnd, write_live_page
from quantlearn.pipeline.run_progress import Job, RunProgress
from quantlearn.pipeline.terminal import Lines
from quantlearn.pipeline.training_log import Training, TrainingLine

OUTPUT = SimpleNamespace(
    dryrun=False, verbose=False, printshellcmds=False, debug_dag=False, quiet=None
)
JOBS = {1: Job("train", "a", 5, log="results/a/logs/train/0.log"), 2: Job("draw", "", 1)}


class Snakemake:
    """A logger as Snakemake sets it up, and what its terminal shows."""

    def __init__(self, folder, ending=lambda: (["Quantity: open."], ["report/index.html"])):
        self.terminal = io.StringIO()
        self.logger = logging.Logger("snakemake")
        default = logging.StreamHandler(self.terminal)
        default.name, default.nocolor = "DefaultStreamHandler", True
        self.logger.addHandler(default)
        self.page = folder / "report/live.html"
        # As in a run, whose paths are from where it runs.
        self.display = set_up(self.logger, OUTPUT, os.path.relpath(self.page), ending)

    def log(self, event, level=logging.INFO, message="", **more):
        self.logger.log(level, message, extra={"event": event, **more})

    @property
    def lines(self):
        return self.terminal.getvalue().splitlines()


def test_a_run_is_told_from_its_start_to_what_was_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Snakemake(tmp_path)
    run.logger.info("Building DAG of jobs...")
    run.display.begin(JOBS, 2, local=True)
    for number in JOBS:
        run.log("job_info", jobid=number)
        run.logger.info("Select jobs to execute...")
        run.log("job_finished", job_id=number)
    run.display.end("done")
    run.logger.info("Complete log(s): x.log")
    run.display.close()
    assert run.lines == [
        "2 jobs on 2 cores, about 5 s.",
        "Quantity: open.",
        "Done: 2 of 2 jobs in 0 s.",
        "The report is in report/index.html",
    ]
    page = run.page.read_text(encoding="utf-8")
    assert "The run is over: done" in page
    assert 'href="index.html"' in page


def test_a_failure_is_told_with_its_log_and_warnings_are_not_lost(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / JOBS[1].log
    log.parent.mkdir(parents=True)
    log.write_text("12:00:00 step 1\n12:00:01 train: x.parquet: damaged; delete it\n")
    run = Snakemake(tmp_path)
    run.display.begin(JOBS, 2, local=False)
    run.log("job_info", jobid=1)
    run.logger.warning("The disk is nearly full")
    run.log("error", logging.ERROR, "RuleException:\nCalledProcessError in file x")
    run.log("job_error", logging.ERROR, jobid=1)
    run.display.end("not done")
    assert run.lines[1:] == [
        "The disk is nearly full",
        "train: x.parquet: damaged; delete it",
        "train a failed; all that it said: results/a/logs/train/0.log",
        "Not done, 1 job failed: 0 of 2 jobs in 0 s; the same command goes on from there.",
    ]
    assert "x.parquet: damaged" in run.page.read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["dryrun", "verbose", "printshellcmds", "debug_dag", "quiet"])
def test_who_asks_for_snakemakes_own_lines_gets_them(what):
    logger = logging.Logger("snakemake")
    default = logging.StreamHandler(io.StringIO())
    default.name = "DefaultStreamHandler"
    logger.addHandler(default)
    asked = [SimpleNamespace(name="PROGRESS")] if what == "quiet" else True
    assert (
        set_up(logger, SimpleNamespace(**{**vars(OUTPUT), what: asked}), "", lambda: None) is None
    )
    assert logger.handlers == [default]


def test_a_display_that_fails_leaves_the_run_with_plain_lines(tmp_path):
    run = Snakemake(tmp_path)
    run.display.begin(JOBS, 2, local=True)
    run.log("job_finished", message="Finished jobid: 1")  # without the number of the job
    run.log("job_info", message="rule draw:", jobid=2)
    run.display.end("done")
    assert run.lines[1:] == [
        "The display of the run failed (AttributeError: 'LogRecord' object has no attribute "
        "'job_id'); Snakemake's own lines follow.",
        "Finished jobid: 1",
        "rule draw:",
    ]


def test_a_page_that_cannot_be_written_is_told_once(tmp_path):
    run = Snakemake(tmp_path)
    run.page.mkdir(parents=True)
    run.display.begin(JOBS, 2, local=True)
    run.display.end("done")
    [told] = [line for line in run.lines if line.startswith("No live page: ")]
    assert "live.html: cannot be written" in told


def test_lines_are_few():
    """At most one in ten seconds, and so many as there are some percent."""
    stream = io.StringIO()
    screen = Lines(stream)
    run = RunProgress({number: Job("train", "a", 5) for number in range(100)}, 1, 0)
    for now in range(500):
        if now % 5 == 0:
            run.start(now // 5, now)
        screen.show(run, now)
        if now % 5 == 4:
            run.finish(now // 5, now + 1)
    lines = stream.getvalue().splitlines()
    assert 20 <= len(lines) <= 25
    for line in lines:
        told = re.search(r" (\d+) %, about \d+ (?:s|min) left, (\d+) of 100 jobs: train a$", line)
        assert int(told[1]) == pytest.approx(int(told[2]), abs=3)


class Tags(HTMLParser):
    """The elements of a page and what is written in them; fails where they are not nested."""

    VOID = ("meta", "link", "br", "img", "input")

    def __init__(self, page):
        super().__init__()
        self.open, self.found, self.text = [], [], ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


HOSTILE = "</h3><script>alert(1)</script>\"' onload=x"


@pytest.mark.parametrize("over", [False, True])
def test_the_live_page_is_whole_and_shows_names_as_they_are(tmp_path, over):
    run = RunProgress({1: Job("train", HOSTILE, 5), 2: Job("draw", "", 1)}, 2, 0)
    run.start(1, 0)
    line = TrainingLine(100, 400, trials=3, split="dev", accuracy=0.75, seconds=20)
    run.training[1] = Training([line._replace(step=50, accuracy=0.5), line], 0, 1)
    end = RunEnd("done", [f"Found {HOSTILE}"], ["index.html"]) if over else None
    write_live_page(tmp_path / "live.html", run, 5, [f"Failed {HOSTILE}"], end)
    page = Tags((tmp_path / "live.html").read_text(encoding="utf-8"))
    tags = [tag for tag, _ in page.found]
    assert "script" not in tags
    assert not any("onload" in attributes for _, attributes in page.found)
    assert page.text.count(HOSTILE) == (4 if over else 3)
    # Half of the way up at 0.75, of the way to the right as far as training is.
    [curve] = [attributes for tag, attributes in page.found if tag == "polyline"]
    assert curve["points"] == "20.0,40.0 40.0,20.0"
    # It needs nothing else, and is read anew only while there is something new.
    assert not {"link", "img", "iframe"} & set(tags)
    assert ("refresh" in [attributes.get("http-equiv") for _, attributes in page.found]) != over
    assert ([attributes["href"] for tag, attributes in page.found if tag == "a"] != []) == over
