"""Programs whose first process prepares data once and then forks processes that use them and can be killed.

The first process does no work itself. Its socket takes two messages: 0 and another socket, to fork a process that
serves this one; a process id, to end that process and return its exit status. Every forked process has its own socket,
so the end of one does not affect others.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any, NoReturn

from sparql_engine.errors import EngineFailed

_LOG = logging.getLogger(__name__)
_START_SECONDS = 120.0
"""Seconds to start; reading ten million triples into memory takes half of them."""
_GRACE_SECONDS = 2.0
_BEGIN = """import runpy, sys
sys.modules["pyarrow"] = None
program = sys.argv.pop(1)
runpy.run_module(program, run_name="__main__", alter_sys=True)"""
"""Runs a module like ``-m``, but without pyarrow: pandas imports it if it is installed, and it starts threads."""


class Origin:
    """Handle of the first process of a program.

    :param program: module to run; it calls :func:`begin`, then :func:`ready`, then :func:`serve`.
    :param start: value that :func:`begin` returns; ``network`` says whether the processes may use the network.
    """

    def __init__(self, program: str, start: dict[str, Any]) -> None:
        ours, theirs = socket.socketpair()
        places = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-c", _BEGIN, program, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                # A process with threads must not fork; this prevents threads of numerical libraries.
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, places)),
                    "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1",
                },
            )
        self._program = program
        self._network = start["network"]
        self._connection = Connection(ours.detach())
        self._lock = threading.Lock()
        self._ready = False
        self._connection.send(start)

    def alive(self) -> bool:
        """Whether the first process is running."""
        return self._process.poll() is None

    def fork(self) -> tuple[int, Connection]:
        """Fork a process; return its id and the socket to it.

        :raises EngineFailed: the program could not start, or has ended.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs, self._asking():
            if not self._ready:
                self._greet()
            self._connection.send(0)
            send_handle(self._connection, theirs.fileno(), self._process.pid)
            pid: int = self._receive()
            return pid, Connection(ours.detach())

    def end(self, pid: int) -> int:
        """End a forked process, if it has not ended already; return its exit status, negative for a signal."""
        with self._asking():
            self._connection.send(pid)
            status: int = self._receive()
            return status

    def close(self) -> None:
        """End the process and all that it forked; it also ends itself when the socket is closed."""
        self._connection.close()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (EOFError, OSError) as error:
            self.close()
            raise EngineFailed(f"Processes of {self._program} cannot be started: {type(error).__name__}.") from None

    def _greet(self) -> None:
        status, detail, isolated = self._receive()
        if status != "ready":
            raise EngineFailed(f"{self._program} cannot start: {detail}")
        self._ready = True
        if not isolated and not self._network:
            _LOG.warning("Processes of %s cannot leave the network here.", self._program)

    def _receive(self) -> Any:
        if not self._connection.poll(_START_SECONDS):
            raise TimeoutError
        return self._connection.recv()


def begin() -> tuple[Connection, dict[str, Any], bool]:
    """In the program: the socket of the first argument, the start value, and whether it has left the network."""
    control = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    start: dict[str, Any] = control.recv()
    isolated = not start["network"] and _leave_network()
    _use_one_heap()
    return control, start, isolated


def _leave_network() -> bool:
    """Move to a network namespace without interfaces; return whether the kernel permits it."""
    if sys.platform != "linux":
        return False
    network, user = 0x40000000, 0x10000000
    unshare = ctypes.CDLL(None).unshare
    # In a user namespace root loses its rights over files of other users, so it is the second choice.
    return any(unshare(flags) == 0 for flags in (network, network | user))


def _use_one_heap() -> None:
    """Stop glibc from reserving a heap for each thread: a memory limit would not count its 64 MiB."""
    if sys.platform == "linux":
        arena_max = -8
        ctypes.CDLL(None).mallopt(arena_max, 1)


def limit_memory(more: int) -> int:
    """Limit this process to a number of bytes of address space more than now; return the bytes in use.

    Without /proc, the bytes in use count as 0.
    """
    idle = address_space()
    limit = idle + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return idle


def address_space() -> int:
    """Bytes of address space in use; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


def serve(control: Connection, child: Callable[[Connection], NoReturn], *, isolated: bool) -> None:
    """In the program, after preparation: fork and end processes until the other end of the socket is closed.

    :param child: runs in a forked process with the socket that is for it alone.
    """
    gc.freeze()
    control.send(["ready", "", isolated])
    children: set[int] = set()
    while True:
        try:
            order = control.recv()
        except EOFError:
            for pid in children:
                _end(pid)
            return
        if order:
            children.remove(order)
            control.send(_end(order))
            continue
        descriptor = recv_handle(control)
        pid = os.fork()
        if not pid:
            control.close()
            child(Connection(descriptor))
        os.close(descriptor)
        children.add(pid)
        control.send(pid)


def _end(pid: int) -> int:
    """Kill a process that has not ended already; return its exit status, negative for a signal."""
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
