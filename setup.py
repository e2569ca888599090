"""Metadata is in setup.cfg. Here is only what it cannot say: a wheel without the query editor is not built."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_EDITOR = Path(__file__).with_name("web") / "static" / "vendor" / "yasqe.js"


class BuildWithEditor(build_py):  # type: ignore[misc]
    """Refuses to leave out what comes from npm, which a user of the wheel could not add."""

    def run(self) -> None:
        if not self.editable_mode and not _EDITOR.is_file():
            raise SystemExit("The query editor is not built yet. Run: make setup")
        super().run()


setup(cmdclass={"build_py": BuildWithEditor})
