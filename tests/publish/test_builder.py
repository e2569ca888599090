"""Building: the same input gives the same bytes, and whoever kills a build breaks nothing."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor
from pathlib import Path
from types import SimpleNamespace

import brotli  # type: ignore[import-untyped]
import pyoxigraph as ox
import pytest
from sources import EPOCH, change, rows
from support import BASE, DATA, ROOT, select, silent, some

import ontology
from ontology import jsonld
from publish.builder import BuildError, build
from publish.releases import identity
from publish.releases.manifest import SUFFIXES
from publish.releases.release import Release, Releases

pytestmark = pytest.mark.slow

WINTER = "smarter-winterdienst-hanau"
FORMATS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "ttl": ox.RdfFormat.TURTLE,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
    "nq": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
}


def sums(release: Release) -> dict[str, str]:
    return {name: file.sha256 for name, file in release.manifest.files.items()}


def check(release: Release) -> None:
    """A release is whole: every file is what the manifest says, and the store answers."""
    for name, described in release.manifest.files.items():
        content = release.file(name)[0].read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (described.bytes, described.sha256), name
    assert len(ox.Store.read_only(str(release.store))) == release.manifest.triples


def test_a_release_is_what_its_manifest_says(release: Release) -> None:
    check(release)
    on_disk = {path.relative_to(release.path / "files").as_posix() for path in (release.path / "files").rglob("*")}
    files = {name for name in on_disk if (release.path / "files" / name).is_file()}
    packed = {name + SUFFIXES[coding] for name, file in release.manifest.files.items() for coding in file.packed}
    assert files == set(release.manifest.files) | packed


def test_compressed_files_unpack_to_the_file(release: Release) -> None:
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress}
    assert release.manifest.files["dump/all.nq"].packed.keys() == unpack.keys()
    for name, file in release.manifest.files.items():
        path = release.file(name)[0]
        for coding, packed in file.packed.items():
            content = path.with_name(path.name + SUFFIXES[coding]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (packed.bytes, packed.sha256)
            assert packed.bytes < file.bytes
            assert unpack[coding](content) == path.read_bytes()


def test_two_builds_give_the_same_bytes_and_the_same_name(
    release: Release, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even on another day: only what is made to tell dates has any."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    other = build(DATA, BASE, Releases(tmp_path), executor, silent).release
    assert other.id == release.id
    differing = {name for name in sums(release) if sums(other)[name] != sums(release)[name]}
    dated = ("feed", "dump/catalog.", "history.", "navigator/", "sitemap.", "schema-org.")
    assert {name for name in differing if not name.startswith(dated)} == set()
    assert other.manifest.datasets["projects"].modified == "2023-11-14"


def test_an_unchanged_input_is_not_built_again(releases: Releases, executor: Executor) -> None:
    before = (releases.directory / (releases.current_id() or "")).stat().st_mtime_ns
    outcome = build(DATA, BASE, releases, executor, silent)
    assert not outcome.fresh
    assert outcome.withheld == 0
    assert (releases.directory / (releases.current_id() or "")).stat().st_mtime_ns == before


def test_only_what_changed_gets_a_new_date(
    data: Path, first: Releases, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = first.open().manifest
    change(data / "projects.csv", WINTER, **{"Titel (deutsch)": "Winterdienst"})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1710000000")
    after = build(data, BASE, first, executor, silent).release.manifest
    assert after.id != before.id
    changed = {name for name, entry in after.datasets.items() if entry != before.datasets[name]}
    assert changed == {"projects", "all"}
    assert (after.datasets["projects"].issued, after.datasets["projects"].modified) == ("2023-11-14", "2024-03-09")
    versions = {name: entry.version for name, entry in after.datasets.items()}
    assert versions == {name: 2 if name in changed else 1 for name in after.datasets}
    assert {name: entry.previous for name, entry in after.datasets.items() if entry.previous} == dict.fromkeys(
        changed, "2023-11-14"
    )


def test_a_changed_project_touches_nothing_but_itself(
    data: Path, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two releases with one changed project and one dataset a page: the difference of all pages, line by line."""
    releases = Releases(tmp_path / "var")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    first = build(data, BASE, releases, executor, silent, 1).release
    described = {row["Kennung"]: row["Beschreibung (deutsch)"] for row in rows(data / "projects.csv")}[WINTER]
    change(data / "projects.csv", WINTER, **{"Beschreibung (deutsch)": f"{described} Mehr folgt."})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1710000000")
    second = build(data, BASE, releases, executor, silent, 1).release
    touched = {"projects", "all"}
    number = {name: str(page) for page, name in enumerate(sorted(second.manifest.datasets), start=1)}
    pages = [f"feed/{token}/{page}" for token in second.manifest.feed.profiles for page in number.values()]
    assert len(pages) == 2 * 19
    for stem in pages:
        old, new = (set(release.file(f"{stem}.nt")[0].read_text("utf-8").splitlines()) for release in (first, second))
        of_the_catalogue = {line for line in old ^ new if line.startswith(f"<{BASE}catalog> ")}
        assert {line.split()[1] for line in of_the_catalogue} == {"<http://purl.org/dc/terms/modified>"}
        names = {re.match(rf"<{BASE}dataset/([a-z-]+)", line)[1] for line in (old ^ new) - of_the_catalogue}  # type: ignore[index]
        assert names == {name for name in touched if number[name] == stem.rpartition("/")[2]}
    changed = {name for name, file in second.manifest.files.items() if file != first.manifest.files[name]}
    own = {name for name in changed if not name.startswith("feed/") or "/dataset/" in name}
    parts = {name.rpartition("/")[2].partition(".")[0] for name in own}
    # The page of the vocabulary tells how often each term is used, in the catalogue, too.
    assert parts == {*touched, "catalog", "cuts", "feed", "history", "schema-org", "sitemap", "vocabulary"}
    identical = {name for name in second.manifest.files if "/dataset/" in name} - changed
    assert len(identical) == 2 * 4 * (19 - len(touched))


