"""Packages and build steps of wheels, which setup.cfg cannot express; metadata is in setup.cfg."""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

_EDITOR = Path(__file__).with_name("smartregion") / "web" / "static" / "vendor" / "yasqe.js"


class BuildPackages(build_py):  # type: ignore[misc]
    """Compiles the translations; fails if the files from npm are missing, which users of the wheel could not add."""

    def run(self) -> None:
        self.run_command("compile_catalog")
        if not self.editable_mode and not _EDITOR.is_file():
            raise SystemExit("The query editor is not built yet. Run: make setup")
        super().run()


# Every folder with modules is a package; the records are included for ``smartregion init``.
setup(
    packages=[*find_packages(exclude=["tests*", "benchmarks*"]), "smartregion_data"],
    cmdclass={"build_py": BuildPackages},
)
