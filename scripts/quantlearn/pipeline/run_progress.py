"""How far a run is: what has been done of the work of its jobs, what runs, and the time left.

Jobs are weighed by the seconds that they are expected to take. What those of an experiment took so
far corrects what is expected of its others of the kind, a little of all of that kind, and less of
all others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from quantlearn.pipeline.training_log import Training, read_training_log

__all__ = ["Job", "Part", "RunProgress", "duration"]

_TRUST = 10  # seconds of jobs after which what they took counts as much as what was expected
_MOST = 20  # for which a job counts with those of other experiments: training may have ended early
_TRUST_IN_PACE = 60  # the same for the share of the cores' time that is spent in jobs


class Job(NamedTuple):
    """A job: its rule without the experiment's name, whose it is, and seconds that it may take.

    part: the experiment, or what else it belongs to; number: of the job among those of its kind;
    after: the jobs that it waits for; log: its path.
    """

    kind: str
    part: str
    seconds: float
    threads: int = 1
    number: str = ""
    after: tuple[int, ...] = ()
    log: str = ""

    @property
    def name(self) -> str:
        """What readers call it.

        >>> Job("train", "exp1a", 5).name, Job("train", "architectures", 5, number="3").name
        ('train exp1a', 'train architectures 3')
        """
        return " ".join(filter(None, [self.kind.replace("_", " "), self.part, self.number]))


@dataclass
class Part:
    """An experiment, or what else jobs belong to: how many of them are done, and what it learned.

    curves: training job → what its log tells.
    """

    jobs: int = 0
    done: int = 0
    running: int = 0
    failed: int = 0
    curves: dict[int, Training] = field(default_factory=dict)


class RunProgress:
    """The jobs of a run by their number, and what became of each; times are seconds of one clock.

    >>> jobs = {1: Job("train", "a", 30), 2: Job("train", "b", 30, after=(1,))}
    >>> run = RunProgress(jobs, cores=2, now=100)
    >>> run.seconds_left(100), run.share(100)
    (60.0, 0.0)
    >>> run.start(1, 100); run.finish(1, 160); run.done, round(run.seconds_left(160))
    (1, 57)
    """

    def __init__(self, jobs: Mapping[int, Job], cores: int, now: float) -> None:
        self.jobs = dict(jobs)
        self.cores = cores
        self.began = now
        self.running: dict[int, float] = {}
        self.training: dict[int, Training] = {}
        self.failed: set[int] = set()
        self._ended: set[int] = set()
        self._busy = 0.0
        self._expected: Counter[tuple[str, ...]] = Counter()
        self._taken: Counter[tuple[str, ...]] = Counter()
        self._share = 0.0
        self._until_end = self._longest_ways()

    @property
    def done(self) -> int:
        """How many jobs are done."""
        return len(self._ended)

    def start(self, number: int, now: float) -> None:
        """Note that a job runs, perhaps once more."""
        self.jobs.setdefault(number, Job("job", "", 2))
        self.failed.discard(number)
        self.running[number] = now

    def finish(self, number: int, now: float) -> None:
        """Note that a job is done, and learn from how long it took."""
        began, job = self.running.pop(number, None), self.jobs.get(number)
        if began is not None and job is not None:
            self.read_log(number)
            *wider, own = _groups(job)
            for group, weight in [(own, 1), *((one, min(1, _MOST / job.seconds)) for one in wider)]:
                self._expected[group] += weight * job.seconds
                self._taken[group] += weight * (now - began)
            self._busy += job.threads * (now - began)
        self._ended.add(number)

    def fail(self, number: int) -> None:
        """Note that a job failed."""
        self.running.pop(number, None)
        self.failed.add(number)

    def read_log(self, number: int) -> None:
        """Look how far the training of a job is."""
        job = self.jobs[number]
        if job.kind == "train" and (told := read_training_log(job.log)):
            self.training[number] = told

    def seconds_left(self, now: float) -> float:
        """What is left, about: all work by the cores, or the longest way to the end."""
        work, longest, machine = 0.0, 0.0, self._correction(())
        corrections = {
            group: self._correction(group) for group in {_groups(j)[-1] for j in self.jobs.values()}
        }
        for number, job in self.jobs.items():
            if number in self._ended or number in self.failed:
                continue
            own = left = job.seconds * corrections[_groups(job)[-1]]
            if number in self.running:
                left = self._left_of_running(number, own, now - self.running[number])
            work += left * job.threads
            way = self._until_end.get(number, job.seconds) - job.seconds
            longest = max(longest, left + machine * way)
        spent = self.cores * (now - self.began)
        busy = self._busy + sum(
            self.jobs[number].threads * (now - began) for number, began in self.running.items()
        )
        pace = (_TRUST_IN_PACE + busy) / (_TRUST_IN_PACE + max(spent, busy))
        return max(work / self.cores / pace, longest)

    def share(self, now: float) -> float:
        """The share of the run's time that has passed, about; it never goes back."""
        spent = now - self.began
        if spent > 0:
            self._share = max(self._share, spent / (spent + self.seconds_left(now)))
        return self._share

    def parts(self) -> dict[str, Part]:
        """Experiments, and what else jobs belong to, in the order in which they were met."""
        parts: defaultdict[str, Part] = defaultdict(Part)
        for number, job in self.jobs.items():
            part = parts[job.part]
            part.jobs += 1
            part.done += number in self._ended
            part.running += number in self.running
            part.failed += number in self.failed
            if number in self.training:
                part.curves[number] = self.training[number]
        return dict(parts)

    def said_of_running(self, now: float) -> Iterator[tuple[str, str]]:
        """Name each job that runs, the oldest first, and say how far it is."""
        for number, began in list(self.running.items()):
            told = self.training.get(number)
            yield self.jobs[number].name, told_in_words(told) if told else duration(now - began)

    def _correction(self, group: tuple[str, ...]) -> float:
        """How many times as long jobs of a group take as was expected; what () is, is all."""
        known = _TRUST * (self._correction(group[:-1]) if group else 1)
        return (known + self._taken[group]) / (_TRUST + self._expected[group])

    def _left_of_running(self, number: int, expected: float, spent: float) -> float:
        """Expected seconds less those spent, and not more than training itself says."""
        told = self.training.get(number)
        left = expected - spent
        if not told:
            return max(left, 0.1 * expected)
        if told.samples > 1:
            return spent * (1 / told.share - 1)
        # Training says what it takes at most: networks that have learned enough end sooner.
        bound = told.lines[-1].seconds
        return min(left, bound) if left > 0 else bound / 2

    def _longest_ways(self) -> dict[int, float]:
        """For each job the expected seconds from its start to the end of all that waits for it."""
        ways = {number: job.seconds for number, job in self.jobs.items()}
        waiting = {
            number: [other for other in job.after if other in ways]
            for number, job in self.jobs.items()
        }
        awaited = Counter(other for others in waiting.values() for other in others)
        free = [number for number in ways if not awaited[number]]
        while free:
            number = free.pop()
            for other in waiting[number]:
                ways[other] = max(ways[other], self.jobs[other].seconds + ways[number])
                awaited[other] -= 1
                if not awaited[other]:
                    free.append(other)
        return ways


def _groups(job: Job) -> list[tuple[str, ...]]:
    """What a job is compared with: all jobs, those of its kind, those of its experiment among them.

    >>> _groups(Job("train", "exp1a", 5))
    [(), ('train',), ('train', 'exp1a')]
    """
    return [(), (job.kind,), (job.kind, job.part)]


def told_in_words(told: Training) -> str:
    """Say how far training is.

    >>> from quantlearn.pipeline.training_log import TrainingLine
    >>> told_in_words(Training([TrainingLine(1200, 6000, 10, "dev", 0.5, 40)], 0, 1))
    'step 1,200 of 6,000, at most 40 s left'
    """
    last = told.lines[-1]
    sample = f"sample {told.before + 1} of {told.samples}, " if told.samples > 1 else ""
    left = f", at most {duration(last.seconds)} left" if last.seconds else ""
    return f"{sample}step {last.step:,} of {last.limit:,}{left}"


def duration(seconds: float) -> str:
    """Say how long something takes, no finer than readers need.

    >>> [duration(one) for one in (0.4, 48, 100, 4 * 60, 3 * 3600 + 130)]
    ['0 s', '48 s', '2 min', '4 min', '3 h 2 min']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
