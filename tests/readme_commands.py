"""The commands of the README, and how continuous integration runs each of them.

    python tests/readme_commands.py

runs them one after another in a clone where `make report` has just run, in the order of `RUN`.
A test finds every command of the README and says when one is missing here.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

AS_IT_IS, DRY = "as it is", "only planned"
BEFORE = "run by .ci/run before these"
ON_GPU = "not run: needs a GPU"
RUN = {
    "make report": BEFORE,
    "make test": BEFORE,
    "snakemake --cores 1 verify": AS_IT_IS,
    "snakemake --cores all --report report.zip": AS_IT_IS,
    "snakemake --cores 1 results/atlas/cards.html": AS_IT_IS,
    # Before exp1a is made again in part, whose record is then another run's.
    'python -m quantlearn ask results/exp1a "AB AB A- -B --"': AS_IT_IS,
    "python -m quantlearn card most": AS_IT_IS,
    'python -m quantlearn degree most even "|A & B| >= 3"': AS_IT_IS,
    "python -m quantlearn orbit at_least_4": AS_IT_IS,
    'make ask A="most" B="|A & B| >= 3"': AS_IT_IS,
    """snakemake --cores all ask --config ask='["most", "even"]'""": AS_IT_IS,
    "snakemake --cores all --config experiments='[exp1a]' trials=5": AS_IT_IS,
    "snakemake --cores all results/exp1a/figures/learning_curves.pdf": AS_IT_IS,
    "make help": AS_IT_IS,
    # Hours, other machines, and what needs another program are planned only.
    "snakemake --cores all": DRY,
    "snakemake --cores all paper": DRY,
    "snakemake --cores 1 benchmark": DRY,
    "make paper": DRY,
    "make practice": DRY,
    "make course": DRY,
    "make atlas": DRY,
    "make controls": DRY,
    "make calibrate": DRY,
    "make report PYTHON=python3.12": DRY,
    "make gpu PYTHON=python3": ON_GPU,
    "snakemake --cores all --workflow-profile workflow/profiles/gpu": DRY,
    "snakemake --cores all --workflow-profile workflow/profiles/gpu --resources gpu=4": DRY,
    "snakemake --workflow-profile workflow/profiles/slurm": DRY,
    "snakemake --cores all --config threads=2": DRY,
    # Last: they add an experiment to the clone.
    'make new EXPERIMENT=mine A="most" B="between_3_and_5"': AS_IT_IS,
    "make your_experiments": DRY,
}


def commands(readme: str) -> list[str]:
    """The commands of a README: lines of its shell blocks, and code that begins with a program.

    >>> commands("```sh\\nmake report  # a first one\\n```\\nAlso `make help`, not `results/`.")
    ['make report', 'make help']
    """
    blocks = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    outside = re.sub(r"^```.*?^```", "", readme, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`]+)`", outside)
    found = [re.sub(r"\s+#.*", "", " ".join(line.split())) for line in [*lines, *inline]]
    return [line for line in found if re.match(r"(make|snakemake|python) \S", line)]


def planned(command: str) -> str:
    """The command that only plans what another one would do."""
    return f"{command} OPTIONS=--dry-run" if command.startswith("make") else f"{command} --dry-run"


def main() -> int:
    """Run all commands; return how many fail."""
    failed = 0
    for command, how in RUN.items():
        if how in (BEFORE, ON_GPU):
            continue
        shell = f"source .venv/bin/activate; {command if how == AS_IT_IS else planned(command)}"
        start = time.monotonic()
        done = subprocess.run(
            ["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False
        )
        lines = (done.stdout + done.stderr).splitlines()
        print(
            f"{'ok' if done.returncode == 0 else 'FAILED'}  {time.monotonic() - start:.0f} s, "
            f"{len(lines)} lines: {command} ({how})",
            flush=True,
        )
        if done.returncode:
            failed += 1
            print("\n".join(lines[-30:]), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
