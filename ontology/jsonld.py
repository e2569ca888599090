"""Converts RDF to records: compaction with the project's own context.

The inverse of a JSON-LD 1.1 parser with ``context.jsonld``, for the features that this context uses (typed and
language-tagged terms, ``@set``, one ``@vocab`` per term, type-scoped contexts) only. It is not the
general Compaction Algorithm, which needs the whole document expanded first and is too slow for large amounts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from sys import intern
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Quad, Triple

from ontology import context

_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_INTEGER: Final = "http://www.w3.org/2001/XMLSchema#integer"
_BOOLEAN: Final = "http://www.w3.org/2001/XMLSchema#boolean"

# Canonical and short enough for JSON parsers that only have doubles.
_JSON_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,14}")

# IRIs that may be relative to the base: segment/key, which RFC 3986, section 5.2, resolves to the same IRI and
# which is neither a compact IRI nor a keyword or its alias (JSON-LD 1.1 API, section 5.2).
_RELATIVE: Final = re.compile(r"[^:/?#@.][^:/?#]*(?:/[^:/?#.][^:/?#]*)+(?:#[^:#]*)?")

_FEATURES: Final = {"@id", "@type", "@language", "@container", "@context"}


def compact(statements: Iterable[Triple | Quad], base: str | None = None) -> list[dict[str, Any]]:
    """Write statements as records in the terms of the context, one for each subject.

    A record has the terms of its class. A statement without a term has its compact or full IRI as key and an expanded
    value, so nothing is lost. The same applies to all but the common terms of a node with several record classes,
    because parsers disagree on how their contexts combine. Integers and booleans are JSON's own, all other typed values
    are strings, because JSON numbers are doubles to RDF (JSON-LD 1.1 API, section 8.2.2). The order of records, keys
    and values depends only on the statements.

    :param statements: in any order; graph names are ignored
    :param base: base IRI of the service, for records as ``ingest`` has them: IRIs below ``{base}id/`` become relative
        to it. Without it all IRIs are absolute, which is what we publish: parsers disagree on ``@base`` within
        type-scoped contexts
    :raises ValueError: a blank node, triple term or directional string, none of which is ever published; or an IRI
        that JSON-LD cannot write, because its scheme is a prefix of the context (such as ``geo:50.1,8.6``)
    """
    nodes: dict[str, list[tuple[str, Any]]] = {}
    for statement in statements:
        nodes.setdefault(_iri(statement.subject), []).append((intern(statement.predicate.value), statement.object))
    compactor = _compactor(base)
    return [compactor.record(subject, nodes[subject]) for subject in sorted(nodes)]


def document(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Make a self-contained JSON-LD document from the result of :func:`compact` without a base."""
    return {**context(), "@graph": nodes}


@cache
def _compactor(base: str | None) -> _Compactor:
    return _Compactor(context()["@context"], base and f"{base}id/")


class _Terms:
    """The terms of a node, by property and type of value."""

    def __init__(self, definitions: dict[str, Any], prefixes: dict[str, str], reserved: set[str]) -> None:
        self.rank = {name: position for position, name in enumerate(definitions)}
        self.sets: set[str] = set()
        self.exact: dict[tuple[str, str], str] = {}  # by property and "@id", "@<language>", datatype or "" (untyped)
        self._vocabularies: dict[str, list[tuple[str, str]]] = {}
        self._reserved = reserved | definitions.keys()
        for name, definition in definitions.items():
            if isinstance(definition, str):
                definition = {"@id": definition}
            if unknown := definition.keys() - _FEATURES:
                raise ValueError(f"{name}: compaction does not know {', '.join(sorted(unknown))}")
            iri = _expand(definition["@id"], prefixes)
            kind = definition.get("@type", "")
            if definition.get("@container") == "@set":
                self.sets.add(name)
            if kind == "@vocab":
                self._vocabularies.setdefault(iri, []).append((definition["@context"]["@vocab"], name))
            elif "@language" in definition:
                self.exact[iri, f"@{definition['@language']}"] = name
            else:
                self.exact[iri, _expand(kind, prefixes)] = name

    def concept(self, predicate: str, iri: str) -> tuple[str, str] | None:
        """Term and notation, if the IRI belongs to the ``@vocab`` of one of the predicate's terms."""
        for vocabulary, name in self._vocabularies.get(predicate, ()):
            notation = iri.removeprefix(vocabulary)
            if notation not in (iri, "") and notation[0] != "@" and ":" not in notation:
                return None if notation in self._reserved else (name, notation)
        return None


