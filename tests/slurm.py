"""A real Slurm of one node with two simulated GPUs, for as long as a test needs it.

It needs root on Debian, whose packages are installed where they are missing. Everything else lies
in a folder of its own, with ports, a munge socket and pid files of its own; only two links in
/etc/slurm lead there while it runs. A machine that has a Slurm already is left alone.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PACKAGES", "Job", "Unavailable", "end_time_of_running_job", "ended_jobs", "one_node"]

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch"]
PACKAGES = ["munge", "slurmctld", "slurmd", "slurm-client"]
GPUS = 2
# More than small machines have, so that two jobs always run side by side; Slurm only counts them.
CPUS = 4
MEMORY = 16_000  # MB

# Where Slurm's programs look. The variable SLURM_CONF would not do: the executor plugin removes
# it from the environment of its job steps.
SYSTEM = Path("/etc/slurm")
PREFIX = "quantlearn-slurm-"
FILES = ["slurm.conf", "gres.conf"]

CONF = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Memory is watched, and a step that needs more than its job asked for is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
AccountingStorageType=accounting_storage/none
# Without it, a job that names no memory takes the whole node.
DefMemPerCPU=1000
# Finished jobs stay, so that squeue and scontrol know them.
MinJobAge=3600
KillWait=2
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:sim:{gpus} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=1-00:00:00 State=UP
"""


class Unavailable(Exception):
    """Slurm cannot be installed or started here; the message says why."""


@dataclass(frozen=True)
class Job:
    """A job that ended, as Slurm remembers it."""

    state: str
    partition: str
    start: float
    """Seconds since 1970."""
    end: float
    memory: int
    """What it asked for, in MB."""
    runtime: int
    """Its time limit in minutes."""


def ended_jobs() -> list[Job]:
    """All jobs that ended, in the order of their submission."""
    text = _output("scontrol", "--oneliner", "show", "job")
    lines = [line for line in text.splitlines() if line.startswith("JobId=")]
    return [_job(dict(re.findall(r"([\w/]+)=(\S*)", line)), line) for line in lines]


def end_time_of_running_job(partition: str) -> None:
    """Let the time limit of the one job that runs in a partition be reached in seconds."""
    (job,) = _output("squeue", "--noheader", f"--partition={partition}", "--format=%A").split()
    # Slurm refuses a time that is past when the command arrives.
    _output("scontrol", "update", f"JobId={job}", "EndTime=now+5")


def _job(fields: dict[str, str], line: str) -> Job:
    start, end = (
        time.mktime(time.strptime(fields[key], "%Y-%m-%dT%H:%M:%S"))
        for key in ("StartTime", "EndTime")
    )
    number, unit = re.search(r"\bmem=([\d.]+)([MG])", line).groups()
    days, hours, minutes = re.match(r"(?:(\d+)-)?(\d+):(\d+):", fields["TimeLimit"]).groups()
    return Job(
        state=fields["JobState"],
        partition=fields["Partition"],
        start=start,
        end=end,
        memory=round(float(number) * {"M": 1, "G": 1024}[unit]),
        runtime=(int(days or 0) * 24 + int(hours)) * 60 + int(minutes),
    )


@contextmanager
def one_node() -> Iterator[None]:
    """Run Slurm; stop it, and whatever it runs, at the end.

    Raises `Unavailable` where it cannot be installed or started.
    """
    _install()
    with ExitStack() as cleanup:
        cleanup.enter_context(_alone())
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
        _configure(folder)
        for file in FILES:
            (SYSTEM / file).symlink_to(folder / file)
            cleanup.callback((SYSTEM / file).unlink)
        try:
            for name, command in _daemons(folder).items():
                cleanup.callback(_stop, folder / f"{name}.pid")
                _output(*command)
            _wait_until_idle(folder)
        except (subprocess.SubprocessError, OSError) as fault:
            raise Unavailable(f"Slurm does not start: {fault}") from fault
        # Jobs end first: the daemon leaves the running ones alone when it stops.
        cleanup.callback(_output, "scancel", "--user=root", "--signal=KILL", "--full")
        yield


