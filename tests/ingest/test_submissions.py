"""Files as municipalities send them: each gives just the findings that its index lists, at the cell that is wrong."""

from __future__ import annotations

import tomllib
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest
from support import DATA, silent

from ingest import SourcePart, by_name
from ingest.checking.submission import Submitted, check
from ingest.files.grids import SheetLimits
from ingest.pipeline.existing_records import Standing

FILES = Path(__file__).parents[1] / "fixtures" / "submissions"
INDEX: dict[str, dict[str, Any]] = tomllib.loads((FILES / "index.toml").read_text(encoding="utf-8"))


def sent(name: str, there: Standing, thread: Executor) -> SourcePart:
    (part,) = check([Submitted(name, (FILES / name).read_bytes())], there, SheetLimits(), thread, silent)
    return part


def test_every_spoilt_file_is_listed() -> None:
    assert set(INDEX) == {
        path.name for path in FILES.iterdir() if path.is_file() and path.suffix not in (".py", ".toml")
    }
    assert len(INDEX) > 25


@pytest.mark.parametrize("name", INDEX)
def test_a_spoilt_file_gives_its_findings(name: str, there: Standing, thread: Executor) -> None:
    part = sent(name, there, thread)
    listed = INDEX[name]
    found = [
        [f.code, f.row or 0, f.column or "", *([] if f.suggestion is None else [f.suggestion])] for f in part.findings
    ]
    assert found == listed["findings"]
    assert part.records == listed["records"]
    assert (part.record_type.name if part.record_type else "") == listed["record_type"]
    for finding in part.findings:
        assert finding.source == name
        assert all(finding.message[language] for language in ("de", "en"))
        assert "{" not in finding.message["de"] + finding.message["en"]


def test_two_files_may_refer_to_each_other(there: Standing, thread: Executor) -> None:
    """A grant for a project that is sent along with it; alone, the project is unknown."""
    grant = "Kennung;Titel (deutsch);Projekt;Empfänger;Förderbetrag;Währung;Förderprogramm;Quelle\n"
    grant += "neu;Bescheid;sensornetz-1;Hanau;200000;EUR;starke-heimat-smarte-kommunen;https://www.hanau.de/\n"
    project = Submitted("windows-1252.csv", (FILES / "windows-1252.csv").read_bytes())
    _, together = check([project, Submitted("grants.csv", grant.encode())], there, SheetLimits(), thread, silent)
    assert together.findings == []
    (alone,) = check([Submitted("grants.csv", grant.encode())], there, SheetLimits(), thread, silent)
    assert [(f.code, f.row, f.column) for f in alone.findings] == [("unknown-reference", 2, "C")]


def test_a_record_that_is_sent_again_is_a_change(there: Standing, thread: Executor) -> None:
    for name in ("projects.csv", "municipalities.csv", "former_municipalities.csv"):
        (part,) = check([Submitted(name, (DATA / name).read_bytes())], there, SheetLimits(), thread, silent)
        assert [f for f in part.findings if f.severity == "violation"] == []


@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.name)
def test_the_type_of_the_real_tables_is_recognised(path: Path, there: Standing, thread: Executor) -> None:
    content = b"\n".join(path.read_bytes().splitlines()[:1])
    (part,) = check([Submitted(path.name, content)], there, SheetLimits(), thread, silent)
    assert part.record_type is not None
    plural = path.stem.replace("_", "-")
    segment = part.record_type.segment if plural != "former-municipalities" else "former-municipality"
    assert plural in (f"{segment}s", f"{segment}es", f"{segment[:-1]}ies")
    assert [f.code for f in part.findings] == ["no-records"]


def test_a_type_that_is_given_wins(there: Standing, thread: Executor) -> None:
    content = (FILES / "unclear-type.csv").read_bytes()
    (part,) = check([Submitted("x.csv", content, by_name("Event"))], there, SheetLimits(), thread, silent)
    assert part.record_type is by_name("Event")
    assert part.records == 1
