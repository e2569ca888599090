# ruff: noqa: E501

"""The page and the interface that check files: real releases, real processes, hostile files and requests."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import threading
import time
import tomllib
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator
from support import BASE, served
from test_hostile_files import BOMBS
from test_reports import has_formula

from harvest_check.http import client as harvest_client
from ingest import record_types
from publish.releases.release import Releases
from smartregion.settings import Settings
from smartregion.web.app import create_app
from smartregion.web.checking.processes import Checker, CheckLimits, FileLimits, Job, Records
from smartregion.web.site.site import Site

pytestmark = pytest.mark.slow

FILES = Path(__file__).parents[2] / "fixtures" / "submissions"
INDEX: dict[str, dict[str, Any]] = tomllib.loads((FILES / "index.toml").read_text(encoding="utf-8"))
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def made(releases: Releases, **settings: Any) -> Flask:
    return create_app(Settings(var=releases.root, **settings))


def site(app: Flask) -> Site:
    found: Site = app.extensions["smartregion"]
    return found


def close(app: Flask) -> None:
    site(app).public.close()
    site(app).private.close()
    app.extensions["smartregion.checking"].checker.close()


@pytest.fixture(scope="module")
def app(releases: Releases) -> Iterator[Flask]:
    app = made(releases, upload_megabytes=2, check_seconds=30)
    yield app
    close(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def send(client: FlaskClient, name: str, content: bytes | None = None, path: str = "/validate", **fields: str) -> Any:
    data = (FILES / name).read_bytes() if content is None else content
    return client.post(path, data={"file": (io.BytesIO(data), name), **fields}, headers=BROWSER)


def schema(client: FlaskClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").get_json()
    return {"$ref": "#/components/schemas/Report", "components": document["components"]}


@pytest.mark.parametrize("name", INDEX)
def test_no_spoilt_file_is_an_error_and_each_gives_its_findings(name: str, client: FlaskClient) -> None:
    answer = send(client, name, path="/api/validate")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert "no-store" in answer.headers["Cache-Control"]
    found = answer.get_json()
    jsonschema.validate(found, schema(client))
    assert [[f["code"], f["row"] or 0, f["column"] or ""] for f in found["findings"]] == [
        finding[:3] for finding in INDEX[name]["findings"]
    ]
    assert found["record_type"] == INDEX[name]["record_type"]
    assert found["conforms"] is not any(finding["severity"] == "violation" for finding in found["findings"])


def test_the_interface_is_described(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    document = answer.get_json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"
    assert document["paths"]["/api/validate"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"][
        "required"
    ] == ["file"]
    assert client.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    for name in document["paths"]["/templates/{file}"]["get"]["parameters"][0]["schema"]["enum"]:
        assert client.get(f"/templates/{name}").status_code == 200


def test_a_body_is_as_good_as_a_form(client: FlaskClient) -> None:
    content = (FILES / "old-key.xlsx").read_bytes()
    by_form = send(client, "old-key.xlsx", path="/api/validate").get_json()
    named = {"Content-Disposition": 'attachment; filename="old-key.xlsx"'}
    assert client.post("/api/validate", data=content, content_type=XLSX, headers=named).get_json() == by_form
    unnamed = client.post("/api/validate", data=content, content_type=XLSX).get_json()
    assert [finding["code"] for finding in unnamed["findings"]] == ["outdated-key"]
    turtle = "@prefix sr: <https://w3id.org/smart-region/ns#> . <project/x> a sr:Project ."
    rdf = client.post("/api/validate", data=turtle, content_type="text/turtle").get_json()
    jsonschema.validate(rdf, schema(client))
    assert {finding["node"] for finding in rdf["findings"]} == {f"{BASE}id/project/x"}
    typed = client.post(
        "/api/validate?type=Event", data=(FILES / "unclear-type.csv").read_bytes(), content_type="text/csv"
    )
    assert typed.get_json()["record_type"] == "Event"


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"data": {}}, 400, "file-missing"),
        ({"data": {"file": (io.BytesIO(b""), "")}}, 400, "file-missing"),
        ({"data": b"", "content_type": "text/csv"}, 400, "file-missing"),
        ({"data": b"not a form", "content_type": "multipart/form-data"}, 400, "file-missing"),
        ({"data": {"file": (io.BytesIO(b"a;b\n"), "a.csv"), "type": "Projekt"}}, 400, "type-unknown"),
        ({"data": {"file": (io.BytesIO(bytes(2 * 2**20 + 1)), "a.csv")}}, 413, "request-too-large"),
        ({"data": bytes(4 * 2**20), "content_type": "text/csv"}, 413, "request-too-large"),
    ],
)
def test_what_cannot_be_checked_is_a_problem(
    request_: dict[str, Any], status: int, kind: str, client: FlaskClient
) -> None:
    answer = client.post("/api/validate", **request_)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["type"].endswith(f"#{kind}")
    assert problem["detail"]


def test_the_interface_takes_post_only(client: FlaskClient) -> None:
    answer = client.get("/api/validate")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


# The page


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_form_works_without_scripts_and_says_that_nothing_is_stored(lang: str, client: FlaskClient) -> None:
    answer = client.get(f"/validate?lang={lang}", headers=BROWSER)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<script" not in page
    assert ("Es wird nichts gespeichert" in page, "Nothing is stored" in page) == (lang == "de", lang == "en")
    assert 'enctype="multipart/form-data"' in page
    assert set(re.findall(r'<option value="([A-Z]\w+)"', page)) == {each.name for each in record_types().values()}
    again = client.get(f"/validate?lang={lang}", headers={**BROWSER, "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_result_shows_the_table_with_its_marks(lang: str, client: FlaskClient) -> None:
    answer = send(client, "placeholders.xlsx", path=f"/validate?lang={lang}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert 'id="cell-0-Projekte-C3" class="violation"' in page
    message = "steht für eine fehlende Angabe" if lang == "de" else "stands for a missing value"
    # At the cell and in the list.
    assert page.count(message) == 2 * 5
    assert 'href="/findings?lang=' in page


def test_from_the_upload_to_the_marked_workbook_in_one_go(client: FlaskClient) -> None:
    answer = send(client, "Förder­tabelle.xlsx", (FILES / "placeholders.xlsx").read_bytes(), output="marked")
    assert (answer.status_code, answer.mimetype) == (200, XLSX)
    assert "filename*=UTF-8''F%C3%B6rder" in answer.headers["Content-Disposition"]
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).sheetnames == ["Prüfbericht", "Projekte"]
    assert not has_formula(answer.data)


@pytest.mark.parametrize(
    ("output", "media_type", "name"),
    [
        ("marked", XLSX, "amounts-geprüft.xlsx"),
        ("fixed", "text/csv", "amounts-korrigiert.csv"),
        ("report", "text/html", "amounts-Prüfbericht.html"),
    ],
)
def test_copies_are_had_from_the_page_without_choosing_the_file_again(
    output: str, media_type: str, name: str, client: FlaskClient
) -> None:
    page = send(client, "amounts.csv").get_data(as_text=True)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    assert base64.b64decode(unescape(fields["content"])) == (FILES / "amounts.csv").read_bytes()
    answer = client.post("/validate", data={**fields, "output": output}, content_type="multipart/form-data")
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    download = requests.utils.unquote(answer.headers["Content-Disposition"])
    assert download.startswith("attachment")
    assert name in download
    assert "no-store" in answer.headers["Cache-Control"]
    if output == "fixed":
        again = send(client, "a.csv", answer.data, path="/api/validate").get_json()
        assert [f["suggestion"] for f in again["findings"]] == [None] * len(again["findings"])


def test_a_pasted_table_is_checked(client: FlaskClient) -> None:
    pasted = "Kennung\tTitel (deutsch)\tFederführung\r\nneu\tNeu\tHanua\r\n"
    page = client.post("/validate", data={"table": pasted}, headers=BROWSER).get_data(as_text=True)
    assert 'id="cell-0--C2" class="violation"' in page
    turtle = "@prefix sr: <https://w3id.org/smart-region/ns#> . <project/x> a sr:Project ."
    assert f"{BASE}id/project/x" in client.post("/validate", data={"table": turtle}).get_data(as_text=True)


def test_what_cannot_be_checked_is_told_on_the_form_with_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/validate", data={"link": "https://192.0.2.1:1/a.csv", "type": "Event"}, headers=BROWSER)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'role="alert"' in page
    assert 'value="https://192.0.2.1:1/a.csv"' in page
    assert '<option value="Event" selected>' in page
    assert client.post("/validate", data={}).status_code == 400
    too_large = send(client, "a.csv", bytes(2 * 2**20 + 1))
    assert (too_large.status_code, "2 MiB" in too_large.get_data(as_text=True)) == (413, True)


def test_a_copy_of_what_is_no_table_is_the_page_that_says_so(client: FlaskClient) -> None:
    for output in ("marked", "fixed"):
        page = send(client, "report.xlsx", output=output).get_data(as_text=True)
        assert "ein PDF-Dokument und keine Tabelle" in page
        assert 'value="marked">' not in page.split("<fieldset>")[0]


def test_names_and_values_of_a_file_are_text(client: FlaskClient) -> None:
    evil = '<img src=x onerror="alert(1)">'
    content = f'Kennung;Titel (deutsch);Federführung;{evil}\na;"{evil.replace(chr(34), chr(34) * 2)}";{evil.replace(chr(34), "")};x\n'.encode()
    page = send(client, f"../../{evil}.csv", content).get_data(as_text=True)
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert "../.." not in page
    report = send(client, f"{evil}\r\nX-Evil: 1.csv", content, output="report")
    assert "X-Evil" not in report.headers
    assert "<img" not in report.get_data(as_text=True)


# Templates and explanations


@pytest.mark.parametrize("lang", ["de", "en"])
def test_templates_are_served_in_both_languages(lang: str, client: FlaskClient) -> None:
    answer = client.get("/templates/Grant.xlsx", headers={"Accept-Language": lang})
    assert (answer.status_code, answer.mimetype) == (200, XLSX)
    assert answer.headers["Content-Language"] == lang
    assert "Accept-Language" in answer.headers["Vary"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert sheet["A1"].value == ("Kennung *" if lang == "de" else "Identifier *")
    assert json.loads(client.get(f"/templates/Grant.json?lang={lang}").data)["title"] == (
        "Zuwendung" if lang == "de" else "Grant"
    )
    assert client.get("/templates/Grant.csv", headers={"Accept-Language": lang}).data.startswith(
        b"\xef\xbb\xbf" + (b"Kennung" if lang == "de" else b"Identifier")
    )
    assert send(client, "empty.xlsx", answer.data, path="/api/validate").get_json()["record_type"] == "Grant"


@pytest.mark.parametrize(
    "name", ["Grant", "Grant.pdf", "grant.xlsx", "Grant.de.xlsx", "..%2f..%2fmanifest.json", "x.json"]
)
def test_there_are_no_other_templates(name: str, client: FlaskClient) -> None:
    assert client.get(f"/templates/{name}").status_code == 404


def test_what_findings_mean_is_explained_where_links_lead(client: FlaskClient) -> None:
    page = client.get("/findings", headers=BROWSER).get_data(as_text=True)
    kinds = client.get("/findings.json").get_json()
    assert len(kinds) > 60
    assert all(f'<div id="{code}">' in page for code in kinds)
    assert "Führende Null verloren" in page
    assert "Leading zero lost" in client.get("/findings?lang=en", headers=BROWSER).get_data(as_text=True)
    assert client.get("/findings").mimetype == "application/json"


# Links


class Elsewhere(BaseHTTPRequestHandler):
    """A server with a table, a redirect, an error and an endless file."""

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/amounts.csv")
            self.end_headers()
        elif self.path == "/amounts.csv":
            content = (FILES / "amounts.csv").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif self.path == "/endless.csv":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(2**16))
            except OSError:
                return
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_link_into_a_private_network_is_refused_and_says_no_more_than_one_that_leads_nowhere(
    elsewhere: str, client: FlaskClient
) -> None:
    links = [
        f"{elsewhere}/amounts.csv",
        "http://localhost:1/",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "https://nowhere.invalid/",
    ]
    pages = []
    for link in links:
        answer = client.post("/validate", data={"link": link}, headers=BROWSER)
        assert answer.status_code == 422
        pages.append(answer.get_data(as_text=True).replace(link, ""))
    assert len(set(pages)) == 1


def test_a_public_link_is_followed_within_limits(
    elsewhere: str, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loopback interface plays the public network here."""
    monkeypatch.setattr(harvest_client, "is_public", lambda address: True)
    page = client.post("/validate", data={"link": f"{elsewhere}/redirect"}).get_data(as_text=True)
    assert "<dd>amounts.csv</dd>" in page
    assert client.post("/validate", data={"link": f"{elsewhere}/endless.csv"}).status_code == 413
    assert client.post("/validate", data={"link": f"{elsewhere}/missing.csv"}).status_code == 422


