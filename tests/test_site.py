"""The whole site over HTTP: every link on every page, every IRI of the graph in every format."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyoxigraph as ox
import pytest
import requests
from crawl import walk
from support import BASE, served

from publish.release import Releases

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


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_link_on_every_page_answers_and_every_anchor_is_there(language: str, address: str) -> None:
    found = walk(address, language, most=40)
    assert found.faults == []
    # Every record has a page, and the pages of all kinds are linked.
    assert len([page for page in found.pages if page.startswith("/doc/")]) > 600
    first = {page.split("/")[1].partition("?")[0] for page in found.pages}
    assert first >= {"catalog", "dataset", "sparql", "validate"}


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
