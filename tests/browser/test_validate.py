"""The page that checks files, in a real browser: by keyboard alone, without scripts, on a telephone."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page

FILES = Path(__file__).parent.parent / "fixtures" / "submissions"


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the form; at the end, nothing may have been refused by the Content-Security-Policy."""
    said: list[str] = []
    contexts = []

    def open_(*, width: int = 1280, locale: str = "de-DE", scripts: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=locale, java_script_enabled=scripts, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{address}/validate")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until an element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_from_the_upload_to_the_marked_workbook_by_keyboard_alone(opened: Callable[..., Page]) -> None:
    page = opened()
    # Choosers are caught from here on: asked for at the key press, the browser is sometimes quicker.
    page.on("filechooser", lambda chooser: None)
    tab_to(page, "#file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(FILES / "placeholders.xlsx")
    tab_to(page, "button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict.bad")
    assert page.locator("#cell-0-Projekte-C3.violation").count() == 1
    tab_to(page, "button[value=marked]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "placeholders-geprüft.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert book["Projekte"]["C3"].comment is not None
    # A finding leads to its cell, and severities can be hidden.
    tab_to(page, ".findings a[href='#cell-0-Projekte-C3']")
    page.keyboard.press("Enter")
    assert page.url.endswith("#cell-0-Projekte-C3")


def test_severities_are_filtered_without_scripts(opened: Callable[..., Page]) -> None:
    page = opened()
    page.set_input_files("#file", FILES / "placeholders.xlsx")
    page.locator("main form").last.locator("button").click()
    page.wait_for_selector(".findings")
    assert page.locator(".findings > .warning:visible").count() == 6
    tab_to(page, ".show-warning")
    page.keyboard.press("Space")
    assert page.locator(".findings > .warning:visible").count() == 0
    assert page.locator(".grid li.warning:visible").count() == 0
    assert page.locator(".findings > .violation:visible").count() == 1


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("locale", ["de-DE", "en-GB"])
def test_nothing_is_cut_off_before_and_after_an_upload(width: int, locale: str, opened: Callable[..., Page]) -> None:
    page = opened(width=width, locale=locale, scripts=True)
    german = locale.startswith("de")
    assert page.locator("h1").inner_text() == ("Datei prüfen" if german else "Check a file")
    for _ in range(2):
        # The table scrolls within its frame, the page does not.
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for box in (
            page.locator(f"{name} >> visible=true").last.bounding_box() for name in ("button", "input", "select")
        ):
            assert box is not None
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
        page.set_input_files("#file", FILES / "two-sheets.xlsx")
        page.locator("main form").last.locator("button").click()
        page.wait_for_load_state()
    assert page.locator(".verdict").inner_text() == (
        "Es ist noch etwas zu ändern." if german else "Something has to be changed."
    )


def test_the_report_needs_nothing_but_itself(opened: Callable[..., Page], browser: Browser, tmp_path: Path) -> None:
    page = opened()
    page.set_input_files("#file", FILES / "amounts.csv")
    page.check("#report")
    with page.expect_download() as download:
        page.locator("main form").last.locator("button").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    alone = browser.new_page(java_script_enabled=False)
    requested: list[str] = []
    alone.on("request", lambda request: requested.append(request.url))
    alone.goto(path.as_uri())
    assert alone.locator(".grid td.violation").count() == 8
    assert alone.locator("body").evaluate("node => getComputedStyle(node).margin") == "0px"
    assert requested == [path.as_uri()]
    alone.close()