class _Compactor:
    """The inverted context, for one base or none."""

    def __init__(self, definitions: dict[str, Any], base: str | None) -> None:
        self._base = base
        simple = {name: iri for name, iri in definitions.items() if isinstance(iri, str)}
        self._prefixes = {name: iri for name, iri in simple.items() if iri[-1] in ":/?#[]@"}
        classes = {name: term for name, term in definitions.items() if _is_class(term)}
        keywords = {name for name, iri in simple.items() if iri[0] == "@"} | {"@version"}
        reserved = self._prefixes.keys() | classes.keys() | keywords
        common = {name: term for name, term in definitions.items() if name not in reserved}
        self._common = _Terms(common, self._prefixes, reserved)
        self._classes = {
            _expand(term["@id"], self._prefixes): (
                name,
                _Terms({**common, **term["@context"]}, self._prefixes, reserved),
            )
            for name, term in classes.items()
        }

    def record(self, subject: str, statements: list[tuple[str, Any]]) -> dict[str, Any]:
        types = {_iri(term) for predicate, term in statements if predicate == _TYPE}
        known = types & self._classes.keys()
        terms = self._common
        names = {iri: self._compact_iri(iri) for iri in types}
        if len(known) == 1:
            (iri,) = known
            names[iri], terms = self._classes[iri]
        values: dict[str, list[Any]] = {}
        for predicate, term in statements:
            if predicate != _TYPE:
                key, value = self._value(terms, predicate, term)
                values.setdefault(key, []).append(value)
        record: dict[str, Any] = {"id": self._reference(subject)}
        if names:
            record["type"] = _one_or_many(sorted(names.values()))
        last = len(terms.rank)
        for key in sorted(values, key=lambda key: (terms.rank.get(key, last), key)):
            found = values[key]
            if len(found) > 1:
                found = [value for value, _ in groupby(sorted(found, key=_order))]
            record[key] = found if key in terms.sets else _one_or_many(found)
        return record

    def _value(self, terms: _Terms, predicate: str, term: Any) -> tuple[str, Any]:
        """Key and value of one statement.

        A value that the coercion of the term does not produce is written expanded, under a key without coercion.
        """
        expanded: Any
        if not isinstance(term, Literal):
            iri = _iri(term)
            if found := terms.concept(predicate, iri):
                return found
            reference = self._reference(iri)
            if name := terms.exact.get((predicate, "@id")):
                return name, reference
            expanded = {"@id": reference}
        elif language := term.language:
            if term.direction is not None:
                raise ValueError(f"a string with a base direction: {term}")
            if name := terms.exact.get((predicate, f"@{language}")):
                return name, term.value
            expanded = {"@value": term.value, "@language": language}
        elif (datatype := term.datatype.value) == _STRING:
            expanded = term.value
        else:
            if name := terms.exact.get((predicate, datatype)):
                return name, _native(term.value, datatype)
            expanded = {"@value": term.value, "@type": self._compact_iri(datatype)}
        return terms.exact.get((predicate, "")) or self._compact_iri(predicate), expanded

    def _reference(self, iri: str) -> str:
        """The IRI relative to the base if possible and unambiguous, otherwise in full."""
        if self._base and iri.startswith(self._base) and _RELATIVE.fullmatch(iri, len(self._base)):
            return iri[len(self._base) :]
        return self._full(iri)

    def _compact_iri(self, iri: str) -> str:
        for prefix, namespace in self._prefixes.items():
            if iri.startswith(namespace) and not iri.startswith("//", len(namespace)):
                return f"{prefix}:{iri[len(namespace) :]}"
        return self._full(iri)

    def _full(self, iri: str) -> str:
        scheme, _, rest = iri.partition(":")
        if scheme in self._prefixes and not rest.startswith("//"):
            raise ValueError(f"an IRI that reads as a compact IRI of the context: {iri}")
        return iri


def _iri(term: Any) -> str:
    if not isinstance(term, NamedNode):
        raise ValueError(f"an IRI is expected, not {term}")
    return term.value


def _is_class(definition: Any) -> bool:
    """Whether a term is a class with its own context; with ``@type`` the context is one for the values."""
    return isinstance(definition, dict) and "@context" in definition and "@type" not in definition


def _expand(name: str, prefixes: dict[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else name


def _native(lexical: str, datatype: str) -> str | int | bool:
    """The JSON value that a parser turns into exactly this lexical form."""
    if datatype == _BOOLEAN and lexical in ("true", "false"):
        return lexical == "true"
    if datatype == _INTEGER and _JSON_INTEGER.fullmatch(lexical):
        return int(lexical)
    return lexical


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _order(value: Any) -> tuple[bool, str]:
    return (False, value) if isinstance(value, str) else (True, json.dumps(value, sort_keys=True))