def test_links_can_be_turned_off(releases: Releases) -> None:
    app = made(releases, links=False)
    try:
        assert 'name="link"' not in app.test_client().get("/validate").get_data(as_text=True)
        assert app.test_client().post("/validate", data={"link": "https://example.org/a.csv"}).status_code == 422
    finally:
        close(app)


# Limits


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_finding_and_the_next_file_is_checked(name: str, client: FlaskClient) -> None:
    make, _ = BOMBS[name]
    content = make()
    assert send(client, name, content, path="/api/validate").status_code in (200, 413)
    assert send(client, "old-key.xlsx", path="/api/validate").get_json()["conforms"]


@pytest.fixture(scope="module")
def records(releases: Releases) -> Records:
    release = releases.open()
    return Records(release.id, release.path / "files" / "source", release.manifest.base)


def checker(records: Records, *, reference: bool = False, **limits: Any) -> Checker:
    usual: dict[str, Any] = {"seconds": 30.0, "megabytes": 1024, "workers": 2, "queue": 4}
    file = FileLimits(20_000, 1_000_000, 2**28)
    return Checker(lambda: records, CheckLimits(**{**usual, **limits}, file=file), reference=reference)


def rows(count: int) -> bytes:
    """A record, and so many notes below it: each has its finding, which takes long to mark."""
    header = "Kennung;Titel (deutsch);Federführung;Handlungsfeld;Beginn;Quelle\n"
    record = "p-1;P 1;Hanau;Smart Energy;2024;https://www.hanau.de/\n"
    return (header + record + "".join(f"Anmerkung {n};;;;;\n" for n in range(count))).encode()


