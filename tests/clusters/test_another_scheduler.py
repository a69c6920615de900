"""The tiny configuration on a scheduler that no profile is made for."""

import shutil
import stat

import yaml

from pipeline import ROOT, lay_out, run

PROFILES = ROOT / "workflow" / "profiles"
LIMIT = 900  # seconds; a workflow that hangs is a failure

# Stands in for a scheduler: notes what is asked for, runs each job here and now, and says of it
# what PBS says.
QSUB = """\
#!/bin/bash
echo "$@" >> qsub.log
(bash "${@: -1}" </dev/null >/dev/null 2>&1; echo $? >"ended.$BASHPID") >/dev/null &
echo $!
"""
QSTAT = """\
#!/bin/bash
[ "$1" = -x ] || exit 1
state=R
code=$(cat "ended.${@: -1}" 2>/dev/null) && state=F
echo "    job_state = $state"
echo "    Exit_status = $code"
"""


def test_another_scheduler_needs_no_change_in_the_rules(finished, tmp_path):
    folder = lay_out(tmp_path)
    there, here = (place / "results" / "tiny" for place in (finished, folder))
    shutil.copytree(there / "data", here / "data")
    shutil.copy(there / "samples.csv", here)
    for name, command in (("qsub", QSUB), ("qstat", QSTAT)):
        (folder / name).write_text(command)
        (folder / name).chmod(stat.S_IRWXU)
    profile = yaml.safe_load((PROFILES / "generic" / "config.yaml").read_text())
    command = profile["cluster-generic-submit-cmd"]
    assert command.startswith("qsub ")
    run(
        folder,
        *("--workflow-profile", PROFILES / "generic"),
        *("--cluster-generic-submit-cmd", f"{folder}/{command}"),
        *("--cluster-generic-status-cmd", f"PATH={folder}:$PATH {PROFILES / 'generic/status.sh'}"),
        *("--set-resources", "train:gpu=1"),
        *("--seconds-between-status-checks", "1"),
        *("--rerun-triggers", "mtime"),
        *("--", "results/tiny/tables/comparison.csv"),
        limit=LIMIT,
    )
    asked = (folder / "qsub.log").read_text().splitlines()
    training = [line for line in asked if "ncpus=1:mem=2000mb:ngpus=1 -l walltime=14400 " in line]
    assert len(training) == 1
    assert all(":ngpus=0 " in line for line in asked if line not in training)
    for table in ("comparison.csv", "trials.csv"):
        path = f"results/tiny/tables/{table}"
        assert (folder / path).read_bytes() == (finished / path).read_bytes()