def _install() -> None:
    """Install Slurm from Debian's packages if it is missing."""
    if os.geteuid() != 0:
        raise Unavailable("starting Slurm's daemons needs root")
    if all(shutil.which(program, path=_path()) for program in PROGRAMS):
        return
    if not shutil.which("apt-get"):
        raise Unavailable("Slurm is not installed, and there is no apt-get to install it")
    try:
        _output("apt-get", "-qq", "-oAcquire::http::Timeout=20", "update", limit=120)
        _output("apt-get", "-qq", "-y", "--no-install-recommends", "install", *PACKAGES, limit=300)
    except subprocess.SubprocessError as fault:
        raise Unavailable(f"Slurm cannot be installed: {fault}") from fault


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the machine's one place for Slurm's configuration; wait while another test has it."""
    SYSTEM.mkdir(parents=True, exist_ok=True)
    place = os.open(SYSTEM, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        for link in (SYSTEM / file for file in FILES):
            if link.is_symlink() and link.readlink().parent.name.startswith(PREFIX):
                _clear_up_after_a_killed_run(link)
            elif link.exists():
                raise Unavailable(f"{link} exists: this machine has a Slurm of its own")
        yield
    finally:
        os.close(place)


def _clear_up_after_a_killed_run(link: Path) -> None:
    for pid_file in link.readlink().parent.glob("*.pid"):
        _stop(pid_file)
    shutil.rmtree(link.readlink().parent, ignore_errors=True)
    link.unlink()


def _configure(folder: Path) -> None:
    host = socket.gethostname().split(".")[0]
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in (first, second)]
    conf = CONF.format(folder=folder, host=host, ports=ports, cpus=CPUS, memory=MEMORY, gpus=GPUS)
    (folder / "slurm.conf").write_text(conf)
    (folder / "gres.conf").write_text(f"Name=gpu Type=sim File={folder}/gpu[0-{GPUS - 1}]\n")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)
    for gpu in range(GPUS):
        # A clone of /dev/null. Of a plain file Slurm would make no CUDA_VISIBLE_DEVICES.
        os.mknod(folder / f"gpu{gpu}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))


def _daemons(folder: Path) -> dict[str, list[str]]:
    """The commands that start the daemons, in their order, by the names of their pid files."""
    munge = [
        "munged",
        "--force",  # The folder may belong to a user who is not root, which munge dislikes.
        f"--key-file={folder}/munge.key",
        f"--socket={folder}/munge.socket",
        f"--pid-file={folder}/munged.pid",
        f"--log-file={folder}/munged.log",
        f"--seed-file={folder}/munged.seed",
    ]
    return {
        "munged": munge,
        "slurmctld": ["slurmctld", "-f", f"{folder}/slurm.conf"],
        "slurmd": ["slurmd", "-f", f"{folder}/slurm.conf"],
    }


def _wait_until_idle(folder: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            states = _output("sinfo", "--noheader", "--format=%T", limit=2).split()
            if set(states) == {"idle"}:
                return
        except subprocess.SubprocessError:
            pass  # The controller is not up yet.
        time.sleep(0.2)
    logs = "".join((folder / f"{name}.log").read_text()[-500:] for name in ("slurmctld", "slurmd"))
    raise Unavailable(f"Slurm's node is not idle after {seconds} s: {logs}")


def _stop(pid_file: Path, seconds: float = 10) -> None:
    """End the daemon of a pid file, if it runs."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text(encoding="utf-8"))
    end = time.monotonic() + seconds
    while _runs(pid):
        with suppress(ProcessLookupError):  # It may end just now.
            os.kill(pid, signal.SIGTERM if time.monotonic() < end else signal.SIGKILL)
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    """Whether a process runs. One that has ended may wait long to be reaped in a container."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _path() -> str:
    """Daemons are in folders that are not on everybody's PATH."""
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _output(*command: str, limit: float = 10) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
        env={**os.environ, "PATH": _path(), "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode:
        raise subprocess.SubprocessError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return done.stdout