def problem(made: Checker, job: Job) -> str:
    from smartregion.web.checking.processes import CheckError

    with pytest.raises(CheckError) as refused:
        made.check(job, "somebody")
    return refused.value.kind


def test_time_and_memory_of_a_check_are_limited_and_the_next_one_runs(records: Records) -> None:
    sound = Job("old-key.xlsx", (FILES / "old-key.xlsx").read_bytes(), "", "document")
    slow = checker(records, seconds=1.0)
    try:
        slow.check(sound, "")
        started = time.monotonic()
        long = Job("a.csv", rows(19_000), "", "marked")
        assert problem(slow, long) == "check-timeout"
        assert time.monotonic() - started < 5
        assert slow.check(sound, "").kind == "document"
    finally:
        slow.close()
    small = checker(records, megabytes=256)
    try:
        assert problem(small, long) == "check-too-large"
        assert small.check(sound, "").kind == "document"
    finally:
        small.close()


def test_the_reference_alone_finds_the_same(records: Records) -> None:
    job = Job("contradictions.csv", (FILES / "contradictions.csv").read_bytes(), "", "document")
    answers = []
    for reference in (False, True):
        made = checker(records, reference=reference)
        try:
            answers.append(json.loads(made.check(job, "").body))
        finally:
            made.close()
    assert answers[0]["findings"] != []
    assert answers[0] == answers[1]


