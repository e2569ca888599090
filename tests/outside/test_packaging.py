"""The wheel and the sdist: what is in them, and whether a user who has nothing else reaches a running service."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from crawl import walk
from outside.started import Started, environment, started
from support import REAL, ROOT, free_port, needs_editor

pytestmark = [pytest.mark.slow, needs_editor]

_NOT_SHIPPED = (".py", ".po", ".cfg", ".pyc")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel, made from the sdist, and the sdist, made from the checkout."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(target), str(ROOT)]
    made = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]
    return target


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sdist(built: Path) -> list[str]:
    """Names in the sdist, relative to its directory."""
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        return [member.name.partition("/")[2] for member in archive.getmembers()]


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a clone: what belongs to the project is not known")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def test_the_wheel_has_every_file_of_its_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packages = {name.partition("/")[0] for name in names if "/" in name and ".dist-info" not in name}
    expected = {name for name in tracked() if name.partition("/")[0] in packages and not name.endswith(_NOT_SHIPPED)}
    expected = {name for name in expected if Path(name).name != "babel.cfg"}
    expected |= {f"smartregion_data/{path.name}" for path in REAL.iterdir() if path.is_file()}
    expected |= {f"smartregion/web/static/vendor/{name}" for name in ("yasqe.js", "yasqe.css", "LICENCES.txt")}
    assert len(expected) > 100
    assert sorted(expected - names) == []


def test_the_wheel_has_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/")) or "conftest" in name] == []


def test_the_sdist_has_every_file_of_the_project(sdist: list[str]) -> None:
    assert sorted(set(tracked()) - set(sdist)) == []
    assert "smartregion/web/static/vendor/yasqe.js" in sdist


def test_a_wheel_without_the_editor_is_refused(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(clone)]
    failed = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "make setup" in failed.stdout + failed.stderr
    assert not list(tmp_path.glob("dist/*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command line of the wheel in an environment of its own.

    The libraries are those of the environment that runs the tests; a line in a ``.pth`` file adds their directory and
    nothing that its own ``.pth`` files say, so the checkout cannot be imported.
    """
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, env=environment(), check=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = [str(python), "-c", "import ontology, publish, smartregion; print(smartregion.__file__)"]
    found = subprocess.run(where, cwd=home, env=environment(), capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(home)
    return home / "bin" / "smartregion"


@pytest.fixture(scope="module")
def service(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """What two commands give in an empty directory."""
    directory = tmp_path_factory.mktemp("user")
    made = subprocess.run(
        [program, "init", "hessen"], cwd=directory, env=environment(), capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-1] == "Next: smartregion run hessen"
    command = [str(program), "run", "hessen", "--port", str(free_port())]
    with started(command, directory, environment()) as running:
        yield running


def test_two_commands_lead_to_a_service_on_which_every_address_answers(service: Started) -> None:
    found = walk(service.address, "de", 5, alike=4)
    assert found.faults == []
    assert {"/", "/search", "/sparql", "/downloads"} <= found.pages.keys()


def test_the_query_page_of_the_wheel_has_its_scripts(service: Started) -> None:
    for name in ("query/main.js", "vendor/yasqe.js", "vendor/yasqe.css", "search.js", "site.css"):
        answer = requests.get(f"{service.address}/static/{name}", timeout=30)
        assert (answer.status_code, len(answer.content) > 100) == (200, True), name


def test_the_pages_of_the_wheel_are_translated(service: Started) -> None:
    german, english = (
        requests.get(f"{service.address}/", params={"lang": language}, headers={"Accept": "text/html"}, timeout=30).text
        for language in ("de", "en")
    )
    assert "Search" in english
    assert "Suche" in german


def test_init_writes_over_nothing(program: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.csv").write_text("mine")
    refused = subprocess.run(
        [program, "init", tmp_path], env=environment(), capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "not written over" in refused.stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mine.csv"]