def test_every_syntax_says_the_same(release: Release) -> None:
    for name in [*(name for name, entry in release.manifest.datasets.items() if entry.record_class), "all"]:
        files = [f"dump/{name}.{suffix}" for suffix in FORMATS if f"dump/{name}.{suffix}" in release.manifest.files]
        graphs = {}
        for file in files:
            path = release.file(file)[0]
            parsed = ox.parse(path=path, format=FORMATS[path.suffix[1:]])
            graphs[file] = {(q.subject, q.predicate, q.object) for q in parsed}
        assert len({frozenset(graph) for graph in graphs.values()}) == 1, name
        assert len(files) == (6 if name == "all" else 4)


def test_the_store_holds_what_the_dumps_say(release: Release, store: ox.Store) -> None:
    """The store canonicalises values; ours are canonical already, so nothing differs."""
    datasets = release.manifest.datasets.items()
    for name, entry in some((name, entry) for name, entry in datasets if entry.record_class):
        graph = ox.NamedNode(f"{BASE}graph/{name}")
        stored = {q.triple for q in store.quads_for_pattern(None, None, None, graph)}
        dumped = {q.triple for q in ox.parse(path=release.file(f"dump/{name}.nt")[0])}
        assert stored == dumped, name
        assert len(stored) == entry.triples


def test_the_json_ld_is_in_our_terms(release: Release) -> None:
    document = json.loads(release.file("dump/projects.jsonld")[0].read_text(encoding="utf-8"))
    assert document["@context"] == ontology.context()["@context"]
    knuell = next(node for node in document["@graph"] if node["id"] == f"{BASE}id/project/region-digitaler-knuell")
    assert knuell["type"] == "Project"
    assert knuell["field"] == ["administration", "smart-energy", "society"]
    assert knuell["lead"] == f"{BASE}id/municipality/06634009"
    assert jsonld.document(document["@graph"]) == document


def test_geojson_places_a_project_at_its_lead(release: Release) -> None:
    document = json.loads(release.file("dump/projects.geojson")[0].read_text(encoding="utf-8"))
    features = {feature["id"].rpartition("/")[2]: feature for feature in document["features"]}
    longitude, latitude = features["region-digitaler-knuell"]["geometry"]["coordinates"]
    assert 9.3 < longitude < 9.5
    assert 51.0 < latitude < 51.1


def test_a_csv_dump_can_be_sent_in_again(release: Release, tmp_path: Path, executor: Executor) -> None:
    """What we hand out is what we take: built from our own dumps, the records are the same but for their rows."""
    data = Path(shutil.copytree(DATA, tmp_path / "data"))
    for path in data.glob("*.csv"):
        shutil.copyfile(release.file(f"dump/{path.stem.replace('_', '-')}.csv")[0], path)
    again = build(data, BASE, Releases(tmp_path / "var"), executor, silent).release

    def without_rows(found: Release, name: str) -> set[str]:
        lines = found.file(f"dump/{name}.nt")[0].read_text(encoding="utf-8").splitlines()
        return {line for line in lines if "wasDerivedFrom" not in line}

    for name in some(name for name, entry in release.manifest.datasets.items() if entry.record_class):
        assert without_rows(again, name) == without_rows(release, name)


def test_geometries_can_be_measured(store: ox.Store) -> None:
    near = f"""PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
        PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
        SELECT ?name {{
          <{BASE}id/municipality/06531005> geo:hasGeometry/geo:asWKT ?here .
          ?m a sr:Municipality ; skos:prefLabel ?name ; geo:hasGeometry/geo:asWKT ?there
          FILTER(geof:distance(?here, ?there, uom:metre) < 7000) }}"""
    assert ("Heuchelheim a. d. Lahn",) in select(store, near)
    assert ("Kassel",) not in select(store, near)


def test_an_empty_catalogue_is_never_published(tmp_path: Path, executor: Executor) -> None:
    data = Path(shutil.copytree(DATA, tmp_path / "data"))
    for path in data.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    releases = Releases(tmp_path / "var")
    with pytest.raises(BuildError, match="No record is valid"):
        build(data, BASE, releases, executor, silent)
    assert releases.ids() == []


