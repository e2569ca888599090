"""An index of the triples of some records, for SHACL property paths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

import pyoxigraph as ox
from rdflib import RDFS, BNode, Literal, URIRef
from rdflib.term import Node

Subject = ox.NamedNode | ox.BlankNode | ox.Triple
Value = Subject | ox.Literal

_NONE: Final[frozenset[Value]] = frozenset()
_STRING: Final = ox.NamedNode("http://www.w3.org/2001/XMLSchema#string")
_SUBCLASS_OF: Final = ox.NamedNode(str(RDFS.subClassOf))
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


class TripleIndex:
    """An index of triples that distinguishes values as rdflib and pyshacl do.

    rdflib writes typed literals in their canonical form (``"007"^^xsd:integer`` is ``"7"^^xsd:integer``) and ignores
    the case of language tags.

    :ivar blurred: IRIs of properties, by subject, whose values cannot be tested here. One example is an ill-formed
        value that rdflib writes as a well-formed one (``"no"^^xsd:boolean`` as ``"false"^^xsd:boolean``): the result of
        pyshacl depends on which of the two it reads first.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self._objects: dict[Subject, dict[ox.NamedNode, set[Value]]] = {}
        self._subjects: dict[ox.NamedNode, dict[Value, set[Value]]] = {}
        self._typed: dict[ox.Literal, Literal] = {}
        self.blurred: dict[Subject, set[str]] = defaultdict(set)
        same: dict[ox.Literal, ox.Literal] = {}
        misread: set[ox.Literal] = set()
        for triple in triples:
            value: Value = triple.object
            if isinstance(value, ox.Literal):
                known = same.get(value)
                if known is None:
                    known = same[value] = self._normal(value, misread)
                if misread and value in misread:
                    self.blurred[triple.subject].add(triple.predicate.value)
                value = known
            self._objects.setdefault(triple.subject, {}).setdefault(triple.predicate, set()).add(value)

    def _normal(self, literal: ox.Literal, misread: set[ox.Literal]) -> ox.Literal:
        if literal.language is not None:
            return ox.Literal(literal.value, language=literal.language.lower())
        if literal.datatype == _STRING:
            return literal
        typed = Literal(literal.value, datatype=URIRef(literal.datatype.value))
        normal = ox.Literal(str(typed), datatype=literal.datatype)
        if typed.ill_typed and normal != literal:
            misread.add(literal)
        else:
            self._typed[normal] = typed
        return normal

    def objects(self, subject: Value, predicate: ox.NamedNode) -> AbstractSet[Value]:
        """The values of a property."""
        found = None if isinstance(subject, ox.Literal) else self._objects.get(subject)
        return _NONE if found is None else found.get(predicate, _NONE)

    def subjects(self, predicate: ox.NamedNode, value: Value) -> AbstractSet[Value]:
        """The nodes that have a value of a property."""
        if predicate not in self._subjects:
            index: dict[Value, set[Value]] = defaultdict(set)
            for subject, properties in self._objects.items():
                for each in properties.get(predicate, _NONE):
                    index[each].add(subject)
            self._subjects[predicate] = dict(index)
        return self._subjects[predicate].get(value, _NONE)

    def is_instance(self, node: Value, wanted: ox.NamedNode) -> bool:
        """Whether a node is a SHACL instance of a class (SHACL, section 1.1)."""
        pending = set(self.objects(node, _TYPE))
        seen: set[Value] = set()
        while pending:
            found = pending.pop()
            if found == wanted:
                return True
            seen.add(found)
            pending |= self.objects(found, _SUBCLASS_OF) - seen
        return False

    def literal(self, value: ox.Literal) -> Literal:
        """A value as rdflib has it."""
        found = self._typed.get(value)
        if found is None:
            datatype = None if value.language or value.datatype == _STRING else URIRef(value.datatype.value)
            found = Literal(value.value, lang=value.language, datatype=datatype)
        return found

    def quads(self, predicates: AbstractSet[ox.NamedNode]) -> Iterator[ox.Quad]:
        """All triples of some properties."""
        for subject, properties in self._objects.items():
            for predicate in predicates & properties.keys():
                yield from (ox.Quad(subject, predicate, value) for value in properties[predicate])


def value_of(node: Node) -> Value:
    """The value for a node of the shapes."""
    if isinstance(node, URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, BNode):
        return ox.BlankNode(str(node))
    if not isinstance(node, Literal):
        raise TypeError(f"A value must be an IRI, a blank node or a literal: {node!r}")
    if node.language:
        return ox.Literal(str(node), language=node.language.lower())
    return ox.Literal(str(node), datatype=ox.NamedNode(str(node.datatype)) if node.datatype else None)
