"""How far a run is said to be, on clocks that are made up."""

import pytest

from quantlearn.pipeline.run_progress import Job, RunProgress
from quantlearn.pipeline.training_log import TrainingLine, next_sample


def simulated(jobs, seconds, cores):
    """A run whose jobs take so many seconds, started in order as they become free.

    Yields the progress and the time at each end of a job.
    """
    run, now, free = RunProgress(jobs, cores, 0), 0.0, dict(jobs)
    ends, done = {}, set()
    while free or ends:
        ready = [number for number, job in free.items() if done.issuperset(job.after)]
        for number in ready[: cores - len(ends)]:
            run.start(number, now)
            ends[number] = now + seconds[number]
            del free[number]
        number = min(ends, key=ends.get)
        now = ends.pop(number)
        run.finish(number, now)
        done.add(number)
        yield run, now


def jobs_of_two_kinds():
    """Twelve that train for a minute each, sixty that draw for a second, and a report of all."""
    jobs = {number: Job("train", f"e{number}", 60) for number in range(12)}
    jobs |= {
        12 + number: Job("draw", f"e{number % 12}", 1, after=(number % 12,)) for number in range(60)
    }
    return jobs | {72: Job("report", "", 20, after=tuple(jobs))}


@pytest.mark.parametrize("cores", [1, 2, 4])
@pytest.mark.parametrize("slower", [1, 3], ids=["as expected", "three times as slow"])
def test_a_tenth_of_the_progress_is_about_a_tenth_of_the_time(cores, slower):
    jobs = jobs_of_two_kinds()
    said = [
        (now, run.share(now), run.seconds_left(now))
        for run, now in simulated(
            jobs, {number: slower * job.seconds for number, job in jobs.items()}, cores
        )
    ]
    whole = said[-1][0]
    assert said[-1][1:] == (1, 0)
    for now, share, left in said:
        assert share == pytest.approx(now / whole, abs=0.1)
        if now > whole / 3:
            assert left == pytest.approx(whole - now, abs=0.1 * whole)


def test_what_jobs_take_corrects_what_others_are_expected_to():
    """Here half as long; but for what is left of the first expectation, which is a tenth."""
    jobs = {number: Job("train", "", 60) for number in range(10)}
    jobs |= {10 + number: Job("draw", "", 60) for number in range(10)}
    run = RunProgress(jobs, 1, 0)
    for number in range(5):
        run.start(number, 60 * number)
        run.finish(number, 60 * number + 30)
        run.start(10 + number, 60 * number + 30)
        run.finish(10 + number, 60 * number + 60)
    assert run.seconds_left(300) == pytest.approx(300, rel=0.1)
    for number in range(5, 10):
        run.start(number, 150 + 30 * number)
        run.finish(number, 180 + 30 * number)
    assert run.seconds_left(450) == pytest.approx(150, rel=0.15)


def test_an_experiment_that_ended_early_says_little_of_another():
    """A job of 800 s ends after 40; the ten of another experiment take what was expected."""
    jobs = {0: Job("train", "early", 800)}
    jobs |= {number: Job("train", "other", 60) for number in range(1, 11)}
    run = RunProgress(jobs, 1, 0)
    run.start(0, 0)
    run.finish(0, 40)
    assert run.seconds_left(40) > 90
    for number in range(1, 4):
        run.start(number, 60 * number - 20)
        run.finish(number, 60 * number + 40)
    assert run.seconds_left(220) == pytest.approx(7 * 60, rel=0.15)


def test_a_job_of_several_samples_tells_how_long_it_takes(tmp_path):
    """Two of five are done after 100 s, and half of the third: 100 s are left."""
    log = tmp_path / "0.log"
    run = RunProgress({1: Job("train", "a", 20, log=str(log))}, 1, 0)
    run.start(1, 0)
    line = TrainingLine(500, 1000, trials=3, split="dev", accuracy=0.7, seconds=8)
    log.write_text(f"12:00:00 {next_sample(2, before=2, samples=5)}\n12:00:10 {line}\n", "utf-8")
    run.read_log(1)
    assert run.seconds_left(100) == pytest.approx(100)


def test_the_time_left_is_not_less_than_the_longest_way_to_the_end():
    jobs = {1: Job("train", "", 100), 2: Job("draw", "", 30, after=(1,)), 3: Job("other", "", 10)}
    assert RunProgress(jobs, cores=64, now=0).seconds_left(0) == 130


def test_progress_never_goes_back():
    run = RunProgress({number: Job("train", "", 1) for number in range(10)}, 1, 0)
    run.start(0, 0)
    run.finish(0, 1)
    before = run.share(1)
    run.start(1, 1)
    run.finish(1, 500)
    run.start(2, 500)
    run.finish(2, 501)
    assert run.seconds_left(501) > 50
    assert run.share(501) >= before


def test_a_job_that_is_tried_again_counts_once():
    run = RunProgress({1: Job("train", "a", 5)}, 1, 0)
    run.start(1, 0)
    run.fail(1)
    assert (run.done, run.failed) == (0, {1})
    run.start(1, 3)
    run.finish(1, 9)
    assert (run.done, run.failed) == (1, set())


def test_what_training_tells_is_seen_while_it_runs(tmp_path):
    log = tmp_path / "0.log"
    run = RunProgress({1: Job("train", "a", 1000, log=str(log))}, 1, 0)
    run.start(1, 0)
    run.read_log(1)
    assert list(run.said_of_running(8)) == [("train a", "8 s")]
    line = TrainingLine(2000, 6000, trials=3, split="dev", accuracy=0.7, seconds=20)
    log.write_text(f"12:00:00 checking\n12:00:10 {line}\n12:00:11 step 30 of", encoding="utf-8")
    run.read_log(1)
    assert list(run.said_of_running(10)) == [("train a", "step 2,000 of 6,000, at most 20 s left")]
    assert run.seconds_left(10) == 20
    [part] = run.parts().values()
    assert [list(training.lines) for training in part.curves.values()] == [[line]]
