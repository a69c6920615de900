"""Crashes at every point, and mixed faults: what is run again ends in the same bytes or says why.

A sample of what tests/crash/crash.py does, which `make test-crash` runs whole.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

from pipeline import ROOT


@pytest.fixture(autouse=True)
def compiler():
    """Skip without Linux and a compiler for C, or fail if QUANTLEARN_REQUIRE_COMPILER."""
    if sys.platform != "linux" or not shutil.which("cc"):
        if os.environ.get("QUANTLEARN_REQUIRE_COMPILER"):
            pytest.fail("QUANTLEARN_REQUIRE_COMPILER is set, but there is none, or no Linux")
        pytest.skip("takes Linux and a compiler for C")


def crash(*arguments):
    """What the program says, which finds no fault."""
    command = [sys.executable, ROOT / "tests" / "crash" / "crash.py", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_sample_of_crashes_ends_in_the_same_bytes(tmp_path):
    said = crash(tmp_path / "sample", "sample")
    assert re.search(r"\b(\d+) of \1 points of 6 kinds of job", said)
    assert "20 of 20 schedules" in said


@pytest.mark.whole
def test_all_crashes_end_in_the_same_bytes():
    assert " 1800 of 1800 " in crash()
