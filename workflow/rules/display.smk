"""What surrounds a run: what is said when it starts and ends, and what its display shows of it."""

from quantlearn.pipeline.run_progress import Job

# Seconds of a rule's jobs, about, on one core; of a rule that is not here by the first of these
# that its name begins with. What jobs really take corrects them as a run goes on.
SECONDS = {
    "generate_data": 1,
    "balance_data": 0.7,
    "split_data": 0.7,
    "withhold_test": 0.7,
    "sample_hyperparameters": 0.6,
    "train": 6,  # and the work of training
    "open_test": 3,
    "measure_baselines": 1.5,
    "aggregate": 1,
    "leaderboard": 1,
    "compare": 1.5,
    "analyse_": 3,
    "plot_": 2,  # and a second for each figure
    "export_networks": 1.2,
    "render_experiment": 4,
    "describe_quantifiers": 10,
    "measure_speed": 30,
    "render_course": 8,
    "build_report_": 8,
    "": 4,
}
USES_IN_A_SECOND = 2.5e10  # of weights, in training
FASTER = 8  # times, where whole batches go through a layer at once


@cache
def seconds_of_training(experiment, samples):
    """The seconds that the work of training some samples of an experiment may take on one core."""
    most = max(map(len, samples_by_job(experiment)))
    faster = FASTER if EXPERIMENTS[experiment]["network"]["architecture"] == "feedforward" else 1
    return 10 ** digits_of_effort(experiment) * samples / most / faster / USES_IN_A_SECOND


def shown(job):
    """A job as the display shows it."""
    paths = [Path(path).parts for path in (*job.output, *job.log)]
    part = next((path[1] for path in paths if len(path) > 1 and path[1] in EXPERIMENTS), "")
    name, number = job.rule.name, ""
    seconds = SECONDS[max(filter(name.startswith, SECONDS), key=len)]
    if name == "train":
        jobs = samples_by_job(part)
        seconds += seconds_of_training(part, len(jobs[int(job.wildcards.job)]))
        number = job.wildcards.job if len(jobs) > 1 else ""
    elif name.startswith("plot_"):
        seconds += len(EXPERIMENTS[part]["figures"])
    return Job(
        kind=name.removesuffix(f"_{part}"),
        part=part,
        seconds=seconds,
        threads=job.threads,
        number=number,
        after=tuple(workflow.dag.jobid(other) for other in workflow.dag.dependencies[job]),
        log=str(job.log[0]) if job.log else "",
    )


def jobs_to_run():
    """The jobs that a run is about to do, by Snakemake's number."""
    return {workflow.dag.jobid(job): shown(job) for job in workflow.dag.needrun_jobs()}


def found():
    """What the pages say that were asked for, in a line for each universal, and where they are.

    A question's script has told the answer; the page of its experiment is the place.
    """
    if SETTINGS.asked:
        return [], question("results/chapters/{name}/experiments/{name}.html")
    from quantlearn.report.front_page import said_in_short

    asked = {job.rule.name for job in workflow.dag.jobs}
    pages = [page for page in SITES if f"build_report_{page}" in asked]
    lines = [
        line for page in pages for line in said_in_short(f"results/report/{page}/overview.csv")
    ]
    singles = [
        f"results/chapters/{page}/index.html" for page in SINGLE_PAGES if "build_page" in asked
    ]
    return lines, [*(SITES[page] for page in pages), *singles]


onstart:
    # Otherwise Snakemake would stop with a traceback at the first of these jobs.
    if lines := unwritable_folders(
        file for job in workflow.dag.needrun_jobs() for file in (*job.output, *job.log)
    ):
        sys.exit("\n".join(lines))
    trained = {
        job.wildcards.experiment for job in workflow.dag.needrun_jobs() if job.name == "train"
    }
    for name in sorted(trained):
        if needed := trials_lacking(EXPERIMENTS[name]):
            trials = EXPERIMENTS[name]["trials"]
            print(
                f"{name}: {trials} trials can show no difference; it takes {needed}",
                file=sys.stderr,
            )
    # The limit of jobs per second looks at all that is ready once more a second after each time that
    # it looked there, on top of the times that jobs end: after some hundred jobs Snakemake would do
    # nothing else. A limit of one's own (--max-jobs-per-timespan) stays.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    if DISPLAY:
        at_once = workflow.cores if workflow.local_exec else workflow.nodes
        DISPLAY.begin(jobs_to_run(), at_once, local=workflow.local_exec)


onsuccess:
    if DISPLAY:
        DISPLAY.end("done")


onerror:
    for own_log, line in killed_jobs(
        "".join(Path(path).read_text(encoding="utf-8") for path in log)
    ):
        DISPLAY.say(line) if DISPLAY else print(line, file=sys.stderr)
        with open(own_log, "a", encoding="utf-8") as file:
            print(line, file=file)
    if DISPLAY:
        DISPLAY.end("not done")
