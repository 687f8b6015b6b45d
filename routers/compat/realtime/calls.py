"""Calls by WebRTC in this dialect: an offer in, an answer out, and from then on a session on the data channel."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import UploadFile

from middleware.edge.bodies import media_type
from routers.compat.realtime.connection import EventIds, within
from routers.compat.realtime.event_encoder import error_event
from routers.compat.realtime.routes import RealtimeRoutes, config_of
from routers.http.deferred_route import deferred_router
from routers.http.forms import MULTIPART, read_form
from routers.http.operation import principal_of
from routers.sockets.messages import parse_object
from routers.sockets.socket import Socket
from routers.sockets.socket_dialect import SocketDialect
from routers.webrtc.calls import Calls, Line
from routers.webrtc.offers import MOST_CHARACTERS, read_offer
from stts.access.policy import RouteKind, policy
from stts.errors import InvalidRequest, PayloadTooLarge, STTSError
from stts.settings import CurrentSettings

SDP = "application/sdp"
PLAIN = frozenset({SDP, "text/plain", "application/octet-stream", ""})
"""Types of a body that is the offer itself."""
PART_BYTES = 262_144
"""Longest part of a form: a session brings its tools."""
HOW = "Send the offer as a body of type application/sdp, or as the part `sdp` of a form with `session` beside it."


@dataclass(frozen=True, slots=True)
class CallRequest:
    sdp: str
    session: dict[str, Any] | None = None


class CallRoutes:
    def __init__(self, realtime: RealtimeRoutes, calls: Calls, settings: CurrentSettings) -> None:
        self._realtime, self._calls, self._settings = realtime, calls, settings
        self.router = deferred_router("OpenAI")
        add = self.router.add_api_route
        add(
            "/v1/realtime/calls",
            self.create,
            methods=["POST"],
            status_code=201,
            response_class=Response,
            responses={201: {"content": {SDP: {"schema": {"type": "string"}}}, "description": "The answer."}},
            openapi_extra={"requestBody": BODY},
            summary="A call by WebRTC: an offer in, an answer out",
        )
        add(
            "/v1/realtime/calls/{call_id}/hangup",
            self.hang_up,
            methods=["POST"],
            response_class=Response,
            summary="End a call",
        )

    @policy(RouteKind.USE, client_secrets=True)
    async def create(self, request: Request) -> Response:
        await self._calls.require()
        asked = await _read(request)
        offer = read_offer(asked.sdp)
        translation = self._realtime.translation(request, line=True)
        object = self._realtime.opened(request, translation)
        if asked.session is not None:
            object = object.updated(asked.session)
        await config_of(translation, object)
        ids, id = EventIds(), f"rtc_{secrets.token_hex(12)}"

        def as_event(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
            return {"event_id": ids.next(), **error_event(error)}

        async def converse(socket: Socket, line: Line) -> None:
            async with within(self._settings().realtime.session_minutes):
                await self._realtime.run(socket, translation, object, ids, older=False, line=line, call_id=id)

        dialect = SocketDialect(error_event=as_event)
        answer = await self._calls.open(id, request, offer, dialect, converse, self._calls.sessions)
        return Response(answer, 201, {"Location": f"/v1/realtime/calls/{id}"}, SDP)

    @policy(RouteKind.USE, client_secrets=True)
    async def hang_up(self, request: Request, call_id: str) -> Response:
        """Its body is not read: clients send none, and say that it is JSON."""
        await self._calls.sessions.hang_up_anywhere(call_id, principal_of(request).viewer)
        return Response()


async def _read(request: Request) -> CallRequest:
    """The offer and the session that came with it. Raises InvalidRequest, PayloadTooLarge."""
    kind = media_type(request)
    if kind == MULTIPART:
        form = await read_form(request, part_bytes=PART_BYTES)
        try:
            sdp, session = await _part(form.get("sdp")), await _part(form.get("session"))
        finally:
            await form.close()
        if sdp is None:
            raise InvalidRequest(f"The form has no part `sdp`. {HOW}", param="sdp")
        return CallRequest(sdp, None if session is None else parse_object(session))
    if kind not in PLAIN:
        raise InvalidRequest(f"This is no offer. {HOW}", param="body")
    return CallRequest(_text(await request.body()))


async def _part(value: str | UploadFile | None) -> str | None:
    if isinstance(value, UploadFile):
        return _text(await value.read(PART_BYTES + 1))
    return value


def _text(data: bytes) -> str:
    if len(data) > max(MOST_CHARACTERS, PART_BYTES):
        raise PayloadTooLarge(f"An offer has at most {MOST_CHARACTERS} characters.", param="sdp")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("This is not text in UTF-8.", param="sdp") from None


BODY = {
    "required": True,
    "content": {
        SDP: {"schema": {"type": "string", "description": "The offer."}},
        MULTIPART: {
            "schema": {
                "type": "object",
                "required": ["sdp"],
                "properties": {
                    "sdp": {"type": "string", "description": "The offer."},
                    "session": {"type": "string", "description": "The session, as `session.update` takes it, in JSON."},
                },
            }
        },
    },
}
