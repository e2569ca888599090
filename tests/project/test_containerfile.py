"""The Containerfile without a container engine: each ``RUN`` by a shell, with the directories of the image moved."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from deployed import DEPLOY
from outside.started import environment, started
from support import ROOT, free_port

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class _Stage:
    """One stage of a Containerfile: its instructions in order, such as ``("RUN", "python -m venv ...")``."""

    instructions: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Arguments of all instructions of a name."""
        return [argument for found, argument in self.instructions if found == name]


def _stages() -> list[_Stage]:
    """The stages of deploy/Containerfile."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    instructions = [(name, rest) for name, rest in (line.split(maxsplit=1) for line in lines if line.strip())]
    starts = [place for place, (name, _) in enumerate(instructions) if name == "FROM"]
    ends = [*starts[1:], len(instructions)]
    return [_Stage(tuple(instructions[begin:end])) for begin, end in zip(starts, ends, strict=True)]


class _Image:
    """A directory that stands for the root of the image."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._places = ("/src", "/opt/smartregion", "/var/lib/smartregion")

    def moved(self, text: str) -> str:
        """A text with the directories of the image in their place here."""
        return re.sub("|".join(self._places), lambda found: f"{self.root}{found[0]}", text)

    def files(self) -> dict[str, int]:
        """What is below ``/opt``, with the time of its last change."""
        return {str(path): path.stat().st_mtime_ns for path in (self.root / "opt").rglob("*")}


def _copy_checkout(target: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if not listed:
        pytest.skip("not a clone: what belongs to the project is not known")
    for name in filter(lambda name: (ROOT / name).exists(), listed.split("\0")[:-1]):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target / name)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> _Image:
    """What the first stage leaves for the second."""
    made = _Image(tmp_path_factory.mktemp("image"))
    first, second = _stages()
    assert first.all("COPY") == [". ."]
    _copy_checkout(made.root / "src")
    (made.root / "opt").mkdir()
    # The name that Python has in the image, and perhaps not here.
    tools = tmp_path_factory.mktemp("tools")
    (tools / "python").symlink_to(sys.executable)
    steps = [made.moved(step) for step in first.all("RUN")]
    assert len(steps) >= 4
    for step in steps:
        ran = subprocess.run(
            ["/bin/sh", "-c", step],
            cwd=made.root / "src",
            env=environment(PATH=f"{tools}:{os.environ['PATH']}"),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode and "npm" in step and re.search(r"ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN", ran.stderr):
            pytest.skip("The registry of npm packages cannot be reached.")
        assert ran.returncode == 0, step + ran.stderr[-3000:]
    # Nothing of the first stage but what is copied is in the second.
    shutil.rmtree(made.root / "src")
    assert [argument.split()[-1] for argument in second.all("COPY")] == ["/opt/smartregion", "/var/lib/smartregion"]
    return made


def test_the_image_is_run_by_a_user_without_rights_and_made_without_steps_of_its_own() -> None:
    _, second = _stages()
    assert second.all("USER") == ["10001:10001"]
    assert second.all("RUN") == []


def test_the_image_serves_is_checked_and_writes_only_to_its_volume(image: _Image, tmp_path: Path) -> None:
    _, second = _stages()
    port, volume = str(free_port()), Path(image.moved(second.all("VOLUME")[0]))
    given = dict(part.split("=", 1) for line in second.all("ENV") for part in shlex.split(line))
    given = {name: image.moved(value) for name, value in given.items()}
    assert given["SMARTREGION_HOST"] == "0.0.0.0"
    path = given["PATH"] + os.pathsep + os.environ["PATH"]
    outer = environment(
        **{**given, "PATH": path, "HOME": str(tmp_path), "SMARTREGION_HOST": "127.0.0.1", "SMARTREGION_PORT": port}
    )
    (entry,) = json.loads(second.all("ENTRYPOINT")[0])
    program = shutil.which(entry, path=given["PATH"])
    assert program is not None
    for arguments in (["init", "."], ["build"]):
        subprocess.run([program, *arguments], cwd=volume, env=outer, capture_output=True, check=True)
    check = json.loads(second.all("HEALTHCHECK")[0].split("CMD", 1)[1])
    check = [part.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for part in check]
    check[0] = f"{image.root}/opt/smartregion/bin/{check[0]}"
    before = image.files()
    with started([program, *json.loads(second.all("CMD")[0])], volume, outer) as running:
        assert subprocess.run(check, env=outer, check=False).returncode == 0
        for asked in ("/static/vendor/yasqe.js", "/dump/all.nt"):
            assert requests.get(running.address + asked, timeout=20).status_code == 200
    assert subprocess.run(check, env=outer, capture_output=True, check=False).returncode != 0
    assert image.files() == before
