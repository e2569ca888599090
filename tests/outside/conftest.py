"""A clean clone of what is committed, with the environment that runs the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from outside.started import environment
from support import EDITOR, ROOT

COMPILED = Path("smartregion/web/translations/en/LC_MESSAGES/messages.mo")


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in a directory of its own. Its ``.venv`` is the environment that is there, its code is its own.

    The query editor is copied, since building it needs a registry of npm packages.
    """
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: there is nothing to clone")
    target = tmp_path_factory.mktemp("first") / "smart-region"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    (target / ".venv").symlink_to(sys.prefix)
    if EDITOR.exists():
        shutil.copytree(EDITOR.parent, target / EDITOR.parent.relative_to(ROOT))
    subprocess.run(["make", "--directory", str(target), "--old-file", ".venv/ready", "-s", str(COMPILED)], check=True)
    return target


@pytest.fixture(scope="session")
def user(clone: Path) -> dict[str, str]:
    """The environment of somebody who works in the clone; its modules come before those that are installed."""
    path = f"{clone / '.venv' / 'bin'}:{environment()['PATH']}"
    return environment(PYTHONPATH=str(clone), PATH=path)
