"""The page at /docs: what the server is for, and examples that work when they are sent as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Mount, Route

from routers.pages.api_forms import fill_forms
from routers.pages.page_headers import DocumentHeaders
from stts import __version__
from stts.access.policy import Public, RouteKind, RoutePolicy, attach

TITLE = "STTS Server"
INTRODUCTION = """\
One self-hosted server that **speaks**, **listens** and **converses**, offline, over the dialects that voice
applications already use.

- Speak: `GET /tts?text=Hello` in a browser, or `POST /tts`; OpenAI's clients call `/v1/audio/speech`.
- Listen: `POST /stt` with a form whose `file` is any recording or video; OpenAI's clients call
  `/v1/audio/transcriptions`.
- Converse: `POST /conversation` for one turn, the sockets (`/ws/conversation/v2`, `/v1/realtime`) for live ones;
  [the talk page](/talk) does.
- What there is: `GET /voices`, `GET /engines`, `GET /v1/models`; whether it works: `GET /ready?probe=true`.

Audio streams from the first clause. Headers tell what spoke (`X-Engine`, `X-Voice`, `X-Language`) and what was done
otherwise than asked (`X-Warnings`). Every error says what was wrong, what is allowed and a request id. Press
*Try it out* and *Execute* below: the examples work as they stand.
"""

Examples = Mapping[str, Mapping[str, Any]]
"""Name for people -> the body."""

JSON = "application/json"
TEXT = "The birch canoe slid on the smooth planks."
SPOKEN: Examples = {
    "A sentence": {"text": TEXT},
    "An MP3, faster": {"text": TEXT, "format": "mp3", "speed": 1.25},
    "Opus for a voice note": {"text": TEXT, "format": "opus"},
    "AAC": {"text": TEXT, "format": "aac"},
    "FLAC": {"text": TEXT, "format": "flac"},
    "Raw samples at 16 kHz": {"text": TEXT, "format": "pcm", "sample_rate": 16000},
    "German, by language": {"text": "Guten Morgen!", "language": "de"},
    "Whole, with its length": {"text": TEXT, "stream": False},
}
OFFER = "\r\n".join(
    [
        *("v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtcp-mux"),
        *("a=mid:0", "a=rtpmap:111 opus/48000/2", "a=setup:actpass", "a=ice-ufrag:user", f"a=ice-pwd:{'password' * 3}"),
        *(f"a=fingerprint:sha-256 {':'.join(['00'] * 32)}", ""),
    ]
)
"""The offer of a caller that listens and speaks, and is told of no events."""
BODIES: Mapping[tuple[str, str], Examples] = {
    ("post", "/tts"): SPOKEN,
    ("post", "/conversation"): {
        "A reply as events": {"text": "Hello, who are you?"},
        "One JSON object": {"text": "Hello, who are you?", "stream": False},
    },
    ("post", "/v1/audio/speech"): {
        "As OpenAI's clients send it": {"model": "tts-1", "voice": "alloy", "input": TEXT},
        "A WAV": {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "wav"},
        "Events": {"model": "gpt-4o-mini-tts", "voice": "nova", "input": TEXT, "stream_format": "sse"},
    },
    ("post", "/v1/audio/speech/batch"): {
        "Two texts": {"items": [{"model": "tts-1", "input": TEXT}, {"model": "tts-1", "input": "And another."}]},
    },
    ("post", "/v1/audio/voice_consents/{consent_id}"): {"Another name": {"name": "Anna, on the phone"}},
    ("post", "/v1/realtime/client_secrets"): {
        "For a conversation": {"session": {"type": "realtime", "model": "gpt-realtime"}},
        "For transcription": {"session": {"type": "transcription"}},
    },
    ("post", "/v1/live/sessions"): {
        "An offer": {"session": {"model": "gpt-live-1"}, "transport": {"type": "webrtc", "sdp": OFFER}},
    },
    ("post", "/v1/realtime/translations/client_secrets"): {
        "Into German": {"session": {"model": "gpt-realtime-translate", "audio": {"output": {"language": "de"}}}},
    },
    ("post", "/jobs/speech"): {
        "Two texts": {"items": [TEXT, {"text": "Guten Morgen!", "language": "de"}], "format": "mp3"},
    },
    ("post", "/models/pull"): {"A voice": {"model": "hibari-heart"}},
    ("post", "/admin/users"): {"A user": {"name": "Anna"}},
    ("post", "/admin/keys"): {
        "Of a new user": {"name": "Anna's laptop"},
        "With a monthly quota": {"name": "Anna's laptop", "limits": {"characters_per_month": 100_000}},
        "Whose speech is not cached": {"name": "Anna's laptop", "cache": False},
    },
    ("patch", "/admin/keys/{key_id}"): {"Another name": {"version": 1, "name": "Anna's desktop"}},
    ("put", "/admin/keys/{key_id}/subjects/{name}"): {"A small share": {"characters_per_day": 1000}},
    ("post", "/admin/keys/{key_id}/rotate"): {"An hour of both": {"overlap_seconds": 3600}},
    ("patch", "/files/{file_id}"): {"For everybody": {"shared": True}},
    ("patch", "/v1/voices/{voice_id}"): {"Tags": {"tags": ["calm"]}, "Faster": {"defaults": {"speed": 1.1}}},
    ("post", "/files/cleanup"): {"Only look": {"dry_run": True}},
    ("patch", "/config"): {"One key": {"limits.queue_length": 64}},
    ("post", "/config/validate"): {"One key": {"limits.queue_length": 64}},
}
"""Method and path -> examples of its JSON body."""
QUERIES: Mapping[tuple[str, str], Mapping[str, Any]] = {("get", "/tts"): {"text": TEXT, "dictionary": {}}}
"""Method and path -> examples of query fields that are required, or that the page would fill in itself."""


DOCUMENT_POLICIES = {
    "/docs": RoutePolicy(RouteKind.PAGE, Public.ALWAYS),
    "/docs/oauth2-redirect": RoutePolicy(RouteKind.USE),
    "/openapi.json": RoutePolicy(RouteKind.USE, Public.ALWAYS),
    "/static-offline-docs": RoutePolicy(RouteKind.USE, Public.ALWAYS),
}
"""Policy of the routes that the framework adds itself. They are the same on every such server: nothing in them is
secret, and a browser cannot send a key for it."""


FRAMEWORK_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI would send traces of its own where the environment says so, with queries, in which texts are, and messages of
exceptions. Older versions know no such thing."""


