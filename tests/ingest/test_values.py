"""Reading cells: numbers, dates, yes and no, addresses."""

from __future__ import annotations

from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mapping.values import NumberStyle, UnreadableValue, number_style, reader
from ingest.model import Field, Kind


def field(kind: Kind, **more: Any) -> Field:
    return Field(
        term="x", path="urn:x", kind=kind, many=False, shape="urn:s", name={}, help={}, message={}, order=1,
        required=False, read_only=False, role=None, **more,
    )  # fmt: skip


def read(kind: Kind, text: str, style: NumberStyle = "unknown", **more: Any) -> Any:
    return reader(field(kind, **more), style)(text)


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("1200000", "unknown", "1200000"),
        ("1200000.50", "unknown", "1200000.5"),
        ("1200000,50", "unknown", "1200000.5"),
        ("1.200.000", "unknown", "1200000"),
        ("1.200.000,00", "unknown", "1200000"),
        ("1 200 000,5", "unknown", "1200000.5"),
        ("250.000", "german", "250000"),
        ("250.125", "plain", "250.125"),
        ("0", "unknown", "0"),
        ("-0.10", "unknown", "-0.1"),
    ],
)
def test_decimals(text: str, style: NumberStyle, value: str) -> None:
    assert read("decimal", text, style) == value


def test_a_dot_before_three_digits_is_not_guessed() -> None:
    with pytest.raises(UnreadableValue) as refused:
        read("decimal", "250.000")
    assert refused.value.code == "ambiguous-number"
    assert refused.value.details == {"thousands": "250000", "fraction": "250.000"}


def test_a_coordinate_with_three_digits_is_a_fraction() -> None:
    assert read("decimal", "50.123", "german", maximum=51.66) == "50.123"


@pytest.mark.parametrize("text", ["1,2 Mio", "rund 5", "1.2.3", "--1", "1,2,3", "1e5", "NaN", "€ 5"])
def test_text_is_no_number(text: str) -> None:
    with pytest.raises(UnreadableValue, match="type-decimal"):
        read("decimal", text)


@pytest.mark.parametrize(("text", "value"), [("97956", "97956"), ("97.956", "97956"), ("6.280.793", "6280793")])
def test_integers(text: str, value: str) -> None:
    assert read("integer", text) == value


def test_a_fraction_is_no_integer() -> None:
    with pytest.raises(UnreadableValue, match="type-integer"):
        read("integer", "1,5")


def test_the_style_of_a_column_is_told_by_its_clear_cells() -> None:
    assert number_style(["250.000", "1.250.000"]) == "german"
    assert number_style(["250.000", "3,5"]) == "german"
    assert number_style(["250.000", "3.5"]) == "plain"
    assert number_style(["250.000", "7"]) == "unknown"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_decimals_are_written_as_the_store_writes_them(number: Any) -> None:
    """The store canonicalises what it loads; a value it would rewrite would make dumps and store differ."""
    lexical = read("decimal", format(number, "f"), "plain")
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal(lexical, datatype=_XSD_DECIMAL)))
    (quad,) = store
    assert isinstance(quad.object, ox.Literal)
    assert quad.object.value == lexical or (lexical == "-0" and quad.object.value == "0")


_XSD_DECIMAL = ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")


@pytest.mark.parametrize("text", ["2024-09-04", "04.09.2024", "4.9.2024", "4. September 2024", "2024-09-04T00:00:00"])
def test_dates(text: str) -> None:
    assert read("date", text) == "2024-09-04"


@pytest.mark.parametrize("text", ["30.02.2024", "2024-13-01", "4.9.24", "bald", "2024-09", "04/09/2024"])
def test_no_dates(text: str) -> None:
    with pytest.raises(UnreadableValue, match="type-date"):
        read("date", text)


@pytest.mark.parametrize(
    ("text", "value", "datatype"),
    [
        ("2024", "2024", "xsd:gYear"),
        ("2024-09", "2024-09", "xsd:gYearMonth"),
        ("09/2024", "2024-09", "xsd:gYearMonth"),
        ("9.2024", "2024-09", "xsd:gYearMonth"),
        ("März 2024", "2024-03", "xsd:gYearMonth"),
        ("04.09.2024", "2024-09-04", "xsd:date"),
    ],
)
def test_partial_dates_keep_their_precision(text: str, value: str, datatype: str) -> None:
    assert read("partial-date", text) == {"@value": value, "@type": datatype}


@pytest.mark.parametrize("text", ["2024-13", "13/2024", "24", "20245", "Q3 2024"])
def test_no_partial_dates(text: str) -> None:
    with pytest.raises(UnreadableValue, match="type-partial-date"):
        read("partial-date", text)


@pytest.mark.parametrize(("text", "value"), [("ja", "true"), ("Nein", "false"), ("WAHR", "true"), ("0", "false")])
def test_booleans(text: str, value: str) -> None:
    assert read("boolean", text) == value


@pytest.mark.parametrize("text", ["https://www.hessen.de/a?b=c,1#d", "mailto:info@example.org"])
def test_addresses(text: str) -> None:
    assert read("iri", text) == text


@pytest.mark.parametrize("text", ["www.hessen.de", "https://", "https://a b/", "/pfad", "https://x/<y>", "http://[::1"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(UnreadableValue, match="type-iri"):
        read("iri", text)


def test_a_mailbox_needs_no_scheme() -> None:
    assert read("iri", "info@example.org", prefix="mailto:") == "mailto:info@example.org"


def test_a_code_may_be_given_with_its_address() -> None:
    prefix = "http://www.wikidata.org/entity/"
    assert read("code", "http://www.wikidata.org/entity/Q3802", prefix=prefix) == "Q3802"
    with pytest.raises(UnreadableValue, match="type-code"):
        read("code", "Q 3802", prefix=prefix)


def test_text_is_normalised_and_control_characters_are_refused() -> None:
    assert read("text", "Gru\u0308n") == "Grün"
    with pytest.raises(UnreadableValue, match="type-text"):
        read("text", "a\x00b")
