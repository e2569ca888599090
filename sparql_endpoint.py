"""SPARQL 1.1 Protocol, query operation, as a Flask blueprint on an engine.

Errors are raised as :class:`sparql_engine.QueryError`; the application shows them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import pyoxigraph as ox
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import wrap_file

import ontology
from sparql_engine import (
    GRAPH_TYPES,
    TABLE_TYPES,
    Dataset,
    Engine,
    Query,
    QueryError,
    QueryRejected,
    QueryTooLong,
    Result,
    UpdateRefused,
)
from sparql_engine.admission import Admission
from sparql_engine.unpacking import CODINGS, Damaged, TooLarge, unpack

_MOST_PARAMETERS = 1000
_QUERY, _UPDATE, _FORM = "application/sparql-query", "application/sparql-update", "application/x-www-form-urlencoded"

_TABLES: Final = {
    **{name: name for name in TABLE_TYPES},
    "application/json": "application/sparql-results+json",
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
}
_GRAPHS: Final = {**{name: name for name in GRAPH_TYPES}, "application/json": "application/ld+json"}
_FORMAT_PARAMETERS: Final = ("format", "output", "results")
"""Names of the format parameter, which differ between servers; SPARQLWrapper sends all of them."""

_SHORT_NAMES: Final = {
    "json": "application/json",
    "xml": "application/xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "turtle": "text/turtle",
    "ttl": "text/turtle",
    "n3": "text/turtle",
    "nt": "application/n-triples",
    "ntriples": "application/n-triples",
    "rdf": "application/rdf+xml",
    "rdf+xml": "application/rdf+xml",
    "rdfxml": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "json-ld": "application/ld+json",
    "trig": "application/trig",
    "nq": "application/n-quads",
    "nquads": "application/n-quads",
}
_SERVICE = """
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
@prefix format: <http://www.w3.org/ns/formats/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<{address}#service> a sd:Service ;
  sd:endpoint <{address}> ;
  sd:supportedLanguage sd:SPARQL11Query ;
  sd:feature sd:UnionDefaultGraph ;
  sd:resultFormat format:SPARQL_Results_JSON , format:SPARQL_Results_XML , format:SPARQL_Results_CSV ,
    format:SPARQL_Results_TSV , format:Turtle , format:N-Triples , format:RDF_XML , format:JSON-LD , format:TriG ,
    format:N-Quads ;
  rdfs:seeAlso <.well-known/void> , <examples> .
"""
_DATASET = """
PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
CONSTRUCT {
  ?dataset a sd:Dataset ; sd:defaultGraph ?default ; sd:namedGraph ?named .
  ?default a sd:Graph .
  ?named a sd:NamedGraph ; sd:name ?name ; sd:graph ?graph .
  ?graph a sd:Graph .
} WHERE {
  ?dataset a sd:Dataset ; sd:defaultGraph ?default ; sd:namedGraph ?named .
  ?named sd:name ?name OPTIONAL { ?named sd:graph ?graph }
}"""


class RequestError(QueryError):
    """A request that violates the protocol.

    :param kind: kind of the error, such as ``query-missing``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class _Call:
    """Parameters of a request: the query text, if any, the dataset, and formats by name."""

    text: str | None
    dataset: Dataset
    wishes: list[str]


@dataclass
class Observation:
    """Facts about one request with a query, for logs and statistics.

    :ivar text: text of the query, if it could be read.
    :ivar outcome: ``answered``, ``not-modified``, or the kind of the error.
    :ivar kept: whether the answer was cached, see :class:`sparql_engine.Result`.
    """

    text: str = ""
    outcome: str = "answered"
    media_type: str = ""
    rows: int | None = None
    bytes: int = 0
    kept: bool = False


