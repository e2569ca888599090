"""Of the files of a release, those for pages and for the next build have no address; every other has one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from support import application

from publish.releases.contents import INTERNAL
from publish.releases.release import Release, Releases
from smartregion.settings import Settings

_ELSEWHERE = ("feed/", "source/catalogue.ttl", "robots.txt")
"""Their addresses are others than their names: pages of the catalogue."""


@pytest.fixture(scope="module")
def client(releases: Releases) -> Iterator[FlaskClient]:
    with application(Settings(var=releases.root)) as app:
        yield app.test_client()


def test_the_list_of_internal_files_is_not_longer_than_it_must_be(release: Release) -> None:
    assert set(release.manifest.files) >= INTERNAL - {"map.json"}


@pytest.mark.parametrize("name", sorted(INTERNAL))
def test_an_internal_file_has_no_address(client: FlaskClient, release: Release, name: str) -> None:
    content = (release.path / "files" / name).read_bytes()
    assert len(content) > 2
    stem = name.removesuffix(".json")
    for path in (name, f"{name}.gz", f"{name}.br", name.upper(), f"dump/{name}", f"source/{name}", f"dump/../{name}"):
        answer = client.get(f"/{path}", headers={"Accept": "application/json"}, follow_redirects=True)
        assert (answer.status_code, answer.data == content) == (404, False), path
    assert client.get(f"/{stem}", headers={"Accept": "application/json"}).data != content


def test_every_other_file_has_an_address(client: FlaskClient, release: Release) -> None:
    names = [name for name in release.manifest.files if name not in INTERNAL and not name.startswith(_ELSEWHERE)]
    assert len(names) > 100
    missing = []
    for name in names:
        stem, _, rest = name.partition(".")
        # Templates and pictures are chosen by language.
        address = f"{stem}.{rest.partition('.')[2]}" if rest.startswith(("de.", "en.")) else name
        if client.head(f"/{address}").status_code != 200:
            missing.append(name)
    assert missing == []
