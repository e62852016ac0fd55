"""A run over HTTP, asked as a server would ask the application: answers, refusals, bounds."""

from __future__ import annotations

import asyncio
import base64
import json
import socket

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from modaxfer.errors import DataError, RunFailedError
from modaxfer.opened import load
from modaxfer.serve.app import Service, make_app
from modaxfer.serve.batching import Answers, FullError
from modaxfer.serve.limits import BodyLimit
from modaxfer.serve.requests import read_rows

TEXTS = ["a dull film", "what a fine, warm story"]


def ask(app, method, path, body=b"", *, host="127.0.0.1", length=None):
    """Return status, headers and body of one request; a list of bodies comes in parts."""
    parts = [body] if isinstance(body, bytes) else list(body)
    stated = sum(map(len, parts)) if length is None else length
    headers = [(b"host", host.encode()), (b"content-length", str(stated).encode())]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "scheme": "http", "headers": headers,
             "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    sent, read = [], []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], len(read), answer


def rows_of(*values):
    return json.dumps({"rows": list(values)}).encode()


@pytest.fixture(scope="module")
def run(finished):
    return finished("bert", "text")


@pytest.fixture(scope="module")
def app(run):
    return make_app(Service(run, device="cpu", window=0), most=2000, hosts=("127.0.0.1",))


def test_answers_are_those_of_the_run_and_a_row_is_computed_once(run):
    service = Service(run, device="cpu", window=0)
    app, wanted = make_app(service, most=2000), load(run).predict([{"text": text} for text in TEXTS], quiet=True)
    for body in (rows_of(*TEXTS), rows_of(*({"text": text} for text in TEXTS))):
        status, _, answer = ask(app, "POST", "/predict", body)
        made = json.loads(answer)["predictions"]
        assert status == 200
        assert [one["prediction"] for one in made] == [one["prediction"] for one in wanted]
        assert [one["scores"] for one in made] == [pytest.approx(one["scores"], abs=1e-5) for one in wanted]
    health = json.loads(ask(app, "GET", "/health")[2])
    assert (health["answered"], health["remembered"], health["waiting"]) == (4, 2, 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"text=a", "the body is not JSON"),
        (b"[1]", "the body has no rows"),
        (rows_of({"txt": "a"}), "did you mean text"),
        (rows_of({"text": 3}), "a value is of the wrong kind"),
        (rows_of(*["a"] * 257), "too many rows"),
        (rows_of(""), "row"),
    ],
)
def test_what_is_malformed_is_422_with_the_reason(app, body, words):
    status, _, answer = ask(app, "POST", "/predict", body)
    assert status == 422
    assert words in json.loads(answer)["error"]


def test_a_body_too_large_is_413_before_it_is_read(app):
    status, read, answer = ask(app, "POST", "/predict", b"x" * 10, length=10**9)
    assert (status, read) == (413, 0)
    assert "Allowed: up to 2,000 bytes. Fix: send fewer rows or smaller files, or start" in json.loads(answer)["error"]
    status, read, _ = ask(app, "POST", "/predict", [b"x" * 1500] * 1000, length=0)
    assert (status, read) == (413, 2)


def test_an_address_that_is_taken_is_refused_before_weights_are_loaded(run, shell, monkeypatch):
    monkeypatch.setattr("modaxfer.runner.predict.predictor.load_model", lambda _: pytest.fail("weights were loaded"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, _, err = shell("serve", run, "--port", taken.getsockname()[1])
    assert status == 2
    assert "nothing can be served at this address. Got: 127.0.0.1:" in err
    assert "name another --port" in err


def test_bodies_that_would_hold_too_much_are_503():
    limit = BodyLimit(None, most=100, budget=50)
    status, _, answer = ask(limit, "POST", "/predict", b"x" * 60)
    assert status == 503
    assert "send this one again" in json.loads(answer)["error"]
    assert limit.held == 0


def test_another_name_for_this_machine_is_refused(app):
    assert ask(app, "GET", "/health", host="evil.example")[0] == 400


def test_the_page_asks_no_other_server(app):
    status, _, page = ask(app, "GET", "/")
    assert status == 200
    assert b"<textarea" in page
    assert b"http://" not in page
    assert b"https://" not in page
    paths = json.loads(ask(app, "GET", "/openapi.json")[2])["paths"]
    assert set(paths) == {"/health", "/predict"}


def test_rows_of_many_requests_are_one_batch_and_a_full_queue_refuses():
    batches = []

    def predict(rows):
        batches.append(len(rows))
        return [{"prediction": row["text"]} for row in rows]

    async def many():
        answers = Answers(predict, window=0.01, batch=8, queue=20, kept=3)
        made = await asyncio.gather(*(answers([{"text": str(number)}]) for number in range(20)))
        assert [one[0]["prediction"] for one in made] == [str(number) for number in range(20)]
        assert batches == [8, 8, 4]
        assert len(answers._memory) == 3
        with pytest.raises(FullError, match="as many rows as it holds"):
            await answers([{"text": f"new {number}"} for number in range(21)])

    asyncio.run(many())


def test_a_fault_of_the_model_reaches_who_asked_and_nobody_else():
    def predict(rows):
        if rows[0]["text"] == "bad":
            raise RuntimeError("no memory")
        return [{"prediction": 1} for _ in rows]

    async def two():
        answers = Answers(predict, window=0)
        with pytest.raises(RuntimeError, match="no memory"):
            await answers([{"text": "bad"}])
        assert await answers([{"text": "good"}]) == [{"prediction": 1}]

    asyncio.run(two())


def test_a_model_that_fails_is_500_with_the_reason_and_nothing_of_what_was_sent(run, monkeypatch):
    service = Service(run, device="cpu", window=0)
    app = make_app(service, most=2000)

    for fault, kind in ((ValueError, "ValueError"), (RunFailedError, "RunFailedError")):

        def fail(rows, fault=fault):
            raise fault(f"cannot take {rows}")

        monkeypatch.setattr(service.predictor, "predict_rows", fail)
        status, _, answer = ask(app, "POST", "/predict", rows_of("a secret story"))
        told = json.loads(answer)["error"]
        assert status == 500
        assert told.startswith(f"the model failed on these rows. Got: {kind}. Fix: send the rows one by one")
        assert "secret" not in told
    monkeypatch.undo()
    assert ask(app, "POST", "/predict", rows_of("a secret story"))[0] == 200


def test_kept_answers_hold_no_more_bytes_than_they_may():
    async def many():
        answers = Answers(lambda rows: [{"prediction": "x" * 100} for _ in rows], window=0, kept_bytes=1000)
        for number in range(20):
            await answers([{"text": str(number)}])
        assert len(answers._memory) == 6
        assert answers.held_bytes == sum(size for _, size in answers._memory.values()) <= 1000
        await answers([{"text": "19"}])
        assert answers.remembered == 1

    asyncio.run(many())


def test_media_are_bytes_and_never_paths():
    encoded = base64.b64encode(b"abc").decode()
    for value in (encoded, f"data:image/png;base64,{encoded}"):
        assert read_rows(rows_of(value), {"photo": "image"}, partial=False) == [{"photo": b"abc"}]
    with pytest.raises(DataError, match="paths are not read, and addresses not fetched"):
        read_rows(rows_of("/etc/passwd.png"), {"photo": "image"}, partial=False)