def test_a_check_leaves_no_process_and_the_program_ends_with_its_owner(records: Records) -> None:
    made = checker(records)
    made.check(Job("old-key.xlsx", (FILES / "old-key.xlsx").read_bytes(), "", "document"), "")
    assert made._program is not None
    pid = made._program.origin._process.pid
    assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""
    # A process with threads must not fork.
    assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    made.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_program_cannot_use_the_network_and_a_new_release_gets_a_new_one(records: Records, tmp_path: Path) -> None:
    current = [records]
    made = Checker(lambda: current[0], CheckLimits(30.0, 1024, 2, 4, FileLimits(20_000, 1_000_000, 2**28)))
    job = Job("a.csv", b"Kennung;Titel (deutsch);Federf\xc3\xbchrung\na;A;Hanau\n", "", "document")
    try:
        assert json.loads(made.check(job, "").body)["conforms"] is True
        assert made._program is not None
        old = made._program.origin._process
        interfaces = Path(f"/proc/{old.pid}/net/dev").read_text().splitlines()[2:]
        assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
        # A release without records: Hanau is unknown in it.
        current[0] = Records("other", tmp_path, records.base)
        assert json.loads(made.check(job, "").body)["conforms"] is False
        assert old.poll() is not None
    finally:
        made.close()


