"""One address attacks, others read: they are answered within 250 ms more than when nobody attacks.

Without a proxy as far as the service promises it (docs/operations.md), and behind the shipped nginx whatever the kind.
Each attack lasts two seconds, or as many as SMARTREGION_ATTACK_SECONDS says.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from attacks import attacker
from attacks.attacker import KINDS
from attacks.honest import Seen, ask
from deployed import nginx
from support import free_port, served

from publish.releases.release import Releases

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SMARTREGION_ATTACK_SECONDS", "2"))
MORE_SECONDS = 0.25
_FILES = 8192
"""Open files that the attacker needs, and nginx, which is given them by its configuration."""

_TLS_ONLY = {"TLS handshakes that stop"}
_PROXY_ONLY = {"windows of zero"} | _TLS_ONLY
"""Kinds that are nothing without TLS or HTTP/2, which the service does not speak itself."""


@dataclass(frozen=True)
class Front:
    """Where people and attackers connect.

    :ivar certificate: for them to trust; empty where there is no TLS.
    :ivar idle: what honest people see when nobody attacks.
    """

    port: int
    certificate: str
    idle: Seen

    def ask(self, seconds: float) -> Seen:
        """What honest people see now."""
        return ask(self.port, _trusting(self.certificate), seconds)


def _trusting(certificate: str) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=certificate) if certificate else None


@pytest.fixture(scope="module", autouse=True)
def _open_files() -> Iterator[None]:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < _FILES:
        pytest.skip(f"This user may not open {_FILES} files.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before, _FILES), most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


@pytest.fixture(scope="module")
def bare(releases: Releases) -> Iterator[Front]:
    """The service with its default settings, without a proxy."""
    port = free_port()
    with served(releases.root, port=port, workers=2):
        yield Front(port, "", _idle(port, ""))


@pytest.fixture(scope="module")
def behind(releases: Releases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The same behind the shipped nginx."""
    port, here = free_port(), tmp_path_factory.mktemp("nginx")
    with served(releases.root, port=port, workers=2, proxies=1), nginx(here, port) as proxy:
        certificate = str(proxy.certificate)
        yield Front(proxy.port, certificate, _idle(proxy.port, certificate))


def _idle(port: int, certificate: str) -> Seen:
    ask(port, _trusting(certificate), 0)  # The first answers of a new process take longer.
    seen = ask(port, _trusting(certificate), SECONDS)
    assert seen.faults == []
    return seen


@contextlib.contextmanager
def attacked(front: Front, kind: str, said: dict[str, Any]) -> Iterator[None]:
    """An attack that is in full force at the beginning of the block; what it said is there after its end."""
    command = [sys.executable, str(Path(attacker.__file__)), kind, str(front.port), front.certificate]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "on\n"
            yield
            process.stdin.close()
            said |= json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _withstand(front: Front, kind: str) -> None:
    said: dict[str, Any] = {}
    with attacked(front, kind, said):
        seen = front.ask(SECONDS)
    # Shown by pytest -s, for whoever measures.
    sys.stdout.write(f"\n{kind}: {seen}; idle: {front.idle}; {said}\n")
    # The attack was one: nearly all of its sockets were let in.
    assert said["opened"] >= 0.9 * KINDS[kind].sockets, said
    assert seen.faults == []
    assert seen.median <= front.idle.median + MORE_SECONDS
    assert seen.most <= front.idle.most + MORE_SECONDS


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in _PROXY_ONLY])
def test_others_are_answered_while_one_address_attacks_the_service(bare: Front, kind: str) -> None:
    _withstand(bare, kind)


@pytest.mark.nginx
@pytest.mark.parametrize("kind", KINDS)
def test_others_are_answered_while_one_address_attacks_the_proxy(behind: Front, kind: str) -> None:
    _withstand(behind, kind)
