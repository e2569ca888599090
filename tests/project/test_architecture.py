"""What import-linter cannot check: a module that is no package, lengths, and work done by imports."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

from ingest.model import record_types

ROOMS = ("harvest_check", "ingest", "ontology", "publish", "shapes", "smartregion", "sparql_engine")
LONGEST = 400
MOST = 15
"""Entries of a folder. Shapes and example queries are files of one kind, one for each type and question."""


def test_the_endpoint_imports_the_engine_and_the_vocabulary_only() -> None:
    tree = ast.parse((ROOT / "sparql_endpoint.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.partition(".")[0] for name in imported} & set(ROOMS) == {"ontology", "sparql_engine"}


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("ontology/jsonld.py", "import shapes", "Imports follow the layers"),
        ("sparql_engine/rows.py", "import publish.builder", "Imports follow the layers"),
        ("publish/push.py", "import smartregion.settings", "Imports follow the layers"),
        ("smartregion/web/pages/start.py", "import publish.search.index", "import only publish.releases of publish"),
        ("publish/push.py", "import sparql_engine", "import neither shapes nor the engine"),
        ("publish/push.py", "import sparql_endpoint", "Only the program has an endpoint"),
        ("smartregion/web/site/health.py", "import publish.releases.history", "does not load ingest"),
        ("smartregion/web/http/ranges.py", "import smartregion.web.site.current", "No circular imports"),
    ],
)
def test_a_forbidden_import_fails_the_check(module: str, statement: str, contract: str, tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.pyc", "static"))
    for name in ("sparql_endpoint.py", ".importlinter"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    broken = [line for line in checked.stdout.splitlines() if "BROKEN" in line]
    assert contract in "".join(broken)


ANOTHER_MEANING = {
    "publish/sync/navigator_files.py": "schema:Project and schema:MonetaryGrant of schema.org's export",
    "publish/catalogue/schema_org.py": "schema:Place of schema.org's export",
    "ingest/validation/constraint_query.py": "Project is an operator of the SPARQL algebra",
}
"""Modules in which the name of a record type is something else."""


def several(root: Path) -> dict[str, list[str]]:
    """Modules by the name of a class that more than one of them defines."""
    defined: dict[str, list[str]] = {}
    for path in sorted(path for room in (*ROOMS, "benchmarks") for path in (root / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                defined.setdefault(node.name, []).append(path.relative_to(root).as_posix())
    return {name: modules for name, modules in defined.items() if len(modules) > 1}


def test_a_class_name_occurs_once() -> None:
    """A word means one thing in the whole house."""
    assert several(ROOT) == {}


def test_a_class_name_that_occurs_twice_is_found(tmp_path: Path) -> None:
    for room in ("ingest", "publish"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "places.py").write_text("class Place:\n    pass\n", encoding="utf-8")
    assert several(tmp_path) == {"Place": ["ingest/places.py", "publish/places.py"]}


def test_no_module_names_a_record_type() -> None:
    """The shapes say all that is true of a type: Python asks the model (``ingest.model``)."""
    names = {record_type.name for record_type in record_types().values()}
    written = re.compile(rf"(?:|sr:|.*ns#)(?:{'|'.join(sorted(names))})")
    found: dict[str, set[str]] = {}
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and written.fullmatch(node.value):
                found.setdefault(str(path.relative_to(ROOT)), set()).add(node.value)
    assert {name: texts for name, texts in found.items() if name not in ANOTHER_MEANING} == {}
    assert set(ANOTHER_MEANING) <= set(found)


def test_no_module_is_too_long() -> None:
    """Rarely above 400 lines: a module that grows past it is two."""
    paths = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    too_long = {str(path.relative_to(ROOT)) for path in paths if path.read_text("utf-8").count("\n") > LONGEST}
    assert too_long == set()


def test_no_folder_is_too_full() -> None:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    folders -= {ROOT / "shapes", ROOT / "ontology" / "queries"}
    full = {}
    for folder in folders:
        entries = [path.name for path in folder.iterdir() if path.name != "__pycache__"]
        if len(entries) > MOST:
            full[str(folder.relative_to(ROOT))] = len(entries)
    assert full == {}


def test_importing_a_room_does_no_work() -> None:
    """Nothing is parsed or opened by an import: the caches are empty afterwards."""
    code = """import ontology, shapes, ingest.model, ingest.validation.validation
caches = (ontology.vocabulary, ontology.context, shapes.load, ingest.model.record_types)
raise SystemExit(sum(cache.cache_info().currsize for cache in caches))"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
