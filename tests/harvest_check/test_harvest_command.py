"""``smartregion harvest-check`` as an operator meets it, also before feeds that mean harm."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from feeds import Feed, Resource, serving
from rdflib import DCAT, DCTERMS, Literal
from support import ROOT, free_port, silent

from harvest_check.check import Options, check
from harvest_check.http.client import Client, HttpLimits

pytestmark = pytest.mark.slow


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smartregion", "harvest-check", *arguments]
    environment = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_sound_feed_is_reported_with_its_points_and_exits_with_0() -> None:
    with serving() as feed:
        done = run(feed.address(0))
    assert done.returncode == 0, done.stderr
    assert "405 of 405 points on average; 2 of 2 datasets have all" in done.stdout
    assert "0 violation, 0 warning, 1 info" in done.stdout
    assert "2 pages, 2 datasets" in done.stdout
    assert "asking addresses" in done.stderr


def test_faults_are_said_in_both_languages_and_exit_with_1() -> None:
    with serving(lambda feed: feed.change(1, "dataset/b", DCTERMS.title)) as feed:
        done = run(feed.address(0))
    assert done.returncode == 1
    assert f"violation shape-missing {feed.base}dataset/b dct:title" in done.stdout
    assert "dct:title fehlt." in done.stdout
    assert "dct:title is missing." in done.stdout


def test_programs_get_json() -> None:
    with serving(lambda feed: feed.change(1, "dataset/b", DCAT.keyword)) as feed:
        done = run(feed.address(0), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["faultless"] is False
    assert [dataset["points"] for dataset in found["datasets"]] == [405, 375]
    assert found["datasets"][1]["metrics"]["keywordAvailability"] is False
    assert found["datasets"][1]["dimensions"]["Findability"] == 70
    (finding,) = [finding for finding in found["findings"] if finding["severity"] != "info"]
    assert finding["code"] == "mqa-metric"
    assert finding["subject"] == f"{feed.base}dataset/b"


def test_what_cannot_be_looked_at_exits_with_2() -> None:
    for address in (f"http://127.0.0.1:{free_port()}/", "file:///etc/passwd", "catalog"):
        done = run(address)
        assert done.returncode == 2, address
        assert done.stderr.splitlines()[-1].startswith("Error: ")
    with serving() as feed:
        done = run(feed.address(0), "--shapes", "no-such-file.ttl")
    assert done.returncode == 2
    assert "no-such-file.ttl" in done.stderr


def test_other_shapes_take_the_place_of_our_rules(tmp_path: Path) -> None:
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(
        """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
        [] a sh:NodeShape ; sh:targetClass dcat:Dataset ; sh:property [ sh:path dcat:version ; sh:minCount 1 ] .""",
        encoding="utf-8",
    )
    with serving(lambda feed: feed.change(0, "dataset/a", DCTERMS.title)) as feed:
        done = run(feed.address(0), "--shapes", str(shapes), "--json")
    found = json.loads(done.stdout)["findings"]
    missing = [(finding["subject"], finding["property"]) for finding in found if finding["code"] == "shape-missing"]
    assert missing == [(f"{feed.base}dataset/{name}", "dcat:version") for name in "ab"]


def test_many_findings_of_a_kind_are_shortened_unless_every_is_given() -> None:
    def spoil(feed: Feed) -> None:
        for suffix in ("ttl", "nt", "csv", "geojson"):
            feed.change(0, f"dataset/a#{suffix}", DCTERMS.rights)
            feed.change(0, f"dataset/a#{suffix}", DCTERMS.issued)

    with serving(spoil) as feed:
        few, every = run(feed.address(0)).stdout, run(feed.address(0), "--every").stdout
    assert few.count("mqa-metric http") == 5
    assert "3 more of mqa-metric" in few
    assert every.count("mqa-metric http") == 8
    assert f"{feed.base}dump/a.csv" in every


def test_the_best_distribution_counts_and_the_others_are_named() -> None:
    def spoil(feed: Feed) -> None:
        feed.change(0, "dataset/a#csv", DCTERMS["format"])

    with serving(spoil) as feed:
        found = check(feed.address(0), Options(), silent)
    assert [score.points for score in found.scores] == [405, 405]
    named = {(finding.property, finding.subject) for finding in found.findings if finding.code == "mqa-metric"}
    assert {subject for _, subject in named} == {f"{feed.base}dataset/a#csv"}
    assert "formatAvailability" in {metric for metric, _ in named}


# Feeds that mean harm


def test_a_feed_cannot_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[bold]x[/]"

    def spoil(feed: Feed) -> None:
        feed.change(1, "dataset/b", DCTERMS.title, Literal(evil))
        feed.change(1, "dataset/b", DCTERMS.identifier, Literal("a"))

    with serving(spoil) as feed:
        done = run(feed.address(0))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[bold]x[/]" in done.stdout


def test_an_endless_body_ends_at_the_limit() -> None:
    huge = {"page/b": Resource(b"x" * (64 * 2**20), "text/html")}
    with serving(lambda feed: feed.files.update(huge)) as feed, Client(feed.base, HttpLimits(megabytes=1)) as client:
        answer = client.get(f"{feed.base}page/b")
    assert (answer.trouble, answer.body) == ("limit", None)
    assert "1 MiB" in answer.detail


def test_a_compressed_bomb_ends_at_the_limit() -> None:
    """64 MiB of nothing take 64 KiB on the way."""
    packed = gzip.compress(b"\0" * (64 * 2**20), mtime=0)

    def spoil(feed: Feed) -> None:
        path, node = "dump/b.csv.gz", "dataset/b#csv-gz"
        feed.change(1, node, DCAT.byteSize)
        feed.pages[1].remove((feed.node(f"{path}#checksum"), None, None))
        feed.pages[1].remove((None, None, feed.node(f"{path}#checksum")))
        feed.files[path] = Resource(packed, "application/gzip")

    with serving(spoil) as feed:
        found = check(feed.address(0), Options(limits=HttpLimits(megabytes=2)), silent)
    assert "dump-not-read" in {finding.code for finding in found.findings}


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        (Resource(b"x" * 100, "text/html", drip=0.1), "limit"),
        (Resource(b"", "text/html", fresh=lambda: time.sleep(3) or b""), "unreachable"),
    ],
    ids=["body drips", "silence"],
)
def test_a_slow_server_does_not_hold_the_check(page: Resource, trouble: str) -> None:
    with serving(lambda feed: feed.files.update({"page/b": page})) as feed:
        started = time.monotonic()
        with Client(feed.base, HttpLimits(seconds=1)) as client:
            answer = client.get(f"{feed.base}page/b")
        assert answer.trouble == trouble
        assert time.monotonic() - started < 3


def test_credentials_of_the_operator_stay_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login operator password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving() as feed, Client(feed.base, HttpLimits()) as client:
        assert client.get(f"{feed.base}seen").status == 404
        assert feed.seen
        assert all("Authorization" not in headers for headers in feed.seen)
