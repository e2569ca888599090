"""Metadata is in setup.cfg. Here is what it cannot say: the packages, and what has to be built before a wheel."""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

_EDITOR = Path(__file__).with_name("smartregion") / "web" / "static" / "vendor" / "yasqe.js"


class BuildPackages(build_py):  # type: ignore[misc]
    """Compiles the translations; refuses to leave out what comes from npm, which a user of the wheel could not add."""

    def run(self) -> None:
        self.run_command("compile_catalog")
        if not self.editable_mode and not _EDITOR.is_file():
            raise SystemExit("The query editor is not built yet. Run: make setup")
        super().run()


# Every folder with modules is a package; the records go with them, as what ``smartregion init`` copies.
setup(
    packages=[*find_packages(exclude=["tests*", "benchmarks*"]), "smartregion_data"],
    cmdclass={"build_py": BuildPackages},
)
