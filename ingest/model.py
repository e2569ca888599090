"""Record types and their fields, read from the JSON-LD context and the SHACL shapes.

A field is a term of a type's context together with the property shape that carries its name
(``srs:Project-field`` or ``srs:title_de``: the local name ends in the term).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from rdflib import RDFS, SH, Graph, Namespace, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.collection import Collection
from rdflib.term import Node

import ontology
import shapes

Kind = Literal["text", "integer", "decimal", "boolean", "date", "partial-date", "iri", "code", "concept", "reference"]
Text = dict[str, str]
_DASH = Namespace("http://datashapes.org/dash#")
_XSD = "xsd:"


class ModelError(Exception):
    """The context and the shapes contradict each other."""


@dataclass(frozen=True)
class Field:
    """One column of a record type.

    :ivar term: key in a record, a term of the context.
    :ivar path: IRI of the property.
    :ivar kind: how a cell is read.
    :ivar many: whether a cell may hold several values.
    :ivar classes: for references, IRIs of the classes allowed, in order of precedence.
    :ivar options: for concepts, their IRIs.
    :ivar prefix: for concepts and codes, the IRI that the notation follows; for addresses, a scheme to supply.
    :ivar maximum: largest value allowed, where the shape states one.
    :ivar group: IRI of the group that documents and pages put it in.
    :ivar essential: rank among the fields at the top of a page.
    :ivar placing: rank of this link in finding the location of a record.
    :ivar beside: rank of this link beside the title of a record in lists.
    :ivar situates: whether a record lies in the district of the record that this refers to.
    :ivar apart: whether pages show it separately.
    """

    term: str
    path: str
    kind: Kind
    many: bool
    shape: str
    name: Text
    help: Text
    message: Text
    order: float
    required: bool
    read_only: bool
    role: str | None
    classes: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    prefix: str = ""
    pattern: str | None = None
    maximum: float | None = None
    group: str = ""
    essential: int | None = None
    placing: int | None = None
    beside: int | None = None
    situates: bool = False
    apart: bool = False


@dataclass(frozen=True)
class RecordType:
    """A record type: its class, its shape, and how its IRIs are made (``{base}id/{segment}/{key}``).

    :ivar plural: name of its records, by language.
    :ivar roles: its functions in figures and pages; ``sr:recordRole`` defines them.
    :ivar search_rank: rank among the searched types; None if it is not searched.
    :ivar list_rank: rank of its list on pages of other records.
    """

    name: str
    iri: str
    shape: str
    segment: str
    key: Field
    label: Text
    plural: Text
    roles: frozenset[str]
    search_rank: int | None
    list_rank: int | None
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields that a table may carry, in order; derived ones are left out."""
        return tuple(field for field in self.fields if not field.read_only)

    def field(self, term: str) -> Field:
        """The field of a term.

        :raises KeyError: the type has no such term.
        """
        return {field.term: field for field in self.fields}[term]

    @property
    def label_term(self) -> str:
        """The term of its first name or title (``dash:LabelRole``).

        :raises StopIteration: no field has that role.
        """
        return next(field.term for field in self.fields if field.role == "LabelRole")


@cache
def record_types() -> Mapping[str, RecordType]:
    """All record types by the IRI of their node shape.

    :raises ModelError: a property shape has no term in the context of its type.
    """
    graph = shapes.load()
    found = [shape for shape in graph.subjects(ontology.SR.keyProperty, None) if isinstance(shape, URIRef)]
    return {str(shape): _record_type(graph, shape) for shape in sorted(found)}


@cache
def by_name(name: str) -> RecordType:
    """The record type of a name such as ``Project``.

    :raises KeyError: there is no such type.
    """
    return {record_type.name: record_type for record_type in record_types().values()}[name]


@cache
def with_role(role: str) -> frozenset[str]:
    """Names of the record types of a role, such as ``area``."""
    return frozenset(record_type.name for record_type in record_types().values() if role in record_type.roles)


@cache
def the(role: str) -> RecordType:
    """The one record type of a role, such as ``activity``.

    :raises ModelError: there is none, or there are several.
    """
    names = with_role(role)
    if len(names) != 1:
        raise ModelError(f"One record type must have the role {role}, not {len(names)}.")
    return by_name(*names)


@cache
def searched() -> tuple[RecordType, ...]:
    """The record types that are searched, in the order in which they are listed."""
    ranked = [(kind.search_rank, kind) for kind in record_types().values() if kind.search_rank is not None]
    return tuple(kind for _, kind in sorted(ranked, key=lambda pair: pair[0]))


@cache
def ranked(attribute: Literal["essential", "placing", "beside"]) -> tuple[Field, ...]:
    """The fields of all types that have a rank, in its order; of those with one term the first.

    :raises ModelError: a term has two ranks.
    """
    found: dict[str, tuple[int, Field]] = {}
    for kind in record_types().values():
        for field in kind.fields:
            rank: int | None = getattr(field, attribute)
            if rank is not None and found.setdefault(field.term, (rank, field))[0] != rank:
                raise ModelError(f"{field.term} has two ranks for {attribute}.")
    return tuple(field for _, field in sorted(found.values(), key=lambda pair: pair[0]))


def terms(type_name: str) -> dict[str, Any]:
    """The definitions of all terms that a record of this type may use: the common ones and the type's own."""
    context: dict[str, Any] = ontology.context()["@context"]
    return {**context, **context[type_name]["@context"]}


