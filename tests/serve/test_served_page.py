"""The page of a server, in a browser: a text is typed, the answer is shown, and no other server is asked."""

from __future__ import annotations

import shutil
import socket
import threading
import time

import pytest

from modaxfer.opened import load

pytestmark = pytest.mark.slow


@pytest.fixture
def address(finished):
    uvicorn = pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    from modaxfer.serve.app import Service, make_app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = make_app(Service(finished("bert", "text"), device="cpu"), most=10_000, hosts=("127.0.0.1",))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_it_shows_the_answer_of_the_run(address, finished):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    browser_path = shutil.which("chromium-headless-shell")
    if browser_path is None:
        pytest.skip("there is no browser")
    wanted = load(finished("bert", "text")).predict([{"text": "a warm film"}], quiet=True)[0]
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page()
        asked, faults = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda fault: faults.append(fault))
        page.goto(address)
        page.fill("textarea", "a warm film")
        page.click("button")
        page.wait_for_selector("#answer h2")
        assert page.inner_text("#answer h2") == wanted["prediction"]
        assert page.locator(".class").count() == len(wanted["scores"])
        page.fill("textarea", "")
        page.click("button")
        page.wait_for_selector("#answer .error")
        browser.close()
    assert [url for url in asked if not url.startswith(address)] == []
    assert faults == []
