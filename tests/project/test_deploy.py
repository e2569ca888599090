"""The files of deploy/: judged by the programs that read them, run, and compared with the settings."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from deployed import DEPLOY, Proxy, configured, filled, nginx, program
from support import free_port

from smartregion.settings import Settings
from smartregion.web.server import _threads

pytestmark = pytest.mark.slow

_UNITS = ("smartregion.service", "smartregion-build.service", "smartregion-build.timer")
_MEGA = 2**20


def _value(name: str, pattern: str) -> int:
    (found,) = re.findall(pattern, (DEPLOY / name).read_text(encoding="utf-8"), re.M)
    return int(found)


@pytest.mark.nginx
def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    configured(tmp_path, free_port())
    command = [program("nginx"), "-t", "-e", str(tmp_path / "error.log"), "-p", str(tmp_path)]
    judged = subprocess.run([*command, "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stderr
    assert "[warn]" not in judged.stderr or "http2" in judged.stderr


class _Told(http.server.BaseHTTPRequestHandler):
    """Answers with the header fields that it was sent."""

    def do_GET(self) -> None:
        told = json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[Proxy]:
    """The shipped nginx before a server that tells what it was told."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Told) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with nginx(tmp_path, server.server_port) as proxy:
            yield proxy
        server.shutdown()


def _get(proxy: Proxy, path: str = "", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(proxy.certificate)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return session.get(proxy.base + path, headers=named, timeout=20, allow_redirects=False)


@pytest.mark.nginx
def test_the_service_is_told_nothing_that_a_client_forwards(telling: Proxy) -> None:
    forged = ["X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP"]
    sent = dict.fromkeys([*forged, "Forwarded", "Proxy", "Upgrade"], "//evil.example")
    told = _get(telling, X_Forwarded_For="192.0.2.1", **sent).json()
    assert "evil.example" not in str(told)
    assert [value for name, value in told if name == "x-forwarded-for"] == ["127.0.0.1"]
    assert [value for name, value in told if name == "host"] == ["localhost"]


@pytest.mark.nginx
def test_another_name_of_the_host_gets_no_answer_of_the_service(telling: Proxy) -> None:
    assert _get(telling, Host="evil.example").status_code == 421
    assert _get(telling, Host=f"localhost:{telling.port}").status_code == 200


@pytest.mark.nginx
def test_cleartext_leads_to_tls_at_the_name_of_the_service(telling: Proxy) -> None:
    address = f"http://127.0.0.1:{telling.plain}/catalog?page=2"
    answer = requests.get(address, headers={"Host": "localhost"}, timeout=20, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://localhost/catalog?page=2")
    assert requests.get(address, headers={"Host": "evil.example"}, timeout=20).status_code == 421


@pytest.mark.nginx
def test_long_queries_by_get_pass_and_longer_ones_are_refused(telling: Proxy) -> None:
    assert _get(telling, "sparql?query=" + "a" * 30_000).status_code == 200
    assert _get(telling, "sparql?query=" + "a" * 40_000).status_code == 414


def test_limits_of_the_proxy_agree_with_the_settings() -> None:
    settings = Settings()
    largest = settings.upload_megabytes * _MEGA * 3 // 2 + 2**16
    assert _value("smartregion.conf", r"client_max_body_size (\d+)m;") * _MEGA >= largest
    waiting = max(settings.check_seconds, settings.query_seconds) + settings.query_seconds
    assert _value("smartregion.conf", r"proxy_read_timeout (\d+)s;") > waiting
    assert f"127.0.0.1:{settings.port}" in (DEPLOY / "smartregion.conf").read_text(encoding="utf-8")


def test_limits_of_the_unit_agree_with_the_settings() -> None:
    settings = Settings()
    store = 2 * 200 * settings.memory_triples / _MEGA
    queries = (settings.query_workers + 1) * settings.query_megabytes
    checks = 150 + settings.check_workers * settings.check_megabytes
    each = 80 + store + queries + checks + settings.warm_megabytes
    assert _value("smartregion.service", r"^MemoryMax=(\d+)G") * 1024 >= settings.workers * each
    processes = settings.query_workers + settings.check_workers + 10
    assert _value("smartregion.service", r"^TasksMax=(\d+)") >= 2 * settings.workers * (_threads(settings) + processes)


@pytest.mark.parametrize("name", _UNITS)
def test_systemd_accepts_the_units(name: str, tmp_path: Path) -> None:
    judge = program("systemd-analyze")
    settings, command = tmp_path / "settings.env", tmp_path / "smartregion"
    shutil.copyfile(DEPLOY / "settings.env", settings)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    places = {"/opt/smartregion/bin/smartregion": str(command), "/etc/smartregion/settings.env": str(settings)}
    for unit in _UNITS:
        text = (DEPLOY / unit).read_text(encoding="utf-8")
        (tmp_path / unit).write_text(filled(unit, places if "[Service]" in text else {}), encoding="utf-8")
    judged = subprocess.run([judge, "verify", str(tmp_path / name)], capture_output=True, text=True, check=False)
    ours = [line for line in judged.stderr.splitlines() if str(tmp_path) in line or name in line]
    assert (judged.returncode, ours) == (0, []), judged.stderr


@pytest.mark.parametrize("name", [name for name in _UNITS if name.endswith(".service")])
def test_systemd_finds_little_that_the_units_expose(name: str) -> None:
    judge = program("systemd-analyze")
    command = [judge, "security", "--offline=yes", "--threshold=30", "--no-pager", str(DEPLOY / name)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Overall exposure level" in judged.stdout, judged.stderr
    assert judged.returncode == 0, judged.stdout


def test_the_settings_that_are_shipped_are_settings() -> None:
    lines = (DEPLOY / "settings.env").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    known = {f"SMARTREGION_{name.upper()}" for name in Settings.model_fields}
    assert given
    assert set(given) <= known
    assert given["SMARTREGION_PROXIES"] == "1"
