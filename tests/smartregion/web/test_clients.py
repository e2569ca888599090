"""What ordinary clients of SPARQL get, with the packages themselves and their usual settings."""

from __future__ import annotations

import io
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator
from typing import Any
from xml.dom.minidom import Document

import pandas as pd
import pytest
import rdflib
import SPARQLWrapper as sw
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from support import BASE, served

from publish.releases.release import Releases

pytestmark = pytest.mark.slow

PREFIXES = "PREFIX sr: <https://w3id.org/smart-region/ns#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
KEYS = PREFIXES + "SELECT * { ?m a sr:Municipality ; sr:ags ?ags ; skos:prefLabel ?name } ORDER BY ?ags LIMIT 3"
DARMSTADT = f"{BASE}id/municipality/06411000"
QUERIES = {
    "SELECT": KEYS,
    "ASK": f"ASK {{ <{DARMSTADT}> ?p ?o }}",
    "CONSTRUCT": f"CONSTRUCT {{ <{DARMSTADT}> ?p ?o }} WHERE {{ <{DARMSTADT}> ?p ?o }}",
    "DESCRIBE": f"DESCRIBE <{DARMSTADT}>",
}
CONVERTED = {
    "table": {sw.JSON: dict, sw.XML: Document, sw.CSV: bytes, sw.TSV: bytes},
    "graph": {
        sw.XML: rdflib.Graph,
        sw.RDFXML: rdflib.Graph,
        sw.RDF: rdflib.Graph,
        sw.JSONLD: rdflib.Graph,
        sw.JSON: rdflib.Graph,
        sw.TURTLE: bytes,
        sw.N3: bytes,
    },
}
"""What the package makes of each of its formats where that fits the query; else it gets what the service likes."""

METHODS = {
    "GET": (sw.GET, sw.URLENCODED),
    "POST": (sw.POST, sw.URLENCODED),
    "POST directly": (sw.POST, sw.POSTDIRECTLY),
}


@pytest.fixture(scope="module")
def address(releases: Releases) -> Iterator[str]:
    with served(releases.root) as service:
        yield service.address


def wrapper(address: str, query: str, format_: str, method: str) -> sw.SPARQLWrapper:
    client = sw.SPARQLWrapper(f"{address}/sparql")
    client.setReturnFormat(format_)
    client.setMethod(METHODS[method][0])
    client.setRequestMethod(METHODS[method][1])
    client.setQuery(query)
    return client


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib", "ignore::DeprecationWarning:SPARQLWrapper")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("format_", [sw.JSON, sw.XML, sw.TURTLE, sw.N3, sw.RDF, sw.RDFXML, sw.CSV, sw.TSV, sw.JSONLD])
@pytest.mark.parametrize("form", QUERIES)
def test_sparqlwrapper_gets_every_format_by_every_method(address: str, form: str, format_: str, method: str) -> None:
    kind = "table" if form in ("SELECT", "ASK") else "graph"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the package's own, where a format does not fit the query
        found: Any = wrapper(address, QUERIES[form], format_, method).queryAndConvert()
    assert isinstance(found, CONVERTED[kind].get(format_, (dict, bytes)))
    match found:
        case rdflib.Graph():
            assert (rdflib.URIRef(DARMSTADT), rdflib.SKOS.prefLabel, rdflib.Literal("Darmstadt", "de")) in found
        case dict():
            assert found.get("boolean", found.get("results")) not in (None, False)
        case Document():
            assert found.getElementsByTagName("sparql")
        case _:
            assert b"Darmstadt" in found or form == "ASK"
            assert b"true" in found or form != "ASK"


def test_the_sparql_store_of_rdflib(address: str) -> None:
    """It asks by GET, and by POST where a query is long."""
    for method in ("GET", "POST", "POST_FORM"):
        graph = rdflib.Graph(SPARQLStore(f"{address}/sparql", method=method), bind_namespaces="none")
        rows = [{str(name): str(term) for name, term in row.asdict().items()} for row in graph.query(KEYS)]  # type: ignore[union-attr]
        assert rows[0] == {"m": DARMSTADT, "ags": "06411000", "name": "Darmstadt"}
        assert len(rows) == 3
        subject = rdflib.URIRef(DARMSTADT)
        assert graph.value(subject, rdflib.SKOS.prefLabel) == rdflib.Literal("Darmstadt", "de")
        assert len(list(graph.predicate_objects(subject))) > 5


@pytest.mark.parametrize("parameters", ["", "&format=csv", "&output=csv"])
def test_pandas_reads_the_address_of_a_query(address: str, parameters: str) -> None:
    """It sends no wish of its own, so without a parameter it says in a header what it reads."""
    query = urllib.parse.quote(KEYS)
    options = {} if parameters else {"storage_options": {"Accept": "text/csv"}}
    frame = pd.read_csv(f"{address}/sparql?query={query}{parameters}", dtype={"ags": str}, **options)
    assert dict(frame.iloc[0]) == {"m": DARMSTADT, "ags": "06411000", "name": "Darmstadt"}


JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.mark.parametrize(
    "accept",
    [
        *[
            JAVA,
            "*",
            "*;q=.2",
            "text/html;q=, */*",
            ",,;;q=,*/*",
            "text/csv;q=abc, */*;q=0.1",
            "application/xml, */*;q=.1",
        ],
        *["text/html;q=2, */*", "q=0.5", "/", "*/*;q=0.0001", '*/*;x="a,b";q=.5'],
    ],
)
def test_a_sloppy_accept_header_gets_an_answer_and_never_a_page(address: str, accept: str) -> None:
    url = f"{address}/sparql?query={urllib.parse.quote('ASK {}')}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as answer:
        assert answer.status == 200
        assert answer.headers.get_content_type().startswith("application/sparql-results+")
        assert b"true" in io.BytesIO(answer.read()).getvalue()
