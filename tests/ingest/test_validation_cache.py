"""Only what has changed is validated again, and the results are those of validating everything."""

from __future__ import annotations

import copy
import logging
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mutations import records as mutated
from support import BASE
from test_shapes import GOOD, OTHERS, twin

from ingest.rdf import Node
from ingest.validation import validation
from ingest.validation.shacl import ValidationResult
from ingest.validation.validation import Chunk
from ingest.validation.validation_cache import ValidationCache

pytestmark = pytest.mark.slow

Records = dict[str, Node]


@pytest.fixture
def here() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Rdflib reports every literal that is not well-formed, with a traceback."""
    caplog.set_level(logging.CRITICAL, "rdflib.term")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "validated.json"


def good() -> Records:
    return copy.deepcopy({record["id"]: record for record in [*GOOD.values(), *OTHERS]})


def run(
    records: Records, executor: Executor, file: Path | None = None, made_with: str = "shapes"
) -> tuple[set[str], list[ValidationResult]]:
    """Which records were validated, and all results."""
    seen: set[str] = set()

    def validator(chunk: Chunk) -> list[ValidationResult]:
        seen.update(record["id"] for record in chunk.records)
        return validation.fast(chunk)

    kept = None if file is None else ValidationCache(file, made_with)
    results = validation.validate([*records.values()], BASE, executor, validator, lambda done, total: None, kept)
    return seen, results


def test_what_is_the_same_is_not_validated_again(here: Executor, file: Path) -> None:
    records = good()
    records["grant/digitaler-knuell"]["amount"] = "99"
    first, results = run(records, here, file)
    assert first == set(records)
    assert [result.term for result in results if result.record == "grant/digitaler-knuell"] == ["amount"]
    assert run(records, here, file) == (set(), results)


def change(iri: str, **terms: Any) -> Callable[[Records], object]:
    return lambda records: records[iri].update(terms)


CHANGES: dict[str, Callable[[Records], object]] = {
    "a value": change("offer/digitalisierungsberatung", note="Neu."),
    "a value of another type": change("district/06431", population="274169"),
    "a value gone": lambda records: records["place/hub"].pop("placeType"),
    "limits of a programme": change("programme/starke-heimat", minimumAmount="1800000"),
    "key of a parent": change("government-district/064", ags="065"),
    "a record gone that another refers to": lambda records: records.pop("event/virtourell"),
    "another record with the same key": lambda records: records.update({"place/twin": twin("Place")}),
    "a record with the same key gone": lambda records: records.pop("place/other"),
    "a record refers back": change("project/other", reuses=["project/digitaler-knuell"]),
    "a record of another type": change("organisation/office", type="Place"),
}


@pytest.mark.parametrize("edit", CHANGES.values(), ids=CHANGES)
def test_a_change_is_validated_again_wherever_shapes_can_see_it(
    edit: Callable[[Records], object], here: Executor, file: Path
) -> None:
    records = {**good(), "place/other": {**twin("Place"), "id": "place/other"}}
    run(records, here, file)
    before = copy.deepcopy(records)
    edit(records)
    seen, results = run(records, here, file)
    assert seen == affected(before, records)
    assert results == run(records, here)[1]
    assert run(records, here, file) == (set(), results)


def affected(before: Records, after: Records) -> set[str]:
    """The records that differ, and those that name one that differs or have its key."""
    differ = {iri for iri in {*before, *after} if before.get(iri) != after.get(iri)}

    def words(record: Node) -> set[str]:
        values = [each for value in record.values() for each in (value if isinstance(value, list) else [value])]
        return {str(value) for value in values}

    keys: set[object] = set()
    for state in (before, after):
        keys |= {state[iri].get(term) for iri in differ & state.keys() for term in ("ags", "identifier")} - {None}
    return {iri for iri, record in after.items() if iri in differ or words(record) & (differ | keys)}


@pytest.mark.filterwarnings("ignore:Parsing weird boolean")
def test_edits_in_a_row_give_what_validating_everything_gives(here: Executor, file: Path) -> None:
    chance = random.Random(5)
    records = {record["id"]: record for record in mutated(5, 40)}
    for number in range(4):
        seen, results = run(records, here, file)
        assert results == run(records, here)[1]
        assert number == 0 or len(seen) < len(records)
        others = {record["id"]: record for record in mutated(100 + number, 40)}
        for iri in chance.sample(sorted(records), 4):
            records.pop(iri)
        for record in chance.sample([*others.values()], 4):
            records[record["id"]] = record


def test_other_shapes_vocabulary_software_base_or_day_validate_everything(here: Executor, file: Path) -> None:
    """All of them are in what the results were made with: see the tests of the builder."""
    run(good(), here, file, "yesterday")
    assert run(good(), here, file, "today")[0] == set(good())


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content + b"\n",
        lambda content: content.replace(b"violation", b"warning"),
        lambda content: content.replace(b"shapes#Grant", b"shapes#Grand"),
        lambda content: content.partition(b"\n")[2],
        lambda content: b"\x00" * len(content),
    ],
)
def test_a_damaged_file_counts_as_none(damage: Callable[[bytes], bytes], here: Executor, file: Path) -> None:
    records = good()
    records["grant/digitaler-knuell"]["amount"] = "-1"
    _, results = run(records, here, file)
    content = file.read_bytes()
    assert damage(content) != content
    file.write_bytes(damage(content))
    assert run(records, here, file) == (set(records), results)
    assert file.read_bytes() == content


def test_only_the_results_of_the_last_build_are_kept(here: Executor, file: Path) -> None:
    run(good(), here, file)
    size = file.stat().st_size
    for number in range(5):
        records = good()
        for record in records.values():
            record["note"] = f"Stand {number}"
        run(records, here, file)
    assert file.stat().st_size == size
    assert [path.name for path in file.parent.iterdir()] == [file.name]