def _record_type(graph: Graph, shape: URIRef) -> RecordType:
    target = graph.value(shape, SH.targetClass)
    name = str(target).removeprefix(str(ontology.SR))
    fields = sorted(
        (_field(graph, name, prop) for prop in graph.objects(shape, SH.property) if isinstance(prop, URIRef)),
        key=lambda field: (field.order, field.term),
    )
    key_path = str(graph.value(shape, ontology.SR.keyProperty))
    keys = [field for field in fields if field.path == key_path]
    if len(keys) != 1:
        raise ModelError(f"{shape} needs exactly one property shape for its key {key_path}, found {len(keys)}.")
    return RecordType(
        name=name,
        iri=str(target),
        shape=str(shape),
        segment=str(graph.value(shape, ontology.SR.iriSegment)),
        key=keys[0],
        label=_texts(graph, shape, RDFS.label),
        plural=_texts(graph, shape, ontology.SR.pluralLabel),
        roles=frozenset(str(role) for role in graph.objects(shape, ontology.SR.recordRole)),
        search_rank=_rank(graph, shape, ontology.SR.searchRank),
        list_rank=_rank(graph, shape, ontology.SR.listRank),
        fields=tuple(fields),
    )


def _field(graph: Graph, type_name: str, prop: URIRef) -> Field:
    term = str(prop).rpartition("#")[2].rpartition("-")[2]
    definitions = terms(type_name)
    if term not in definitions:
        raise ModelError(f"{prop} documents the term {term}, which the context of {type_name} lacks.")
    definition = definitions[term]
    classes = tuple(str(value) for value in _classes(graph, prop))
    allowed = graph.value(prop, SH["in"])
    options = tuple(str(item) for item in Collection(graph, allowed)) if allowed is not None else ()
    pattern = graph.value(prop, SH.pattern)
    maximum = graph.value(prop, SH.maxInclusive)
    role = graph.value(prop, _DASH.propertyRole)
    least = graph.value(prop, SH.qualifiedMinCount) or graph.value(prop, SH.minCount)
    severity = graph.value(prop, SH.severity)
    prefix = ""
    if isinstance(definition, dict):
        prefix = definition.get("@context", {}).get("@vocab", "")
    if pattern is not None and str(pattern).startswith("^mailto:"):
        prefix = "mailto:"
    return Field(
        term=term,
        path=str(graph.value(prop, SH.path)),
        kind=_kind(graph, prop, definition, classes, options),
        many=isinstance(definition, dict) and definition.get("@container") == "@set",
        shape=str(prop),
        name=_texts(graph, prop, SH.name),
        help=_texts(graph, prop, SH.description),
        message=_texts(graph, prop, SH.message),
        order=_number(graph.value(prop, SH.order)) or 0.0,
        required=least is not None and _number(least) != 0 and severity in (None, SH.Violation),
        read_only=(prop, _DASH.readOnly, RdfLiteral(True)) in graph,
        role=str(role).removeprefix(str(_DASH)) if role is not None else None,
        classes=classes,
        options=options,
        prefix=prefix,
        pattern=str(pattern) if pattern is not None else None,
        maximum=_number(maximum),
        group=str(graph.value(prop, SH.group) or ""),
        essential=_rank(graph, prop, ontology.SR.essentialRank),
        placing=_rank(graph, prop, ontology.SR.placeRank),
        beside=_rank(graph, prop, ontology.SR.besideRank),
        situates=(prop, ontology.SR.situates, RdfLiteral(True)) in graph,
        apart=(prop, ontology.SR.shownApart, RdfLiteral(True)) in graph,
    )


def _kind(graph: Graph, prop: URIRef, definition: Any, classes: tuple[str, ...], options: tuple[str, ...]) -> Kind:
    if isinstance(definition, str):
        choices = graph.value(prop, SH["or"])
        return "partial-date" if choices is not None else "text"
    coercion = definition.get("@type")
    if coercion is None:
        return "text"
    if coercion == "@id":
        return "reference" if classes else "iri"
    if coercion == "@vocab":
        return "concept" if options else "code"
    simple: dict[str, Kind] = {
        "integer": "integer", "decimal": "decimal", "boolean": "boolean", "date": "date",
    }  # fmt: skip
    return simple[coercion.removeprefix(_XSD)]


def _classes(graph: Graph, prop: URIRef) -> list[Node]:
    direct = list(graph.objects(prop, SH["class"]))
    choices = graph.value(prop, SH["or"])
    if choices is not None:
        direct += [value for choice in Collection(graph, choices) for value in graph.objects(choice, SH["class"])]
    return direct


def _texts(graph: Graph, subject: Node, predicate: URIRef) -> Text:
    values = graph.objects(subject, predicate)
    return {value.language or "": str(value) for value in values if isinstance(value, RdfLiteral)}


def _rank(graph: Graph, subject: Node, predicate: URIRef) -> int | None:
    value = graph.value(subject, predicate)
    return None if value is None else int(str(value))


def _number(value: Node | None) -> float | None:
    return float(value) if isinstance(value, RdfLiteral) else None


__all__ = [
    "Field",
    "Kind",
    "ModelError",
    "RecordType",
    "by_name",
    "ranked",
    "record_types",
    "searched",
    "terms",
    "the",
    "with_role",
]
