"""What somebody gets who clones the project and does what the README says, with no setting of ours.

The service is the one that ``make run`` starts in a clean clone of what is committed. It is asked over HTTP, and what
the documentation has people type is typed.
"""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import openpyxl
import pyoxigraph as ox
import pytest
import requests
from crawl import walk
from outside.documented import READ, RUN, Step, blocks, missing, same_table, steps
from outside.started import Started, started
from support import ROOT, free_port, needs_curl

from publish.releases.release import Releases

pytestmark = pytest.mark.slow

PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STEPS: Final = list({(step.text, step.expected): step for page in PAGES for step in steps(page, ROOT)}.values())
"""What several pages have people do is done once."""

ELSEWHERE: Final = {
    "make run": "it has started the service that all this is asked of",
    "make test": "it runs these tests",
    ". .venv/bin/activate": "the directory is on the path already",
}
_PRINTED: Final = "http://localhost:8000"
_FAULTS: Final = re.compile(r"smartregion (validate \S+\.xlsx|harvest-check)")
"""What ends with status 1 where there is something to say."""


def make(clone: Path, *arguments: str) -> list[str]:
    """A make target with the environment that is there already."""
    return ["make", "--directory", str(clone), "--old-file", "setup", *arguments]


@pytest.fixture(scope="module")
def service(clone: Path, user: dict[str, str]) -> Iterator[Started]:
    port = free_port()
    with started(make(clone, "run", f"PORT={port}"), clone, user) as running:
        assert running.address == f"http://localhost:{port}"
        yield running


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another SPARQL server, which nobody here wrote."""
    port = free_port()
    program = Path(sys.executable).with_name("oxigraph")
    place = ["--location", str(tmp_path_factory.mktemp("oxigraph")), "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen([program, "serve", *place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture(scope="module")
def desk(clone: Path, service: Started, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another clone to try commands in, with the release of the service and the file of the documentation."""
    target = tmp_path_factory.mktemp("desk") / "smart-region"
    shutil.copytree(clone, target, symlinks=True)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Projekte"
    sheet.append(["Kennung", "Titel (deutsch)", "Federführung", "Handlungsfeld", "Quelle"])
    for number, lead in enumerate(("06411000", "06412000", "06435014")):
        source = f"https://www.example.org/{number}"
        sheet.append([f"vorhaben-{number}", f"Vorhaben {number}", lead, "Smart Energy", source])
    book.save(target / "projects.xlsx")
    return target


def test_every_block_is_run_or_read_or_says_why_not() -> None:
    listed = [block for page in PAGES for block in blocks(page, ROOT)]
    assert len(listed) > 20
    unknown = [f"{block.place} {block.language}" for block in listed if block.language not in (*RUN, *READ)]
    assert unknown == []
    assert [block.place for block in listed if block.excuse and block.language not in RUN] == []


