"""The older dialect of Realtime clients, as tables: what they send becomes the current one, what they get the old one.

Chosen for a connection by the header `OpenAI-Beta: realtime=v1`, by the subprotocol `openai-beta.realtime-v1`, or by a
flat first `session.update`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADER_VALUE = "realtime=v1"
SUBPROTOCOL = "openai-beta.realtime-v1"

Event = dict[str, Any]

EVENTS = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}
"""Ours -> theirs."""
UNKNOWN = frozenset({"conversation.item.done"})
"""Events that the older dialect has not."""
FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
CONTENTS = {"text": "output_text", "audio": "output_audio"}
"""Contents of an assistant's message: theirs -> ours."""
FLAT = {
    "instructions": ("instructions",),
    "tools": ("tools",),
    "tool_choice": ("tool_choice",),
    "temperature": ("temperature",),
    "model": ("model",),
    "include": ("include",),
    "tracing": ("tracing",),
    "prompt": ("prompt",),
    "max_response_output_tokens": ("max_output_tokens",),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "output_audio_format": ("audio", "output", "format"),
    "input_audio_format": ("audio", "input", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
}
"""Fields of a session: theirs -> the way to ours."""
MARKS = (FLAT.keys() - {"instructions", "tools", "tool_choice", "model", "include", "tracing", "prompt"}) | {
    "modalities"
}
"""Fields by which a flat session is told from a current one."""

_OLD_FORMATS = {new: old for old, new in FORMATS.items()}
_OLD_CONTENTS = {new: old for old, new in CONTENTS.items()}


def is_flat(command: Mapping[str, Any]) -> bool:
    """True if a command is written in the older dialect."""
    if command.get("type") == "transcription_session.update":
        return True
    session = command.get("session")
    if command.get("type") != "session.update" or not isinstance(session, Mapping):
        return False
    return "audio" not in session and not MARKS.isdisjoint(session)


def incoming(command: Mapping[str, Any]) -> Event:
    """A command in the current dialect. What has an unexpected shape is left for the schema to refuse."""
    result = dict(command)
    if result.get("type") == "transcription_session.update":
        result["type"] = "session.update"
    if isinstance(session := result.get("session"), Mapping):
        result["session"] = nested(session)
    if isinstance(response := result.get("response"), Mapping):
        result["response"] = _nested_response(response)
    if isinstance(item := result.get("item"), Mapping):
        result["item"] = _item(item, CONTENTS)
    return result


def nested(fields: Mapping[str, Any]) -> Event:
    """A flat session, or the fields of a response, as the current dialect has them."""
    result: Event = {name: value for name, value in fields.items() if name not in FLAT and name != "modalities"}
    for name, value in fields.items():
        if name in FLAT:
            *way, last = FLAT[name]
            _place(result, way)[last] = _format(value) if last == "format" else value
    modalities = fields.get("modalities")
    if isinstance(modalities, str) and modalities:
        modalities = [modalities]
    if isinstance(modalities, list):
        result["output_modalities"] = ["audio"] if "audio" in modalities else modalities
    return result


def _place(fields: Event, way: list[str]) -> Event:
    """The object at the end of the way, made where there is none."""
    for step in way:
        if not isinstance(fields.get(step), dict):
            fields[step] = {}
        fields = fields[step]
    return fields


def outgoing(event: Event) -> Event | None:
    """An event in the older dialect; None for one that it has not."""
    if event["type"] in UNKNOWN:
        return None
    result = event | {"type": EVENTS.get(event["type"], event["type"])}
    if "session" in event:
        result["session"] = flattened(event["session"])
        if event["session"].get("type") == "transcription":
            result["type"] = f"transcription_{event['type']}"
    if "response" in event:
        result["response"] = _old_response(event["response"])
    if "item" in event:
        result["item"] = _item(event["item"], _OLD_CONTENTS)
    return result


def flattened(session: Mapping[str, Any]) -> Event:
    result: Event = {"id": session["id"], "object": session["object"], "expires_at": session["expires_at"]}
    for name, way in FLAT.items():
        value: Any = session
        for step in way:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None or name in ("turn_detection", "input_audio_transcription", "input_audio_noise_reduction"):
            result[name] = _old_format(value) if way[-1] == "format" else value
    if "output_modalities" in session:
        result["modalities"] = _old_modalities(session["output_modalities"])
        result.setdefault("temperature", 0.8)
    return result


def _nested_response(response: Mapping[str, Any]) -> Event:
    result = nested(response)
    if isinstance(items := result.get("input"), list):
        result["input"] = [_item(item, CONTENTS) if isinstance(item, Mapping) else item for item in items]
    return result


def _old_response(response: Mapping[str, Any]) -> Event:
    result = dict(response)
    output = result.pop("audio", {}).get("output", {})
    result["modalities"] = _old_modalities(result.pop("output_modalities"))
    result["output"] = [_item(item, _OLD_CONTENTS) for item in response["output"]]
    return result | {"voice": output.get("voice"), "output_audio_format": _old_format(output.get("format"))}


def _item(item: Mapping[str, Any], names: Mapping[str, str]) -> Event:
    """Renames the contents of an assistant's message by these names."""
    contents = item.get("content")
    if item.get("role") != "assistant" or not isinstance(contents, list):
        return dict(item)
    return {**item, "content": [_retyped(part, names) for part in contents]}


def _retyped(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, dict) and isinstance(part.get("type"), str):
        return {**part, "type": names.get(part["type"], part["type"])}
    return part


def _format(value: Any) -> Any:
    return {"type": FORMATS[value]} if isinstance(value, str) and value in FORMATS else value


def _old_format(value: Any) -> Any:
    return _OLD_FORMATS.get(str(value.get("type")), "pcm16") if isinstance(value, Mapping) else value


def _old_modalities(modalities: list[str]) -> list[str]:
    return ["text", "audio"] if "audio" in modalities else modalities
