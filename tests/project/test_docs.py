"""Documentation that must not drift: settings, commands, findings, and that nothing private or local slips in."""

from __future__ import annotations

import re
import subprocess

import click
import pytest
from support import ROOT, some

from harvest_check.kinds import KINDS as FEED_KINDS
from ingest.findings.findings import kinds
from publish.releases.release import Releases
from smartregion.cli.main import main
from smartregion.settings import Settings
from smartregion.web.app import create_app

DOCS = ROOT / "docs"


def tracked(*patterns: str) -> list[str]:
    """Files under version control; outside a clone, the test is skipped."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a clone: what belongs to the project is not known")
    return listed.stdout.splitlines()


def test_every_setting_is_documented_with_its_default() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `SMARTREGION_(\w+)` \| `([^`]*)` \|", text, re.M))
    expected = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    assert table == expected


def test_every_kind_of_finding_is_documented_under_its_anchor() -> None:
    text = (DOCS / "findings.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### ([a-z-]+)\n\n(.+)$", text, re.M))
    assert sections == {
        code: f"**{kind.title['en']}** ({kind.severity or 'severity by shape'}). {kind.help['en']}"
        for code, kind in kinds().items()
    }
    assert all(kind.anchor == f"findings#{code}" for code, kind in kinds().items())


def test_every_kind_of_fault_of_a_feed_is_documented_with_its_severity() -> None:
    text = (DOCS / "harvest-check.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", text, re.M))
    assert table == {code: kind.severity for code, kind in FEED_KINDS.items()}


def commands(group: click.Group, prefix: str = "") -> list[tuple[str, click.Command]]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((prefix + name, command))
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix}{name} ")
    return found


@pytest.mark.parametrize(("name", "command"), commands(main))
def test_every_command_is_documented(name: str, command: click.Command) -> None:
    assert f"smartregion {name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command.help
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_every_decision_is_listed() -> None:
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (DOCS / "decisions" / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / name for name in tracked("*.md")]
    link = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    found = [(page, target) for page in pages for target in link.findall(page.read_text(encoding="utf-8"))]
    for page, target in some(found):
        assert (page.parent / target).exists(), (page, target)


def test_every_route_is_documented_once(releases: Releases) -> None:
    documented = re.findall(r"^\| `(/[^`]*)` \|", (DOCS / "http.md").read_text(encoding="utf-8"), re.M)
    app = create_app(Settings(var=releases.root))
    routes: set[str] = set()
    for rule in app.url_map.iter_rules():
        choices = re.search(r"<any\(([^)]*)\):\w+>", rule.rule)
        names = [name.strip(" '\"") for name in choices[1].split(",")] if choices else [""]
        for name in names:
            route = rule.rule.replace(choices[0], name) if choices else rule.rule
            routes.add(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route))
    assert sorted(documented) == sorted(routes)
