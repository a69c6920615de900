"""The tiny configuration on a scheduler that no profile is made for."""

import os
import shutil
import stat

from pipeline import ROOT, lay_out, snakemake

PROFILE = ROOT / "workflow" / "profiles" / "generic"
LIMIT = 300  # seconds; a workflow that hangs is a failure

# Stands in for PBS: notes what is asked for, runs each job here and now, kills one that asks for
# five minutes, and says of each what PBS says. 271 is 256 and the number of SIGTERM.
QSUB = """\
#!/bin/bash
echo "$@" >> qsub.log
case "$*" in
  *"walltime=300 "*) echo 271 >"ended.$BASHPID"; echo "$BASHPID"; exit ;;
esac
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
    """All commands are the profile's own; a job that is killed ends in an error, after the rest."""
    folder = lay_out(tmp_path)
    there, here = (place / "results" / "tiny" for place in (finished, folder))
    shutil.copytree(there / "data", here / "data")
    shutil.copy(there / "samples.csv", here)
    for name, command in (("qsub", QSUB), ("qstat", QSTAT)):
        (folder / name).write_text(command)
        (folder / name).chmod(stat.S_IRWXU)
    killed = "results/tiny_alone/data/generated.parquet"
    done = snakemake(
        folder,
        *("--workflow-profile", os.path.relpath(PROFILE, folder)),
        *("--set-resources", "train:gpu=1", "generate_data:runtime=5"),
        *("--seconds-between-status-checks", "1"),
        *("--rerun-triggers", "mtime"),
        *("--", "results/tiny/tables/comparison.csv", killed),
        limit=LIMIT,
        PATH=f"{folder}:/usr/local/bin:/usr/bin:/bin",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("generate data tiny_alone failed") == 3  # it is tried twice again
    assert "Not done, 1 job failed: 3 of 4 jobs" in done.stderr
    assert not (folder / killed).exists()
    asked = (folder / "qsub.log").read_text().splitlines()
    training = [line for line in asked if "ncpus=1:mem=2000mb:ngpus=1 -l walltime=14400 " in line]
    assert len(training) == 1
    assert all(":ngpus=0 " in line for line in asked if line not in training)
    for table in ("comparison.csv", "trials.csv"):
        path = f"results/tiny/tables/{table}"
        assert (folder / path).read_bytes() == (finished / path).read_bytes()
