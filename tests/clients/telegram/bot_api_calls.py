"""Calls of the Bot API as a server reads them, what people see of them, and what people send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from clients.telegram.messenger import Other
from tests.clients.telegram.people import Refusal, Seen, Sight

METHODS: dict[str, Sight] = {
    "sendMessage": "text",
    "sendVoice": "voice",
    "sendAudio": "audio",
    "editMessageText": "edit",
    "deleteMessage": "delete",
    "sendChatAction": "action",
    "answerCallbackQuery": "answer",
}
REFUSALS: dict[Refusal, tuple[int, str]] = {
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "empty": (400, "Bad Request: message text is empty"),
    "too_long": (400, "Bad Request: message is too long"),
    "caption": (400, "Bad Request: message caption is too long"),
    "button": (400, "Bad Request: BUTTON_DATA_INVALID"),
    "not_modified": (400, "Bad Request: message is not modified: specified new content is exactly the same"),
    "no_reply": (400, "Bad Request: message to be replied not found"),
    "no_message": (400, "Bad Request: message to edit not found"),
}
_FILE = {"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}
OTHERS: dict[Other, dict[str, Any]] = {
    "sticker": {"sticker": {**_FILE, "type": "regular", "is_animated": False, "is_video": False}},
    "photo": {"photo": [_FILE]},
    "animation": {"animation": {**_FILE, "duration": 1}, "document": {"file_id": "x", "file_unique_id": "x"}},
    "location": {"location": {"latitude": 1.0, "longitude": 1.0}},
    "contact": {"contact": {"phone_number": "1", "first_name": "Ben"}},
    "poll": {
        "poll": {
            "id": "1",
            "question": "When?",
            "options": [{"persistent_id": "1", "text": "Now", "voter_count": 0}],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
    },
    "dice": {"dice": {"emoji": "\U0001f3b2", "value": 1}},
    "story": {"story": {"chat": {"id": 8, "type": "private"}, "id": 1}},
}


@dataclass
class Call:
    """A call of the bot: its method, its fields, and the files that came along."""

    method: str
    fields: dict[str, Any]
    files: dict[str, web.FileField] = field(default_factory=dict)


async def read_call(method: str, request: web.Request) -> Call:
    if request.content_type == "application/json":
        return Call(method, await request.json())
    # A form is read whatever the verb: telebot sends one with GET.
    written = dict(parse_qsl(await request.text())) if request.method == "GET" else {}
    call = Call(method, {**request.query, **written})
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            call.files[name] = value
        else:
            call.fields[name] = value
    for name, value in call.fields.items():
        if isinstance(value, str) and value[:1] in "[{":
            call.fields[name] = json.loads(value)
    return call


def seen_by(call: Call, number: int) -> Seen:
    told = call.fields
    markup = told.get("reply_markup") or {}
    reply = told.get("reply_parameters") or {}
    file = next(iter(call.files.values()), None)
    return Seen(
        METHODS[call.method],
        int(told.get("chat_id", 0)),
        text=str(told.get("text") or told.get("caption") or told.get("action") or told.get("callback_query_id") or ""),
        number=number,
        buttons=[[(key["text"], key["callback_data"]) for key in row] for row in markup.get("inline_keyboard", ())],
        audio=file.file.read() if file else b"",
        media_type=file.content_type if file else "",
        seconds=int(told.get("duration") or 0),
        replies_to=reply.get("message_id"),
    )
