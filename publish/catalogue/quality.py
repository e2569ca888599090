"""The quality of the records of a dataset, in the Data Quality Vocabulary (https://www.w3.org/TR/vocab-dqv/).

The metrics are terms of our vocabulary, so that the figures of two installations can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from rdflib import RDF, XSD, Graph, Literal, Namespace, URIRef

import ontology
from ingest import Ingested
from ingest.pipeline.catalogue import Source
from ontology import SR

_DQV: Final = Namespace(ontology.PREFIXES["dqv"])

Measured = Mapping[URIRef, Decimal]
"""Value by metric."""


def measure(ingested: Ingested, sources: Iterable[Source]) -> dict[str, Measured]:
    """The measurements of each dataset that is read from tables, by its name."""
    dataset_of = {source.file: source.dataset for source in sources}
    warnings = Counter(dataset_of.get(found.source) for found in ingested.findings if found.severity == "warning")
    measured: dict[str, Measured] = {}
    for name, part in ingested.datasets.items():
        published, withheld = len(part.records), len(part.withheld)
        if published + withheld:
            share = round(Decimal(published) / (published + withheld), 4)
            measured[name] = {
                SR.conformingRecords: share,
                SR.withheldRecords: Decimal(withheld),
                SR.recordWarnings: Decimal(warnings[name]),
            }
    return measured


def describe(graph: Graph, dataset: URIRef, measured: Measured) -> None:
    """Add the measurements of a dataset and their metrics, so that each dataset is self-contained."""
    vocabulary = ontology.vocabulary()
    for metric, value in measured.items():
        node = URIRef(f"{dataset}#quality-{metric.removeprefix(SR)}")
        whole = vocabulary.value(metric, _DQV.expectedDataType) == XSD.integer
        graph.add((dataset, _DQV.hasQualityMeasurement, node))
        graph.add((node, RDF.type, _DQV.QualityMeasurement))
        graph.add((node, _DQV.computedOn, dataset))
        graph.add((node, _DQV.isMeasurementOf, metric))
        graph.add((node, _DQV.value, _literal(value, XSD.integer if whole else XSD.decimal)))
        for definition in (metric, vocabulary.value(metric, _DQV.inDimension)):
            graph += vocabulary.triples((definition, None, None))


def _literal(value: Decimal, datatype: URIRef) -> Literal:
    """A number without unnecessary digits, as the store writes it."""
    return Literal(f"{value.normalize():f}", datatype=datatype)