def test_what_was_elsewhere_is_still_documented() -> None:
    assert ELSEWHERE.keys() <= {step.text for step in STEPS}


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=needs_curl if step.text.startswith("curl") else ())
        for step in STEPS
        if step.text not in ELSEWHERE
    ],
    ids=str,
)
def test_what_is_documented_runs_as_printed(
    step: Step, service: Started, desk: Path, user: dict[str, str], elsewhere: str
) -> None:
    text = step.text.replace(_PRINTED, service.address)
    if step.kind == "sparql":
        answer = requests.get(
            f"{service.address}/sparql", params={"query": text}, headers={"Accept": "text/csv"}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        assert same_table(step.expected, answer.content.decode())
        return
    if step.kind == "python":
        done = subprocess.run(
            [".venv/bin/python", "-c", text],
            cwd=desk,
            env=user,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
        return
    current = Releases(desk / "var").current_id() or ""
    for placeholder, meant in {
        "ID": current,
        "GRAPH_STORE": f"{elsewhere}/store",
        "ENDPOINT": f"{elsewhere}/query",
    }.items():
        text = re.sub(rf"\b{placeholder}\b", meant, text)
    if re.search(r"smartregion (serve|run)\b", text):
        _serves(text, desk, user)
        return
    # Without it, the commands would build and ask what is at the usual port.
    done = _shell(text, desk, {**user, "SMARTREGION_BASE": f"{service.address}/"})
    assert done.returncode in ((0, 1) if _FAULTS.search(text) else (0,)), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if step.expected.count(",") and step.text.startswith("curl -G"):
        assert same_table(step.expected, done.stdout)
    else:
        assert missing(step.expected.replace(_PRINTED, service.address), done.stdout) == []
        assert done.stdout.strip() or not text.startswith("curl")


def _shell(command: str, directory: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=directory, env=given, capture_output=True, text=True, timeout=180, check=False
    )


def _serves(command: str, directory: Path, given: dict[str, str]) -> None:
    """It says that it is ready, answers, and Ctrl+C ends it."""
    port = free_port()
    if "--port" not in command:
        command = re.sub(r"(smartregion (?:serve|run)\b.*)", rf"\1 --port {port}", command)
    with started(["bash", "-c", command], directory, given) as running:
        address = running.address
        assert requests.get(f"{address}/dump/grants.csv", timeout=30).status_code == 200
        # A shell that Ctrl+C reaches ends by it, too.
        assert running.interrupt() in (0, 130, -signal.SIGINT)
        assert running.left() == []
        assert "Traceback" not in "".join(running.output)


def graph(address: str, media_type: str = "application/n-triples") -> set[ox.Triple]:
    """The RDF at an address."""
    answer = requests.get(address, headers={"Accept": media_type}, timeout=60)
    assert answer.status_code == 200, f"{answer.status_code} {address}"
    return {quad.triple for quad in ox.parse(answer.content, format=ox.RdfFormat.N_TRIPLES)}


def ours(triples: set[ox.Triple], address: str) -> set[str]:
    """Addresses of this service that RDF names, without fragments; those of vocabularies are elsewhere."""
    terms = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    return {iri.partition("#")[0] for iri in terms if iri.startswith(f"{address}/")}


def broken(addresses: set[str]) -> list[str]:
    """Those that do not answer."""
    with requests.Session() as session:
        found = []
        for address in sorted(addresses):
            with session.get(address, stream=True, timeout=60) as answer:
                if answer.status_code != 200:
                    found.append(f"{answer.status_code} {address}")
    return found


def test_every_address_that_the_descriptions_name_answers(service: Started) -> None:
    for start in ("catalog.nt", "void.nt", "sparql", "living-in-eu.nt"):
        named = ours(graph(f"{service.address}/{start}"), service.address)
        assert named, start
        assert broken(named) == [], start


def test_every_address_in_the_sitemap_answers(service: Started) -> None:
    todo, pages = [f"{service.address}/sitemap.xml"], set()
    while todo:
        text = requests.get(todo.pop(), timeout=30).text
        listed = re.findall(r"<loc>([^<]+)</loc>", text)
        maps = {address for address in listed if address.endswith(".xml")}
        todo += maps
        pages |= set(listed) - maps
    assert len(pages) > 100
    assert broken(pages) == []


def test_every_link_on_a_page_of_each_kind_answers(service: Started) -> None:
    found = walk(service.address, "de", 5, alike=4)
    assert found.faults == []
    assert len(found.pages) > 20


def test_every_documented_route_answers(service: Started) -> None:
    """Placeholders are filled in from the catalogue of real records; a route for which none is known fails."""
    known = {
        "/id/{segment}/{key}": "/id/municipality/06411000",
        "/doc/{segment}/{name}": "/doc/municipality/06411000.ttl",
        "/figures/{name}.svg": "/figures/fields-by-district.svg",
        "/figures/{name}.csv": "/figures/fields-by-district.csv",
        "/dataset/{name}": "/dataset/projects",
        "/dump/{name}": "/dump/projects.csv",
        "/graph/{name}": "/graph/projects",
        "/source/{name}": "/source/projects.csv",
        "/scheme/{name}": "/scheme/project-status",
        "/records/{segment}": "/records/project",
        "/.well-known/sparql-examples/{name}": "/.well-known/sparql-examples/01-highest-grant-sums",
        "/search/suggest": "/search/suggest?q=kas",
        "/navigator/projects.{suffix}": "/navigator/projects.json",
        "/search.{suffix}": "/search.csv?q=smart",
        "/templates/{name}": "/templates/Project.xlsx",
        "/static/{filename}": "/static/site.css",
        "/sitemap-{part}.xml": "/sitemap.xml",  # parts begin at 50,000 pages
    }
    routes = re.findall(r"^\| `(/[^`]*)` \|", (ROOT / "docs" / "http.md").read_text(encoding="utf-8"), re.M)
    assert len(routes) > 40
    faults = []
    for route in routes:
        path = known.get(route, route.replace("{suffix}", "ttl"))
        status = requests.get(f"{service.address}{path}", timeout=60).status_code
        if status != 200 and not (status == 405 and "/api/" in route):
            faults.append(f"{status} {path}")
    assert faults == []


def test_ctrl_c_ends_it_and_another_start_another_port_work(
    clone: Path, user: dict[str, str], service: Started
) -> None:
    port = free_port()
    arguments = ("run", f"PORT={port}")
    for _ in range(2):
        with started(make(clone, *arguments), clone, user) as running:
            assert running.address == f"http://localhost:{port}"
            # The addresses of records follow the port.
            assert any(f"http://localhost:{port}/id/" in str(t) for t in graph(f"{running.address}/dump/states.nt"))
            assert running.interrupt() in (2, -signal.SIGINT), "what make says of a command that Ctrl+C has ended"
            assert running.left() == []
            assert "Traceback" not in "".join(running.output)
    assert requests.get(f"{service.address}/healthz", timeout=30).status_code == 200


def test_a_port_that_is_taken_gives_one_clear_line(clone: Path, user: dict[str, str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        for command in ("run", "serve"):
            failed = _shell(f"smartregion {command} --port {port}", clone, user)
            assert failed.returncode == 2
            assert failed.stderr.splitlines() == [
                f"Error: Cannot listen on 127.0.0.1, port {port}: Address already in use. Another one: --port NUMBER."
            ]
