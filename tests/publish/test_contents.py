"""The files of a release that are read back: of their types, with versions, and told when they are of another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from sources import FIRST, change
from support import BASE, ROOT, silent

from publish.builder import build
from publish.formats.dumps import Files
from publish.releases.contents import CONTENTS, FIGURES, INTERNAL, OVERVIEW
from publish.releases.contents.__main__ import VERSIONS, schema, unraised, versions
from publish.releases.history import History
from publish.releases.manifest import MANIFEST, Manifest
from publish.releases.release import Release, ReleaseError, Releases

SCHEMAS = ROOT / "docs" / "schemas"


def rewritten(releases: Releases, alter: Callable[[Manifest], Manifest]) -> str:
    """Changes the manifest of the current release, as another version of the software would have written it."""
    release = releases.look_at()
    path = release.path / MANIFEST
    path.write_text(alter(release.manifest).to_json(), encoding="utf-8")
    return release.id


def older(name: str) -> Callable[[Manifest], Manifest]:
    def alter(manifest: Manifest) -> Manifest:
        files = dict(manifest.files)
        files[name] = replace(files[name], schema=None)
        return replace(manifest, files=files)

    return alter


@pytest.mark.parametrize("name", CONTENTS)
def test_each_is_in_the_release_and_of_its_type(name: str, release: Release) -> None:
    assert release.read(CONTENTS[name])
    assert release.manifest.files[name].schema == CONTENTS[name].version


def test_every_json_file_that_has_no_address_has_a_type(release: Release) -> None:
    elsewhere = ("dump/", "source/", "templates/", "navigator/projects", "navigator/schema")
    plain = {name for name in release.manifest.files if name.endswith(".json") and not name.startswith(elsewhere)}
    assert plain == set(CONTENTS)
    assert set(CONTENTS) > INTERNAL


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_a_file_of_another_version_is_told_in_one_line(name: str, first: Releases) -> None:
    release_id = rewritten(first, older(name))
    with pytest.raises(ReleaseError) as told:
        first.open()
    assert str(told.value) == (
        f"Release {release_id} was written by another version of this software: {name} has schema version none instead"
        f" of {CONTENTS[name].version}. Run: smartregion build"
    )


def test_a_manifest_of_another_form_is_told(first: Releases) -> None:
    path = first.look_at().path / MANIFEST
    document = json.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(ReleaseError, match="damaged"):
        path.write_text(json.dumps({**document, "schema": 99}), encoding="utf-8")
        first.look_at()


def test_the_next_build_goes_on_with_dates_that_another_version_wrote(
    data: Any, first: Releases, thread: Executor
) -> None:
    rewritten(first, older(OVERVIEW.name))
    change(data / "projects.csv", "smarter-winterdienst-hanau", **{"Titel (deutsch)": "Winterdienst"})
    told: list[str] = []
    release = build(data, BASE, first, thread, silent, warn=told.append).release
    assert len(told) == 1
    assert "another version of this software: overview.json" in told[0]
    dates = History.of(release).records["projects"]["project/mainziel-2-0"]
    assert (dates.issued, dates.modified) == (FIRST, FIRST)


def test_a_build_writes_no_file_that_is_not_of_its_type(tmp_path: Any) -> None:
    files = Files(tmp_path, "2026-11-27", {})
    with pytest.raises(ValueError, match="columns"):
        files.content(FIGURES, {"figures": []})
    assert not files.described


def test_the_schemas_in_the_documentation_are_fresh() -> None:
    public = {name: content for name, content in CONTENTS.items() if content.public}
    assert {path.name for path in SCHEMAS.glob("*.json")} == {
        VERSIONS,
        *(name.replace(".json", ".schema.json") for name in public),
    }
    for name, content in public.items():
        written = json.loads((SCHEMAS / name.replace(".json", ".schema.json")).read_text(encoding="utf-8"))
        assert written == schema(content), "run make schemas"
    assert json.loads((SCHEMAS / VERSIONS).read_text(encoding="utf-8")) == versions(), "run make schemas"


@pytest.mark.parametrize("name", [name for name, content in CONTENTS.items() if content.public])
def test_what_is_served_conforms_to_its_schema(name: str, release: Release) -> None:
    document = json.loads(release.file(name)[0].read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema(CONTENTS[name])).validate(document)


def test_a_changed_type_needs_another_version() -> None:
    before = versions()
    assert unraised(before) == []
    before["labels.json"]["schema"] = "another"
    assert unraised(before) == ["labels.json"]
    before["labels.json"]["version"] = 0
    assert unraised(before) == []
