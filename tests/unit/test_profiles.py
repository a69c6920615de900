"""Profiles of schedulers: what is asked of them, with stand-ins for their commands."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake_executor_plugin_slurm.utils import set_gres_string

PROFILES = Path(__file__).parents[2] / "workflow" / "profiles"
PBS = """[ "$*" = "-x -f 7" ] || exit 1
echo "Job Id: 7"; echo "    job_state = {}"; echo "    Exit_status = {}"
"""


@pytest.mark.parametrize(
    ("qstat", "qacct", "state"),
    [
        (PBS.format("R", ""), "exit 1", "running"),
        (PBS.format("Q", ""), "exit 1", "running"),
        (PBS.format("F", 0), "exit 1", "success"),
        (PBS.format("F", -29), "exit 1", "failed"),
        (PBS.format("C", 271), "exit 1", "failed"),
        ('[ "$*" = "-j 7" ]', "exit 1", "running"),
        ("exit 1", "echo 'failed       0'; echo 'exit_status  0'", "success"),
        ("exit 1", "echo 'failed       0'; echo 'exit_status  1'", "failed"),
        (
            "exit 1",
            "echo 'failed       37  : qmaster enforced h_rt'; echo 'exit_status  0'",
            "failed",
        ),
        ("exit 1", "exit 1", "failed"),
    ],
)
def test_what_became_of_a_job_is_asked_of_pbs_and_sge(tmp_path, qstat, qacct, state):
    for name, text in (("qstat", qstat), ("qacct", qacct)):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    place = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "STATUS_WAIT": "0"}
    command = [PROFILES / "generic" / "status.sh", "7"]
    done = subprocess.run(command, env=place, capture_output=True, text=True, check=True)
    assert done.stdout == f"{state}\n"


def test_the_generic_profile_asks():
    profile = yaml.safe_load((PROFILES / "generic" / "config.yaml").read_text())
    assert (PROFILES / "generic" / profile["cluster-generic-status-cmd"]).exists()


def test_slurm_is_asked_for_gpus_in_the_way_it_wants():
    """As the profile says, and as its comment does; not both, which Slurm refuses."""
    text = (PROFILES / "slurm" / "config.yaml").read_text()
    line = next(line for line in text.splitlines() if "train: &training" in line)
    setting, instead = line.split("# or, instead of gpu: 1: ")
    resources = yaml.safe_load(setting)["train"]
    assert _asked(resources) == " --gpus=1"
    assert _asked(resources | yaml.safe_load(f"{{{instead}}}")) == " --gres=gpu:1"


def _asked(resources):
    class Resources(dict):
        __getattr__ = dict.get

    return set_gres_string(SimpleNamespace(resources=Resources(resources)))
