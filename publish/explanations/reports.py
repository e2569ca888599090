"""The quality report of a release and the labels for pages."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, Final

from rdflib import DCTERMS, RDF, RDFS, SH, URIRef
from rdflib import Literal as RdfLiteral

import ontology
import shapes
from ingest import Ingested, RecordType
from ingest.findings.findings import Finding, kinds
from ingest.model import ranked
from ingest.pipeline.catalogue import Source
from ontology import SR

_HISTORY = {
    str(DCTERMS.issued): {"de": "Veröffentlicht", "en": "Published", "order": 1000},
    str(DCTERMS.modified): {"de": "Geändert", "en": "Changed", "order": 1010},
    f"{ontology.PREFIXES['as']}formerType": {"de": "War", "en": "Was", "order": 1020},
    f"{ontology.PREFIXES['as']}deleted": {"de": "Gelöscht", "en": "Deleted", "order": 1030},
}
"""Properties that a release adds to records and to tombstones."""

_MOST_SHOWN = 100
"""Maximum number of findings of a dataset on the page; the report has all."""

_LANGUAGE_NOTE = re.compile(r" \((?:deutsch|englisch|German|English)\)$")

_APART: Final = (SR.projectCount, SR.grantCount, SR.grantedSum)
"""What is counted and shown in a place of its own; then what among the other properties, of money and of people."""
_AMONG_OTHERS: Final = (SR.publishedGrants, SR.publishedSum)
_PEOPLE: Final = (SR.inhabitantsReached,)


def quality(ingested: Ingested) -> dict[str, Any]:
    """Findings, withheld records and counts per dataset."""
    return {
        "datasets": {
            name: {"records": len(part.records), "withheld": len(part.withheld)}
            for name, part in sorted(ingested.datasets.items())
        },
        "severities": dict(sorted(Counter(finding.severity for finding in ingested.findings).items())),
        "withheld": sorted(node["id"] for part in ingested.datasets.values() for node in part.withheld),
        "findings": [_told(finding) for finding in ingested.findings],
    }


def by_dataset(ingested: Ingested, sources: Iterable[Source]) -> dict[str, Any]:
    """The findings for the status page.

    ``datasets`` has numbers by severity and the first findings, the gravest first, by name of the dataset, or of a file
    that belongs to none; ``withheld`` has all findings of each withheld record.
    """
    dataset_of = {source.file: source.dataset for source in sources}
    found: dict[str, list[Finding]] = {}
    for finding in ingested.findings:
        found.setdefault(dataset_of.get(finding.source, finding.source), []).append(finding)
    withheld: dict[str, list[dict[str, Any]]] = {
        node["id"]: [] for part in ingested.datasets.values() for node in part.withheld
    }
    for finding in ingested.findings:
        if finding.record in withheld:
            withheld[finding.record].append(finding.to_json())
    return {
        "datasets": {
            name: {
                "counts": dict(Counter(finding.severity for finding in group)),
                "findings": [_told(finding) for finding in sorted(group, key=_gravity)[:_MOST_SHOWN]],
            }
            for name, group in sorted(found.items())
        },
        "withheld": dict(sorted(withheld.items())),
    }


def _gravity(finding: Finding) -> int:
    return ("violation", "warning", "info").index(finding.severity)


def _told(finding: Finding) -> dict[str, Any]:
    return {**finding.to_json(), "record": finding.record}


def kinds_of_finding() -> dict[str, Any]:
    """Explanations of findings by their code; the severity is None if the shapes determine it."""
    return {
        code: {"severity": kind.severity, "title": dict(kind.title), "help": dict(kind.help)}
        for code, kind in kinds().items()
    }


def labels(record_types: Mapping[str, RecordType], dataset_of: Mapping[str, str]) -> dict[str, Any]:
    """German and English names of classes and properties, by IRI, in the order of the shapes.

    A class has the names that its shape gives to its properties; a property has one of its own only if all classes
    agree on it or the vocabulary defines it.

    :param dataset_of: dataset name by the IRI of the record type's class.
    """
    classes = {}
    properties: dict[str, Mapping[str, Any]] = {}
    contested = set()
    for record_type in record_types.values():
        named: dict[str, dict[str, Any]] = {}
        for field in record_type.fields:
            names = {lang: _LANGUAGE_NOTE.sub("", name) for lang, name in field.name.items()}
            named.setdefault(field.path, {**names, "order": field.order, "group": field.group})
            if properties.setdefault(field.path, names) != names:
                contested.add(field.path)
        classes[record_type.iri] = {
            **record_type.label,
            "plural": dict(record_type.plural),
            "roles": sorted(record_type.roles),
            "rank": record_type.list_rank,
            "segment": record_type.segment,
            "dataset": dataset_of.get(record_type.iri),
            "properties": named,
        }
    table = tomllib.loads(files(__package__).joinpath("labels.toml").read_text(encoding="utf-8"))
    others = _named(table["properties"])
    for path in contested:
        properties[path] = _vocabulary_labels(path) or others.get(path, {})
    return {
        "properties": dict(sorted({**others, **properties, **_HISTORY, **_summary()}.items())),
        "classes": dict(sorted({**_named(table["classes"]), **classes}.items())),
        "groups": _groups(),
        "incoming": _incoming(record_types.values()),
        "essentials": list(dict.fromkeys(field.path for field in ranked("essential"))),
        "apart": sorted(_apart(record_types.values())),
    }


def _named(table: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """A table of names, by IRI instead of prefixed name."""
    prefixes = ontology.PREFIXES
    return {prefixes[name.partition(":")[0]] + name.partition(":")[2]: dict(names) for name, names in table.items()}


def _summary() -> dict[str, dict[str, Any]]:
    """Names of the counts and sums of records, from the vocabulary."""
    groups = dict.fromkeys((*_APART, *_AMONG_OTHERS), ontology.SRS.moneyGroup)
    groups |= dict.fromkeys(_PEOPLE, ontology.SRS.locationGroup)
    return {
        str(term): {**_vocabulary_labels(str(term)), "order": order, "group": str(group)}
        for order, (term, group) in enumerate(groups.items(), 1)
    }


def _groups() -> dict[str, dict[str, Any]]:
    """Names and order of the groups of columns, by IRI."""
    graph = shapes.load()
    found: dict[str, dict[str, Any]] = {}
    for group in sorted(graph.subjects(RDF.type, SH.PropertyGroup), key=str):
        labels = [label for label in graph.objects(group, RDFS.label) if isinstance(label, RdfLiteral)]
        names = {label.language: str(label) for label in labels if label.language}
        found[str(group)] = {**names, "order": float(str(graph.value(group, SH.order)))}
    return found


def _apart(record_types: Iterable[RecordType]) -> set[str]:
    """The properties that pages show separately: names, descriptions, counts, dates, and others."""
    fields = (field for record_type in record_types for field in record_type.fields)
    shown = {field.path for field in fields if field.apart or field.role in ("LabelRole", "DescriptionRole")}
    return shown | {str(DCTERMS.issued), str(DCTERMS.modified)} | set(map(str, _APART))


def _incoming(record_types: Iterable[RecordType]) -> dict[str, list[str]]:
    """The properties by which records may refer to those of a class, by class."""
    found: dict[str, set[str]] = {}
    for record_type in record_types:
        for field in record_type.fields:
            for target in field.classes:
                found.setdefault(target, set()).add(field.path)
    return {target: sorted(paths) for target, paths in sorted(found.items())}


def _vocabulary_labels(iri: str) -> dict[str, str]:
    found = ontology.vocabulary().objects(URIRef(iri), RDFS.label)
    return {label.language: str(label) for label in found if isinstance(label, RdfLiteral) and label.language}
