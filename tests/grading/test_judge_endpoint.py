"""The judge behind an endpoint: retries what may pass, refuses the rest, tells no key."""

from __future__ import annotations

import json
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ostinato.base.errors import UserError
from ostinato.grading.judge import JudgeError
from ostinato.grading.judge_endpoint import EndpointJudge

KEY = "sk-very-secret"


def said(content: object) -> bytes:
    return json.dumps(
        {"choices": [{"message": {"role": "assistant", "content": content}}]}
    ).encode()


@dataclass
class Endpoint:
    """What the server answers, in turn (the last for ever), and what it was asked."""

    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""
    pause: float = 0.0
    drip: float = 0.0
    waits: list[float] = field(default_factory=list)

    def will(self, *answers: tuple[int, bytes] | tuple[int, bytes, dict[str, str]]) -> None:
        self.answers = [(a[0], a[1], a[2] if len(a) > 2 else {}) for a in answers]

    def judge(self, **options: Any) -> EndpointJudge:
        options = {"model": "m", "timeout_seconds": 5.0, "retries": 2, **options}
        return EndpointJudge(url=self.url, sleep=self.waits.append, **options)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    state = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append((self.path, dict(self.headers), json.loads(body)))
            status, text, headers = state.answers[min(len(state.requests), len(state.answers)) - 1]
            time.sleep(state.pause)
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if state.drip:
                    for at in range(len(text)):
                        self.wfile.write(text[at : at + 1])
                        time.sleep(state.drip)
                self.wfile.write(text)
            except OSError:
                pass  # the client gave up

        def do_GET(self) -> None:
            state.requests.append((self.path, dict(self.headers), None))
            self.send_error(500)

        def log_message(self, *args: Any, **options: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_asks_as_openai_does(endpoint: Endpoint) -> None:
    endpoint.will((200, said("fine")))
    assert endpoint.judge(key=KEY, max_tokens=9).judge("Grüße \ud800") == "fine"
    [(path, headers, body)] = endpoint.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body["model"] == "m" and body["max_tokens"] == 9
    assert body["messages"] == [{"role": "user", "content": "Grüße \ud800"}]


def test_no_key_no_header(endpoint: Endpoint) -> None:
    endpoint.will((200, said("fine")))
    endpoint.judge().judge("x")
    assert "Authorization" not in endpoint.requests[0][1]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_asked_again(endpoint: Endpoint, status: int) -> None:
    endpoint.will((status, b"busy"), (status, b"busy"), (200, said("fine")))
    assert endpoint.judge(backoff_seconds=3.0).judge("x") == "fine"
    assert endpoint.waits == [3.0, 6.0]


def test_waits_as_long_as_it_is_told_to_within_reason(endpoint: Endpoint) -> None:
    endpoint.will(
        (429, b"", {"Retry-After": "7"}), (503, b"", {"Retry-After": "99999"}), (200, said(""))
    )
    assert endpoint.judge().judge("x") == ""
    assert endpoint.waits == [7.0, 60.0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"{}",
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null}]}',
        said(None),
        said(5),
        said(["x"]),
        b"\xff\xfe",
    ],
)
def test_nonsense_is_asked_again_then_given_up(endpoint: Endpoint, body: bytes) -> None:
    endpoint.will((200, body))
    with pytest.raises(JudgeError, match="3 attempts"):
        endpoint.judge().judge("x")
    assert len(endpoint.requests) == 3


def test_a_reply_cut_short_is_asked_again(endpoint: Endpoint) -> None:
    endpoint.will((200, said("fine")[:-5], {"Content-Length": "999", "Connection": "close"}))
    endpoint.answers.append((200, said("fine"), {}))
    assert endpoint.judge().judge("x") == "fine"


def test_replies_are_bounded(endpoint: Endpoint) -> None:
    endpoint.will((200, said("x" * 5000)))
    with pytest.raises(JudgeError, match="more than 1000 bytes"):
        endpoint.judge(max_reply_bytes=1000).judge("x")
    assert len(endpoint.requests) == 1


def test_slow_endpoints_are_given_up(endpoint: Endpoint) -> None:
    reply = said("fine" * 100)
    endpoint.will((200, reply))
    endpoint.pause = 0.4
    with pytest.raises(JudgeError):
        endpoint.judge(timeout_seconds=0.1, retries=1).judge("x")
    endpoint.pause, endpoint.drip = 0.0, 0.05
    started = time.monotonic()
    with pytest.raises(JudgeError, match="too long"):
        endpoint.judge(timeout_seconds=0.8, retries=0).judge("x")
    whole = endpoint.drip * len(reply)
    assert time.monotonic() - started < whole / 2, "a reply that drips is no way around the limit"


def test_nobody_there() -> None:
    waits: list[float] = []
    judge = EndpointJudge(url="http://localhost:9", model="m", retries=1, sleep=waits.append)
    with pytest.raises(JudgeError, match="2 attempts"):
        judge.judge("x")
    assert waits == [1.0]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, UserError, "refuses the key"),
        (403, UserError, "refuses the key"),
        (404, UserError, "model 'm'"),
        (400, JudgeError, "refuses the request"),
        (302, JudgeError, "302"),
    ],
)
def test_refusals_are_final_and_tell_no_key(
    endpoint: Endpoint, status: int, error: type[Exception], words: str
) -> None:
    target = {"Location": f"{endpoint.url}/elsewhere"}
    endpoint.will((status, f"you sent {KEY}".encode(), target))
    with pytest.raises(error, match=words) as caught:
        endpoint.judge(key=KEY).judge("x")
    assert KEY not in str(caught.value) and caught.value.__cause__ is None
    assert len(endpoint.requests) == 1, "no second try, and no redirect followed"


def test_the_key_is_read_from_the_variable_that_is_named(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_JUDGES_KEY", KEY)
    endpoint.will((200, said("fine")))
    judge = EndpointJudge(url=endpoint.url, model="m", key_variable="A_JUDGES_KEY")
    assert KEY not in repr(judge) and KEY.encode() not in pickle.dumps(judge)
    judge.judge("x")
    assert endpoint.requests[0][1]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(endpoint.judge(key=KEY))
    monkeypatch.delenv("A_JUDGES_KEY")
    with pytest.raises(UserError, match="A_JUDGES_KEY"):
        endpoint.judge(key_variable="A_JUDGES_KEY")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/v1",
        "http://127.0.0.1.example.org/v1",
        "ftp://localhost/v1",
        "file:///etc/passwd",
        "localhost:8000",
        "https://",
        "https://user:word@example.org/v1",
        "http://[::1/v1",
        "http://localhost:port/v1",
        "",
    ],
)
def test_addresses_are_checked(url: str) -> None:
    with pytest.raises(UserError, match="judge: expected"):
        EndpointJudge(url=url, model="m")


@pytest.mark.parametrize(
    "url", ["https://example.org/v1", "http://[::1]:8000/v1", "http://127.0.0.2"]
)
def test_good_addresses(url: str) -> None:
    assert EndpointJudge(url=url, model="m").url == url


@pytest.mark.parametrize(
    "options",
    [
        {"key": "a\nb"},
        {"key": "a b"},
        {"key": KEY, "key_variable": "HOME"},
        {"timeout_seconds": 0},
        {"retries": -1},
        {"max_reply_bytes": 0},
    ],
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    build: Callable[..., EndpointJudge] = EndpointJudge
    with pytest.raises(UserError) as caught:
        build(url="https://example.org/v1", model="m", **options)
    assert "a\nb" not in str(caught.value)
