"""What operators see: a line for each query, figures that add up over all processes, and no client's words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from release_fixture import write_release
from support import ROOT, served

from publish.releases.release import Releases

pytestmark = pytest.mark.slow

SECRET = 'SELECT ("my secret" AS ?x) ?s { ?s ?p ?o } LIMIT 7'


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("observed")
    write_release(Releases(found), "first", bulk=3000)
    return found


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def figures(address: str) -> dict[str, float]:
    response = requests.get(f"{address}/metrics", timeout=10)
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.headers["Cache-Control"] == "no-store"
    found = re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", response.text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_each_query_leaves_one_line_and_counts_once(var: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(var, log, workers=2, query_seconds=1, query_workers=2) as service:

        def ask(query: str, **headers: str) -> requests.Response:
            # A connection of its own: either server process may answer.
            return requests.get(f"{service.address}/sparql", params={"query": query}, headers=headers, timeout=30)

        answers = [ask(SECRET) for _ in range(10)]
        assert {answer.status_code for answer in answers} == {200}
        tag = answers[0].headers["ETag"]
        assert ask(SECRET, **{"If-None-Match": tag}).status_code == 304
        assert ask("SELECT nonsense").status_code == 400
        assert ask("ASK { SERVICE <http://x/> {} }").status_code == 403
        assert ask("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }").status_code == 504
        assert ask("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 5", Accept="text/turtle").status_code == 200
        assert requests.post(f"{service.address}/sparql", data={"query": "ASK {}"}, timeout=9).status_code == 200
        assert requests.get(f"{service.address}/sparql", timeout=9).status_code == 200
        assert requests.get(f"{service.address}/sparql?query=ASK%FF", timeout=9).status_code == 400
        counted = figures(service.address)
    seen = lines(log)
    assert len(seen) == 17
    by_query = {line["query"] for line in seen if line["rows"] == 7}
    assert len(by_query) == 1
    assert [line["outcome"] for line in seen[10:]] == [
        "not-modified",
        "query-syntax",
        "service-refused",
        "query-timeout",
        "answered",
        "answered",
        "not-utf-8",
    ]
    assert [line["rows"] for line in seen[14:16]] == [5, 1]
    assert seen[13]["ms"] > 900
    assert all(line["ms"] > 0 and re.fullmatch(r"[0-9T:Z-]{20}", line["time"]) for line in seen)
    assert seen[0]["bytes"] == len(answers[0].content)
    assert seen[0]["type"] == "application/sparql-results+json"
    assert {None, "memory"} <= {line["kept"] for line in seen[:10]} <= {None, "disk", "memory"}
    text = log.read_text(encoding="utf-8")
    assert "secret" not in text
    assert "127.0.0.1" not in text

    explained = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert not {name for name in counted if re.sub(r"(_(count|sum|bucket))?(\{.*)?$", "", name) not in explained}

    assert counted['smartregion_queries_total{outcome="answered"}'] == 12
    assert counted['smartregion_queries_total{outcome="not-modified"}'] == 1
    assert counted['smartregion_queries_total{outcome="query-timeout"}'] == 1
    assert counted["smartregion_query_seconds_count"] == 17
    assert (
        counted['smartregion_query_seconds_bucket{le="0.5"}']
        <= 16
        < counted['smartregion_query_seconds_bucket{le="+Inf"}']
    )
    assert counted['smartregion_cache_hits_total{place="memory"}'] == sum(line["kept"] == "memory" for line in seen)
    assert counted["smartregion_queries_active"] == 0
    assert counted["smartregion_query_processes"] == 4
    assert counted['smartregion_release{release="first"}'] > 3000
    assert counted['smartregion_records{dataset="municipalities"}'] == 2


def test_the_text_of_queries_is_logged_by_a_setting(var: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(var, log, log_queries=True) as service:
        requests.get(f"{service.address}/sparql", params={"query": SECRET}, timeout=10)
    assert [line["text"] for line in lines(log)] == [SECRET]
