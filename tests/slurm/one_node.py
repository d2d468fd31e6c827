"""A Slurm of one node on the loopback interface: installed where it is lacking, started, and stopped again.

`python tests/slurm/one_node.py up|down|status`; needs root and Debian, no systemd. It takes over no Slurm that is
there already.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

CONFIG = Path("/etc/slurm/slurm.conf")  # the only place at which every part of Slurm looks
OURS = "# Written by the tests of Lawbook.\n"
STATE = Path("/var/tmp/lawbook-slurm")
DAEMONS = ("slurmd", "slurmctld", "munged")
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")

# Sixteen CPUs that are not there: with two, jobs that ask for more would wait for good.
SLURM_CONF = """
ClusterName=lawbook
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation={state}/ctld
SlurmdSpoolDir={state}/d
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=20
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=200
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory={memory_mb}
PartitionName=cpu Nodes={host} Default=YES MaxTime=01:00:00 State=UP
"""


class CannotRunError(Exception):
    """Why no Slurm can be run here."""


def up() -> None:
    """Start the node and wait until it runs jobs; at once if it does. Raises CannotRunError with the reason."""
    _check_machine()
    if state() == "idle":
        return
    try:
        _start()
    except OSError as error:
        down()
        raise CannotRunError(f"its files cannot be laid out ({error})") from None
    except CannotRunError:
        down()
        raise


def _start() -> None:
    _start_munge()
    _configure()
    _call("slurmctld")
    _call("slurmd", "-N", _host())
    until = time.monotonic() + 60
    while state() != "idle":
        if time.monotonic() > until:
            raise CannotRunError(f"the node is {state() or 'silent'}; its logs lie in {STATE}")
        time.sleep(0.1)
    _call("srun", "--mem=100", "true")  # a node may be idle and yet run nothing


def down() -> None:
    """Stop what `up` has started, and take its configuration away."""
    if not _is_ours():
        return
    for daemon in DAEMONS:
        subprocess.run(["pkill", "-x", daemon], check=False)
    CONFIG.unlink()
    time.sleep(0.5)
    shutil.rmtree(STATE, ignore_errors=True)


def state() -> str:
    """Return what the node says of itself, such as idle or mixed; empty if nobody answers."""
    if shutil.which("sinfo") is None or not CONFIG.exists():
        return ""
    try:
        answer = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, timeout=10, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return answer.stdout.strip()


def _check_machine() -> None:
    """Install Slurm if it is lacking. Raises CannotRunError where that cannot be, or where one runs already."""
    if os.geteuid() != 0:
        raise CannotRunError("only root can start Slurm's daemons")
    if CONFIG.exists() and not _is_ours():
        raise CannotRunError(f"this machine has a Slurm of its own ({CONFIG})")
    if all(shutil.which(program) for program in (*DAEMONS, "sbatch")):
        return
    if shutil.which("apt-get") is None:
        raise CannotRunError("Slurm is not installed, and this is no Debian that could install it")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    patience = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10")
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", *PACKAGES)):
        done = _run(["apt-get", "-qq", *patience, *arguments], quiet, 300)
        if done.returncode and arguments[0] == "install":
            raise CannotRunError(f"Slurm cannot be installed: {done.stderr.strip().splitlines()[-1:]}")


def _is_ours() -> bool:
    return CONFIG.exists() and CONFIG.read_text().startswith(OURS)


def _start_munge() -> None:
    """Start the daemon that signs Slurm's messages, with a key of its own."""
    for folder, mode in (("/etc", 0o700), ("/var/lib", 0o700), ("/var/log", 0o700), ("/run", 0o755)):
        place = Path(folder) / "munge"
        place.mkdir(parents=True, exist_ok=True)
        shutil.chown(place, "munge", "munge")
        place.chmod(mode)
    key = Path("/etc/munge/munge.key")
    if not key.exists():
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        shutil.chown(key, "munge", "munge")
    if _run(["pgrep", "-x", "munged"]).returncode:
        _call("runuser", "-u", "munge", "--", "munged")


def _configure() -> None:
    for folder in (STATE / "ctld", STATE / "d"):
        folder.mkdir(parents=True, exist_ok=True)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10 * 9 >> 20
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text(OURS + SLURM_CONF.format(host=_host(), state=STATE, memory_mb=memory_mb))


def _host() -> str:
    return socket.gethostname().partition(".")[0]


def _call(*command: str) -> None:
    done = _run(list(command))
    if done.returncode:
        raise CannotRunError(f"{command[0]} does not start: {done.stderr.strip() or done.stdout.strip()}")


def _run(
    command: list[str], environment: dict[str, str] | None = None, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command. Raises CannotRunError if it takes too long: a sick node lets its clients wait for ever."""
    try:
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise CannotRunError(f"{command[0]} did not answer within {seconds:.0f} s") from None


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what not in ("up", "down", "status"):
        sys.exit(__doc__)
    try:
        print({"up": up, "down": down, "status": state}[what]() or state() or "down")
    except CannotRunError as reason:
        sys.exit(f"Error: {reason}")
