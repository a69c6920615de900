"""Record what a page of the report is made from: settings, code, versions, machine, results."""

from datetime import UTC, datetime
from typing import Any

from quantlearn import columns, tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.machine import describe_machine, gpus
from quantlearn.pipeline.run_record import (
    content_digest,
    git_state,
    package_versions,
    read_processors,
    write_record,
)


def record_run(
    files: list[str],
    trials: list[str],
    processors: list[str],
    overview: str,
    as_run: str,
    settings: dict[str, Any],
    codes: dict[str, str],
    root: str,
    requirements: str,
    *,
    record: str,
) -> None:
    """Write ``record``.

    ``files``, ``overview`` and ``as_run`` are digested; ``trials`` are the tables that say where
    networks were trained, ``processors`` the files that say on what kinds of processors.
    ``codes`` holds the digest of each script with the library that it imports. ``root`` is the
    folder of the workflow, ``requirements`` the file that names its packages.
    """
    content = {
        "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "settings": settings,
        "code": {**git_state(root), "digests": codes},
        "packages": package_versions(requirements),
        "machine": {
            **describe_machine(),
            **training_facts(trials),
            "processors": {path: read_processors(path) for path in processors},
        },
        "files": {path: content_digest(path) for path in sorted([*files, overview, as_run])},
    }
    write_record(content, record)


def training_facts(trials: list[str]) -> dict[str, list[str]]:
    """On which devices the networks of these tables were trained, and by which implementations.

    Where a GPU was among them, also the models of the GPUs of this machine.
    """
    told = {name: columns.TRIALS[name] for name in ("device", "core")}
    frames = [tables.read_csv(path, told) for path in trials]
    devices = sorted({device for frame in frames for device in frame["device"]})
    facts = {
        "trained_on": devices,
        "trained_by": sorted({core for frame in frames for core in frame["core"]}),
    }
    if any(device.startswith("cuda") for device in devices):
        facts["gpus"] = gpus()
    return facts


if __name__ == "__main__":
    run_job(record_run, snakemake)
