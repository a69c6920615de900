"""Crash at every point, and under mixed faults: it ends in the same bytes, or says what to do.

    python tests/crash/crash.py                              all, in two hours or less on two cores
    python tests/crash/crash.py FOLDER sample                a little, on jobs about data
    python tests/crash/crash.py FOLDER points [EVERY KIND…]  each operation of each kind of job
    python tests/crash/crash.py FOLDER jobs [FIRST COUNT]    mixed faults of single jobs, by number
    python tests/crash/crash.py FOLDER runs [FIRST COUNT]    mixed faults of whole runs, by number

FOLDER keeps an undisturbed run, which the first command makes. With EVERY it crashes at one point
of so many. A schedule is the same for its number: ``jobs 17 1`` replays one. Each fault
that is found is printed with what replays it; the end says how many of how many went well.
"""

import hashlib
import os
import random
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / part) for part in ("crash", "unit", ".", "../scripts")]

from kinds import TARGETS, Job, jobs_of, lay_out_every_kind, run_workflow  # noqa: E402
from machine import (  # noqa: E402
    Ended,
    Operation,
    compiled,
    lose,
    running,
    seen_as,
    undo_names,
    unsynced,
)

from quantlearn.pipeline.run_record import content_digest  # noqa: E402

SAMPLED = (
    "results/tiny/samples.csv",
    "results/tiny/tables/baselines.csv",
    "results/tiny_search/data/without_test.parquet",
)

State = Mapping[str, bytes]
"""The files of results/ by their paths, without logs."""


class Bench:
    """An undisturbed run, and folders in which its jobs are done again."""

    def __init__(self, folder: Path, targets: Sequence[str]) -> None:
        self.folder = folder
        self.run = folder / "run"
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            lay_out_every_kind(folder)
            told = folder / "told"
            told.mkdir()
            with running(lambda: run_workflow(targets, told), self.run) as wait:
                ended = wait()
            if ended.status:
                sys.exit(ended.said)
            (folder / "complete").touch()
        self.all = jobs_of(folder / "told")
        kinds: dict[str, Job] = {}
        for job in self.all:
            kinds.setdefault(job.script, job)
        self.kinds = list(kinds.values())

    def fresh(self, job: Job, state: State | None = None) -> Path:
        """A folder as it is before the job, or in a state."""
        folder = Path(tempfile.mkdtemp(prefix="again-", dir=self.folder))
        (folder / "config").symlink_to(self.run / "config")
        (folder / "results").mkdir()
        if state is None:
            for file in job.reads:
                self.copy(file, folder)
        else:
            for file, content in state.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
        return folder

    def copy(self, file: str, folder: Path) -> None:
        """A result of the undisturbed run with its digest."""
        for path in (Path(file), digest_of(file)):
            if (self.run / path).exists():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.run / path, folder / path)

    def same(self, file: str, folder: Path) -> bool:
        """Whether a result says the same as in the undisturbed run."""
        return (folder / file).exists() and said_by(folder / file) == said_by(self.run / file)

    def judge(self, job: Job, folder: Path) -> str:
        """What is wrong with the folder once the job, where it is due, was run again; or "".

        What follows is run as well where the job has left anything but its results, since all that
        it reads is what is otherwise known to be the same.
        """
        if job.due(folder):
            ended = again(job, folder)
            if ended.status:
                return "" if is_named(ended, job) else f"run again: {ended.said[-600:]}"
        wrong = [file for file in job.makes if not self.same(file, folder)]
        refused = [follower for follower in self.all if set(wrong) & set(follower.reads)]
        for follower in refused:
            for file in follower.reads:
                if file not in job.makes:
                    self.copy(file, folder)
            ended = again(follower, folder)
            if not (ended.status and is_named(ended, follower)):
                return f"{follower.rule} takes {', '.join(wrong)}, which is another than it was"
        if wrong and not refused:
            return f"{', '.join(wrong)} is another than it was, and nothing tells"
        parts = [path for path in (folder / "results").rglob("*.part")]
        return f"{parts[0]} is left over" if parts and not wrong else ""


