"""From tables to records: columns, references, findings, and what is withheld."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rdflib import SH
from support import BASE, DATA, silent

import ontology
import shapes
from ingest import Finding, Ingested, by_name, record_types
from ingest.findings.findings import Kind, column_letter, column_position, kinds
from ingest.model import terms
from publish.builder import inspect

Table = list[list[str]]
CONSTRAINTS = re.findall(
    r"\w+",
    "Class Datatype NodeKind MinCount MaxCount MinExclusive MinInclusive MaxExclusive MaxInclusive MinLength MaxLength "
    "Pattern LanguageIn UniqueLang Equals Disjoint LessThan LessThanOrEquals Not And Or Xone QualifiedMinCount "
    "QualifiedMaxCount Closed HasValue In",
)
"""The constraint components of SHACL (section 4), but for those whose results are others' (sh:node, sh:property)."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the real sources to spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


@pytest.fixture(scope="module")
def clean(executor: Executor) -> Ingested:
    return inspect(DATA, BASE, executor, silent)


def edit(path: Path, change: Callable[[Table], object], **options: Any) -> None:
    """Change a CSV file as a clerk would."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    settings = {"encoding": "utf-8", "delimiter": ","} | options
    with path.open("w", encoding=settings["encoding"], newline="") as file:
        csv.writer(file, delimiter=settings["delimiter"], lineterminator="\r\n").writerows(rows)


def row_of(path: Path, key: str) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return next(number for number, row in enumerate(csv.reader(file), start=1) if row[0] == key)


def put(path: Path, key: str, header: str, value: str) -> tuple[int, str]:
    """Write a value into a cell; gives its row and column letter."""
    row = row_of(path, key)
    with path.open(encoding="utf-8", newline="") as file:
        position = next(csv.reader(file)).index(header)
    edit(path, lambda rows: rows[row - 1].__setitem__(position, value))
    return row, column_letter(position)


def violations(ingested: Ingested) -> list[Finding]:
    return [finding for finding in ingested.findings if finding.severity == "violation"]


def records(ingested: Ingested, dataset: str) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in ingested.datasets[dataset].records}


def test_the_real_sources_are_clean(clean: Ingested) -> None:
    assert violations(clean) == []
    assert sum(len(part.withheld) for part in clean.datasets.values()) == 0


def test_plausibility_is_a_warning_and_a_gap_is_an_info(clean: Ingested) -> None:
    """Five grants lie below the usual 100,000 EUR, two have no programme, twelve no published amount."""
    warned = [f.header for f in clean.findings if f.severity == "warning"]
    assert (warned.count("Förderbetrag"), warned.count("Förderprogramm")) == (5, 2)
    assert [f.header for f in clean.findings if f.severity == "info"] == ["Förderbetrag"] * 12


SPOILT = [
    # file, key of the row, column, new value, code of the finding
    ("municipalities.csv", "06431001", "Amtlicher Gemeindeschlüssel (AGS)", "643100", "malformed-key"),
    ("projects.csv", "digitales-bauamt-landkreis-fulda", "Federführung", "06999999", "unknown-reference"),
    ("projects.csv", "smart-kassel", "Ende", "2020", "shape-sparql"),
    ("projects.csv", "open-smart-cities", "Handlungsfeld", "Smart Money", "unknown-concept"),
    ("projects.csv", "smart-kikz", "Titel (deutsch)", "", "shape-qualified-min-count"),
    ("grants.csv", "mainziel-2-0", "Förderbetrag", "rund 258 Tsd.", "type-decimal"),
    ("grants.csv", "smart-kikz", "Förderbetrag", "-733500", "shape-min-exclusive"),
    ("grants.csv", "open-smart-cities", "Bewilligt am", "2199", "shape-sparql"),
    ("grants.csv", "kreuzung-frei", "Währung", "Euro", "shape-pattern"),
    ("places.csv", "kelsterlab", "Art des Ortes", "Kneipe", "unknown-concept"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "key", "header", "value", "code"), SPOILT)
def test_one_bad_cell_withholds_one_record_and_is_named(
    data: Path, clean: Ingested, executor: Executor, file: str, key: str, header: str, value: str, code: str
) -> None:
    row, column = put(data / file, key, header, value)
    found = inspect(data, BASE, executor, silent)
    assert [(f.source, f.row, f.column, f.header, f.code) for f in violations(found)] == [
        (file, row, column, header, code)
    ]
    (finding,) = violations(found)
    assert finding.value == (value or "")
    assert all(finding.message[language] for language in ("de", "en"))
    dataset = file.removesuffix(".csv")
    assert len(found.datasets[dataset].withheld) == 1
    for name in clean.datasets:
        before, after = records(clean, name), records(found, name)
        gone = set(before) - set(after)
        assert len(gone) == (1 if name == dataset else 0)
        assert after == {iri: node for iri, node in before.items() if iri not in gone}


def test_a_check_speaks_for_itself_and_not_for_its_column(clean: Ingested) -> None:
    """A check beside a column has a message of its own: the amount is not invalid, but out of the usual."""
    messages = {f.message["de"] for f in clean.findings if f.header == "Förderbetrag" and f.severity == "warning"}
    assert len(messages) == 5
    assert all("nicht zwischen Mindest- und Höchstbetrag" in message for message in messages)
    (missing,) = {f.message["en"] for f in clean.findings if f.header == "Förderprogramm"}
    assert missing.startswith("The funding programme is missing. ")


def test_two_german_titles_are_one_too_many(data: Path, executor: Executor) -> None:
    """Two columns of one meaning, one by its name and one by its term."""

    def change(rows: Table) -> None:
        for row in rows:
            row.append("")
        rows[0][-1] = "title_de"
        rows[4][-1] = "Noch ein Titel"

    edit(data / "projects.csv", change)
    found = inspect(data, BASE, executor, silent)
    assert [(f.row, f.header, f.value, f.code) for f in violations(found)] == [
        (5, "title_de", "Noch ein Titel", "shape-qualified-max-count")
    ]
    assert len(found.datasets["projects"].withheld) == 1


def test_the_second_of_two_records_with_one_key_is_withheld(data: Path, clean: Ingested, executor: Executor) -> None:
    edit(data / "projects.csv", lambda rows: rows.append([rows[3][0], *rows[7][1:]]))
    found = inspect(data, BASE, executor, silent)
    (finding,) = violations(found)
    last = len(clean.datasets["projects"].records) + 2
    assert (finding.code, finding.row, finding.column) == ("duplicate-key", last, "A")
    assert "projects.csv, Zeile 4" in finding.message["de"]
    assert records(found, "projects") == records(clean, "projects")


def test_a_repeated_record_does_not_make_its_name_ambiguous(data: Path, clean: Ingested, executor: Executor) -> None:
    """Hanau twice in the table: projects that name Hanau still mean the first."""
    row = row_of(data / "municipalities.csv", "06415000")
    edit(data / "municipalities.csv", lambda rows: rows.append(rows[row - 1][:]))
    found = inspect(data, BASE, executor, silent)
    assert [(f.source, f.code) for f in violations(found)] == [("municipalities.csv", "duplicate-row")]
    assert records(found, "projects") == records(clean, "projects")
    assert records(found, "municipalities") == records(clean, "municipalities")


def test_an_unknown_column_is_named_with_its_nearest_and_nothing_is_withheld(
    data: Path, clean: Ingested, executor: Executor
) -> None:
    def change(rows: Table) -> None:
        position = rows[0].index("Handlungsfeld")
        rows[0].append("Handlungsfelder 2")
        for row in rows[1:]:
            row.append(row[position])

    edit(data / "projects.csv", change)
    found = inspect(data, BASE, executor, silent)
    (finding,) = [f for f in found.findings if f.code == "unknown-column"]
    assert (finding.source, finding.row, finding.severity) == ("projects.csv", 1, "warning")
    assert "Handlungsfeld" in finding.message["de"].split("übernommen")[1]
    assert records(found, "projects") == records(clean, "projects")


def test_a_file_saved_by_a_german_spreadsheet_program_gives_the_same_records(
    data: Path, clean: Ingested, executor: Executor
) -> None:
    edit(data / "projects.csv", lambda rows: None, encoding="windows-1252", delimiter=";")
    found = inspect(data, BASE, executor, silent)
    assert [f.code for f in found.findings if f.source == "projects.csv"] == ["encoding"]
    assert records(found, "projects") == records(clean, "projects")


def test_many_errors_withhold_exactly_the_bad_records(data: Path, clean: Ingested, executor: Executor) -> None:
    """Spoils add up: exactly the bad records are withheld, whatever else is wrong."""
    places = [(file, *put(data / file, key, header, value)) for file, key, header, value, _ in SPOILT]
    found = inspect(data, BASE, executor, silent)
    assert sorted({(f.source, f.row) for f in violations(found)}) == sorted({(file, row) for file, row, _ in places})
    assert sum(len(part.withheld) for part in found.datasets.values()) == len({place[:2] for place in places})
    for name in clean.datasets:
        kept = records(found, name)
        assert kept == {iri: node for iri, node in records(clean, name).items() if iri in kept}


def test_a_link_to_a_record_with_a_broken_key_is_left_out_with_a_warning(data: Path, executor: Executor) -> None:
    put(data / "municipalities.csv", "06412000", "Amtlicher Gemeindeschlüssel (AGS)", "6412")
    found = inspect(data, BASE, executor, silent)
    assert [(f.source, f.code) for f in violations(found)] == [("municipalities.csv", "malformed-key")]
    warned = [f for f in found.findings if f.code == "withheld-reference"]
    assert {f.source for f in warned} >= {"projects.csv", "grants.csv", "districts.csv"}
    project = next(f.record for f in warned if f.source == "projects.csv" and f.header == "Federführung")
    assert project is not None
    assert "lead" not in records(found, "projects")[project]


@pytest.mark.parametrize("old", ["06435014", "06635005", "Bromskirchen"])
def test_an_old_municipality_key_is_replaced_with_a_warning(data: Path, executor: Executor, old: str) -> None:
    row, column = put(data / "projects.csv", "digitales-bauamt-landkreis-fulda", "Federführung", old)
    found = inspect(data, BASE, executor, silent)
    (finding,) = [f for f in found.findings if f.code == "outdated-key"]
    assert (finding.row, finding.column, finding.severity) == (row, column, "warning")
    successor = "06415000" if old == "06435014" else "06635001"
    assert finding.suggestion == successor
    assert records(found, "projects")["project/digitales-bauamt-landkreis-fulda"]["lead"] == f"municipality/{successor}"


def test_an_unknown_reference_names_candidates(data: Path, executor: Executor) -> None:
    put(data / "projects.csv", "digitales-bauamt-landkreis-fulda", "Federführung", "Kelsterbch")
    (finding,) = violations(inspect(data, BASE, executor, silent))
    assert "Kelsterbach" in finding.message["de"]
    assert "Kelsterbach" in finding.message["en"]


def test_an_ambiguous_name_names_the_keys(data: Path, executor: Executor) -> None:
    """Two projects of one title: a grant that names the title could mean either."""
    put(data / "projects.csv", "smart-kikz", "Titel (deutsch)", "Open Smart Cities")
    row, column = put(data / "grants.csv", "smart-kikz", "Projekt", "Open Smart Cities")
    (finding,) = violations(inspect(data, BASE, executor, silent))
    assert (finding.code, finding.source, finding.row, finding.column) == (
        "ambiguous-reference", "grants.csv", row, column,
    )  # fmt: skip
    assert "open-smart-cities" in finding.message["de"]
    assert "smart-kikz" in finding.message["en"]


def test_a_lost_leading_zero_is_suggested_back(data: Path, executor: Executor) -> None:
    put(data / "projects.csv", "digitales-bauamt-landkreis-fulda", "Federführung", "6415000")
    (finding,) = violations(inspect(data, BASE, executor, silent))
    assert finding.suggestion == "06415000"


def test_a_missing_file_leaves_the_rest(data: Path, clean: Ingested, executor: Executor) -> None:
    (data / "events.csv").unlink()
    found = inspect(data, BASE, executor, silent)
    assert [(f.source, f.code) for f in violations(found)] == [("events.csv", "file-missing")]
    assert records(found, "projects") == records(clean, "projects")


def test_a_table_without_its_key_column_publishes_nothing_of_it(data: Path, executor: Executor) -> None:
    edit(data / "events.csv", lambda rows: rows[0].__setitem__(0, "Nummer"))
    found = inspect(data, BASE, executor, silent)
    assert {"missing-column", "unknown-column"} <= {f.code for f in found.findings if f.source == "events.csv"}
    assert found.datasets["events"].records == []


@pytest.mark.parametrize("suffix", ["xlsx", "json", "tsv"])
def test_the_kind_of_file_and_its_headers_do_not_matter(
    data: Path, clean: Ingested, executor: Executor, suffix: str
) -> None:
    """The same records from a workbook, from JSON and from TSV; one column has a name that only the catalogue knows."""
    with (data / "offers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[0][rows[0].index("Anbieter")] = "Wer?"
    path = data / f"offers.{suffix}"
    if suffix == "xlsx":
        book = openpyxl.Workbook()
        book.create_sheet("Hinweise", 0).append(["Bitte nichts ändern"])
        for row in rows:
            book.worksheets[1].append(row)
        book.save(path)
    elif suffix == "json":
        path.write_text(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t").writerows(rows)
    catalogue = data / "catalogue.ttl"
    text = catalogue.read_text(encoding="utf-8").replace("<source/offers.csv>", f"<source/offers.{suffix}>")
    extra = """\n<dataset/offers#source> <http://www.w3.org/ns/csvw#tableSchema> [ <http://www.w3.org/ns/csvw#column> [
        <http://www.w3.org/ns/csvw#title> "Wer?" ; <http://www.w3.org/ns/csvw#name> "provider" ] ] .\n"""
    catalogue.write_text(text + extra, encoding="utf-8")
    found = inspect(data, BASE, executor, silent)
    assert violations(found) == []

    def without_rows(ingested: Ingested) -> list[dict[str, Any]]:
        return [{**node, "derivedFrom": None} for node in ingested.datasets["offers"].records]

    assert without_rows(found) == without_rows(clean)
    fragment = {"xlsx": "sheet=Sheet&row=2", "json": "row=1", "tsv": "row=2"}[suffix]
    sources = [node["derivedFrom"][0] for node in found.datasets["offers"].records]
    assert f"../source/offers.{suffix}#{fragment}" in sources


