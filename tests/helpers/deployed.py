"""The files of deploy/ as an operator uses them, with places and ports of this machine put in."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import ROOT, free_port

DEPLOY = ROOT / "deploy"
HOST = "daten.example.org"
"""The name in the shipped files, which operators replace by theirs."""

_PLACES = "/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
_START_SECONDS = 20
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Proxy:
    """A running nginx.

    :ivar host: name that it answers to.
    :ivar port: where it takes TLS.
    :ivar plain: where it takes what is not TLS.
    :ivar certificate: for clients to trust.
    :ivar log: its error log.
    """

    host: str
    port: int
    plain: int
    certificate: Path
    log: Path

    @property
    def base(self) -> str:
        """What it serves, with a slash at the end."""
        return f"https://{self.host}:{self.port}/"


def program(name: str) -> str:
    """Path of a program; the test is skipped where there is none."""
    found = shutil.which(name, path=_PLACES)
    if found is None:
        pytest.skip(f"There is no {name} here.")
    return found


def filled(name: str, replacements: Mapping[str, str]) -> str:
    """A file of deploy/ with parts replaced, each of which has to be there."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in replacements.items():
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def nginx(here: Path, back: int, front: int | None = None) -> Iterator[Proxy]:
    """The shipped nginx in front of a port, called ``localhost``.

    :param here: directory of its own.
    :param front: port for TLS, a free one if not given.
    """
    proxy = configured(here, back, front)
    command = [program("nginx"), "-e", str(proxy.log), "-p", str(here), "-c", str(here / "nginx.conf")]
    process = subprocess.Popen([*command, "-g", "daemon off;"])
    try:
        _await(proxy.port, process)
        yield proxy
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def configured(here: Path, back: int, front: int | None = None) -> Proxy:
    """Write the shipped configuration for a directory, see :func:`nginx`."""
    front, plain = front or free_port(), free_port()
    key, certificate, log = here / "key.pem", here / "certificate.pem", here / "error.log"
    _make_certificate(key, certificate)
    ports = {"listen 80": f"listen 127.0.0.1:{plain}", "listen 443": f"listen 127.0.0.1:{front}"}
    main = {
        **ports,
        "user www-data;": "user root;" if os.geteuid() == 0 else "",
        "/run/nginx.pid": str(here / "nginx.pid"),
        "/var/log/nginx/error.log": str(log),
        "/etc/nginx/conf.d/smartregion.conf": str(here / "smartregion.conf"),
        "http {": "http {" + "".join(f" {kind}_temp_path {here}/{kind};" for kind in _TEMPORARY),
    }
    site = {
        **ports,
        HOST: "localhost",
        "/etc/ssl/certificate.pem": str(certificate),
        "/etc/ssl/key.pem": str(key),
        "127.0.0.1:8000": f"127.0.0.1:{back}",
    }
    (here / "nginx.conf").write_text(filled("nginx.conf", main), encoding="utf-8")
    (here / "smartregion.conf").write_text(filled("smartregion.conf", site), encoding="utf-8")
    return Proxy("localhost", front, plain, certificate, log)


def _make_certificate(key: Path, certificate: Path) -> None:
    command = [
        program("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen.")
