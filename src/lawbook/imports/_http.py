"""Asking a service over HTTP: JSON in, JSON out, with patience for a service that is busy."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from lawbook.errors import LawbookError

BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which it is worth asking again."""

WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
LONGEST_WAIT_S, TIMEOUT_S = 60.0, 60.0
LARGEST_ANSWER = 1 << 28
"""Bytes of one answer."""


def ask_json(
    url: str,
    body: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    waits_s: Sequence[float] = WAITS_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Return the answer to a GET, or with a body to a POST, asked again after each wait while the service is busy.

    secrets: headers that go to this address alone, not where it redirects to. A wait that the service names is kept, up
    to a minute. Raises LawbookError, which names the address and what to mend, for every other answer.
    """
    for wait_s in (*waits_s, None):
        try:
            return _answer(url, body, secrets or {})
        except urllib.error.HTTPError as error:
            if error.code not in BUSY or wait_s is None:
                raise LawbookError(f"{url}: {_refusal(error)}") from None
            sleep(_asked_wait_s(error.headers.get("Retry-After"), wait_s))
        except (OSError, http.client.HTTPException) as error:
            if wait_s is None:
                problem = getattr(error, "reason", error)
                raise LawbookError(
                    f"{url}: does not answer ({problem}); mend the address, or try later"
                ) from None
            sleep(wait_s)
    raise AssertionError("the last wait is none")


def _answer(url: str, body: Mapping[str, Any] | None, secrets: Mapping[str, str]) -> Any:
    if urlsplit(url).scheme not in ("http", "https"):
        raise LawbookError(f"{url}: is no address of a service; write http://… or https://…")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Accept": "application/json"})
    if data is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in secrets.items():
        request.add_unredirected_header(name, value)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        content = answer.read(LARGEST_ANSWER + 1)
    if len(content) > LARGEST_ANSWER:
        raise LawbookError(f"{url}: its answer is larger than {LARGEST_ANSWER:,} bytes; ask for less")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        problem = "its answer is not JSON, so this is no such service, or a page to log in"
        raise LawbookError(f"{url}: {problem}; mend the address") from None


def _refusal(error: urllib.error.HTTPError) -> str:
    if error.code in (401, 403):
        return f"refuses ({error.code} {error.reason}); give an account that may read it"
    if error.code == 404:
        return "is not there (404); mend the address"
    if error.code in BUSY:
        return f"is busy ({error.code} {error.reason}), however often it is asked; try later"
    with error:
        said = " ".join(error.read(300).decode("utf-8", "replace").split())
    return f"refuses ({error.code} {error.reason}: {said}); mend what is asked"


def _asked_wait_s(said: str | None, otherwise: float) -> float:
    """Return the seconds that a service asks to wait; a date, which it may also say, is not read."""
    return min(float(said), LONGEST_WAIT_S) if said is not None and said.strip().isdigit() else otherwise