def digest_of(file: str) -> Path:
    return Path(file).with_name(f".{Path(file).name}.sha256")


def said_by(path: Path) -> object:
    """What a result says, without the time at which it was made."""
    if path.suffix in (".csv", ".parquet", ".safetensors"):
        return content_digest(path)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: timeless(name, archive.read(name)) for name in archive.namelist()}
    return timeless(path.name, path.read_bytes())


def timeless(name: str, content: bytes) -> bytes:
    """The bytes of a file without the time at which a run was recorded."""
    return re.sub(rb"20\d\d-\d\d-\d\dT[\d:]+Z", b"", content) if "json" in name else content


def again(job: Job, folder: Path, fault: str = "nothing", at: int = 0) -> Ended:
    """Run a job as Snakemake does, which first removes what it made."""
    prepare(job, folder)
    with running(job.run, folder, fault, at) as wait:
        ended = wait()
    if ended.status > 0:
        remove(job, folder)  # as Snakemake does
    return ended


def prepare(job: Job, folder: Path) -> None:
    remove(job, folder)
    for file in [*job.makes, *job.log]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)


def remove(job: Job, folder: Path) -> None:
    for file in job.makes:
        (folder / file).unlink(missing_ok=True)


def is_named(ended: Ended, job: Job) -> bool:
    """Whether a job that failed said in one line what to do."""
    own = (f"{job.rule}: ", "results/")  # of its log, where that cannot be written
    lines = [line for line in ended.said.splitlines() if line.startswith(own)]
    return len(lines) == 1 and "run" in lines[0] and "Traceback" not in ended.said


def points(bench: Bench, every: int = 1, kinds: Iterable[str] = ()) -> int:
    """Crash at each ``every``-th operation of each kind of job; the number of faults found."""
    chosen = [job for job in bench.kinds if not kinds or job.script in kinds]
    crashed = faults = 0
    for job, (here, wrong, told) in zip(
        chosen, at_once(points_of, bench, every, chosen), strict=True
    ):
        crashed += here
        faults += len(wrong)
        print(f"{job.script}: {told}", flush=True)
        for at, fault in wrong.items():
            print(f"{job.script} at {at}: {fault}", flush=True)
    print(f"{crashed - faults} of {crashed} points of {len(chosen)} kinds of job", flush=True)
    return faults


def points_of(bench: Bench, every: int, job: Job) -> tuple[int, dict[int, str], str]:
    """Crash in a job; at how many points, what is wrong by the point (0: undisturbed), in words."""
    began = cpu_seconds()
    states, ended, fault = before_each(bench, job)
    here = range(1 + bench.kinds.index(job) % every, ended.count + 1, every)
    known: dict[bytes, str] = {}
    for key, state in (item for at in here for item in states[at].items()):
        if key not in known:
            folder = bench.fresh(job, state)
            known[key] = bench.judge(job, folder)
            shutil.rmtree(folder)
    wrong = {at: known[key] for at in here for key in states[at] if known[key]}
    told = f"{len(here) - len(wrong)} of {len(here)} points, {len(known)} states"
    told += f", {cpu_seconds() - began:.0f} s"
    return len(here), {**({0: fault} if fault else {}), **wrong}, told


def at_once(function: Callable[..., Any], *given: Any) -> Iterator[Any]:
    """What a function gives for each of the last argument, on all processors, in order."""
    *shared, each = given
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("fork")) as pool:
        yield from pool.map(partial(function, *shared), each)


def cpu_seconds() -> float:
    """What this process and those that it waited for have computed."""
    return sum(os.times()[:4])


