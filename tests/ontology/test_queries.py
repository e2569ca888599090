"""The example queries: their form, and their answers on the real release, some counted again from the tables."""

from __future__ import annotations

import csv
import math
import re
import time
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files

import pyoxigraph as ox
import pyshacl
import pytest
from rdflib import BNode, Graph, URIRef
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from support import BASE, DATA, some

import ontology
from ontology import queries as examples
from ontology.queries import Example
from publish.releases.formats import FORMATS
from publish.releases.release import Release
from sparql_engine import ServiceRefused
from sparql_engine.guard import prepare

ELSEWHERE = "https://data.example.org/hessen/"
EXAMPLES = examples.load(BASE)
FEDERATED = [example for example in EXAMPLES if example.federated]
OWN = [example for example in EXAMPLES if not example.federated]

# What sib-swiss/sparql-examples asks of its files, and what we ask besides.
FORM = """
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix spex: <https://purl.expasy.org/sparql-examples/ontology#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
[] sh:targetClass sh:SPARQLExecutable ; sh:nodeKind sh:IRI ; sh:closed true ;
  sh:ignoredProperties ( rdf:type sh:select sh:ask sh:construct spex:describe ) ;
  sh:property
    [ sh:path [ sh:alternativePath ( sh:select sh:ask sh:construct spex:describe ) ] ;
      sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:string ] ,
    [ sh:path rdfs:label ; sh:minCount 2 ; sh:uniqueLang true ; sh:languageIn ( "de" "en" ) ; sh:maxLength 90 ] ,
    [ sh:path rdfs:comment ; sh:minCount 2 ; sh:uniqueLang true ; sh:languageIn ( "de" "en" ) ; sh:pattern "[.]$" ] ,
    [ sh:path schema:keywords ; sh:minCount 2 ; sh:languageIn ( "de" "en" ) ] ,
    [ sh:path schema:target ; sh:hasValue <%(base)ssparql> ; sh:maxCount 1 ] ,
    [ sh:path sh:prefixes ; sh:hasValue <%(base)s.well-known/sparql-examples/prefixes> ; sh:maxCount 1 ] ,
    [ sh:path spex:federatesWith ; sh:nodeKind sh:IRI ] ;
  sh:xone ( [ sh:class sh:SPARQLSelectExecutable ; sh:property [ sh:path sh:select ; sh:minCount 1 ] ]
    [ sh:class sh:SPARQLAskExecutable ; sh:property [ sh:path sh:ask ; sh:minCount 1 ] ]
    [ sh:class sh:SPARQLConstructExecutable ; sh:property [ sh:path sh:construct ; sh:minCount 1 ] ]
    [ sh:class spex:SPARQLDescribeExecutable ; sh:property [ sh:path spex:describe ; sh:minCount 1 ] ] ) .
"""

