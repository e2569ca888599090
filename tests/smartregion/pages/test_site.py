"""The whole site over HTTP: every link on every page, its HTML and weight; every IRI of the graph in every format."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest
import requests
from crawl import BROWSER, Walk, kind, walk
from support import BASE, served, some

from publish.releases.release import Releases

pytestmark = pytest.mark.slow

VNU = Path(__file__).parents[2] / "browser" / "judges" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
FORMATS = {
    "text/html": None,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}


@pytest.fixture(scope="module")
def address(releases: Releases) -> Iterator[str]:
    with served(releases.root) as service:
        yield service.address


@pytest.fixture(scope="module", params=["de", "en"])
def found(request: pytest.FixtureRequest, address: str) -> Walk:
    """All pages in a language."""
    return walk(address, request.param, most=40)


def test_every_link_on_every_page_answers_and_every_anchor_is_there(found: Walk) -> None:
    assert found.faults == []
    # Every record has a page, and the pages of all kinds are linked.
    assert len([page for page in found.pages if page.startswith("/doc/")]) > 600
    first = {page.split("/")[1].partition("?")[0] for page in found.pages}
    assert first >= {"catalog", "dataset", "sparql", "validate"}


def test_a_chosen_language_stays_in_all_links(found: Walk, address: str) -> None:
    session = requests.Session()
    session.headers["Accept"] = BROWSER
    kinds = found.kinds()
    for path in some(kinds.values()):
        page = session.get(f"{address}{path}{'&' if '?' in path else '?'}lang=en", timeout=60)
        assert '<html lang="en">' in page.text, path
        links = {html.unescape(link) for link in re.findall(r'<a [^>]*href="(/[^"#]*)', page.text)}
        pages = {link for link in links if "." not in urlsplit(link).path and kind(link) in kinds}
        lost = {link for link in pages if "lang=" not in link}
        assert lost == set(), path


def test_every_kind_of_page_is_light(found: Walk, address: str) -> None:
    """300 kB for all that a first visit loads, compressed; the query page has an editor and is left out."""
    session = requests.Session()
    session.headers.update({"Accept-Encoding": "gzip", "Accept": BROWSER})
    sizes: dict[str, int] = {}

    def size(link: str) -> int:
        if link not in sizes:
            with session.get(address + link, stream=True, timeout=60) as response:
                sizes[link] = len(response.raw.read(decode_content=False))
        return sizes[link]

    loaded = re.compile(r'<(?:script|img)[^>]* src="(/[^"]+)"|<link rel="(?:stylesheet|icon)" href="(/[^"]+)"')
    weights = {}
    for path in found.kinds().values():
        parts = {first or second for first, second in loaded.findall(found.pages[path])}
        weights[path] = size(path) + sum(size(html.unescape(part)) for part in parts)
    assert {path: weight for path, weight in weights.items() if weight > 300_000 and path != "/sparql"} == {}
    assert weights["/"] > 10_000


@pytest.mark.skipif(not VNU.exists(), reason="The Nu HTML checker is not installed: make test installs it.")
@pytest.mark.skipif(shutil.which("java") is None, reason="The Nu HTML checker needs Java.")
def test_every_page_is_valid_html(found: Walk, tmp_path: Path) -> None:
    addresses = {}
    for number, (path, text) in enumerate(found.pages.items()):
        (tmp_path / f"{number}.html").write_text(text, encoding="utf-8")
        addresses[f"{number}.html"] = path
    command = [
        "java",
        "-Xss4m",
        "-jar",
        str(VNU),
        "--format",
        "json",
        "--errors-only",
        "--exit-zero-always",
        str(tmp_path),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=True)
    messages = json.loads(checked.stderr)["messages"]
    faults = {f"{kind(addresses[Path(message['url']).name])}: {message['message']}" for message in messages}
    assert "\n".join(sorted(faults)) == ""
    assert len(addresses) > 500


def test_every_iri_of_the_graph_leads_to_its_document_in_every_format(address: str, store: ox.Store) -> None:
    """Cool URIs for the Semantic Web, 4.2: 303 URIs."""
    prefix = f"{BASE}id/"
    terms = {term for quad in store for term in (quad.subject, quad.object) if isinstance(term, ox.NamedNode)}
    things = sorted({term.value.partition("#")[0] for term in terms if term.value.startswith(prefix)})
    assert len(things) > 600
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=8))

    def fault(thing: str) -> str | None:
        path = "/" + thing.removeprefix(BASE)
        led = session.get(address + path, allow_redirects=False, timeout=60)
        replaced = led.status_code == 301
        if replaced:
            led = session.get(address + led.headers["Location"], allow_redirects=False, timeout=60)
        if led.status_code != 303:
            return f"{thing}: {led.status_code}"
        for media_type, syntax in FORMATS.items():
            document = session.get(address + led.headers["Location"], headers={"Accept": media_type}, timeout=60)
            if document.status_code != 200 or not document.headers["Content-Type"].startswith(media_type):
                return f"{thing}: {document.status_code} {document.headers['Content-Type']} for {media_type}"
            if syntax is not None and not replaced:
                quads = ox.parse(document.content, format=syntax, base_iri=prefix)
                if not any(quad.subject == ox.NamedNode(thing) for quad in quads):
                    return f"{thing}: not described as {media_type}"
        return None

    with ThreadPoolExecutor(4) as executor:
        assert [found for found in executor.map(fault, things) if found is not None] == []


def test_every_other_iri_of_the_graph_below_the_base_answers(address: str, store: ox.Store) -> None:
    terms = {term for quad in store for term in (quad.subject, quad.object, quad.graph_name)}
    names = {term.value.partition("#")[0] for term in terms if isinstance(term, ox.NamedNode)}
    others = sorted(name for name in names if name.startswith(BASE) and not name.startswith(f"{BASE}id/"))
    assert len(others) > 50
    session = requests.Session()
    answers = {name: session.get(f"{address}/{name.removeprefix(BASE)}", stream=True, timeout=60) for name in others}
    wrong = [f"{name}: {answer.status_code}" for name, answer in answers.items() if answer.status_code != 200]
    assert wrong == []
