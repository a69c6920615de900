"""Say for which Pythons and systems the locks can be installed without a compiler, from metadata.

    python envs/wheels.py

asks pip, for each Python and system that README names, what it would install, and installs nothing.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ENVS = Path(__file__).parent
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {
    "Linux (x86-64)": ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "macOS (Apple silicon)": [
        "macosx_14_0_arm64",
        "macosx_12_0_arm64",
        "macosx_11_0_arm64",
        "macosx_10_9_universal2",
    ],
}
SOURCES = ("connection_pool",)  # archives of pure Python, which need no compiler


def lacking(lock: str, python: str, platforms: list[str]) -> str:
    """What pip says that it cannot install of a lock; blank where it can install all."""
    lines = (ENVS / lock).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith((*SOURCES, "#"))]
    if "linux" not in platforms[0]:
        pins = [pin for pin in pins if 'sys_platform == "linux"' not in pin]
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"),
            *("--no-deps", "--only-binary", ":all:", "--report", "-", "--python-version", python),
            *("--target", "nowhere"),  # of which pip makes nothing, but asks for it
            *(part for platform in platforms for part in ("--platform", platform)),
            *pins,
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if asked.returncode:
        return asked.stderr.strip().splitlines()[-1]
    found = {each["metadata"]["name"] for each in json.loads(asked.stdout)["install"]}
    named = {pin.partition("==")[0] for pin in pins}
    left = {_normal(name) for name in named} - {_normal(name) for name in found}
    return f"nothing is said of {', '.join(sorted(left))}" if left else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Ask for each lock, Python and system; 1 where something is lacking."""
    worst = 0
    for lock in ("requirements.lock", "tests.lock"):
        for python in PYTHONS:
            for system, platforms in SYSTEMS.items():
                why = lacking(lock, python, platforms)
                print(
                    f"{lock}, Python {python}, {system}: {why or 'has wheels for all'}", flush=True
                )
                worst = max(worst, bool(why))
    print(f"Installed from source archives of pure Python: {', '.join(SOURCES)}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