def framework_app(*, has_document: bool) -> FastAPI:
    """An app without routes of ours; with the document at /openapi.json and its page, which asks nobody else for its
    scripts, or without both."""
    if not has_document:
        return FastAPI(title=TITLE, version=__version__, openapi_url=None, telemetry=FRAMEWORK_TELEMETRY)
    app = FastAPIOffline(title=TITLE, version=__version__, redoc_url=None, telemetry=FRAMEWORK_TELEMETRY)
    for route in app.routes:
        assert isinstance(route, Route | Mount)
        attach(DOCUMENT_POLICIES[route.path])(route.app if isinstance(route, Mount) else route.endpoint)
    app.add_middleware(DocumentHeaders)
    return app


def with_examples(app: FastAPI) -> None:
    """Makes the document of this app carry the introduction and the examples of those routes that it has."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        document["info"]["description"] = INTRODUCTION
        for (method, path), bodies in BODIES.items():
            if (operation := document["paths"].get(path, {}).get(method)) is not None:
                _add_bodies(operation, bodies)
        for (method, path), query in QUERIES.items():
            for parameter in document["paths"].get(path, {}).get(method, {}).get("parameters", ()):
                if parameter["name"] in query:
                    parameter["example"] = query[parameter["name"]]
        fill_forms(document)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _add_bodies(operation: dict[str, Any], bodies: Examples) -> None:
    content = operation.setdefault("requestBody", {}).setdefault("content", {}).setdefault(JSON, {"schema": {}})
    content["examples"] = {name: {"value": body} for name, body in bodies.items()}
