"""What ``benchmarks/README.md`` has people run, and the targets of make: at a tiny size, that they run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from outside.documented import steps
from support import ROOT

pytestmark = pytest.mark.slow

MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")
STEPS: Final = [step.text for step in steps(ROOT / "benchmarks" / "README.md", ROOT)]
ALONE: Final = [step for step in STEPS if " ".join(step.split()[:3]) not in MAKEFILE.replace("$(BIN)/", "")]
"""Those that ``make bench`` does not run."""
TARGETS: Final = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[1].split())  # type: ignore[index]
ELSEWHERE: Final = {
    "run": "test_first_run.py",
    "test": "it runs this",
    "test-fast": "the same tests without the slow ones",
    "test-pythons": ".ci/run ends with it",
    "check": ".ci/run begins with it",
    "setup": "everything begins with it",
    "dist": "test_packaging.py",
}


@pytest.fixture(scope="module")
def bench(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(clone, tmp_path_factory.mktemp("bench") / "smart-region", symlinks=True))


def small(command: str) -> str:
    """The same command for twenty projects and a moment, without the slow peer where it can be left out."""
    if command.startswith("make"):
        given = "BENCH_SIZES=20 BENCH_SECONDS=0.05 BENCH_OPTIONS=--without-plain"
        return f"{command.partition(';')[0]} --old-file setup {given}"
    options = {"pages": "--seconds 0.05", "validation": "--without-plain"}
    return re.sub(r"( \d+)+", " 20 ", command) + options[command.split()[2].rpartition(".")[2]]


def test_every_benchmark_is_documented() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py")}
    programs = {name for name, text in texts.items() if "__main__" in text}
    documented = {match[1] for step in STEPS if (match := re.search(r"benchmarks\.(\w+)", step))}
    assert documented
    assert programs - {"rdflib_server"} == documented


@pytest.mark.parametrize("command", ALONE)
def test_a_benchmark_runs(command: str, bench: Path, user: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-c", small(command)], cwd=bench, env=user, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert "20" in done.stdout or "not measured" in done.stderr


def test_every_target_of_make_is_run() -> None:
    assert TARGETS - ELSEWHERE.keys() == {"bench", "clean", "schemas", "translations"}


@pytest.mark.parametrize("target", ["translations", "schemas"])
def test_what_is_made_of_the_code_is_fresh(target: str, bench: Path, user: dict[str, str]) -> None:
    command = ["make", "--old-file", "setup", target]
    subprocess.run(command, cwd=bench, env=user, capture_output=True, check=True)
    changed = subprocess.run(["git", "diff", "--stat"], cwd=bench, env=user, capture_output=True, text=True, check=True)
    assert changed.stdout == ""


def test_make_clean_leaves_what_is_under_version_control(bench: Path, user: dict[str, str]) -> None:
    (bench / "dist").mkdir()
    subprocess.run(["make", "clean"], cwd=bench, env=user, capture_output=True, check=True)
    assert not (bench / "dist").exists()
    assert not (bench / ".venv").exists()
    state = subprocess.run(
        ["git", "status", "--porcelain"], cwd=bench, env=user, capture_output=True, text=True, check=True
    )
    assert state.stdout == ""
