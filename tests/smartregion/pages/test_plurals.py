"""One of a thing is called otherwise than several: on pages, on the console and in marked workbooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

from ingest import record_types
from ingest.reports import counted

pytestmark = pytest.mark.slow


def test_every_type_of_record_has_a_plural() -> None:
    for each in record_types().values():
        assert each.plural.keys() == {"de", "en"}, each.name
        assert each.plural["de"] != each.label["de"], each.name


@pytest.mark.parametrize("thing", counted.WORDS)
def test_one_and_several_are_told_in_both_languages(thing: str) -> None:
    one, several, none = (counted.counted(number, thing) for number in (1, 2, 0))
    assert one.startswith("1 ")
    assert all(text.count(" / ") == 1 for text in (one, several, none))
    assert one.removeprefix("1 ") != several.removeprefix("2 ") == none.removeprefix("0 ")


def test_the_console_tells_one_record(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("identifier;title_de\nx;Ein Projekt\n", encoding="utf-8")
    command = [sys.executable, "-m", "smartregion", "validate", "--type", "Project", str(file)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert "  1 Datensatz / record" in told
    assert "1 Datensätze" not in told
