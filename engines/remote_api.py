"""A speech server elsewhere that speaks OpenAI's audio API: one connection pool, time limits, and errors in our words.

What the other server says about an error is not repeated, for it may quote the text. Redirects are not followed: they
would carry text and key to an address that the operator never named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from stts.errors import Busy, EngineAccessDenied, EngineError, EngineTimeout, InvalidParameter
from stts.http_address import is_http_address

if TYPE_CHECKING:
    import httpx

PACKAGE = "httpx"
CONNECT_SECONDS = 5.0
MOST_RETRY_AFTER = 300.0
"""Seconds. Longer advice of the other server is cut to this."""
JSON_BYTES = 4_000_000
"""Longest answer that is read as JSON."""


class RemoteOptions(BaseModel):
    """The operator's settings of one server elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str | None = Field(
        default=None, description="Address of the server up to and with /v1, such as http://10.0.0.5:8000/v1."
    )
    api_key: SecretStr | None = Field(default=None, description="Key for it.")
    languages: tuple[str, ...] = Field(default=(), description="BCP 47 tags it knows; empty: any.")
    requests: int = Field(default=8, ge=1, le=64, description="Requests sent to it at once.")
    first_seconds: float = Field(default=20.0, gt=0, le=600, description="Longest wait for its first byte.")
    pause_seconds: float = Field(default=10.0, gt=0, le=600, description="Longest pause between two parts.")

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not is_http_address(url):
            raise ValueError("the address must be http://HOST[:PORT]/v1 or https://...")
        return url.rstrip("/")


def leaves_machine(url: str | None) -> bool:
    """True unless the address is of loopback."""
    host = urlsplit(url or "").hostname or ""
    if host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


class Connection:
    """Made at load; shared by all threads that call."""

    def __init__(self, options: RemoteOptions, key: str) -> None:
        """`key`: where the operator writes the options, for messages."""
        import httpx

        assert options.base_url is not None, "a server without an address is not installed"
        self._httpx = httpx
        self._key = key
        self._pause = options.pause_seconds
        secret = options.api_key
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {secret.get_secret_value()}"} if secret else {},
            timeout=httpx.Timeout(options.pause_seconds, connect=CONNECT_SECONDS, read=options.first_seconds),
            limits=httpx.Limits(max_connections=options.requests, max_keepalive_connections=options.requests),
            follow_redirects=False,
            trust_env=leaves_machine(options.base_url),
        )
        self._base = options.base_url

    def close(self) -> None:
        self._client.close()

    def get_json(self, path: str) -> Any:
        """The JSON at a path; None where the server has no such path or answers otherwise."""
        with self._translated(), self._client.stream("GET", self._base + path) as response:
            return _json(response) if response.status_code == 200 else None

    @contextmanager
    def post(self, path: str, **content: Any) -> Iterator[httpx.Response]:
        """A successful answer whose body has not been read. `content`: as httpx takes it.

        Raises EngineError and its kinds for all that goes wrong until the context ends, InvalidParameter where the
        server refuses the request itself.
        """
        with self._translated(), self._client.stream("POST", self._base + path, **content) as response:
            self._require(response)
            yield response

    def post_json(self, path: str, **content: Any) -> Any:
        """The JSON that a POST answers. Raises as `post`."""
        with self.post(path, **content) as response:
            answer = _json(response)
        if answer is None:
            raise EngineError(f"The server at {self._key}.base_url answers with something that is no JSON.")
        return answer

    def blocks(self, response: httpx.Response) -> Iterator[bytes]:
        """Parts of the body as they come, with the shorter time limit of pauses."""
        # The stream beneath reads it before each part.
        timeout = response.request.extensions.get("timeout")
        if isinstance(timeout, dict):
            timeout["read"] = self._pause
        yield from response.iter_bytes()

    def _require(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        place = f"{self._key}.base_url"
        if 300 <= status < 400:
            raise EngineError(f"The server at {place} redirects to another address ({status}): name that one.")
        if status in (401, 403):
            raise EngineAccessDenied(f"The server at {place} denies access ({status}): check {self._key}.api_key.")
        if status in (400, 413, 422):
            raise InvalidParameter(f"The server at {place} refuses this request ({status}).")
        if status in (429, 503):
            raise Busy(f"The server at {place} has too much to do ({status}).", retry_after=_retry_after(response))
        advice = ": check it and the model" if status in (404, 405) else ""
        raise EngineError(f"The server at {place} failed ({status}){advice}.")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        place = f"{self._key}.base_url"
        try:
            yield
        except self._httpx.TimeoutException as error:
            raise EngineTimeout(f"The server at {place} said nothing for too long.") from error
        except self._httpx.ConnectError as error:
            raise EngineError(f"The server at {place} cannot be reached.") from error
        except self._httpx.HTTPError as error:
            raise EngineError(f"The connection to the server at {place} broke off.") from error


def media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _json(response: httpx.Response) -> Any:
    import json

    body = bytearray()
    for block in response.iter_bytes():
        body += block
        if len(body) > JSON_BYTES:
            return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return min(MOST_RETRY_AFTER, max(0.0, float(response.headers.get("retry-after", ""))))
    except ValueError:
        return None
