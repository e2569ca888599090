"""Validation of records against the SHACL shapes.

pyshacl is the reference. Screening selects the records that may be invalid for it, which gives the same results.
Records are validated in chunks, each with the records that its shapes use, so that the processes of any
:class:`concurrent.futures.Executor` can validate chunks in parallel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache

from rdflib import SH, XSD, Literal, URIRef
from rdflib.term import Node as Term

import shapes
from ingest.model import by_name
from ingest.rdf import Node, triples
from ingest.validation.screening import Screen, screen, suspects
from ingest.validation.shacl import ValidationResult, results
from ingest.validation.validation_cache import ValidationCache

_CHUNK = 2000  # records; small enough to distribute, large enough that few neighbours are in several chunks


@dataclass(frozen=True)
class Chunk:
    """A piece of work for one process.

    :ivar records: what is validated.
    :ivar neighbours: other records that their shapes use.
    """

    base: str
    records: Sequence[Node]
    neighbours: Sequence[Node]


Validator = Callable[[Chunk], list[ValidationResult]]


def validate(
    records: Sequence[Node],
    base: str,
    executor: Executor,
    validator: Validator,
    progress: Callable[[int, int], None],
    kept: ValidationCache | None = None,
    others: Sequence[Node] = (),
) -> list[ValidationResult]:
    """Validate records; return the results in the order of the records.

    :param records: records to validate; some are needed to validate others.
    :param validator: :func:`fast` or :func:`reference`.
    :param progress: called with the number of chunks done and in all.
    :param kept: results of the last build; records with a result are not validated again.
    :param others: records that are not validated but may be needed to validate those that are.
    """
    surroundings = _Surroundings([*records, *others])
    found: dict[str, list[ValidationResult]] = {}
    keys: dict[str, str] = {}
    if kept is not None:
        keys = {record["id"]: kept.key(record, surroundings.of([record])) for record in records}
        found = {iri: results for iri, key in keys.items() if (results := kept.get(key)) is not None}
    changed = [record for record in records if record["id"] not in found]
    parts = [changed[start : start + _CHUNK] for start in range(0, len(changed), _CHUNK)]
    chunks = [Chunk(base, part, surroundings.of(part)) for part in parts]
    progress(0, len(chunks))
    # Validating a single chunk takes less time than starting a process.
    checked = map(validator, chunks) if len(chunks) == 1 else executor.map(validator, chunks)
    for done, results in enumerate(checked, start=1):
        progress(done, len(chunks))
        for result in results:
            found.setdefault(result.record, []).append(result)
    if kept is not None:
        kept.replace({key: found.get(iri, []) for iri, key in keys.items()})
    return [result for record in records for result in found.get(record["id"], [])]


def reference(chunk: Chunk) -> list[ValidationResult]:
    """Validate all records of a chunk by all their shapes with pyshacl."""
    aims = {iri: _aimed_at(name) for name, iris in _by_class(chunk).items() for iri in iris}
    return results(aims, triples([*chunk.records, *chunk.neighbours], chunk.base), chunk.base)


def fast(chunk: Chunk) -> list[ValidationResult]:
    """Validate the records and shapes that screening selects with pyshacl."""
    focus = [(_screen(name), iris) for name, iris in _by_class(chunk).items()]
    beyond = frozenset(path for screen, _ in focus for path in screen.beyond)
    glimpses = [_glimpse(record, beyond) for record in chunk.neighbours]
    found = suspects(focus, triples([*chunk.records, *glimpses], chunk.base))
    if not found:
        return []
    records = [record for record in chunk.records if f"{chunk.base}id/{record['id']}" in found]
    neighbours = _Surroundings([*chunk.records, *chunk.neighbours]).of(records)
    return results(found, triples([*records, *neighbours], chunk.base), chunk.base)


@cache
def _screen(record_class: str) -> Screen:
    return screen(shapes.load(), record_class)


@cache
def _aimed_at(record_class: str) -> tuple[Term, ...]:
    return tuple(shapes.load().subjects(SH.targetClass, URIRef(record_class)))


def _by_class(chunk: Chunk) -> dict[str, list[str]]:
    found = defaultdict(list)
    for record in chunk.records:
        found[by_name(record["type"]).iri].append(f"{chunk.base}id/{record['id']}")
    return found


def _glimpse(record: Node, beyond: frozenset[str]) -> Node:
    """The part of a record that shapes of other records read."""
    seen = _seen(record["type"], beyond)
    return {term: value for term, value in record.items() if term in seen}


@cache
def _seen(type_name: str, beyond: frozenset[str]) -> frozenset[str]:
    return frozenset({"id", "type"} | {field.term for field in by_name(type_name).fields if field.path in beyond})


class _Surroundings:
    """Finds the records that shapes of other records use: those referred to, and those with the same key.

    :param records: all records.
    """

    def __init__(self, records: Iterable[Node]) -> None:
        self._records = {record["id"]: record for record in records}
        self._owners: dict[str, list[str]] = defaultdict(list)
        for record in records:
            for key in _values(record, by_name(record["type"]).key.term):
                self._owners[key].append(record["id"])

    def of(self, records: Sequence[Node]) -> list[Node]:
        """The other records that the shapes of some records use."""
        own = {record["id"] for record in records}
        seen = {iri for record in records for iri in self._near(record)}
        return [self._records[iri] for iri in sorted(seen - own) if iri in self._records]

    def _near(self, record: Node) -> Iterator[str]:
        record_type = by_name(record["type"])
        for key in _values(record, record_type.key.term):
            yield from self._owners[key]
        for field in record_type.fields:
            if field.kind == "reference":
                yield from _values(record, field.term)


def _values(record: Node, term: str) -> Iterator[str]:
    """The values of a record for a term: relative IRIs, or texts as rdflib writes them."""
    values = record.get(term, [])
    for value in values if isinstance(values, list) else [values]:
        if not isinstance(value, dict):
            yield str(value)
        elif "@id" in value:
            yield value["@id"]
        else:
            datatype = str(value.get("@type", "")).replace("xsd:", str(XSD), 1)
            yield str(Literal(value["@value"], datatype=URIRef(datatype) if datatype else None))
