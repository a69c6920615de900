"""Say which result files are not as they were when the run was recorded."""

import logging
from collections import Counter
from pathlib import Path

from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.run_record import STATES, RecordError, differences, read_record

log = logging.getLogger("quantlearn.verify")


def verify(folder: str, pages: list[str]) -> None:
    """Compare the results of those ``pages`` that are in ``folder`` with their records.

    The terminal shows the files that differ, the log all files; nothing else is written.

    Raises `RecordError` when a file differs or a record is missing.
    """
    places = [Path(folder, page) for page in pages]
    made = [one for one in places if (one / "record.json").exists() or page_of(one).exists()]
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


def page_of(place: Path) -> Path:
    """The page that belongs to the folder of its record."""
    return place.with_suffix(".html")


def is_as_recorded(page: Path) -> bool:
    """Compare the results of one page with its record, and say what differs."""
    path = page / "record.json"
    if not path.exists():
        tell(f"missing    {path}")
        return False
    record = read_record(path)
    folders = [page, *(page.parents[1] / name for name in record["settings"]["experiments"])]
    states = differences(record["files"], folders)
    for state, file in states:
        line = f"{state:<9}  {file}"
        if state == "unchanged":
            log.info(line)
        else:
            tell(line)
    counts = Counter(state for state, _ in states)
    summary = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    tell(f"{path}, made {record['made']}: {summary}")
    return set(counts) <= {"unchanged"}


def tell(line: str) -> None:
    """A line for the terminal and the log."""
    log.info(line)
    print(line, flush=True)


if __name__ == "__main__":
    run_job(verify, snakemake)
