"""Content of the template for a record type, from the shapes and the existing records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rdflib import SH, SKOS, URIRef
from rdflib import Literal as RdfLiteral

import ontology
import shapes
from ingest.mapping.mapping import SEPARATOR
from ingest.model import Field, RecordType, by_name
from ingest.pipeline.existing_records import Standing
from ingest.rdf import Node

Language = Literal["de", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("de", "en")

_EXAMPLES: Final = 3
_YES: Final = {"de": ("ja", "nein"), "en": ("yes", "no")}


@dataclass(frozen=True)
class Column:
    """A column of a template.

    :ivar name: its heading.
    :ivar help: the line under it.
    :ivar choices: values of the drop-down list; empty for free text.
    :ivar least: smallest number allowed; if ``above``, the number must be larger.
    :ivar longest: maximum number of characters.
    """

    field: Field
    name: str
    help: str
    choices: Sequence[str]
    least: float | None
    above: bool
    longest: int | None


@dataclass(frozen=True)
class Template:
    """Content of a template.

    :ivar examples: real records: texts by term.
    """

    record_type: RecordType
    language: Language
    columns: Sequence[Column]
    examples: Sequence[Mapping[str, str]]


def template(record_type: RecordType, language: Language, there: Standing) -> Template:
    """Make the template for a record type.

    :param there: existing records, as values of references and as examples.
    """
    columns = [_column(field, language, there) for field in record_type.columns]
    own = [node for node in there.nodes.values() if node["type"] == record_type.name and "~" not in node["id"]]
    own.sort(key=lambda node: (-len(node), node["id"]))
    examples = [
        {column.field.term: _cell(node, column.field, language, there) for column in columns}
        for node in own[:_EXAMPLES]
    ]
    return Template(record_type, language, columns, examples)


def _column(field: Field, language: Language, there: Standing) -> Column:
    graph, shape = shapes.load(), URIRef(field.shape)
    above = _number(graph.value(shape, SH.minExclusive))
    least = _number(graph.value(shape, SH.minInclusive))
    longest = _number(graph.value(shape, SH.maxLength))
    return Column(
        field,
        field.name[language],
        field.help[language],
        _choices(field, language, there),
        least if above is None else above,
        above is not None,
        None if longest is None else int(longest),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, RdfLiteral) else None


def _choices(field: Field, language: Language, there: Standing) -> Sequence[str]:
    match field.kind:
        case "concept":
            return [_label(option, language) for option in field.options]
        case "boolean":
            return _YES[language]
        case "reference":
            return sorted(set(there.referred(field.classes).values()), key=str.casefold)
        case _:
            return ()


def _label(concept: str, language: Language) -> str:
    labels = ontology.everything().objects(URIRef(concept), SKOS.prefLabel)
    return next(str(label) for label in labels if isinstance(label, RdfLiteral) and label.language == language)


def _cell(node: Node, field: Field, language: Language, there: Standing) -> str:
    values = node.get(field.term, [])
    texts = [_text(value, field, language, there) for value in (values if isinstance(values, list) else [values])]
    return f"{SEPARATOR} ".join(texts)


def _text(value: Any, field: Field, language: Language, there: Standing) -> str:
    if isinstance(value, dict):
        return str(value["@value"])
    match field.kind:
        case "concept":
            return _label(f"{field.prefix}{value}", language)
        case "reference":
            node = there.nodes.get(value)
            return value if node is None else there.referred([by_name(node["type"]).iri]).get(value, value)
        case "boolean":
            return _YES[language][0 if value == "true" else 1]
        case "iri":
            return str(value).removeprefix(field.prefix)
        case _:
            return str(value)