@dataclass(frozen=True)
class Host:
    """Functions and limits that the application supplies to the endpoint.

    :ivar address: returns the IRI of the endpoint, for its description.
    :ivar client: identifies the client; clients share the query processes.
    :ivar accepted: returns the offered media type that the client prefers, None if it accepts none.
    :ivar aliases: other names of media types of graphs.
    :ivar length: maximum characters of a query; a longer body is not read.
    :ivar bodies: places for requests while their body is read.
    :ivar page: returns the page for browsers that send no query.
    :ivar observing: context manager for each request with a query or a body; yields the observation to fill.
    """

    address: Callable[[], str]
    client: Callable[[], str]
    accepted: Callable[[Iterable[str]], str | None]
    aliases: Mapping[str, str]
    length: int
    bodies: Admission
    page: Callable[[], ResponseReturnValue]
    observing: Callable[[], AbstractContextManager[Observation]]


def blueprint(engine: Engine, host: Host) -> Blueprint:
    """Make the endpoint at ``/sparql``.

    :param engine: answers the queries.
    """
    routes = Blueprint("sparql", __name__)
    aliases = {alias: name for alias, name in host.aliases.items() if name in GRAPH_TYPES and alias not in _GRAPHS}
    graphs = _GRAPHS | aliases

    @routes.route("/sparql", methods=["GET", "POST"])
    def sparql() -> ResponseReturnValue:
        if request.method != "POST" and not request.query_string:
            return _describe(engine, host, graphs)
        with host.observing() as seen:
            call = _read_request(host)
            if call.text is not None:
                return _answer(engine, host, call, seen, graphs)
        return _describe(engine, host, graphs)

    return routes


def _answer(engine: Engine, host: Host, call: _Call, seen: Observation, graphs: Mapping[str, str]) -> Response:
    text = seen.text = call.text or ""
    query = engine.prepare(text)
    seen.media_type = media_type = _choose(_TABLES if query.gives_table else graphs, call.wishes, host)
    tag = _tag(engine.version(), media_type, call.dataset, query)
    conditional = request.method in {"GET", "HEAD"} and not query.volatile
    if conditional and _known(tag):
        seen.outcome = "not-modified"
        return _finish(Response(status=304), query, tag)
    result = engine.query(query, media_type, dataset=call.dataset, base=host.address(), client=host.client())
    seen.rows, seen.bytes, seen.kept = result.rows, result.size, result.kept
    return _finish(_respond(result), query, _tag(result.version, media_type, call.dataset, query))


def _read_request(host: Host) -> _Call:
    """Parameters of the three forms of the query operation (SPARQL 1.1 Protocol, 2.1.1 to 2.1.3)."""
    parameters = _parameters(request.query_string)
    if request.method == "POST":
        # A character takes at most four bytes, each three characters in a form.
        request.max_content_length = 12 * host.length + 2**16
        kind, options = request.mimetype, request.mimetype_params
        if options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            raise RequestError("not-utf-8", "The charset of the query is not UTF-8.")
        if kind == _QUERY:
            parameters.append(("query", _text(_body(host))))
        elif kind == _FORM:
            parameters += _parameters(_body(host))
        elif kind == _UPDATE:
            raise UpdateRefused("This is an update. The endpoint is read-only.")
        else:
            raise RequestError("body-unsupported", f"{_QUERY}, {_FORM}")
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    if "update" in values:
        raise UpdateRefused("This is an update. The endpoint is read-only.")
    queries = values.get("query", [])
    if len(queries) > 1:
        raise RequestError("query-repeated", "There is more than one query.")
    if not queries and request.method == "POST":
        raise RequestError("query-missing", "There is no query.")
    try:
        dataset = Dataset(tuple(values.get("default-graph-uri", ())), tuple(values.get("named-graph-uri", ())))
    except QueryRejected as error:
        raise RequestError("graph-not-iri", str(error)) from None
    wishes = [wish for name in _FORMAT_PARAMETERS for wish in reversed(values.get(name, []))]
    # Text editors may write a byte order mark first, which is not part of the query.
    return _Call(queries[0].removeprefix("\ufeff") if queries else None, dataset, wishes)


