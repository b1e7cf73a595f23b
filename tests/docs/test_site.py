"""The built site in a browser: what it fetches, what it shows, and whether it can be read on a phone.

Built first by `python docs/build.py`, as CI does; here only where that has not happened.
"""

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"

pytestmark = pytest.mark.slow

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = 390  # CSS pixels


@pytest.fixture(scope="module")
def site():
    """The address of the site, served from here."""
    pytest.importorskip("zensical", reason="the extra `docs` is not installed")
    if not (SITE / "index.html").is_file():
        subprocess.run([sys.executable, ROOT / "docs" / "build.py"], check=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver", reason="the extra `docs` is not installed")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("no browser: chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}", "--window-size=1200,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


def pages():
    return sorted(str(page.relative_to(SITE)) for page in SITE.rglob("*.html"))


def wait_for(browser, script):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(f"return {script}"))


def requests_of(browser):
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def test_every_page_loads_from_here_alone_without_an_error_and_fits_a_phone(site, browser):
    browser.set_window_size(PHONE, 800)
    assert len(pages()) > 30
    for page in pages():
        browser.get(f"{site}/{page}")
        wait_for(browser, "document.readyState === 'complete' && document.querySelector('h1') !== null")
        elsewhere = [url for url in requests_of(browser) if not url.startswith((site, "data:", "blob:"))]
        errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert not elsewhere, page
        assert not errors, page
        width, shown = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= shown, f"{page} is {width} pixels wide on a screen of {shown}"
        unnamed = browser.execute_script("return [...document.images].filter(i => !i.alt).map(i => i.src)")
        assert not unnamed, f"{page} has images without a text"


def lesson_pages():
    return sorted((SITE / "lessons").glob("*.html"))


def test_formulas_are_set_and_diagrams_drawn(site, browser):
    browser.set_window_size(1200, 900)
    formulas = diagrams = 0
    for page in lesson_pages():
        browser.get(f"{site}/lessons/{page.name}")
        wait_for(browser, "document.readyState === 'complete'")
        wait_for(browser, "[...document.querySelectorAll('.arithmatex')].every(f => f.querySelector('.katex'))")
        assert not browser.execute_script("return document.querySelectorAll('.katex-error').length"), page.name
        formulas += browser.execute_script("return document.querySelectorAll('.katex').length")
        if "mermaid" in page.read_text("utf-8").partition("<article")[2]:
            wait_for(browser, "document.querySelectorAll('pre.mermaid').length === 0")
            diagrams += 1
    assert formulas > 50
    assert diagrams


def test_answers_are_folded_until_they_are_asked_for(site, browser):
    for page in lesson_pages():
        browser.get(f"{site}/lessons/{page.name}")
        wait_for(browser, "document.readyState === 'complete'")
        folded = browser.execute_script("return document.querySelectorAll('details.question').length")
        assert folded >= 2, page.name
        assert not browser.execute_script("return document.querySelectorAll('details.question[open]').length"), (
            page.name
        )
        browser.execute_script("document.querySelector('details.question summary').click()")
        assert browser.execute_script("return document.querySelectorAll('details.question[open]').length") == 1


LINKS_IN_FOCUS = """(() => {
    const links = []
    const walk = node => {
        if (node.shadowRoot) walk(node.shadowRoot)
        for (const child of node.children) { if (child.tagName === "A") links.push(child); walk(child) }
    }
    walk(document.activeElement)
    return links.filter(link => /vmap/i.test(link.textContent)).map(link => link.href)
})()"""


def test_search_finds_vmap(site, browser):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.set_window_size(1200, 900)
    browser.get(f"{site}/index.html")
    wait_for(browser, "document.readyState === 'complete'")
    keyboard = ActionChains(browser)
    keyboard.key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).pause(1).send_keys("vmap").perform()
    wait_for(browser, f"{LINKS_IN_FOCUS}.length")
    assert any("transforms" in link for link in browser.execute_script(f"return {LINKS_IN_FOCUS}"))