def before_each(bench: Bench, job: Job) -> tuple[dict[int, dict[bytes, State]], Ended, str]:
    """What a crash leaves at each operation of a job, how the job ended, and what is wrong with it.

    A crash leaves what is on the disk before an operation, so one run shows it for all of them.
    """
    folder = bench.fresh(job)
    states: dict[int, dict[bytes, State]] = {}
    kept: dict[bytes, State] = {}  # each once, as most points have the state of another

    def look(at: int, before: Sequence[Operation]) -> None:
        after = [(key_of(state), state) for state in states_after(folder, before)]
        found = {key: kept.setdefault(key, state) for key, state in after}
        for number in range(len(states) + 1, at + 1):  # of several processes several may wait
            states[number] = found

    prepare(job, folder)
    with running(job.run, folder, "pause", look=look) as wait:
        ended = wait()
    fault = bench.judge(job, folder) if ended.status == 0 else ended.said
    opened = {one.path for one in ended.operations if one.kind == "O" and one.number}
    if others := {path for path in opened if not path.endswith((".part", ".sha256"))}:
        fault = f"{others} are written without quantlearn.files.replacing"
    shutil.rmtree(folder)
    return states, ended, fault


RANDOM = re.compile(r"(?<=\.)[0-9a-f]{8}\.part|(?<=\.site-)\w+")
"""What is random in the names of temporary files."""


def key_of(state: State) -> bytes:
    """What states have in common that differ in nothing but chance."""
    digest = hashlib.sha256()
    for file, content in sorted(state.items()):
        digest.update(repr((RANDOM.sub("", file), len(content))).encode() + content)
    return digest.digest()


def states_after(folder: Path, before: Sequence[Operation]) -> list[State]:
    """What is on the disk when the power is cut after operations, with new names and without."""
    lost = unsynced(before)
    states = [state_of(folder, lost)]
    copy = Path(tempfile.mkdtemp(prefix="names-", dir=folder.parent))
    shutil.copytree(folder / "results", copy / "results", copy_function=os.link)
    undo_names(seen_as(before, folder, copy))
    states.append(state_of(copy, lost))
    shutil.rmtree(copy)
    return states


def state_of(folder: Path, lost: Container[int]) -> State:
    """The results in a folder; the contents of these inodes are lost."""
    return {
        str(path.relative_to(folder)): b"" if path.stat().st_ino in lost else path.read_bytes()
        for path in sorted((folder / "results").rglob("*"))
        if path.is_file() and not {"logs", "benchmarks"} & set(path.parts)
    }


# Mixed faults -------------------------------------------------------------------------------------


KINDS = ("kill", "power", "full", "broken", "read only", "stop", "clock", "two")
"""What happens in a disturbed run: ``power`` is a kill that loses what is not on the disk, ``stop``
the SIGTERM of a scheduler that needs the machine, ``two`` a second run in the same folder."""


def schedule_of_job(bench: Bench, number: int) -> str:
    """One to three disturbed runs of a job, and one that is not; what is wrong, "" if nothing."""
    rng = random.Random(f"job {number}")
    job = rng.choice(bench.kinds)
    folder = bench.fresh(job)
    told = job.script
    for _ in range(rng.randint(1, 3)):
        if not job.due(folder):
            break
        fault = rng.choice(KINDS)
        at = int(2 ** rng.uniform(0, 8))
        told += f", {fault} at {at}"
        prepare(job, folder)
        ends = disturbed(job.run, folder, fault, at, rng)
        for ended in ends:
            if ended.status > 0 and not is_named(ended, job):
                return f"{told}: {ended.said[-600:]}"
        if all(ended.status > 0 for ended in ends):
            remove(job, folder)
    fault = bench.judge(job, folder)
    shutil.rmtree(folder)
    return fault and f"{told}: {fault}"


def disturbed(
    run: Callable[[], None], folder: Path, fault: str, at: int, rng: random.Random
) -> list[Ended]:
    """Run under a fault; how it ended, and the second of two."""
    kind = {"power": "kill", "two": "nothing"}.get(fault, fault)
    seconds = rng.choice([-86400, -3600, 3600, 400 * 86400])
    with running(run, folder, kind, at, seconds) as wait:
        if fault == "two":
            with running(run, folder) as other:
                ends = [wait(), other()]
        else:
            ends = [wait()]
        if fault == "power":
            lose(ends[0].operations, folder, names=rng.random() < 0.5)
    return ends


