"""Findings for continuous integration: SARIF 2.1.0 (OASIS) and JUnit XML."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any, Final
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ingest.findings.findings import Finding, kinds
from ingest.pipeline.sources import SourcePart

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {"violation": "error", "warning": "warning", "info": "note"}
_DISTRIBUTION: Final = "smart-region-hessen"
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def sarif(parts: Sequence[SourcePart], base: str, paths: Sequence[str]) -> dict[str, Any]:
    """A SARIF log with one run.

    :param base: base IRI of the service, whose page ``findings`` explains the rules.
    :param paths: paths of the files for the reader of the log.
    """
    used = sorted({finding.code for part in parts for finding in part.findings})
    indexes = {code: index for index, code in enumerate(used)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "smartregion validate",
                        "version": metadata.version(_DISTRIBUTION),
                        "informationUri": f"{base}findings",
                        "rules": [_rule(code, base) for code in used],
                    }
                },
                "artifacts": [{"location": {"uri": quote(path)}} for path in paths],
                "results": [
                    _result(finding, indexes[finding.code], {"uri": quote(path), "index": index})
                    for index, (part, path) in enumerate(zip(parts, paths, strict=True))
                    for finding in part.findings
                ],
            }
        ],
    }


def _rule(code: str, base: str) -> dict[str, Any]:
    kind = kinds()[code]
    return {
        "id": code,
        "shortDescription": {"text": _both(kind.title)},
        "help": {"text": _both(kind.help)},
        "helpUri": f"{base}{kind.anchor}",
        "defaultConfiguration": {"level": _LEVELS[kind.severity or "violation"]},
    }


def _result(finding: Finding, rule: int, artifact: dict[str, Any]) -> dict[str, Any]:
    said = {"sheet": finding.sheet, "row": finding.row, "column": finding.column, "header": finding.header}
    said |= {"value": finding.value, "suggestion": finding.suggestion, "property": finding.path}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact}}
    if finding.row:
        location["physicalLocation"]["region"] = {"startLine": finding.row}
    if name := finding.node or _cell(finding):
        location["logicalLocations"] = [{"fullyQualifiedName": name}]
    identity = "\0".join(map(str, (finding.code, finding.source, finding.record, finding.path, finding.value)))
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _both(finding.message)},
        "locations": [location],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode()).hexdigest()[:32]},
        "properties": {name: value for name, value in said.items() if value is not None},
    }


def _cell(finding: Finding) -> str:
    cell = f"{finding.column or ''}{finding.row or ''}"
    return f"{finding.sheet}!{cell}" if finding.sheet and cell else finding.sheet or cell


def _both(text: Any) -> str:
    return f"{text['de']} / {text['en']}"


def junit(parts: Sequence[SourcePart]) -> bytes:
    """JUnit XML: a suite for each file, a case for each record with a finding and one for the file itself."""
    root = Element("testsuites", name="smartregion validate")
    for part in parts:
        suite = SubElement(root, "testsuite", name=_xml(part.source))
        cases: dict[str, list[Finding]] = defaultdict(list)
        for finding in part.findings:
            cases[_case(finding)].append(finding)
        cases.setdefault(_WHOLE, [])
        for name in sorted(cases, key=lambda name: name != _WHOLE):
            _write_case(suite, part.source, name, cases[name])
        # Records without a finding have no case but are counted.
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(sum(_fails(findings) for findings in cases.values())))
        suite.set("errors", "0")
        suite.set("skipped", "0")
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


_WHOLE: Final = "file"


def _case(finding: Finding) -> str:
    if finding.node is not None:
        return finding.node
    row = f"row {finding.row}" if finding.row else ""
    return " ".join(filter(None, (finding.sheet, row))) or _WHOLE


def _fails(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "violation" for finding in findings)


def _write_case(suite: Element, source: str, name: str, findings: Sequence[Finding]) -> None:
    case = SubElement(suite, "testcase", classname=_xml(source), name=_xml(name))
    grave = [finding for finding in findings if finding.severity == "violation"]
    if grave:
        first = SubElement(case, "failure", message=_xml(_line(grave[0])), type=grave[0].code)
        first.text = _xml("\n".join(map(_line, grave)))
    if slight := [finding for finding in findings if finding.severity != "violation"]:
        SubElement(case, "system-out").text = _xml("\n".join(map(_line, slight)))


def _line(finding: Finding) -> str:
    place = " ".join(filter(None, (_cell(finding), finding.header)))
    return (
        f"{place}: {_both(finding.message)} [{finding.code}]" if place else f"{_both(finding.message)} [{finding.code}]"
    )


def _xml(text: str) -> str:
    """The text without characters that XML 1.0 forbids."""
    return _NOT_IN_XML.sub("�", text)
