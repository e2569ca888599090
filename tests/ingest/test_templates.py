"""Templates never drift from the shapes: whatever they offer is understood, and what is filled in is in order."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

import jsonschema
import openpyxl
import pytest
from support import BASE, silent, some

from ingest import RecordType, SourcePart, by_name, record_types
from ingest.checking.submission import Submitted, check
from ingest.checking.template_model import Language, Template, template
from ingest.checking.templates import SUFFIXES, written
from ingest.files.grids import SheetLimits
from ingest.mapping.mapping import _reader
from ingest.pipeline.existing_records import Standing
from ingest.references import Register

TYPES = sorted(each.name for each in record_types().values())
LANGUAGES: tuple[Language, ...] = ("de", "en")
# Nobody has sent a sketch of a use case yet.


def received(name: str, content: bytes, there: Standing, thread: Executor) -> SourcePart:
    (part,) = check([Submitted(name, content)], there, SheetLimits(), thread, silent)
    return part


def records(made: Template) -> list[Mapping[str, str]]:
    """Records to fill in: the examples, as texts by term."""
    return list(made.examples)


def fill_workbook(content: bytes, made: Template) -> bytes:
    """Fill in the first sheet as a clerk does: numbers and days become numbers and days."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for row, record in enumerate(records(made), start=3):
        for position, column in enumerate(made.columns, start=1):
            text = record[column.field.term]
            if text:
                sheet.cell(row, position).value = as_typed(text, column.field.kind)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_typed(text: str, kind: str) -> Any:
    convert: dict[str, Callable[[str], Any]] = {"integer": int, "decimal": float, "date": dt.date.fromisoformat}
    return convert.get(kind, str)(text)


def fill_csv(content: bytes, made: Template) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerows([record[column.field.term] for column in made.columns] for record in records(made))
    return content + buffer.getvalue().encode()


def as_objects(made: Template, there: Standing) -> list[dict[str, Any]]:
    """The records as a program would send them."""
    objects = []
    for record in records(made):
        values: dict[str, Any] = {}
        for column in made.columns:
            field, text = column.field, record[column.field.term]
            if not text:
                continue
            parts = [part.strip() for part in text.split(";")] if field.many else [text]
            found = [as_json(part, column.field, there) for part in parts]
            values[field.term] = found if field.many else found[0]
        objects.append(values)
    return objects


def as_json(text: str, field: Any, there: Standing) -> Any:
    match field.kind:
        case "integer" | "decimal":
            return json.loads(text)
        case "boolean":
            return text in ("ja", "yes")
        case "concept":
            return _reader(field, [text], Register(there.base, there.entries))(text).value
        case _:
            return text


def in_order(part: SourcePart, record_type: RecordType) -> None:
    assert part.record_type is record_type
    assert [(f.code, f.row, f.column, f.value) for f in part.findings if f.severity == "violation"] == []
    # What remains is what the shapes say of the real records.
    assert {f.code for f in part.findings if not f.code.startswith("shape-")} == set()
    assert part.records > 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TYPES)
def test_a_filled_template_is_in_order(name: str, language: Language, there: Standing, thread: Executor) -> None:
    record_type = by_name(name)
    made = template(record_type, language, there)
    assert len(made.examples) == {"UseCaseSketch": 1, "State": 1, "MetropolitanRegion": 2}.get(name, 3)
    in_order(
        received("a.xlsx", fill_workbook(written(record_type, language, "xlsx", there), made), there, thread),
        record_type,
    )
    filled = fill_csv(written(record_type, language, "csv", there), made)
    (part,) = check([Submitted("a.csv", filled, record_type)], there, SheetLimits(), thread, silent)
    in_order(part, record_type)


@pytest.mark.parametrize("name", TYPES)
def test_records_that_fit_the_schema_are_in_order(name: str, there: Standing, thread: Executor) -> None:
    record_type = by_name(name)
    schema = json.loads(written(record_type, "de", "json", there))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    objects = as_objects(template(record_type, "de", there), there)
    validator.validate(objects)
    (part,) = check(
        [Submitted("a.json", json.dumps(objects).encode(), record_type)], there, SheetLimits(), thread, silent
    )
    in_order(part, record_type)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate([{key: value for key, value in objects[0].items() if key != record_type.key.term}])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TYPES)
