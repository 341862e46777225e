"""The pages' scripts in a real browser, on a server of files alone."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

from tests.support.browser import browser, chromium_or_skip

STATIC = Path(__file__).parents[3] / "vault/pages/static/pages"


class _Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Scripts</title>")
            return
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def chromium():
    chromium_or_skip()
    with browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def scripts():
    """The address of the pages' scripts: localhost, so WebCrypto is there."""
    handler = functools.partial(_Files, directory=STATIC)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(chromium, scripts):
    """An empty page beside the scripts."""
    context = chromium.new_context()
    opened = context.new_page()
    opened.goto(scripts + "/")
    yield opened
    context.close()
