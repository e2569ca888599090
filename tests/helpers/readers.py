"""Outside readers of RDF, each as a function from documents to N-Quads; those of Node take all documents at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyoxigraph as ox
import rdflib
from pyld import jsonld as pyld  # type: ignore[import-untyped]
from support import ROOT

FOLDER: Final = ROOT / "tests" / "conformance" / "readers"
NODE: Final = Path(sys.executable).with_name("node")

MEDIA_TYPES: Final = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "trig": "application/trig",
    "nq": "application/n-quads",
}
OF_DATASETS: Final = ("trig", "nq", "jsonld")
"""Syntaxes that can tell graphs apart."""

_OF_RAPPER: Final = {"ttl": "turtle", "nt": "ntriples", "rdf": "rdfxml", "trig": "trig", "nq": "nquads"}
_OF_RDFLIB: Final = {
    "ttl": "turtle",
    "nt": "nt",
    "rdf": "xml",
    "jsonld": "json-ld",
    "trig": "trig",
    "nq": "nquads",
}


class Document(NamedTuple):
    """What an address gave in a syntax, kept in a file.

    :ivar embedded: it stands in a page.
    :ivar alternate: where a client that wants JSON-LD is sent from here.
    """

    address: str
    suffix: str
    path: Path
    embedded: bool = False
    alternate: str | None = None


Quads = frozenset[str]


def canonical(quads: str | bytes) -> Quads:
    """N-Quads as lines that are the same for the same content: blank nodes named by RDFC-1.0."""
    dataset = ox.Dataset(ox.parse(quads, format=ox.RdfFormat.N_QUADS))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(map(str, dataset))


def by_pyoxigraph(document: Document) -> Quads:
    """The reader that everything else is compared with."""
    syntax = ox.RdfFormat.from_media_type(MEDIA_TYPES[document.suffix])
    quads = ox.parse(path=document.path, format=syntax, base_iri=document.address)
    return canonical(ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"")


def by_rdflib(document: Document) -> Quads:
    """Without rdflib's own idea of canonical literals."""
    rdflib.NORMALIZE_LITERALS = False
    dataset = rdflib.Dataset(default_union=False)
    with document.path.open("rb") as file:
        dataset.parse(file, format=_OF_RDFLIB[document.suffix], publicID=document.address)
    return canonical("".join(_lines(dataset)))


def _lines(dataset: rdflib.Dataset) -> list[str]:
    """Rdflib puts what is in no graph into one that it names after the document or by a blank node."""
    lines = []
    for subject, predicate, object_, name in dataset.quads():
        graph = f" {name.n3()}" if isinstance(name, rdflib.URIRef) and "/graph/" in name else ""
        lines.append(f"{subject.n3()} {predicate.n3()} {_n3(object_)}{graph} .\n")
    return lines


def _n3(term: Any) -> str:
    if isinstance(term, rdflib.Literal):
        text = ox.Literal(str(term), language=term.language) if term.language else None
        return str(text or ox.Literal(str(term), datatype=ox.NamedNode(term.datatype) if term.datatype else None))
    return str(term.n3())


def by_pyld(document: Document) -> Quads:
    """The reference implementation of JSON-LD 1.1 in Python."""
    options = {"format": MEDIA_TYPES["nq"], "base": document.address}
    return canonical(pyld.to_rdf(json.loads(document.path.read_text(encoding="utf-8")), options))


def dereferenced_by_pyld(address: str) -> Quads:
    """What PyLD makes of an address by itself."""
    return canonical(pyld.to_rdf(address, {"format": MEDIA_TYPES["nq"]}))


def by_rapper(document: Document) -> Quads:
    """Raptor, the parser of Redland (Debian package raptor2-utils)."""
    command = ["rapper", "-q", "-i", _OF_RAPPER[document.suffix], "-o", "nquads", document.path, document.address]
    return canonical(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


def by_node(reader: str, documents: Sequence[Document]) -> list[Quads]:
    """A parser of JavaScript, on all documents in one process."""
    wanted = [{"address": document.address, "path": str(document.path)} for document in documents]
    return [canonical(quads) for quads in run_node(["read.mjs", reader], wanted)]


def run_node(command: Sequence[str], wanted: object) -> list[Any]:
    """What a program of ours answers to a list: a value for each."""
    done = subprocess.run(
        [NODE, *command], cwd=FOLDER, input=json.dumps(wanted), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


IN_PYTHON: Final[dict[str, tuple[Callable[[Document], Quads], frozenset[str]]]] = {
    "rdflib": (by_rdflib, frozenset(_OF_RDFLIB)),
    "PyLD": (by_pyld, frozenset({"jsonld"})),
    "rapper": (by_rapper, frozenset(_OF_RAPPER)),
}
"""By name: the reader, and the suffixes that it reads."""