def test_whatever_can_be_chosen_is_understood(name: str, language: Language, there: Standing) -> None:
    register = Register(there.base, there.entries)
    for column in some(template(by_name(name), language, there).columns):
        read = _reader(column.field, column.choices, register)
        found = [read(choice) for choice in column.choices]
        assert all(meaning.value is not None and meaning.code is None for meaning in found)
        distinct = {str(meaning.value) for meaning in found}
        assert len(distinct) == len(column.choices)
        if column.field.kind == "concept":
            assert len(distinct) == len(column.field.options)


@pytest.mark.parametrize("name", TYPES)
def test_an_empty_template_has_no_records_and_says_what_it_is(name: str, there: Standing, thread: Executor) -> None:
    for suffix in ("xlsx", "csv"):
        content = written(by_name(name), "de", suffix, there)
        (part,) = check([Submitted(f"a.{suffix}", content, by_name(name))], there, SheetLimits(), thread, silent)
        assert [f.code for f in part.findings] == ["no-records"]
    assert received("a.xlsx", written(by_name(name), "en", "xlsx", there), there, thread).record_type is by_name(name)


def test_an_older_template_is_told_and_checked_against_the_rules_of_today(there: Standing, thread: Executor) -> None:
    project = by_name("Project")
    content = fill_workbook(written(project, "de", "xlsx", there), template(project, "de", there))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["smartregion"].sheet_state == "veryHidden"
    book["smartregion"]["B2"] = "0123456789ab"
    buffer = io.BytesIO()
    book.save(buffer)
    part = received("a.xlsx", buffer.getvalue(), there, thread)
    assert [f.code for f in part.findings if f.severity != "violation" and not f.code.startswith("shape")] == [
        "template-outdated"
    ]
    assert part.conforms


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_records_give_the_same_template(suffix: str, there: Standing) -> None:
    assert written(by_name("Grant"), "de", suffix, there) == written(by_name("Grant"), "de", suffix, there)


def test_a_template_helps_to_fill_it_in(there: Standing) -> None:
    content = written(by_name("Grant"), "de", "xlsx", there)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Zuwendung", "Beispiele", "Erläuterungen", "Listen", "smartregion"]
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible"] * 3 + ["hidden", "veryHidden"]
    sheet = book.worksheets[0]
    headings = {cell.value: cell for cell in sheet[1]}
    assert {name for name in headings if name.endswith(" *")} == {"Kennung *", "Titel (deutsch) *", "Empfänger *"}
    assert headings["Kennung *"].fill.fgColor.rgb != headings["Förderbetrag"].fill.fgColor.rgb
    assert all(cell.value for cell in sheet[2])
    letters = {name: cell.column_letter for name, cell in headings.items()}
    rules = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    lists = {name: rules[f"{letters[name]}3"] for name in ("Empfänger *", "Förderlinie", "Betrag ungefähr")}
    assert all(rule.type == "list" and rule.formula1.startswith("'Listen'!") for rule in lists.values())
    # Several recipients, or a key, are right although they are not in the list.
    assert [rule.showErrorMessage for rule in lists.values()] == [False, True, True]
    amount = rules[f"{letters['Förderbetrag']}3"]
    assert (amount.type, amount.operator, amount.formula1) == ("decimal", "greaterThan", "0.0")
    assert (
        sheet.column_dimensions[letters["Kennung *"]].number_format == "@"
        or sheet[f"{letters['Kennung *']}3"] is not None
    )
    assert book["Erläuterungen"]["A5"].value.endswith(f"{BASE}validate")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets" in name)


def test_a_marked_template_is_still_one(there: Standing, thread: Executor) -> None:
    """Upload, mark, mend in the marked copy, upload again."""
    from ingest.reports.marked import marked

    project = by_name("Project")
    content = fill_workbook(written(project, "de", "xlsx", there), template(project, "de", there))
    again = marked(received("a.xlsx", content, there, thread), content, SheetLimits())
    part = received("a.xlsx", again, there, thread)
    in_order(part, project)
    book = openpyxl.load_workbook(io.BytesIO(again))
    assert book.sheetnames[0] == "Prüfbericht"
    assert len(book["Projekt"].data_validations.dataValidation) > 3
