"""Commands as a user starts them: in a directory, without our settings, until they say that they are ready."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

READY = "Ready: "
_START_SECONDS = 180
_STOP_SECONDS = 30


def environment(**changes: str) -> dict[str, str]:
    """The environment that is there, but for settings of ours and what pytest and virtual environments add."""
    aside = ("SMARTREGION_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(aside)}
    return {**kept, **changes}


@dataclass
class Started:
    """A command that is running and ready.

    :ivar address: that it said, without a slash at the end.
    :ivar output: its lines so far, standard error among them.
    """

    process: subprocess.Popen[str]
    address: str = ""
    output: list[str] = field(default_factory=list)

    def interrupt(self) -> int:
        """Do what Ctrl+C does: a signal for the whole group of processes; returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(_STOP_SECONDS)

    def left(self) -> list[int]:
        """Processes of its session that are still there when all had time to end."""
        end = time.monotonic() + _STOP_SECONDS
        while (found := self._session()) and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def _session(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
                if session == self.process.pid:
                    found.append(int(entry.name))
        return found


@contextlib.contextmanager
def started(command: list[str], directory: Path, given: Mapping[str, str]) -> Iterator[Started]:
    """Run a command until the end of the block; it is ready at the beginning.

    :raises AssertionError: it ended, or was not ready in time; with what it said.
    """
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=dict(given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    running = Started(process)
    reader = threading.Thread(target=_read, args=(running,), daemon=True)
    reader.start()
    try:
        _await(running)
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        reader.join(_STOP_SECONDS)


def _read(running: Started) -> None:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.output.append(line)


def _await(running: Started) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        for line in running.output:
            if line.startswith(READY):
                running.address = line.removeprefix(READY).split()[0].rstrip("/")
                return
        if running.process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError("It is not ready:\n" + "".join(running.output))