by_name = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
by_own_name = pytest.mark.parametrize("example", OWN, ids=lambda example: example.name)


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def answer(store: ox.Store, name: str) -> list[dict[str, str]]:
    """Rows of an example, as texts by variable; variables without a value are left out."""
    (example,) = (example for example in EXAMPLES if example.name == name)
    found = store.query(example.text, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    names = [variable.value for variable in found.variables]
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return [{name: term.value for name, term in row.items() if term is not None} for row in rows]


# Form


@pytest.mark.parametrize("base", [BASE, ELSEWHERE])
def test_form(base: str) -> None:
    shape = Graph().parse(data=FORM % {"base": base}, format="turtle")
    conforms, _, text = pyshacl.validate(examples.graph(base), shacl_graph=shape)
    assert conforms, text


def test_one_file_for_each_with_a_name_of_its_own() -> None:
    stems = {entry.name.removesuffix(".ttl") for entry in files(examples).iterdir() if entry.name.endswith(".ttl")}
    names = [example.name for example in EXAMPLES]
    assert stems == {*names, "prefixes"}
    assert names == sorted(names)
    assert all(re.fullmatch(r"\d\d(-[a-z0-9]+)+", name) for name in names)
    numbers, labels = [name[:2] for name in names], [example.label["de"] for example in EXAMPLES]
    assert len(EXAMPLES) >= 18
    assert len(set(numbers)) == len(set(labels)) == len(EXAMPLES)


def test_the_form_is_complete_in_both_languages() -> None:
    for example in some(EXAMPLES):
        assert set(example.label) == set(example.comment) == set(example.keywords) == {"de", "en"}, example.name
        assert len(example.keywords["de"]) == len(example.keywords["en"]), example.name


def test_examples_work_with_any_base() -> None:
    there = examples.load(ELSEWHERE)
    assert [(one.name, one.text) for one in there] == [(one.name, one.text) for one in EXAMPLES]
    assert all(one.iri == f"{ELSEWHERE}.well-known/sparql-examples/{one.name}" for one in there)
    assert not any(BASE in str(node) for node in examples.graph(ELSEWHERE).all_nodes())
    assert not any(isinstance(node, BNode) for node in examples.graph(BASE).all_nodes())
    assert not any("/id/" in one.text or "localhost" in one.text for one in EXAMPLES)


@by_name
def test_prefixes_are_those_declared_and_all_are_used(example: Example) -> None:
    own = dict(re.findall(r"^PREFIX (\w+): <(.+)>$", example.text, re.MULTILINE))
    assert own.items() <= example.prefixes.items()
    assert list(own) == sorted(own)
    body = example.text.rpartition("PREFIX")[2].partition("\n")[2]
    assert {prefix for prefix in own if not re.search(rf"\b{prefix}:", body)} == set()


def test_prefixes_are_those_of_the_project() -> None:
    declared = EXAMPLES[0].prefixes
    assert all(ontology.PREFIXES.get(prefix, namespace) == namespace for prefix, namespace in declared.items())
    used = set(re.findall(r"^PREFIX (\w+):", "\n".join(example.text for example in EXAMPLES), re.MULTILINE))
    assert used == set(declared)


@by_name
def test_another_parser_reads_it(example: Example) -> None:
    """rdflib's, which is written after the grammar of SPARQL 1.1; the store's own parser reads it to answer it."""
    translateQuery(parseQuery(example.text))


def test_only_federated_ones_ask_other_servers() -> None:
    assert FEDERATED
    asked = {example.iri: set(re.findall(r"\bSERVICE\s+(?:SILENT\s+)?<(.+?)>", example.text)) for example in EXAMPLES}
    for example in EXAMPLES:
        stated = examples.graph(BASE).objects(URIRef(example.iri), examples.SPEX.federatesWith)
        assert asked[example.iri] == set(map(str, stated)), example.name
        assert ("service" in re.sub("<.*?>", "", example.text).lower()) == example.federated, example.name


def test_the_endpoint_takes_all_but_the_federated_ones() -> None:
    for example in some(OWN):
        assert not prepare(example.text, length=5_000, depth=20).volatile, example.name
    for example in FEDERATED:
        with pytest.raises(ServiceRefused):
            prepare(example.text, length=5_000, depth=20)


# Answers


@by_own_name
def test_answer_is_not_empty_and_comes_fast(store: ox.Store, example: Example) -> None:
    start = time.perf_counter()
    found = store.query(example.text, use_default_graph_as_union=True)
    if isinstance(found, ox.QueryBoolean):
        assert found
    elif isinstance(found, ox.QueryTriples):
        assert len(list(found)) > 5
    else:
        columns = [variable.value for variable in found.variables]
        rows = list(found)
        assert rows
        filled = {name for name in columns if any(row[name] is not None for row in rows)}
        assert filled == set(columns)
    assert time.perf_counter() - start < 1


@pytest.fixture(scope="module")
def district_of() -> dict[str, str]:
    """District by name of a municipality or district; a name of both is the municipality's."""
    districts = {row["Name"]: row["Name"] for row in table("districts.csv")}
    return districts | {row["Name"]: row["Kreis"] for row in table("municipalities.csv")}


@pytest.fixture(scope="module")
def awards() -> list[dict[str, str]]:
    """Grants with a known amount in euros."""
    return [row for row in table("grants.csv") if row["Förderbetrag"] and row["Währung"] == "EUR"]


def received(awards: list[dict[str, str]]) -> Counter[str]:
    """Sum by name of the recipient."""
    sums: Counter[str] = Counter()
    for row in awards:
        for recipient in several(row["Empfänger"]):
            sums[recipient] += int(row["Förderbetrag"])
    return sums


def test_highest_grant_sums(store: ox.Store, awards: list[dict[str, str]]) -> None:
    municipalities = {row["Name"] for row in table("municipalities.csv")}
    sums = [(name, total) for name, total in received(awards).items() if name in municipalities]
    expected = sorted(sums, key=lambda pair: (-pair[1], pair[0]))[:10]
    assert [(row["name"], int(row["total"])) for row in answer(store, "01-highest-grant-sums")] == expected


def test_funding_by_district_and_year(
    store: ox.Store, awards: list[dict[str, str]], district_of: dict[str, str]
) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for row in awards:
        for district in {district_of[recipient] for recipient in several(row["Empfänger"])}:
            expected[district, row["Bewilligt am"][:4]] += int(row["Förderbetrag"])
    rows = answer(store, "02-funding-by-district-and-year")
    assert {(row["name"], row.get("year", "")): int(row["total"]) for row in rows} == expected
    assert sum(int(row["grants"]) for row in rows) == len(awards)


def test_funding_by_field_of_action(store: ox.Store, awards: list[dict[str, str]]) -> None:
    fields = {row["Kennung"]: several(row["Handlungsfeld"]) for row in table("projects.csv")}
    expected: Counter[str] = Counter()
    for row in awards:
        for field in {field for project in several(row["Projekt"]) for field in fields[project]}:
            expected[field] += int(row["Förderbetrag"])
    assert {row["name"]: int(row["total"]) for row in answer(store, "03-funding-by-field-of-action")} == expected


def test_funding_per_inhabitant(store: ox.Store, awards: list[dict[str, str]], district_of: dict[str, str]) -> None:
    sums: Counter[str] = Counter()
    for recipient, total in received(awards).items():
        sums[district_of[recipient]] += total
    population = {row["Name"]: int(row["Einwohnerzahl"]) for row in table("districts.csv")}
    expected = {
        name: (Decimal(total) / population[name]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for name, total in sums.items()
    }
    rows = answer(store, "04-funding-per-inhabitant")
    assert {row["name"]: Decimal(row["perInhabitant"]) for row in rows} == expected


def test_size_classes_hold_every_municipality_once(store: ox.Store, awards: list[dict[str, str]]) -> None:
    municipalities = {row["Name"]: int(row["Einwohnerzahl"]) for row in table("municipalities.csv")}
    sums = received(awards)
    for row in answer(store, "05-funding-by-size-of-municipality"):
        members = {name for name, number in municipalities.items() if int(row["from"]) <= number < int(row["below"])}
        funded = members & set(sums)
        assert (int(row["municipalities"]), int(row["recipients"])) == (len(members), len(funded))
        assert int(row["total"]) == sum(sums[name] for name in funded)
        municipalities = {name: number for name, number in municipalities.items() if name not in members}
    assert not municipalities


def test_programmes(store: ox.Store, awards: list[dict[str, str]]) -> None:
    numbers = Counter(row["Förderprogramm"] for row in table("grants.csv") if row["Förderprogramm"])
    amounts = defaultdict(list)
    for row in awards:
        amounts[row["Förderprogramm"]].append(int(row["Förderbetrag"]))
    rows = answer(store, "06-funding-by-programme")
    assert {row["title"]: int(row["grants"]) for row in rows} == numbers
    for row in rows:
        known = amounts[row["title"]]
        assert (int(row["total"]), int(row["withAmount"])) == (sum(known), len(known))
        assert (int(row["smallest"]), int(row["largest"])) == (min(known), max(known))


def test_sums_that_are_not_exact(store: ox.Store) -> None:
    expected = {
        row["Kennung"] for row in table("grants.csv") if row["Betrag ungefähr"] == "ja" or row["Gemeinsame Fördersumme"]
    }
    rows = answer(store, "07-approximate-and-joint-sums")
    assert {row["grant"].rpartition("/")[2] for row in rows} == expected


def test_projects_within_20_km(store: ox.Store) -> None:
    places = {
        row["Name"]: (float(row["Breitengrad"]), float(row["Längengrad"]))
        for name in ("districts.csv", "municipalities.csv")
        for row in table(name)
    }

    def kilometres(name: str) -> float:
        """Great-circle distance from Hanau (haversine formula)."""
        (north, east), (lat, lon) = ([math.radians(value) for value in places[place]] for place in ("Hanau", name))
        chord = math.sin((lat - north) / 2) ** 2 + math.cos(north) * math.cos(lat) * math.sin((lon - east) / 2) ** 2
        return 2 * 6371.0 * math.asin(math.sqrt(chord))

    leads = {row["Kennung"]: row["Federführung"] for row in table("projects.csv")}
    distances = {project: kilometres(lead) for project, lead in leads.items() if lead in places}
    rows = answer(store, "08-projects-within-20-km")
    found = {row["project"].rpartition("/")[2]: float(row["kilometres"]) for row in rows}
    assert set(found) == {project for project, distance in distances.items() if distance <= 20}
    assert all(found[project] == pytest.approx(distances[project], abs=0.15) for project in found)


def test_projects_in_a_map_section(store: ox.Store) -> None:
    inside = {
        row["Name"]
        for name in ("districts.csv", "municipalities.csv")
        for row in table(name)
        if 50.3 < float(row["Breitengrad"]) < 50.8 and 9.4 < float(row["Längengrad"]) < 10.1
    }
    expected = {row["Kennung"] for row in table("projects.csv") if row["Federführung"] in inside}
    assert {row["project"].rpartition("/")[2] for row in answer(store, "09-projects-in-a-map-section")} == expected


def test_smart_parking_is_not_any_park(store: ox.Store) -> None:
    found = {row["project"].rpartition("/")[2] for row in answer(store, "11-smart-parking")}
    assert {"paul-parken-und-leiten", "transrofmation-rotenburg", "smarte-sensorik-huenfeld"} <= found
    assert "kreuzung-frei" not in found


def test_reuse(store: ox.Store) -> None:
    expected = {(row["Kennung"], origin) for row in table("projects.csv") for origin in several(row["Nachnutzung von"])}
    rows = answer(store, "12-reuse-of-projects")
    found = {
        (row["project"].rpartition("/")[2], row["origin"].rpartition("/")[2]) for row in rows if row["direct"] == "true"
    }
    assert found == expected


def test_chains_of_reuse_are_followed() -> None:
    (example,) = (example for example in EXAMPLES if example.name == "12-reuse-of-projects")
    store = ox.Store()
    sr, title = "https://w3id.org/smart-region/ns#", "http://purl.org/dc/terms/title"
    for name, origin in (("a", "b"), ("b", "c"), ("c", None)):
        data = f'<urn:{name}> a <{sr}Project> ; <{title}> "{name}"@de ; <{sr}lead> <urn:lead> .'
        data += '<urn:lead> <http://www.w3.org/2004/02/skos/core#prefLabel> "Lead"@de .'
        data += f"<urn:{name}> <{sr}reuses> <urn:{origin}> ." if origin else ""
        store.load(data, ox.RdfFormat.TURTLE)
    found = store.query(example.text)
    assert isinstance(found, ox.QuerySolutions)
    steps = {(row["title"].value, row["originTitle"].value, row["direct"].value) for row in found}
    assert steps == {("a", "b", "true"), ("b", "c", "true"), ("a", "c", "false")}


def taking_part() -> set[str]:
    """Names that lead a project or are partner in one."""
    rows = table("projects.csv")
    return {name for row in rows for name in (row["Federführung"], *several(row["Partner"]))}


def test_participation_by_district(store: ox.Store) -> None:
    members = defaultdict(set)
    for row in table("municipalities.csv"):
        members[row["Kreis"]].add(row["Name"])
    expected = {name: (len(all_), len(all_ & taking_part())) for name, all_ in members.items()}
    rows = answer(store, "15-participation-by-district")
    assert {row["name"]: (int(row["municipalities"]), int(row["participants"])) for row in rows} == expected


def test_municipalities_without_a_project(store: ox.Store) -> None:
    expected = {row["Name"] for row in table("municipalities.csv")} - taking_part()
    rows = answer(store, "16-municipalities-without-a-project")
    assert {row["name"] for row in rows} == expected
    population = [int(row["population"]) for row in rows]
    assert population == sorted(population, reverse=True)


def test_fields_count_their_projects(store: ox.Store) -> None:
    expected = Counter(field for row in table("projects.csv") for field in several(row["Handlungsfeld"]))
    assert {row["german"]: int(row["projects"]) for row in answer(store, "17-fields-of-action")} == expected


def test_old_keys_lead_to_those_of_today(store: ox.Store) -> None:
    key = {row["Name"]: row["Amtlicher Gemeindeschlüssel (AGS)"] for row in table("municipalities.csv")}
    former = table("former_municipalities.csv")
    expected = {row["Früherer Gemeindeschlüssel (AGS)"]: key[row["Nachfolgegemeinde"]] for row in former}
    rows = answer(store, "18-former-municipality-keys")
    assert {row["formerKey"]: row["key"] for row in rows} == expected
    current = expected | {value: value for value in key.values()}
    for row in answer(store, "19-update-my-keys"):
        assert row.get("key") == current.get(row["given"])


def test_evidence_leads_to_the_row_and_the_source(store: ox.Store) -> None:
    rows = answer(store, "23-evidence-of-a-project")
    assert {row["row"].partition("#")[0] for row in rows} == {f"{BASE}source/projects.csv", f"{BASE}source/grants.csv"}
    for row in rows:
        file, number = row["row"].removeprefix(f"{BASE}source/").split("#row=")
        # The header is row 1.
        record = table(file)[int(number) - 2]
        assert record["Kennung"] == row["record"].rpartition("/")[2]
        assert row["source"] in several(record["Quelle"])


def test_completeness_of_grants(store: ox.Store) -> None:
    grants = table("grants.csv")
    rows = answer(store, "24-how-complete-are-the-grants")
    known = {re.split("[/#]", row["property"])[-1]: int(row["known"]) for row in rows}
    columns = {"amount": "Förderbetrag", "fundedItem": "Projekt", "awardDate": "Bewilligt am", "source": "Quelle"}
    expected = {name: sum(bool(row[column]) for row in grants) for name, column in columns.items()}
    assert {name: known[name] for name in expected} == expected
    assert {int(row["grants"]) for row in rows} == {len(grants)}


def test_a_project_in_schema_org_speaks_schema_org_only(store: ox.Store) -> None:
    (example,) = (example for example in EXAMPLES if example.name == "26-project-in-schema-org")
    found = store.query(example.text, use_default_graph_as_union=True)
    assert isinstance(found, ox.QueryTriples)
    triples = {(triple.predicate.value, triple.object.value) for triple in found}
    rdf_type = ontology.PREFIXES["rdf"] + "type"
    assert all(predicate == rdf_type or predicate.startswith(str(examples.SCHEMA)) for predicate, _ in triples)
    assert (str(examples.SCHEMA.amount), "1700000") in triples
    (record,) = (row for row in table("projects.csv") if row["Kennung"] == "region-digitaler-knuell")
    names = {value for predicate, value in triples if predicate == str(examples.SCHEMA.name)}
    assert {record["Titel (deutsch)"], record["Federführung"], *several(record["Partner"])} <= names


def test_graphs_and_files_are_those_of_the_manifest(store: ox.Store, release: Release) -> None:
    graphs = {
        row["graph"].removeprefix(f"{BASE}graph/"): int(row["triples"]) for row in answer(store, "28-named-graphs")
    }
    manifest = release.manifest
    expected = {name: entry.triples for name, entry in manifest.datasets.items() if name != "all"}
    assert {name: graphs[name] for name in expected} == expected
    found = {
        row["file"].removeprefix(BASE): (int(row["bytes"]), row["sha256"])
        for row in answer(store, "32-files-of-a-dataset")
    }
    dumps = {name: file for name, file in manifest.files.items() if file.dataset == "projects" and "dump/" in name}
    # What describes the columns of the table is no form of the data, and not every form is a distribution.
    del dumps["dump/projects.csv-metadata.json"]
    forms = {form.media_type for form in FORMATS.values() if form.distribution}
    dumps = {name: file for name, file in dumps.items() if file.media_type in forms}
    packed = {f"{name}.gz": file.packed["gzip"] for name, file in dumps.items() if name.endswith(".nt")}
    assert found == {name: (file.bytes, file.sha256) for name, file in {**dumps, **packed}.items()}


def test_classes_are_counted_as_in_the_tables(store: ox.Store) -> None:
    counted = {row["class"].rpartition("#")[2]: int(row["entities"]) for row in answer(store, "29-classes")}
    assert counted["Municipality"] == len(table("municipalities.csv"))
    assert counted["Project"] == len(table("projects.csv"))
    assert counted["Grant"] == len(table("grants.csv"))
