"""Say which result files are not as they were when the run was recorded."""

import logging
from collections import Counter
from pathlib import Path

from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.run_record import (
    STATES,
    RecordError,
    differences,
    made_elsewhere,
    read_record,
)

log = logging.getLogger("quantlearn.verify")


def verify(folder: str, sites: dict[str, str]) -> None:
    """Compare the results of those sites that were made with their records in ``folder``.

    ``sites`` maps the names of sites to their front pages.

    The terminal shows the files that differ, the log all files; nothing else is written.

    Raises `RecordError` when a file differs or a record is missing.
    """
    made = [
        Path(folder, name)
        for name, page in sites.items()
        if Path(folder, name, "record.json").exists() or Path(page).exists()
    ]
    if not made:
        raise RecordError(
            f"{folder}/*/record.json: missing; a run makes it with the report: snakemake --cores 1"
        )
    faults = [one.name for one in made if not is_as_recorded(one)]
    if faults:
        raise RecordError(
            f"{folder}: results are not as recorded for {', '.join(faults)}; delete the files that "
            "changed or are new, and run again"
        )


def is_as_recorded(page: Path) -> bool:
    """Compare the results of one page with its record, and say what differs."""
    path = page / "record.json"
    if not path.exists():
        tell(f"missing    {path}")
        return False
    record = read_record(path)
    folders = [page, *(page.parents[1] / name for name in record["settings"]["experiments"])]
    states = differences(record["files"], folders)
    others = made_elsewhere(record)
    results = page.parents[1]
    elsewhere = {Path(job).relative_to(results).parts[0] for job in others}
    for state, file in states:
        line = f"{state:<9}  {file}"
        part = Path(file).relative_to(results).parts[0]  # what is of pages is made from all
        if state == "changed" and elsewhere and part in {*elsewhere, "report"}:
            line += "  (made on another kind of processor)"
        if state == "unchanged":
            log.info(line)
        else:
            tell(line)
    counts = Counter(state for state, _ in states)
    summary = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    tell(f"{path}, made {record['made']}: {summary}")
    for job, kinds in others.items():
        log.info("%s: trained on %s", job, kinds)
    return set(counts) <= {"unchanged"}


def tell(line: str) -> None:
    """A line for the terminal and the log."""
    log.info(line)
    print(line, flush=True)


if __name__ == "__main__":
    run_job(verify, snakemake)
