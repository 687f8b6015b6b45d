"""ElevenLabs' speech API: its routes, its errors, its key in `xi-api-key`, and what a listener may say to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.types import Scope

from middleware.edge.credentials import CREDENTIALS, AdmissionHeaders
from middleware.edge.late_key import MessageKey
from middleware.listener import ListenerSettings
from routers.compat.elevenlabs.account import AccountRoutes
from routers.compat.elevenlabs.dialogue import DialogueRoutes
from routers.compat.elevenlabs.errors import ElevenLabsError, render_elevenlabs_error, socket_error
from routers.compat.elevenlabs.options import ElevenLabsOptions
from routers.compat.elevenlabs.sockets import SocketRoutes
from routers.compat.elevenlabs.speaking import Speaking
from routers.compat.elevenlabs.speech import SpeechRoutes
from routers.compat.elevenlabs.voices import VoiceRoutes
from routers.dialect import Dialect, Routes
from routers.services import Services
from routers.sockets.messages import parse_object
from stts.access.policy import RouteKind
from stts.errors import InvalidRequest


def xi_api_key(scope: Scope, headers: AdmissionHeaders) -> Iterator[bytes]:
    """`xi-api-key: <key>`."""
    for name, value in scope["headers"]:
        if name == b"xi-api-key":
            yield value.strip()


def key_in_message(message: str | bytes) -> bytes | None:
    """`xi_api_key` of the first message of a socket, or its `authorization`."""
    try:
        fields = parse_object(message, half_characters=True)
    except InvalidRequest:
        return None
    own, bearer = fields.get("xi_api_key"), fields.get("authorization")
    if isinstance(own, str) and own.strip():
        return own.strip().encode("utf-8", "replace")
    if not isinstance(bearer, str) or not bearer.strip():
        return None
    scheme, _, key = bearer.strip().partition(" ")
    return (key.strip() if scheme.lower() == "bearer" else bearer.strip()).encode("utf-8", "replace")


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    speaking = Speaking(services, listener)
    return (
        SpeechRoutes(services, speaking),
        DialogueRoutes(services, speaking),
        SocketRoutes(services, speaking),
        VoiceRoutes(services, speaking.ids),
        AccountRoutes(services, speaking),
    )


ELEVENLABS = Dialect(
    name="elevenlabs",
    prefixes={"/": RouteKind.USE},
    routes=_routes,
    render_error=render_elevenlabs_error,
    error_shape=ElevenLabsError,
    credentials=(xi_api_key, *CREDENTIALS),
    message_key=MessageKey(key_in_message, socket_error),
    request_id_header="request-id",
    options=ElevenLabsOptions,
)
