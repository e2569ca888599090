"""Answers kept in memory: the same as the application's, and never from another release."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from release_fixture import BASE, write_release
from support import application, some

from publish.releases.release import Releases
from smartregion.settings import Settings
from smartregion.web.http.answer_cache import WarmAnswers

pytestmark = pytest.mark.slow

HANAU = "/doc/municipality/06415000"
QUERY = f"/sparql?query=SELECT%20%2A%20%7B%20%3C{BASE}id/municipality/06415000%3E%20%3Fp%20%3Fo%20%7D"
EVERYTHING = (
    "/",
    "/catalog",
    "/catalog.rdf",
    HANAU,
    f"{HANAU}.jsonld",
    "/dataset/projects",
    "/void",
    "/ontology",
    "/dump/projects.csv",
    "/static/site.css",
    QUERY,
    "/sparql",
)


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    found = Releases(tmp_path)
    write_release(found, "one", population=1)
    return found


@pytest.fixture
def app(releases: Releases) -> Iterator[Flask]:
    with application(Settings(var=releases.root)) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def warm(app: Flask) -> WarmAnswers:
    found: Any = app.wsgi_app
    while not isinstance(found, WarmAnswers):
        found = found._inner
    return found


@pytest.fixture
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the requests that the application itself is asked."""
    paths: list[str] = []
    inner = warm(app)._app

    def note(environ: dict[str, str], start_response: object) -> object:
        paths.append(environ["PATH_INFO"])
        return inner(environ, start_response)  # type: ignore[arg-type]

    monkeypatch.setattr(warm(app), "_app", note)
    return paths


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/rdf+xml"])
@pytest.mark.parametrize("encoding", ["gzip, br", ""])
def test_a_repeated_request_gets_the_cached_answer(
    client: FlaskClient, asked: list[str], path: str, accept: str, encoding: str
) -> None:
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    answers = [client.get(path, headers=headers) for _ in range(2)]
    first, second = ((answer.status_code, answer.data, sorted(answer.headers.to_wsgi_list())) for answer in answers)
    assert first == second
    if answers[0].status_code == 200 and len(answers[0].data) < 10_000:
        assert len(asked) == 1
        head = client.head(path, headers=headers)
        assert (head.data, head.headers) == (b"", answers[0].headers)
        unchanged = client.get(path, headers={**headers, "If-None-Match": answers[0].headers["ETag"]})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert len(asked) == 1


def test_a_kept_answer_is_for_those_who_want_the_same_profile(client: FlaskClient) -> None:
    wishes = ["dcat-ap-de-2.0", "dcat-ap-de-3.0"] * 2
    found = [client.get("/catalog", headers={"Accept-Profile": wish}).headers["Content-Profile"] for wish in wishes]
    assert found[:2] == found[2:]
    assert found[0] != found[1]


def test_a_304_says_what_that_of_the_application_says(client: FlaskClient, asked: list[str]) -> None:
    tag = client.get(HANAU).headers["ETag"]
    from_memory = client.get(HANAU, headers={"If-None-Match": f'"other", {tag}'})
    # Another condition, and so not for the memory.
    from_app = client.get(HANAU, headers={"If-None-Match": tag, "If-Unmodified-Since": "x"})
    assert len(asked) == 2
    assert from_memory.status_code == from_app.status_code == 304
    assert set(from_app.headers) <= set(from_memory.headers)
    assert not {"Content-Type", "Content-Length", "Content-Encoding"} & {name for name, _ in from_memory.headers}


def test_an_outdated_tag_gets_the_answer(client: FlaskClient) -> None:
    for _ in range(2):
        assert client.get(HANAU, headers={"If-None-Match": '"old"'}).status_code == 200


def test_uncacheable_answers_are_not_cached(client: FlaskClient, asked: list[str]) -> None:
    volatile = "/sparql?query=SELECT%20%28UUID%28%29%20AS%20%3Fu%29%20%7B%7D"
    assert client.get(volatile).data != client.get(volatile).data
    paths = [volatile, "/healthz", "/metrics", "/nothing", "/sparql?query=nonsense", "/id/municipality/06415000"]
    for path in paths:
        client.get(path)
        client.get(path)
    assert len(asked) == 2 + 2 * len(paths)
    assert client.get(HANAU, headers={"Range": "bytes=0-9"}).status_code in {200, 206}
    client.post("/sparql", data={"query": "ASK {}"})
    client.post("/sparql", data={"query": "ASK {}"})
    assert asked.count("/sparql") == 2 + 4 + 2


def test_representations_do_not_mix(client: FlaskClient) -> None:
    requests = [
        {"Accept": accept, "Accept-Language": language, "Accept-Encoding": encoding}
        for accept in ("text/turtle", "text/html", "application/ld+json")
        for language in ("de", "en")
        for encoding in ("gzip", "br", "identity")
    ]
    first = [client.get(HANAU, headers=headers) for headers in requests]
    second = [client.get(HANAU, headers=headers) for headers in reversed(requests)]
    assert [answer.data for answer in first] == [answer.data for answer in reversed(second)]
    pages = {answer.headers.get("Content-Language") for answer in first}
    assert pages == {None, "de", "en"}


def test_nothing_depends_on_the_name_that_the_client_uses_for_the_host(client: FlaskClient) -> None:
    """So nobody can have a link of his own kept for others: the key has no host."""
    for path in some(EVERYTHING):
        hostile = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
        answer = client.get(path, headers={**hostile, "Accept": "text/html, */*;q=0.5"})
        assert "evil" not in answer.text + str(answer.headers), path


def test_room_is_limited(app: Flask, client: FlaskClient) -> None:
    memory = warm(app)
    memory._room = memory._free = 100_000
    for number in range(200):
        client.get(f"{HANAU}.ttl?{number}")
    assert 0 < len(memory._answers) < 50
    assert memory._free == memory._room - sum(answer.size for answer in memory._answers.values())
    assert memory._free >= 0


def test_no_answer_outlives_its_release_under_load(releases: Releases, app: Flask) -> None:
    """While four clients ask in a loop, fifteen releases are activated: an answer is never older than its question."""
    latest = 1
    failures: list[str] = []
    answered: set[int] = set()
    stop = threading.Event()

    def loop() -> None:
        client = app.test_client()
        while not stop.is_set():
            oldest = latest
            found = re.search(rb'population> "(\d+)"', client.get(f"{HANAU}.nt").data)
            value = int(found[1]) if found else 0
            answered.add(value)
            if value < oldest:
                failures.append(f"{value} after {oldest}")
            time.sleep(0.002)  # all of this is one process, and releases have to be written in it

    threads = [threading.Thread(target=loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 17):
        write_release(releases, f"r{number}", population=number)
        latest = number
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    assert len(answered) > 5
