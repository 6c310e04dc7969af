"""The built site, served here, and a headless Chromium to read it with."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("INITSPEC_SITE", ROOT / "site"))
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site_folder():
    """The folder of the built site."""
    if not (SITE / "index.html").exists():
        pytest.skip(f"{SITE} is not built; run: mkdocs build --strict -d {SITE}")
    return SITE


@pytest.fixture(scope="session")
def site(site_folder):
    """The address of the built site."""
    handler = functools.partial(_Quiet, directory=str(site_folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: the system's, else Playwright's own."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        except api.Error as error:
            pytest.skip(f"no Chromium; run: playwright install chromium ({str(error)[:80]})")
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page; at the end of the test nothing was said, fetched or alerted."""
    contexts, said, fetched = [], [], []

    def open_(html, width=1400, scheme="light"):
        file = tmp_path / "report.html"
        file.write_text(html, "utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(file.as_uri(), wait_until="load")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []
