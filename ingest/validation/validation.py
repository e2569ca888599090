"""Validation of records against the SHACL shapes.

pyshacl is the reference. The fast path shows it only what may be wrong, which gives the same results.
Records are checked in chunks, each with the records that its shapes can see, so that chunks can be checked side by side
in the processes of any :class:`concurrent.futures.Executor`.
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

_CHUNK = 2000  # records; small enough to share out, large enough that few neighbours are in several chunks


@dataclass(frozen=True)
class Chunk:
    """A piece of work for one process.

    :ivar records: what is validated.
    :ivar neighbours: what else their shapes can see.
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
    """Validate records; gives the results in the order of the records.

    :param records: what is validated; some are needed to judge others.
    :param validator: :func:`fast` or :func:`reference`.
    :param progress: called with the number of chunks done and in all.
    :param kept: results of the build before; records that have some are not validated again.
    :param others: records that are not validated, but may be needed to judge those that are.
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
    # A single chunk is done before another process has started.
    checked = map(validator, chunks) if len(chunks) == 1 else executor.map(validator, chunks)
    for done, results in enumerate(checked, start=1):
        progress(done, len(chunks))
        for result in results:
            found.setdefault(result.record, []).append(result)
    if kept is not None:
        kept.replace({key: found.get(iri, []) for iri, key in keys.items()})
    return [result for record in records for result in found.get(record["id"], [])]


def reference(chunk: Chunk) -> list[ValidationResult]:
    """Have pyshacl validate all records of a chunk by all their shapes."""
    aims = {iri: _aimed_at(name) for name, iris in _by_class(chunk).items() for iri in iris}
    return results(aims, triples([*chunk.records, *chunk.neighbours], chunk.base), chunk.base)


def fast(chunk: Chunk) -> list[ValidationResult]:
    """Have pyshacl validate those records that screening suspects, by the shapes that may object."""
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
    """What shapes see of a record that is not their focus node."""
    seen = _seen(record["type"], beyond)
    return {term: value for term, value in record.items() if term in seen}


@cache
def _seen(type_name: str, beyond: frozenset[str]) -> frozenset[str]:
    return frozenset({"id", "type"} | {field.term for field in by_name(type_name).fields if field.path in beyond})


class _Surroundings:
    """Which records the shapes of others can see: those referred to, and those of the same key.

    :param records: all that there are.
    """

    def __init__(self, records: Iterable[Node]) -> None:
        self._records = {record["id"]: record for record in records}
        self._owners: dict[str, list[str]] = defaultdict(list)
        for record in records:
            for key in _values(record, by_name(record["type"]).key.term):
                self._owners[key].append(record["id"])

    def of(self, records: Sequence[Node]) -> list[Node]:
        """The other records that records' shapes can see."""
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
    """The relative IRIs or texts that a record has for a term, typed texts as rdflib writes them."""
    values = record.get(term, [])
    for value in values if isinstance(values, list) else [values]:
        if not isinstance(value, dict):
            yield str(value)
        elif "@id" in value:
            yield value["@id"]
        else:
            datatype = str(value.get("@type", "")).replace("xsd:", str(XSD), 1)
            yield str(Literal(value["@value"], datatype=URIRef(datatype) if datatype else None))