def _body(host: Host) -> bytes:
    try:
        with host.bodies.place(host.client(), 0):
            body = request.get_data(cache=False)
        return unpack(body, request.headers.get("Content-Encoding", "").lower(), request.max_content_length or 0)
    except KeyError:
        raise RequestError("coding-unsupported", ", ".join(CODINGS)) from None
    except Damaged as error:
        raise RequestError("coding-damaged", str(error)) from None
    except (RequestEntityTooLarge, TooLarge):
        message = f"The query has more than {host.length} characters."
        raise QueryTooLong(message, limit="length", value=host.length) from None


def _parameters(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(_text(raw), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise RequestError("not-utf-8", "A parameter is not in UTF-8.") from None
    except ValueError:
        raise RequestError("too-many-parameters", f"There are more than {_MOST_PARAMETERS} parameters.") from None


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise RequestError("not-utf-8", "The request is not in UTF-8.") from None


def _choose(offered: Mapping[str, str], wishes: list[str], host: Host) -> str:
    """The media type of the answer: by a parameter, else by Accept.

    :param offered: media types by name and alias.
    """
    named = (_SHORT_NAMES.get(wish, wish) for wish in wishes)
    found = next((name for name in named if name in offered), None)
    found = found or host.accepted(offered)
    if found is None:
        raise RequestError("not-acceptable", ", ".join(dict.fromkeys(offered.values())))
    return offered[found]


def _tag(version: str, media_type: str, dataset: Dataset, query: Query) -> str:
    parts = (version, media_type, *dataset.default, "named", *dataset.named, query.text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _known(tag: str) -> bool:
    return not request.if_none_match.star_tag and request.if_none_match.contains_weak(tag)


def _finish(response: Response, query: Query, tag: str) -> Response:
    """Add validators; the ETag is weak, because rows without ORDER BY may have another order."""
    response.vary.add("Accept")
    if query.volatile:
        response.cache_control.no_store = True
    else:
        response.set_etag(tag, weak=True)
        response.cache_control.no_cache = True
    return response


def _respond(result: Result) -> Response:
    if isinstance(result.body, bytes):
        return Response(result.body, mimetype=result.media_type)
    response = Response(wrap_file(request.environ, result.body, 2**16), mimetype=result.media_type)
    response.content_length = result.size
    response.direct_passthrough = True
    return response


def _describe(engine: Engine, host: Host, graphs: Mapping[str, str]) -> ResponseReturnValue:
    """Describe the service: a page for people, SPARQL 1.1 Service Description for programs."""
    wish = host.accepted((*graphs, "text/html"))
    if wish == "text/html":
        return host.page()
    address, kind = host.address(), graphs[wish or GRAPH_TYPES[0]]
    sd = ontology.PREFIXES["sd"]
    found = engine.query(engine.prepare(_DATASET), "application/n-triples")
    triples = {quad.triple for quad in ox.parse(found.read(), format=ox.RdfFormat.N_TRIPLES)}
    service, has_dataset = ox.NamedNode(f"{address}#service"), ox.NamedNode(sd + "defaultDataset")
    has_default_graph = ox.NamedNode(sd + "defaultGraph")
    datasets = {triple.subject for triple in triples if triple.predicate == has_default_graph}
    triples |= {ox.Triple(service, has_dataset, dataset) for dataset in datasets}
    triples |= {
        quad.triple for quad in ox.parse(_SERVICE.format(address=address), format=ox.RdfFormat.TURTLE, base_iri=address)
    }
    ordered = sorted(triples, key=str)
    body = ox.serialize(ordered, format=ox.RdfFormat.from_media_type(kind), prefixes={"sd": sd}) or b""
    response = Response(body, mimetype=kind)
    response.vary.add("Accept")
    response.cache_control.no_cache = True
    response.set_etag(hashlib.sha256(body).hexdigest()[:32], weak=True)
    return response.make_conditional(request)
