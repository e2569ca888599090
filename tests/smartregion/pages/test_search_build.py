"""The search index as a build writes it: what gets in, what does not, and that it is the same each time."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Executor
from pathlib import Path

import pytest
from sources import change, few_records
from support import BASE, silent

from publish.builder import build
from publish.releases.release import Release, Releases
from publish.search.entries import amount_class, amount_classes
from smartregion.web.site.search_index import Index

pytestmark = pytest.mark.slow

WITHHELD, CHANGED = "smarter-winterdienst-hanau", "mainziel-2-0"
ODD = "Ⅻ ﬁnden 𝔸𝔹 पानी ﷺ Straße naïve 東京 x\u0301y e-Akte =1+1 " + "lang" * 500


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Release:
    """A record is wrong, and another one has what nobody expects."""
    root = tmp_path_factory.mktemp("search")
    data = few_records(root / "data")
    change(data / "projects.csv", WITHHELD, Federführung="Atlantis")
    change(data / "projects.csv", CHANGED, **{"Titel (deutsch)": "Zaubertrank", "Beschreibung (deutsch)": ODD})
    return build(data, BASE, Releases(root / "var"), executor, silent).release


def found(release: Release, text: str) -> list[str]:
    index = Index(release.search, release.manifest.search.records)
    return [row["iri"] for row in index.records(index.find(text, {}, "", "relevance").numbers)]


def test_what_is_withheld_is_not_found(built: Release, release: Release) -> None:
    assert f"project/{WITHHELD}" in found(release, "Winterdienst Hanau")
    assert f"project/{WITHHELD}" not in found(built, "Winterdienst")
    with sqlite3.connect(built.search) as index:
        assert index.execute("SELECT COUNT(*) FROM record WHERE iri = ?", [f"project/{WITHHELD}"]).fetchone() == (0,)


@pytest.mark.parametrize("text", ["zaubertr", "trank", "Zaubertrnak", "finden", "strasse", "naive", "東京", "e-Akte"])
def test_what_is_new_is_found_in_any_script(text: str, built: Release) -> None:
    assert f"project/{CHANGED}" in found(built, text)


@pytest.mark.parametrize("text", ODD.split())
def test_odd_words_do_no_harm(text: str, built: Release) -> None:
    assert isinstance(found(built, text), list)


def test_the_same_sources_give_the_same_index(tmp_path: Path, built: Release, executor: Executor) -> None:
    data = few_records(tmp_path / "data")
    change(data / "projects.csv", WITHHELD, Federführung="Atlantis")
    change(data / "projects.csv", CHANGED, **{"Titel (deutsch)": "Zaubertrank", "Beschreibung (deutsch)": ODD})
    again = build(data, BASE, Releases(tmp_path / "var"), executor, silent).release
    assert again.search.read_bytes() == built.search.read_bytes()


def test_the_index_is_sound(built: Release) -> None:
    with sqlite3.connect(built.search) as index:
        assert index.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert index.execute("SELECT COUNT(*) FROM word WHERE records = 0").fetchone() == (0,)


def test_classes_of_amounts_leave_no_gap() -> None:
    classes = amount_classes()
    assert [amount_class(amount) for amount in ("0", "99999.99", "100000", "499999", "2499999", "2500000", "")] == [
        *(classes[0], classes[0], classes[1], classes[1], classes[3], classes[4], classes[-1])
    ]