def test_fields_come_from_context_and_shapes() -> None:
    assert len(record_types()) == 16
    project = by_name("Project")
    assert project.key.term == "identifier"
    kinds = {field.term: field.kind for field in project.columns}
    assert kinds["lead"] == "reference"
    assert kinds["field"] == "concept"
    assert kinds["start"] == "partial-date"
    assert kinds["title_de"] == "text"
    assert kinds["source"] == "iri"
    assert project.field("title_de").required
    assert not project.field("title_en").required
    assert [c.rpartition("#")[2] for c in project.field("lead").classes] == ["Municipality", "District", "Organisation"]
    assert by_name("Municipality").key.term == "ags"
    assert {field.term for field in project.fields} - {field.term for field in project.columns} == {"derivedFrom"}


def test_every_type_in_the_context_has_a_shape() -> None:
    typed = {name for name, term in ontology.context()["@context"].items() if str(term).startswith("{'@id': 'sr:")}
    assert {record_type.name for record_type in record_types().values()} == typed
    assert "lead" in terms("Project")


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.code)
def test_a_kind_of_finding_speaks_both_languages(kind: Kind) -> None:
    said = [kind.title, kind.help, *filter(None, (kind.text, kind.right))]
    assert all(set(text) == {"de", "en"} and text["de"] != text["en"] for text in said)
    assert bool(kind.text) == (kind.severity is not None) == (not kind.code.startswith("shape-"))


def test_every_constraint_of_the_shapes_has_a_kind_of_finding() -> None:
    used = set(shapes.load().predicates())
    constraints = [component for component in CONSTRAINTS if SH[component[0].lower() + component[1:]] in used]
    assert len(constraints) > 12
    codes = {f"shape-{re.sub(r'(?<!^)(?=[A-Z])', '-', name).lower()}" for name in constraints} | {"shape-sparql"}
    assert {code for code in kinds() if code.startswith("shape-")} == codes


def test_column_letters() -> None:
    assert [column_letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert [column_position(column_letter(n)) for n in range(20_000)] == list(range(20_000))
