"""Validates a feed with SHACL shapes and reports each result as a finding.

It uses official shapes on request; by default the package's own shapes of DCAT-AP 3.0.1, and of DCAT-AP.de 3.0 for
feeds with its terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyshacl
from rdflib import DCTERMS, OWL, RDF, SH, SKOS, Graph, Literal, URIRef
from rdflib.term import Node

from harvest_check.findings import FeedFinding, found
from harvest_check.kinds import Severity
from harvest_check.profiles import DCATDE, SPDX, rules, short

_KINDS: Final = {
    SH.MinCountConstraintComponent: "shape-missing",
    SH.MaxCountConstraintComponent: "shape-too-many",
    SH.NodeKindConstraintComponent: "shape-node-kind",
    SH.DatatypeConstraintComponent: "shape-datatype",
    SH.ClassConstraintComponent: "shape-class",
}
# If there are several results about one value, the first of these is reported.
_RANK: Final = (
    "shape-node-kind",
    "shape-datatype",
    "shape-class",
    "shape-missing",
    "shape-too-many",
    "shape-deprecated",
    "shape-value",
)
_SEVERITIES: Final[dict[Node, Severity]] = {SH.Violation: "violation", SH.Warning: "warning", SH.Info: "info"}

# Public code lists, and the class of their members.
_CODE_LISTS: Final = {
    "http://publications.europa.eu/resource/authority/": SKOS.Concept,
    "http://dcat-ap.de/def/": SKOS.Concept,
    "http://purl.org/adms/": SKOS.Concept,
    "http://spdx.org/rdf/terms#checksumAlgorithm_": URIRef(SPDX + "ChecksumAlgorithm"),
    "https://www.iana.org/assignments/media-types/": DCTERMS.MediaType,
    "http://www.iana.org/assignments/media-types/": DCTERMS.MediaType,
}


@dataclass(frozen=True)
class Report:
    """Results of the shapes for a feed.

    :ivar violating: nodes with a violation of DCAT-AP, which cost the points for compliance.
    """

    findings: list[FeedFinding]
    violating: set[Node]


def prepared(shapes: Iterable[Graph]) -> Graph:
    """Shapes in one graph that pySHACL runs: without imports, and without property shapes that have no path.

    DCAT-AP 3.0.1 was published with such property shapes.
    """
    merged = Graph(bind_namespaces="none")
    for graph in shapes:
        merged += graph
    merged.remove((None, OWL.imports, None))
    for link in [link for link in merged.triples((None, SH.property, None)) if not merged.value(link[2], SH.path)]:
        merged.remove(link)
    return merged


def validate(
    pages: Sequence[tuple[str, Graph]], shapes: Graph | None = None, code_lists: Graph | None = None
) -> Report:
    """Validate each page by itself, as harvesters read them, and all together.

    :param pages: address and triples of each.
    :param shapes: result of :func:`prepared`, replaces the package's own shapes.
    :param code_lists: code lists that the shapes need beside the feed; by default the types of members of public lists.
    """
    whole = Graph(bind_namespaces="none")
    for _, graph in pages:
        whole += graph
    parts: list[tuple[str | None, Graph]] = [*pages, (None, whole)] if len(pages) > 1 else [*pages]
    german = any(str(predicate).startswith(DCATDE) for predicate in set(whole.predicates()))
    findings: dict[tuple[str, str | None, str | None], FeedFinding] = {}
    violating: set[Node] = set()
    for page, graph in parts:
        data = graph + (code_lists if code_lists is not None else known_concepts(graph))
        nodes = graph.all_nodes()
        sets = [(shapes, True)] if shapes is not None else [(rules("dcat-ap.ttl"), True)]
        if shapes is None and german:
            sets.append((rules("dcat-ap-de.ttl"), False))
        for chosen, european in sets:
            for focus, finding in _results(data, chosen, page):
                if focus not in nodes:
                    continue
                if european and finding.severity == "violation":
                    violating.add(focus)
                findings.setdefault((finding.code, finding.subject, finding.property), finding)
    return Report(list(findings.values()), violating)


def known_concepts(graph: Graph) -> Graph:
    """Members of public code lists with their types, since validators have these lists beside the feed."""
    known = Graph(bind_namespaces="none")
    for value in set(graph.objects()):
        for space, kind in _CODE_LISTS.items():
            if isinstance(value, URIRef) and str(value).startswith(space):
                known.add((value, RDF.type, kind))
                if kind == SKOS.Concept:
                    known.add((value, SKOS.prefLabel, Literal(value.rpartition("/")[2])))
    return known


def _results(data: Graph, shapes: Graph, page: str | None) -> Iterator[tuple[Node, FeedFinding]]:
    _, report, text = pyshacl.validate(data, shacl_graph=shapes, inference="none", do_owl_imports=False)
    if not isinstance(report, Graph):
        raise TypeError(f"The shapes cannot be used: {text}")
    order = list(_SEVERITIES.values())
    ranked: dict[tuple[Node | None, ...], tuple[tuple[int, int], Node, FeedFinding]] = {}
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus = report.value(result, SH.focusNode)
        if focus is None:
            continue
        path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
        finding = _finding(report, shapes, result, page)
        key, rank = (focus, path, value), (_RANK.index(finding.code), order.index(finding.severity))
        if key not in ranked or rank < ranked[key][0]:
            ranked[key] = (rank, focus, finding)
    for _, focus, finding in sorted(ranked.values(), key=lambda entry: (str(entry[1]), entry[2].property or "")):
        yield focus, finding


def _finding(report: Graph, shapes: Graph, result: Node, page: str | None) -> FeedFinding:
    component, shape = report.value(result, SH.sourceConstraintComponent), report.value(result, SH.sourceShape)
    path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
    name = _path(report, path)
    german, english = _expected(shapes, shape, report.value(result, SH.resultMessage))
    code = _KINDS.get(component, "shape-value") if isinstance(component, URIRef) else "shape-value"
    if shape is not None and str(shapes.value(shape, SH.maxCount)) == "0":
        code = "shape-deprecated"
    severity = report.value(result, SH.resultSeverity)
    return found(
        code,
        severity=_SEVERITIES.get(severity, "warning") if severity is not None else "violation",
        page=page,
        subject=report.value(result, SH.focusNode),
        prop=name,
        property=name or "Der Knoten / The node",
        value=value.n3() if value is not None else "–",
        expected=german,
        expected_en=english,
    )


def _path(report: Graph, path: Node | None) -> str | None:
    if path is None:
        return None
    if isinstance(path, URIRef):
        return short(path)
    parts = report.value(path, SH.alternativePath)
    return " | ".join(short(part) for part in report.items(parts)) if parts is not None else "…"


def _expected(shapes: Graph, shape: Node | None, message: Node | None) -> tuple[str, str]:
    """The requirement in German and English, read from the violated shape."""
    if shape is None:
        return _said(message)
    own = {text.language: str(text) for text in shapes.objects(shape, SH.message) if isinstance(text, Literal)}
    if "de" in own and "en" in own:
        return own["de"], own["en"]
    expected = {
        SH["class"]: ("ein Knoten vom Typ {}", "a node of type {}"),
        SH.datatype: ("ein Wert vom Typ {}", "a value of type {}"),
        SH.pattern: ("eine Adresse nach dem Muster {}", "an address that matches {}"),
        SH.nodeKind: ("{}", "{}"),
    }
    most = shapes.value(shape, SH.maxCount)
    for constraint, (german, english) in expected.items():
        value = shapes.value(shape, constraint)
        if value is not None:
            words = _NODE_KINDS.get(value, (short(value), short(value)))
            once = ("genau einmal ", "exactly once ") if most is not None else ("", "")
            return once[0] + german.format(words[0]), once[1] + english.format(words[1])
    return ("genau ein Wert", "exactly one value") if most is not None and message is None else _said(message)


def _said(message: Node | None) -> tuple[str, str]:
    text = str(message) if message is not None else "…"
    return text, text


_LITERAL: Final = ("ein Text oder Wert (Literal)", "a literal")
_ADDRESS: Final = ("eine Adresse (IRI)", "an address (IRI)")
_NODE_KINDS: Final[dict[Node, tuple[str, str]]] = {
    SH.Literal: _LITERAL,
    SH.IRI: _ADDRESS,
    SH.BlankNodeOrIRI: _ADDRESS,
}
