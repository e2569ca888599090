"""A page of every kind before outside judges: axe-core (WCAG 2.1 AA) and the browser itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crawl import Walk, walk
from playwright.sync_api import Browser, BrowserContext, Page
from support import some

JUDGES = Path(__file__).parent / "judges" / "node_modules"
AXE = JUDGES / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}

needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make test installs it.")


@pytest.fixture(scope="session", params=["de", "en"])
def found(request: pytest.FixtureRequest, address: str) -> tuple[str, Walk]:
    """A language, and pages of all kinds in it."""
    return request.param, walk(address, request.param, most=10, alike=2)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the browser complained of; at the end, that has to be nothing."""
    complaints: list[str] = []
    yield complaints
    assert complaints == []


def opened(context: BrowserContext, address: str, complaints: list[str]) -> Page:
    """A page that notes what is said on the console and which other hosts are asked."""
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((f"{address}/", "data:", "blob:"))
            else complaints.append(f"{page.url} asked {request.url}")
        ),
    )
    return page


def judged(page: Page) -> list[str]:
    """What axe-core objects to. Its program is run by the debugger, which the page's policy does not bind."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "; null")
    results: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{page.url} {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


@needs_axe
def test_every_kind_of_page_is_accessible_fits_a_telephone_and_asks_nobody_else(
    found: tuple[str, Walk], address: str, browser: Browser, said: list[str]
) -> None:
    """WCAG 2.1 AA; light in German, dark in English; 1.4.10 Reflow at 320 pixels."""
    language, pages = found
    context = browser.new_context(locale=language, color_scheme="light" if language == "de" else "dark")
    page = opened(context, address, said)
    faults = []
    for path in pages.kinds().values():
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(address + path, wait_until="load")
        faults += judged(page)
        page.set_viewport_size({"width": 320, "height": 800})
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > 320:
            faults.append(f"{path} needs {needed} pixels")
    context.close()
    assert "\n".join(faults) == ""


def test_every_kind_of_page_is_read_without_scripts(found: tuple[str, Walk], address: str, browser: Browser) -> None:
    language, pages = found
    context = browser.new_context(locale=language, java_script_enabled=False)
    page = context.new_page()
    for path in some(pages.kinds().values()):
        page.goto(address + path, wait_until="load")
        assert page.locator("main h1").is_visible(), path
        assert page.locator("html").get_attribute("lang") == language, path
    context.close()
