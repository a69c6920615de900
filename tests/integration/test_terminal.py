"""What a run shows: few lines without a terminal, a bar with one, and a page."""

import os
import pty
import re
import sys
from pathlib import Path

from pipeline import ROOT, lay_out, run

SPLIT = "results/tiny/data/split.parquet"


def in_a_terminal(folder, *arguments, **environment):
    """Run Snakemake in a terminal of its own; its exit status, and the text that it wrote there."""
    program = Path(sys.executable).with_name("snakemake")
    command = [program, "--snakefile", ROOT / "Snakefile", *arguments]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(program, list(map(str, command)), os.environ | {"TERM": "xterm"} | environment)
    written = b""
    while True:
        try:
            written += os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    # What moves the cursor ends a line.
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode()).replace("\r", "\n")
    return os.waitstatus_to_exitcode(status), text


def test_without_a_terminal_there_are_few_lines_and_a_page(tmp_path):
    folder = lay_out(tmp_path)
    lines = run(folder, "--cores", "2", SPLIT).stderr.splitlines()
    assert len(lines) < 6
    assert lines[0] == "3 jobs on 2 cores, about 2 s."
    assert re.fullmatch(r"Done: 3 of 3 jobs in \d+ s\.", lines[-1])
    page = (folder / "results/report/live.html").read_text(encoding="utf-8")
    assert "The run is over: done" in page
    assert "<h3>tiny</h3>" in page


def test_in_a_terminal_there_is_a_bar_and_what_jobs_say_is_above_it(tmp_path):
    folder = lay_out(tmp_path)
    generated = "results/tiny/data/generated.parquet"
    (folder / "results/report/live.html").mkdir(parents=True)  # a page that cannot be written
    (folder / generated).parent.mkdir(parents=True)
    (folder / generated).write_bytes(b"PAR1")
    status, written = in_a_terminal(
        folder, "--cores", "2", "--keep-going", SPLIT, "results/tiny_alone/data/split.parquet"
    )
    assert status == 1
    assert re.search(r" \d+ %, about \d+ s left, \d of 5 jobs", written)
    assert re.search(r"(generate|balance|split) data tiny_alone\b", written)
    lines = written.splitlines()
    [line] = [line for line in lines if line.startswith(f"balance_data: {generated}: ")]
    assert line.endswith("delete it and run again")
    log = "results/tiny/logs/balance_data.log"
    assert f"balance data tiny failed; all that it said: {log}" in lines
    assert any(line.startswith("No live page: results/report/live.html") for line in lines)
    assert "Not done, 1 job failed: 3 of 5 jobs" in written


def test_without_the_bars_library_a_run_goes_on_with_snakemakes_own_lines(tmp_path):
    folder = lay_out(tmp_path / "run")
    (tmp_path / "quantlearn").mkdir()  # without it, Snakemake would start without this folder
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['rich'] = None\n")
    arguments = ("--cores", "2", "results/tiny/data/generated.parquet")
    status, written = in_a_terminal(folder, *arguments, PYTHONPATH=str(tmp_path))
    assert status == 0
    assert "The display of the run failed (ModuleNotFoundError: " in written
    assert "1 of 1 steps (100%) done" in written