PARTS = (
    "results/tiny/tables/comparison.csv",
    "results/tiny/figures/learning_curves.svg",
    "results/tiny_search/tables/leaderboard.csv",
    "results/tiny_writes/tables/texts.parquet",
)


def schedule_of_run(bench: Bench, number: int) -> str:
    """One or two disturbed runs of a part of the workflow, and one that is not, in one folder.

    A run that finds the lock of one that was killed says so, and is unlocked as it says.
    """
    rng = random.Random(f"run {number}")
    folder = Path(tempfile.mkdtemp(prefix="again-", dir=bench.folder))
    (folder / "config").symlink_to(bench.run / "config")
    (folder / "results").mkdir()
    target = told = rng.choice([part for part in PARTS if (bench.run / part).exists()])

    def run() -> None:
        run_workflow(["--rerun-incomplete", "--", target])

    faults = [rng.choice(KINDS) for _ in range(rng.randint(1, 2))]
    for fault in [*faults, "nothing"]:
        at = 1 + rng.randrange(150)
        told += f", {fault} at {at}"
        ends = disturbed(run, folder, fault, at, rng)
        if any("cannot be locked" in ended.said and "--unlock" in ended.said for ended in ends):
            with running(lambda: run_workflow(["--unlock"]), folder) as wait:
                ends = [wait()]
            if fault == "nothing":
                ends = disturbed(run, folder, fault, at, rng)
        for ended in ends:
            if "Traceback" in ended.said or (ended.status > 0 and not NAMED.search(ended.said)):
                return f"{told}: {ended.said[-1500:]}"
        if fault == "clock":
            jump = rng.choice([-3600, 3600])
            for path in folder.rglob("results/**/*"):
                os.utime(path, (time.time() + jump,) * 2)
    if ends[0].status == 0:
        made = [file for job in bench.all for file in job.makes if (folder / file).exists()]
        wrong = [file for file in made if not bench.same(file, folder)]
        if wrong or target not in made:
            return f"{told}: {', '.join(wrong) or target} is another than it was"
    shutil.rmtree(folder)
    return ""


NAMED = re.compile(
    r"^\w+: .*\brun\b|^(results|\.snakemake).*: cannot be written|--unlock|same command goes on",
    re.MULTILINE,
)


def count(what: str, schedule: Callable[[Bench, int], str], bench: Bench, numbers: range) -> int:
    """Go through schedules by number; the number of faults found."""
    faults = 0
    for number, wrong in zip(numbers, at_once(schedule, bench, numbers), strict=True):
        if wrong:
            faults += 1
            print(f"{what} {number} 1: {wrong}", flush=True)
        if number % 100 == 99:
            print(f"{what}: {number + 1 - numbers.start} done", flush=True)
    print(f"{len(numbers) - faults} of {len(numbers)} schedules of {what}", flush=True)
    return faults


def main(folder: str = "", what: str = "all", *more: str) -> int:
    """Do what is asked; the number of faults found."""
    with ExitStack() as stack:
        if not folder:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
        if what == "sample":
            bench = Bench(Path(folder).resolve(), SAMPLED)
            return points(bench) + jobs(bench, 0, 20)
        bench = Bench(Path(folder).resolve(), TARGETS)
        if what == "all":
            return points(bench) + jobs(bench) + runs(bench)
        if what == "points":
            return points(bench, int(more[0]) if more else 1, more[1:])
        return {"jobs": jobs, "runs": runs}[what](bench, *map(int, more))


def jobs(bench: Bench, first: int = 0, number: int = 1800) -> int:
    """Schedules of single jobs; the number of faults found."""
    return count("jobs", schedule_of_job, bench, range(first, first + number))


def runs(bench: Bench, first: int = 0, number: int = 200) -> int:
    """Schedules of whole runs; the number of faults found."""
    return count("runs", schedule_of_run, bench, range(first, first + number))


if __name__ == "__main__":
    if "LD_PRELOAD" not in os.environ:  # once more, with the disk that fails
        library = compiled(Path(tempfile.mkdtemp()))
        environment = {**os.environ, "LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    import_module("warm")  # what is forked has it
    sys.exit(main(*sys.argv[1:]) > 0)
