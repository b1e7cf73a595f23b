"""The built site in a browser: what it fetches, what it shows, and whether it can be read on a phone.

Built first by `python docs/build.py`, as CI does; here only where that has not happened.
"""

import functools
import html
import http.server
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
from filelock import FileLock

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
    SITE.parent.mkdir(exist_ok=True)
    with FileLock(SITE.parent / "site.lock"):  # several workers would build it at once
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
    driver.get("about:blank")  # instead of the browser's own first page
    yield driver
    driver.quit()


def show(browser, address, *, width=1200):
    """Load a page in a window so wide, and wait until it is there."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)  # a window cannot be as narrow as a phone
    browser.get(address)
    wait_for(browser, "document.readyState === 'complete' && document.querySelector('h1') !== null")


def pages():
    return sorted(str(page.relative_to(SITE)) for page in SITE.rglob("*.html"))


def wait_for(browser, script):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(f"return {script}"))


def requests_of(browser):
    """What was asked for since the last call, but for the browser's own pages."""
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [url for url in urls if not url.startswith("chrome")]


def test_every_page_loads_from_here_alone_without_an_error_and_fits_a_phone(site, browser):
    assert len(pages()) > 30
    for page in pages():
        show(browser, f"{site}/{page}", width=PHONE)
        asked = requests_of(browser)
        assert f"{site}/{page}" in asked
        assert not [url for url in asked if not url.startswith((f"{site}/", "data:", "blob:"))], page
        assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"], page
        width, shown = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert shown == PHONE
        assert width <= PHONE, f"{page} is {width} pixels wide on a phone's {PHONE}"
        unnamed = browser.execute_script("return [...document.images].filter(i => !i.alt).map(i => i.src)")
        assert not unnamed, f"{page} has images without a text"


class Anchors(HTMLParser):
    """The places of a page that a link can lead to, and the links of its text."""

    def __init__(self, page):
        super().__init__()
        self.places, self.links, self.in_text = {"__skip", ""}, set(), False
        self.feed((SITE / page).read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.in_text |= tag == "article"
        self.places.add(given.get("id") or given.get("name"))
        if tag == "a" and self.in_text and given.get("href"):
            self.links.add(given["href"])

    def handle_endtag(self, tag):
        self.in_text &= tag != "article"


def test_every_link_of_a_text_leads_to_a_place_that_is_there(site):
    read = {page: Anchors(page) for page in pages()}
    links = [(page, link) for page in read for link in sorted(read[page].links) if not urlsplit(link).scheme]
    assert len(links) > 100
    for page, link in links:
        path, place = urldefrag(link)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
        assert (SITE / target).is_file(), f"{page} leads to {link}"
        assert target not in read or place in read[target].places, f"{page} leads to {link}"


def test_no_page_tells_of_the_machine_that_built_it(site):
    own = re.compile(
        "|".join([" at 0x[0-9a-f]{6}", *map(re.escape, (tempfile.gettempdir() + "/", str(ROOT), sys.prefix))])
    )
    for page in pages():
        found = own.search((SITE / page).read_text("utf-8"))
        assert not found, f"{page} says {found}"


def lesson_pages():
    return sorted((SITE / "lessons").glob("*.html"))


def test_formulas_are_set_and_diagrams_drawn(site, browser):
    formulas = diagrams = 0
    for page in lesson_pages():
        show(browser, f"{site}/lessons/{page.name}")
        wait_for(browser, "[...document.querySelectorAll('.arithmatex')].every(f => f.querySelector('.katex'))")
        wait_for(browser, "document.querySelectorAll('pre.mermaid').length === 0")
        assert not browser.execute_script("return document.querySelectorAll('.katex-error').length"), page.name
        formulas += browser.execute_script("return document.querySelectorAll('.katex').length")
        diagrams += browser.execute_script("return document.querySelectorAll('div.mermaid').length")
    assert formulas > 100
    assert diagrams >= 3


def test_answers_are_folded_until_they_are_asked_for(site, browser):
    show(browser, f"{site}/lessons/{lesson_pages()[0].name}")
    answers = "document.querySelectorAll('details.question{}').length"
    assert browser.execute_script(f"return {answers.format('')}") >= 2
    assert browser.execute_script(f"return {answers.format('[open]')}") == 0
    browser.execute_script("document.querySelector('details.question summary').click()")
    assert browser.execute_script(f"return {answers.format('[open]')}") == 1


def test_a_keyboard_skips_to_the_text_and_turns_on_the_light(site, browser):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    show(browser, f"{site}/lessons/{lesson_pages()[0].name}")
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.get_attribute("textContent").strip() == "Skip to content"
    target = browser.switch_to.active_element.get_attribute("hash")
    assert browser.execute_script(f"return document.querySelector('{target}').closest('article') !== null")

    scheme = "document.body.getAttribute('data-md-color-scheme')"
    before = browser.execute_script(f"return {scheme}")
    ActionChains(browser).send_keys(Keys.TAB, Keys.ARROW_DOWN).perform()
    wait_for(browser, f"{scheme} !== '{before}'")


def test_the_notebook_of_every_lesson_lies_beside_its_page(site, browser):
    for page in lesson_pages():
        assert f'href="{page.stem}.ipynb"' in page.read_text("utf-8")
        assert json.loads(page.with_suffix(".ipynb").read_text("utf-8"))["cells"]


def test_pages_of_the_library_show_shapes_fields_and_examples(site):
    page = html.unescape(re.sub(r"<[^>]+>", "", (SITE / "api" / "train.html").read_text("utf-8")))
    assert re.search(r'FitResult\(\s*params: Params, losses: Float\[Tensor, "num_epochs"\]\s*\)', page)
    assert 'tuple[Params, Float[Tensor, "num_batches"]]' in page
    assert "\n>>> " in page


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

    show(browser, f"{site}/index.html")
    keyboard = ActionChains(browser)
    keyboard.key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).pause(1).send_keys("vmap").perform()
    wait_for(browser, f"{LINKS_IN_FOCUS}.length")
    assert any("transforms" in link for link in browser.execute_script(f"return {LINKS_IN_FOCUS}"))
