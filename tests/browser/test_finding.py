"""Find in a real browser: suggestions by keyboard, filters that answer at once, and the same without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens a search; at the end, nothing may have been refused, and nothing asked of another host."""
    said: list[str] = []
    hosts: set[str | None] = set()
    contexts = []

    def open_(path: str, *, width: int = 1280, locale: str = "de-DE", scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=locale, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(f"{address}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []
    assert hosts == {"127.0.0.1"}


def test_suggestions_by_keyboard(opened: Callable[..., Page]) -> None:
    page = opened("/search")
    box = page.get_by_role("combobox", name="Projekte, Kommunen")
    box.press_sequentially("gie")
    options = page.locator("#suggestions").get_by_role("option")
    expect(options.first).to_contain_text("Gießen")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", str(options.first.get_attribute("id")))
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(options).to_have_count(0)
    expect(box).to_have_value("gie")
    box.press_sequentially("ß")
    expect(options.first).to_contain_text("Gießen")
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/doc/municipality/06531005")


def test_the_start_page_suggests_too(opened: Callable[..., Page]) -> None:
    page = opened("/?lang=en")
    page.locator("#q").press_sequentially("mobil")
    page.locator("#suggestions").get_by_role("option", name="Smart mobility Field of action").click()
    page.wait_for_url("**/search?field=smart-mobility&lang=en")


def test_enter_without_a_choice_searches(opened: Callable[..., Page]) -> None:
    page = opened("/search")
    page.locator("#q").press_sequentially("winterdienst")
    page.locator("#q").press("Enter")
    page.wait_for_url("**/search?q=winterdienst")
    expect(page.locator(".results h3").first).to_have_text("Smarter Winterdienst")


def test_filters_answer_at_once_and_keep_the_focus(opened: Callable[..., Page]) -> None:
    page = opened("/search?type=project&lang=en")
    before = page.locator("#results").inner_text()
    page.locator("input[name=field][value=smart-mobility]").check()
    page.wait_for_url("**/search?type=project&field=smart-mobility&lang=en")
    assert page.locator("#results").inner_text() != before
    expect(page.locator("input[value=smart-mobility]")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(page.locator("#results").inner_text())
    page.locator("#sort").focus()
    page.locator("#sort").select_option("amount")
    page.wait_for_url("**&sort=amount&lang=en")
    expect(page.locator("#sort")).to_be_focused()
    page.get_by_role("link", name="Field of action: Smart mobility").click()
    page.wait_for_url("**/search?type=project&sort=amount&lang=en")


def test_filters_work_without_scripts(opened: Callable[..., Page]) -> None:
    page = opened("/search?q=smart", scripts=False)
    page.locator("input[name=field][value=smart-mobility]").check()
    page.get_by_role("button", name="Anwenden").click()
    page.wait_for_url("**/search?q=smart&field=smart-mobility")
    expect(page.locator(".chips")).to_contain_text("Handlungsfeld: Smart Mobility")


@pytest.mark.parametrize("path", ["/search", "/search?q=Giesen", "/search?q=xyzzyxyzzy+hanau&type=event"])
@pytest.mark.parametrize("locale", ["de-DE", "en-GB"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_is_cut_off(width: int, locale: str, path: str, opened: Callable[..., Page]) -> None:
    page = opened(path, width=width, locale=locale)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_results_come_first_on_a_telephone(opened: Callable[..., Page]) -> None:
    page = opened("/search?type=project&q=smart", width=390)
    expect(page.locator(".filters details[open]")).to_have_count(1)
    top = page.locator("#results").bounding_box()
    assert top is not None
    assert top["y"] < 1300
