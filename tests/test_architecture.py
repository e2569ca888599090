"""Borders between rooms that import-linter cannot check, because it knows packages only."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from support import ROOT

ROOMS = {"engine", "examples", "harvest", "ingest", "ontology", "publish", "shapes", "web"}
ROOMS |= {"smartregion", "smartregion_command", "smartregion_progress", "smartregion_settings", "smartregion_terminal"}
ROOMS |= {"smartregion_validate", "sparql_endpoint"}
MAY_IMPORT: dict[str, set[str]] = {
    "smartregion_progress": set(),
    "smartregion_settings": set(),
    "sparql_endpoint": {"engine", "examples", "ontology"},
}
LONGEST = 400


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_a_module_imports_along_the_arrows(module: str) -> None:
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.partition(".")[0] for name in imported} & ROOMS <= MAY_IMPORT[module]


def test_no_module_is_too_long() -> None:
    """Rarely above 400 lines: a module that grows past it is two."""
    paths = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    too_long = {str(path.relative_to(ROOT)) for path in paths if path.read_text("utf-8").count("\n") > LONGEST}
    assert too_long == set()


def test_importing_a_room_does_no_work() -> None:
    """Nothing is parsed or opened by an import: the caches are empty afterwards."""
    code = """import ontology, shapes, ingest.fields, ingest.validation
caches = (ontology.vocabulary, ontology.context, shapes.load, ingest.fields.record_types)
raise SystemExit(sum(cache.cache_info().currsize for cache in caches))"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