@pytest.mark.parametrize("content", [None, "nonsense", "<x> a <http://www.w3.org/ns/dcat#Dataset> ."])
def test_a_catalogue_that_is_none_is_told_in_a_sentence(
    tmp_path: Path, executor: Executor, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "catalogue.ttl").write_text(content, encoding="utf-8")
    with pytest.raises(BuildError, match=r"catalogue\.ttl"):
        build(tmp_path, BASE, Releases(tmp_path / "var"), executor, silent)


def test_a_catalogue_without_a_german_title_is_refused(tmp_path: Path, executor: Executor) -> None:
    data = Path(shutil.copytree(DATA, tmp_path / "data"))
    path = data / "catalogue.ttl"
    text = path.read_text(encoding="utf-8")
    start = text.index("<dataset/projects> a dcat:Dataset")
    path.write_text(text[:start] + text[start:].replace("@de", "@fr", 1), encoding="utf-8")
    with pytest.raises(BuildError, match="dataset/projects: "):
        build(data, BASE, Releases(tmp_path / "var"), executor, silent)


def _start(data: Path, var: Path) -> subprocess.Popen[bytes]:
    """A real build in a process group of its own."""
    command = [sys.executable, "-m", "smartregion", "build", "--data", str(data), "--var", str(var), "--base", BASE]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)


def test_a_build_killed_at_any_moment_leaves_the_previous_release(data: Path, first: Releases, tmp_path: Path) -> None:
    """Twenty kill -9, spread over the whole of a build; the release that serves stays whole each time."""
    change(data / "projects.csv", WINTER, **{"Titel (deutsch)": "Winterdienst"})
    started = time.monotonic()
    assert _start(data, tmp_path / "measure").wait(120) == 0
    seconds = time.monotonic() - started
    before, survived = first.current_id(), 0
    for moment in range(20):
        writer = _start(data, first.root)
        time.sleep(seconds * (moment + 0.5) / 20)
        os.killpg(writer.pid, signal.SIGKILL)
        survived += writer.wait() != 0
        current = first.open()
        if current.id != before:
            break
        check(current)
    assert survived >= 10
    assert _start(data, first.root).wait(120) == 0
    check(first.open())
    assert first.current_id() != before
    assert sorted(first.ids()) == sorted(path.name for path in first.directory.iterdir())


def test_what_has_changed_is_validated_again_and_gives_the_same_release(
    data: Path, first: Releases, tmp_path: Path, executor: Executor
) -> None:
    before = kept(first)
    change(data / "grants.csv", WINTER, Förderbetrag="-258000")
    again = build(data, BASE, first, executor, silent).release
    # The grant, and the project of the same identifier, which might be a second one of its kind.
    assert len(kept(first) - before) == len(before - kept(first)) == 2
    fresh = build(data, BASE, Releases(tmp_path / "other"), executor, silent).release
    assert again.file("quality.json")[0].read_bytes() == fresh.file("quality.json")[0].read_bytes()


def kept(releases: Releases) -> set[str]:
    """The keys of the results of validation that are kept."""
    return set(json.loads((releases.root / "validated.json").read_text(encoding="utf-8").partition("\n")[2]))


def test_results_depend_on_base_libraries_shapes_and_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"pyshacl": "0.40.1", "python": "3.11.7"}
    made = [identity.made_with(BASE, versions), identity.made_with("https://daten.example.org/", versions)]
    made += [identity.made_with(BASE, {**versions, name: "9"}) for name in versions]
    packages = {name: tmp_path / name for name in ("harvest_check", "ontology", "shapes", "ingest", "publish")}
    for name, folder in packages.items():
        shutil.copytree(Path(ROOT / name), folder)
    monkeypatch.setattr(identity, "package_files", lambda name: packages[name])
    assert identity.made_with(BASE, versions) == made[0]
    for name in (
        "shapes/project.ttl",
        "ontology/context.jsonld",
        "ontology/schemes/project-status.ttl",
        "ingest/validation/shacl.py",
    ):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("\n")
        made.append(identity.made_with(BASE, versions))
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    monkeypatch.setattr(identity.dt, "datetime", SimpleNamespace(now=lambda zone: tomorrow))
    made.append(identity.made_with(BASE, versions))
    assert len(set(made)) == len(made)


def test_what_catalogue_and_statistics_say_has_a_name_in_both_languages(release: Release, store: ox.Store) -> None:
    labels = json.loads((release.path / "files" / "labels.json").read_text(encoding="utf-8"))
    graphs = [ox.NamedNode(f"{BASE}graph/{name}") for name in ("catalog", "void", "history")]
    predicates = {quad.predicate.value for graph in graphs for quad in store.quads_for_pattern(None, None, None, graph)}
    named = {iri for iri, names in labels["properties"].items() if names.get("de") and names.get("en")}
    # GeoDCAT-AP's role, which the page of a dataset does not show.
    assert predicates - named <= {"http://data.europa.eu/930/custodian"}
