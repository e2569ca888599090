"""What a release says about itself, and the pages that show it: vocabulary, concept schemes, record types, rules."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from rdflib import OWL, RDF, SH, SKOS, URIRef
from support import application, select, some

import ontology
import shapes
from ingest import record_types
from ontology import SR, SRS
from publish.explanations import vocabulary
from publish.releases.release import Release, Releases
from smartregion.settings import Settings

BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(releases: Releases) -> Iterator[FlaskClient]:
    with application(Settings(var=releases.root)) as app:
        yield app.test_client()


def table(release: Release, name: str) -> Any:
    return json.loads(release.file(name)[0].read_text(encoding="utf-8"))


def shown(client: FlaskClient, path: str) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    return response.text


def anchors(page: str) -> set[str]:
    found = re.findall(r' id="([^"]+)"', page)
    assert len(found) == len(set(found))
    return set(found)


def concepts(tree: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for concept in tree:
        yield concept
        yield from concepts(concept["narrower"])


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_term_has_an_anchor_and_both_its_texts(client: FlaskClient, language: str) -> None:
    page = shown(client, f"/ontology?lang={language}")
    terms = {str(term) for term in ontology.vocabulary().subjects(RDF.type) if str(term).startswith(SR)}
    assert len(terms) > 50
    assert {term.removeprefix(SR) for term in terms} <= anchors(page)
    definitions = ontology.vocabulary().objects(SR.Project, SKOS.definition)
    (definition,) = [str(text) for text in definitions if text.language == language]
    assert definition in page


def test_an_anchor_is_the_local_name_of_the_term(client: FlaskClient) -> None:
    """Else the IRI of a term would not lead to its explanation."""
    names = anchors(shown(client, "/ontology"))
    assert {"Municipality", "recipient", "withheldRecords"} <= names


def test_counts_of_terms_are_those_of_the_store(release: Release, store: ox.Store) -> None:
    terms = table(release, "vocabulary.json")
    rows = select(store, "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p")
    rows += select(store, "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c } GROUP BY ?c")
    counted = {iri: int(count) for iri, count in rows}
    for entry in [*terms["classes"], *terms["properties"], *terms["external"]]:
        assert entry["uses"] == counted.get(entry["iri"], 0), entry["iri"]


def test_a_class_shows_what_its_shape_says(release: Release) -> None:
    (project,) = [entry for entry in table(release, "vocabulary.json")["classes"] if entry["name"] == "Project"]
    lead = next(entry for entry in project["properties"] if entry["property"] == "sr:lead")
    assert lead == {
        "property": "sr:lead",
        "names": {"de": "Federführung", "en": "Lead partner"},
        "required": True,
        "many": False,
        "field": "lead",
    }
    (recipient,) = [e for e in table(release, "vocabulary.json")["properties"] if e["name"] == "recipient"]
    assert [use["class"] for use in recipient["used_in"]] == ["sr:Grant"]


def test_examples_are_records_that_are_there(client: FlaskClient, release: Release) -> None:
    examples = [entry["example"]["id"] for entry in table(release, "records.json") if entry["example"]]
    there = [name for name, entry in release.manifest.datasets.items() if entry.record_class and entry.records]
    assert len(examples) == len(there)
    for example in examples:
        assert client.get(f"/doc/{example}", headers=BROWSER).status_code == 200


def test_the_change_log_is_up_to_date_and_bilingual(client: FlaskClient) -> None:
    graph, newest = ontology.vocabulary(), ontology.changes()[0]
    assert newest["number"] == str(graph.value(URIRef(str(SR)[:-1]), OWL.versionInfo))
    assert all(len(version["de"]) == len(version["en"]) > 0 for version in ontology.changes())
    assert newest["de"][0] in shown(client, "/ontology")
    assert newest["en"][0] in shown(client, "/ontology?lang=en")


@pytest.mark.parametrize("name", ontology.scheme_names())
def test_every_concept_is_on_the_page_of_its_scheme(client: FlaskClient, release: Release, name: str) -> None:
    graph = ontology.scheme(name)
    expected = {str(concept).rpartition("#")[2] for concept in graph.subjects(RDF.type, SKOS.Concept)}
    assert {concept["anchor"] for concept in concepts(table(release, "schemes.json")[name]["concepts"])} == expected
    assert expected <= anchors(shown(client, f"/scheme/{name}"))


def test_uses_of_concepts_are_those_of_the_store(release: Release, store: ox.Store) -> None:
    for concept in some(concepts(table(release, "schemes.json")["field-of-action"]["concepts"])):
        query = f"SELECT (COUNT(DISTINCT ?s) AS ?n) {{ ?s a sr:Project ; dct:subject <{concept['iri']}> }}"
        assert concept["used"].get("project", 0) == int(select(store, query)[0][0])


def test_records_that_use_a_concept_are_one_click_away(client: FlaskClient) -> None:
    page = shown(client, "/scheme/field-of-action")
    link = re.search(r'id="smart-mobility".*?href="(/search\?[^"]*)"', page, re.S)
    assert link
    assert client.get(link[1].replace("&amp;", "&"), headers=BROWSER).status_code == 200


def test_every_shape_has_an_anchor(client: FlaskClient) -> None:
    page = shown(client, "/shapes")
    kinds = (SH.NodeShape, SH.PropertyShape)
    named = {shape for kind in kinds for shape in shapes.load().subjects(RDF.type, kind)}
    targets = {shape for record_type in record_types().values() for shape in (URIRef(record_type.shape),)}
    columns = {prop for shape in targets for prop in shapes.load().objects(shape, SH.property)}
    checks = {shape for shape in named if (shape, SH.targetClass, None) in shapes.load()}
    expected = {str(shape).removeprefix(SRS) for shape in targets | columns | checks}
    assert len(expected) > 100
    assert expected <= anchors(page)


def test_a_rule_says_how_grave_it_is_and_what_would_be_right(client: FlaskClient) -> None:
    english = shown(client, "/shapes?lang=en")
    rule = english[english.index('id="Project-missing-field"') :]
    rule = rule[: rule.index("</section>")]
    for expected in ("Warning", "The field of action is missing", "at least <code>1</code>", "dct:subject"):
        assert expected in rule


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_field_of_every_type_is_explained(client: FlaskClient, language: str) -> None:
    for record_type in some(record_types().values()):
        page = shown(client, f"/records/{record_type.segment}?lang={language}")
        for field in some(record_type.columns):
            assert f"<code>{field.term}</code>" in page
            assert str(field.name[language]) in page


def test_a_field_shows_values_allowed_and_an_example_of_a_real_record(client: FlaskClient, release: Release) -> None:
    (project,) = [entry for entry in table(release, "records.json") if entry["name"] == "Project"]
    status = next(field for field in project["fields"] if field["term"] == "status")
    assert [option["notation"] for option in status["options"]][:2] == ["approved", "selected"]
    title = next(field for field in project["fields"] if field["term"] == "title_de")
    assert title["example"] == project["example"]["title"]
    page = shown(client, "/records/project")
    assert title["example"] in page.replace("&#39;", "'")
    assert re.search(r'href="/templates/Project\.xlsx[^"]*"', page)


def test_an_unknown_type_is_not_found(client: FlaskClient) -> None:
    assert client.get("/records/nothing", headers=BROWSER).status_code == 404


def test_pages_are_not_sent_again(client: FlaskClient) -> None:
    for path in ("/ontology", "/scheme", "/scheme/field-of-action", "/shapes", "/records", "/records/project"):
        tag = client.get(path, headers=BROWSER).headers["ETag"]
        assert client.get(path, headers={**BROWSER, "If-None-Match": tag}).status_code == 304


def test_a_changed_vocabulary_is_compared_with_that_of_the_release_before(
    release: Release, store: ox.Store, tmp_path: Path
) -> None:
    shutil.copytree(release.path, tmp_path / "releases" / release.id)
    (tmp_path / "current").symlink_to(f"releases/{release.id}")
    before = Releases(tmp_path).open()
    path, _ = before.file("ontology.nt")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(f"<{SR.Grant}>")]
    lines = [line.replace('"Projekt"@de', '"Vorhaben"@de') for line in lines]
    lines.append(f'<{SR.Gone}> <http://www.w3.org/2000/01/rdf-schema#label> "Weg"@de .')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    labels = table(release, "labels.json")
    assert vocabulary.table(record_types(), labels, {}, store, before)["difference"] == {
        "added": ["sr:Grant"],
        "removed": ["sr:Gone"],
        "changed": ["sr:Project"],
    }
    assert not any(vocabulary.table(record_types(), labels, {}, store, release)["difference"].values())
