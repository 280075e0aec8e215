"""A judge behind an endpoint that speaks as OpenAI's chat completions do.

Over https, or to this machine itself. Redirects are not followed: they would carry the key along.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from ostinato.base.errors import UserError
from ostinato.grading.judge import JudgeError

LONGEST_WAIT = 60.0
"""Seconds between two attempts, whatever the endpoint asks for."""

_AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}


class _PassingError(Exception):
    """What may go away if one asks again."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, kw_only=True)
class EndpointJudge:
    """Asks a model by HTTP. The key is in no message and in no ``repr``."""

    url: str
    """Up to the version, as in ``https://host/v1``."""
    model: str
    key: str | None = field(default=None, repr=False)
    key_variable: str | None = None
    """The environment variable that holds the key, read at every request: so a pickled judge
    carries none.
    """
    temperature: float = 0.0
    max_tokens: int = 4096
    timeout_seconds: float = 120.0
    """Of one attempt."""
    retries: int = 5
    """Further attempts, where the endpoint is busy, failing, out of reach or talks nonsense."""
    backoff_seconds: float = 1.0
    """Before the first of these; doubled each time."""
    max_reply_bytes: int = 1 << 20
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_url(self.url)
        if self.key is not None and self.key_variable is not None:
            raise UserError(
                "judge: expected a key or the name of a variable that holds it, got both"
            )
        if self.timeout_seconds <= 0 or self.retries < 0 or self.max_reply_bytes < 1:
            raise UserError(
                "judge: expected a positive timeout and size, and no fewer than 0 retries"
            )
        self._secret()

    def judge(self, prompt: str) -> str:
        """See ``Judge``."""
        wait = self.backoff_seconds
        for attempt in range(self.retries + 1):
            try:
                return self._once(prompt)
            except _PassingError as error:
                if attempt == self.retries:
                    raise JudgeError(
                        f"the judge at {self.url} gave no reply in {attempt + 1} attempts: {error}"
                    ) from None
                self.sleep(min(LONGEST_WAIT, wait if error.wait is None else error.wait))
                wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _once(self, prompt: str) -> str:
        request = Request(
            f"{self.url.rstrip('/')}/chat/completions",
            data=json.dumps(self._body(prompt)).encode(),
            headers=self._headers(),
            method="POST",
        )
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with _opener(self.url).open(request, timeout=self.timeout_seconds) as response:
                body = self._read(response, deadline)
        except HTTPError as error:
            with error:
                raise self._refusal(error, deadline) from None
        except (URLError, HTTPException, OSError) as error:
            raise _PassingError(f"{type(error).__name__}: {self._hidden(str(error))}") from None
        return _content(body)

    def _body(self, prompt: str) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }

    def _headers(self) -> dict[str, str]:
        secret = self._secret()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return {**headers, "Authorization": f"Bearer {secret}"} if secret else headers

    def _secret(self) -> str | None:
        if self.key_variable is None:
            secret, source = self.key, "the key that was given"
        else:
            secret, source = os.environ.get(self.key_variable), f"the variable {self.key_variable}"
            if not secret:
                raise UserError(f"judge: expected a key in {source}, which is not set; set it")
        if secret is not None and not (
            secret.isascii() and secret.isprintable() and " " not in secret
        ):
            raise UserError(f"judge: expected printable letters without spaces in {source}")
        return secret

    def _read(self, stream: object, deadline: float) -> bytes:
        """The body, within its bounds of size and time."""
        response = cast("HTTPResponse", stream)  # of an error too, behind a wrapper
        parts: list[bytes] = []
        size = 0
        while part := response.read1(1 << 14):
            parts.append(part)
            size += len(part)
            if size > self.max_reply_bytes:
                raise JudgeError(
                    f"the judge at {self.url} replied with more than {self.max_reply_bytes} bytes"
                )
            if time.monotonic() > deadline:
                raise _PassingError("the reply took too long")
        return b"".join(parts)

    def _refusal(self, error: HTTPError, deadline: float) -> Exception:
        """What an answer with an error status means."""
        status = error.code
        try:
            text = self._read(error, deadline).decode("utf-8", "replace")
        except (_PassingError, JudgeError, HTTPException, OSError):
            text = ""  # the status says enough
        said = f"HTTP {status} {self._hidden(' '.join(text.split()))[:200]}".strip()
        if status in _AGAIN:
            return _PassingError(said, _seconds(error.headers))
        if status in (401, 403):
            return UserError(f"judge: {self.url} refuses the key; check it ({said})")
        if status == 404:
            return UserError(
                f"judge: expected chat completions and the model {self.model!r} at {self.url}; "
                f"check both ({said})"
            )
        return JudgeError(f"the judge at {self.url} refuses the request: {said}")

    def _hidden(self, text: str) -> str:
        secret = self._secret()
        return text.replace(secret, "***") if secret else text


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """None: the redirect is then an error like any other."""
        del req, fp, code, msg, headers, newurl


def _opener(url: str) -> OpenerDirector:
    """Goes through the user's proxy, but never on the way to this machine."""
    local = [ProxyHandler({})] if urlsplit(url).scheme == "http" else []
    return build_opener(_NoRedirect(), *local)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UserError(f"judge: expected an address as in https://host/v1, got {url!r}") from None
    if parts.username or parts.password:
        raise UserError("judge: expected no user or password in the address; give the key apart")
    if not (host and (parts.scheme == "https" or (parts.scheme == "http" and _loopback(host)))):
        raise UserError(
            "judge: expected an address as in https://host/v1, or http on this machine, "
            f"got {url!r}"
        )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(headers: Message) -> float | None:
    """How long the endpoint asks to wait, if it says so in seconds."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _content(body: bytes) -> str:
    """What the model said, out of the reply."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        raise _PassingError("the reply is no JSON") from None
    try:
        content = reply["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise _PassingError("the reply has no choices[0].message.content") from None
    if not isinstance(content, str):
        raise _PassingError("the reply's content is no text")
    return content
