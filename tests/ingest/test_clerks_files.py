"""Files that municipalities and their programs write, collected elsewhere: each gives what a clerk expects."""

from __future__ import annotations

import re
import tomllib
from concurrent.futures import Executor
from typing import Any

import pytest
from support import ROOT, silent

from ingest import SourcePart
from ingest.checking.submission import Submitted, check
from ingest.files.grids import SheetLimits
from ingest.findings.findings import Finding
from ingest.pipeline.existing_records import Standing

SHEETS = ROOT.parent / "shared" / "cases" / "sheets"
if not SHEETS.is_dir():
    pytest.skip("The collected files are not there (../shared/cases/sheets).", allow_module_level=True)
CASES: dict[str, dict[str, Any]] = {
    case["file"]: case for case in tomllib.loads((SHEETS / "index.toml").read_text(encoding="utf-8"))["case"]
}


def fits(finding: Finding, expected: list[Any]) -> bool:
    """Whether a finding is one that is listed: code(s), row, column letter(s), suggestion(s)."""
    codes, row, columns = expected[:3]
    if codes != "*" and finding.code not in codes.split("|"):
        return False
    if (finding.row or 0) != row or (columns not in ("", "*") and (finding.column or "") not in columns):
        return False
    return len(expected) < 4 or (finding.suggestion or "null") in expected[3].split("|")


def wrong(part: SourcePart, case: dict[str, Any]) -> list[str]:
    """What is not as the case says."""
    told = [finding for finding in part.findings if finding.severity != "info"]
    messages = " ".join(finding.message["de"] for finding in part.findings)
    if case.get("refused"):
        faults = [] if told and not part.records else ["it is not refused"]
        return faults + [f"no word on {text}" for text in case.get("says", ()) if not re.search(text, messages)]
    if "or_refused" in case and case["or_refused"] in {finding.code for finding in told} and not part.records:
        return []
    if "says_or_clean" in case and told:
        return [] if re.search(case["says_or_clean"], messages) else [f"no word on {case['says_or_clean']}: {messages}"]
    faults = [] if part.records == case.get("records", part.records) else [f"{part.records} records"]
    faults += [f"no word on {text}" for text in case.get("says", ()) if not re.search(text, messages)]
    listed = case.get("findings", [])
    faults += [f"missing: {entry}" for entry in listed if not any(fits(f, entry) for f in part.findings)]
    allowed = [*listed, *case.get("may", ()), *case.get("either", ())]
    for finding in told:
        if finding.code not in case.get("allow", ()) and not any(fits(finding, entry) for entry in allowed):
            faults.append(f"too much: {finding.code} {finding.row} {finding.column} {finding.suggestion!r}")
    if "most" in case and len(told) > case["most"]:
        faults.append(f"{len(told)} remarks")
    return faults


@pytest.mark.parametrize("name", CASES)
def test_a_file_gives_what_a_clerk_expects(name: str, there: Standing, thread: Executor) -> None:
    sent = Submitted(name, (SHEETS / name).read_bytes())
    (part,) = check([sent], there, SheetLimits(), thread, silent)
    assert wrong(part, CASES[name]) == [], CASES[name]["why"]
