"""Submitted RDF files: records by class, from any RDF syntax, with findings by node and property."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any, Final
from xml.parsers import expat

import pyoxigraph as ox

import ontology
from ingest.files.delimited import decode
from ingest.files.grids import SheetLimits
from ingest.findings.findings import Finding, UnreadableError, message
from ingest.model import Field, RecordType, record_types, terms
from ingest.pipeline import explanation as explain
from ingest.pipeline.sources import SourcePart
from ingest.rdf import Node
from ingest.references import Referable, Register, hint, nearest
from ingest.validation.shacl import ValidationResult
from ontology import jsonld

_NAMES: Final = ("name", "title_de", "officialName", "name_en")
_CONTEXT: Final = "context.jsonld"
_LONGEST_ENTITY: Final = 200
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_TURTLE: Final = (b"@prefix", b"@base", b"prefix ", b"base ")


def syntax(source: str, content: bytes) -> ox.RdfFormat | None:
    """The RDF syntax of a file, by its suffix and its first words; None if it is not RDF."""
    suffix = PurePath(source).suffix.lower().removeprefix(".")
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if suffix == "json":
        return ox.RdfFormat.JSON_LD if b'"@context"' in start else None
    if suffix in ("xml", "") and b"<rdf:RDF" in start:
        return ox.RdfFormat.RDF_XML
    if suffix == "" and start.lower().startswith(_TURTLE):
        return ox.RdfFormat.TURTLE
    return ox.RdfFormat.from_extension(suffix) if suffix not in ("xml", "txt") else None


class GraphPart(SourcePart):
    """A file of RDF.

    :ivar record_type: type of its records, if all have the same.
    """

    def __init__(self, source: str, base: str) -> None:
        self.source = source
        self._base = base
        self._nodes: dict[str, Node] = {}
        self._findings: list[Finding] = []

    @property
    def record_type(self) -> RecordType | None:
        """See :class:`ingest.pipeline.sources.Part`."""
        types = {each.name: each for each in record_types().values()}
        found = {node["type"] for node in self._nodes.values()}
        return types[found.pop()] if len(found) == 1 else None

    @property
    def findings(self) -> list[Finding]:
        """See :class:`ingest.pipeline.sources.Part`."""
        return sorted(self._findings, key=lambda f: (f.node or "", f.path or "", f.value or "", f.code))

    def nodes(self) -> Iterable[Node]:
        """See :class:`ingest.pipeline.sources.Part`."""
        return self._nodes.values()

    def add(self, node: Node) -> None:
        """Add a record."""
        self._nodes[node["id"]] = node

    def entries(self) -> Iterator[Referable]:
        """The entries by which other records refer to these."""
        for iri, node in self._nodes.items():
            record_type = _record_type(node)
            key = node.get(record_type.key.term)
            names = tuple(str(node[term]) for term in _NAMES if isinstance(node.get(term), str))
            yield Referable(iri, record_type.iri, key if isinstance(key, str) else iri, names, self.source, 0)

    def resolve(self, register: Register) -> None:
        """Replace references to replaced records by references to their successors."""
        for node in self._nodes.values():
            for field in _record_type(node).fields:
                if field.kind == "reference" and field.term in node:
                    values = node[field.term]
                    found = [self._successor(node, field, value, register) for value in _listed(values)]
                    node[field.term] = found if isinstance(values, list) else found[0]

    def _successor(self, node: Node, field: Field, value: Any, register: Register) -> Any:
        if not isinstance(value, str):
            return value
        found = register.resolve(value.rpartition("/")[2], field.classes)
        if found.code != "outdated-key":
            return value
        address = f"{self._base}id/{value}"
        self.tell("outdated-key", node["id"], field, address, f"{self._base}id/{found.value}", **found.details)
        return found.value

    def note(self, result: ValidationResult) -> None:
        """See :class:`ingest.pipeline.sources.Part`."""
        field = _record_type(self._nodes[result.record]).field(result.term)
        value = result.value
        if value is not None and field.kind == "reference":
            value = self._address(value)
        self._findings.append(
            Finding(
                code=explain.code(result.component),
                severity=result.severity,
                message=explain.sentence(field, result, value),
                source=self.source,
                header=field.name["de"],
                value=value,
                record=result.record,
                path=field.path,
                shape=result.shape,
                node=self._address(result.record),
            )
        )

    def tell(
        self,
        code: str,
        iri: str | None,
        field: Field | str | None = None,
        value: str | None = None,
        suggestion: str | None = None,
        **details: object,
    ) -> None:
        """Add a finding at a node.

        :param iri: relative IRI of the node.
        :param field: its property: its field, or its name.
        """
        header = field.name["de"] if isinstance(field, Field) else field
        filled = {"header": header, "value": value, "suggestion": suggestion, **details}
        severity, text = message(code, **filled)
        self._findings.append(
            Finding(
                code=code,
                severity=severity,
                message=text,
                source=self.source,
                header=header,
                value=value,
                suggestion=suggestion,
                record=iri,
                path=field.path if isinstance(field, Field) else field,
                node=None if iri is None else self._address(iri),
            )
        )

    def fail(self, finding: Finding) -> None:
        """Note that the file could not be read."""
        self._findings.append(finding)

    def _address(self, iri: str) -> str:
        return iri if ":" in iri else f"{self._base}id/{iri}"


def read(source: str, content: bytes, format: ox.RdfFormat, base: str, limits: SheetLimits) -> GraphPart:
    """Read the records of an RDF file; errors become findings.

    :param base: base IRI of the service, ending in a slash.
    """
    part = GraphPart(source, base)
    try:
        triples = _triples(source, content, format, base, limits)
    except UnreadableError as problem:
        part.fail(problem.finding)
        return part
    named = [triple for triple in triples if _is_named(triple)]
    if blank := {triple.subject for triple in triples if not isinstance(triple.subject, ox.NamedNode)}:
        part.tell("blank-node", None, count=len(blank), example=f"{base}id/project/region-digitaler-knuell")
    _take_records(part, named, base)
    if not list(part.nodes()):
        part.tell("no-records", None)
    return part


def _triples(source: str, content: bytes, format: ox.RdfFormat, base: str, limits: SheetLimits) -> list[ox.Triple]:
    found: list[ox.Triple] = []
    try:
        text = _local_context(source, content) if format == ox.RdfFormat.JSON_LD else content
        if format == ox.RdfFormat.RDF_XML:
            _check_entities(source, content)
        for quad in ox.parse(text, format=format, base_iri=f"{base}id/"):
            found.append(quad.triple)
            if len(found) > limits.cells:
                raise UnreadableError(
                    "file-too-large", source, limit=limits.cells, what_de="Aussagen", what_en="statements"
                )
    except (SyntaxError, ValueError) as error:
        detail = error.msg if isinstance(error, SyntaxError) else error
        raise UnreadableError("rdf-syntax", source, format=format.name, detail=detail) from None
    except RecursionError:
        raise UnreadableError("rdf-syntax", source, format=format.name, detail="zu tief / too deep") from None
    return found


def _check_entities(source: str, content: bytes) -> None:
    """Refuse entities other than short names of namespaces: pyoxigraph expands nested ones without limit.

    :raises UnreadableError: an entity refers to another one or to a file, or is long.
    """

    def check(name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        if is_parameter or value is None or "&" in value or len(value) > _LONGEST_ENTITY:
            raise UnreadableError(
                "file-unsafe",
                source,
                detail_de=f"die Entität „{name}“ ist mehr als ein kurzer Name",
                detail_en=f"the entity “{name}” is more than a short name",
            )

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = check
    parser.StartElementHandler = _stop
    with contextlib.suppress(_RdfRootError, expat.ExpatError):  # the RDF parser reports all other errors
        parser.Parse(content, True)


class _RdfRootError(Exception):
    """The root element has begun: no declaration can follow."""


def _stop(*_: object) -> None:
    raise _RdfRootError


def _local_context(source: str, content: bytes) -> str:
    """Replace the address of our context in JSON-LD by the context, so that nothing is fetched."""
    document = json.loads(decode(source, content)[0])
    if isinstance(document, dict) and "@context" in document:
        own = ontology.context()["@context"]
        contexts = [own if _names_ours(each) else each for each in _listed(document["@context"])]
        document = {**document, "@context": contexts}
    return json.dumps(document)


def _names_ours(context: Any) -> bool:
    return isinstance(context, str) and context.rpartition("/")[2] == _CONTEXT


def _is_named(triple: ox.Triple) -> bool:
    return isinstance(triple.subject, ox.NamedNode) and not isinstance(triple.object, ox.BlankNode | ox.Triple)


def _take_records(part: GraphPart, triples: list[ox.Triple], base: str) -> None:
    types = {record_type.iri: record_type for record_type in record_types().values()}
    classes: dict[str, set[str]] = {}
    for triple in triples:
        known = classes.setdefault(_iri(triple.subject), set())
        if triple.predicate == _TYPE:
            known.add(_iri(triple.object))
    records = {iri: sorted(found & types.keys()) for iri, found in classes.items() if found & types.keys()}
    try:
        nodes = jsonld.compact((triple for triple in triples if _iri(triple.subject) in records), base)
    except ValueError as error:
        severity, text = message("rdf-syntax", format="RDF", detail=error)
        part.fail(Finding("rdf-syntax", severity, text, part.source))
        return
    for node in nodes:
        iri = node["id"] if ":" in node["id"] else f"{base}id/{node['id']}"
        node["type"] = types[records[iri][0]].name
        part.add(node)
        _look_at_properties(part, node)
    names = ", ".join(sorted(f"sr:{record_type.name}" for record_type in types.values()))
    for iri in sorted(classes.keys() - records.keys()):
        # The IRI of a node that belongs to a record, such as its geometry, begins with that of the record.
        if iri.partition("#")[0] not in records:
            part.tell("unknown-class", iri.removeprefix(f"{base}id/"), classes=names)


def _look_at_properties(part: GraphPart, node: Node) -> None:
    known = terms(node["type"])
    names = [column.name["de"] for column in _record_type(node).columns]
    for term in node:
        if term not in known:
            similar: dict[str, Any] = hint(nearest(term.rpartition(":")[2], names))
            part.tell("unknown-property", node["id"], term, **similar)


def _record_type(node: Node) -> RecordType:
    return {each.name: each for each in record_types().values()}[node["type"]]


def _iri(term: Any) -> str:
    return str(term.value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