def test_checks_are_shared_between_clients_and_what_is_too_much_is_refused(records: Records) -> None:
    made = checker(records, workers=2, queue=1)
    long, short = Job("a.csv", rows(6000), "", "marked"), Job("a.csv", rows(1), "", "document")
    try:
        made.check(short, "")
        with ThreadPoolExecutor(4) as pool:
            greedy = [pool.submit(made.check, long, "greedy") for _ in range(3)]
            time.sleep(0.5)
            started = time.monotonic()
            made.check(short, "other")
            assert time.monotonic() - started < 3
            outcomes = [future.exception() for future in greedy]
        assert [getattr(outcome, "kind", None) for outcome in outcomes].count("check-busy") == 1
    finally:
        made.close()


def test_pages_are_quick_while_checks_and_uploads_keep_their_threads(releases: Releases, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(releases.root, log, check_seconds=5, check_workers=1, check_queue=2) as service:
        address = service.address
        requests.post(f"{address}/api/validate", files={"file": ("a.csv", rows(1))}, timeout=60)
        with ThreadPoolExecutor(10) as pool:
            heavy = [
                pool.submit(
                    requests.post,
                    f"{address}/validate",
                    files={"file": ("a.csv", rows(15_000))},
                    data={"output": "marked"},
                    timeout=60,
                )
                for _ in range(8)
            ]
            time.sleep(0.5)
            started = time.monotonic()
            assert requests.get(f"{address}/", timeout=10).status_code == 200
            assert requests.get(f"{address}/validate", timeout=10).status_code == 200
            assert time.monotonic() - started < 2
            statuses = [future.result().status_code for future in heavy]
        assert set(statuses) <= {200, 503, 504}
        assert 503 in statuses
        busy = requests.post(f"{address}/api/validate", files={"file": ("a.csv", rows(1))}, timeout=60)
        assert busy.status_code == 200
    assert "Traceback" not in log.read_text()


def test_nothing_of_a_file_stays_behind(client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    secret = "streng geheimer Titel"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x", secret * 100_000)
    send(client, "a.zip", buffer.getvalue())
    send(client, "a.csv", f"Kennung;Titel (deutsch);Federführung\na;{secret};Hanau\n".encode(), output="marked")
    assert list(tmp_path.iterdir()) == []
    assert secret not in client.get("/validate").get_data(as_text=True)
