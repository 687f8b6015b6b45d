"""Errors as the hosted service tells them: clients wait for these codes, and match messages by their beginnings.

All are of type `invalid_request_error`. docs/realtime.md has the same table; a test provokes each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from middleware.edge.problem import plain_name
from stts.errors import InvalidRequest, STTSError


@dataclass(frozen=True, slots=True)
class Form:
    code: str
    message: str
    """Messages with the names of the inserted values in braces."""
    param: str | None = None

    def error(self, **values: object) -> STTSError:
        """Texts of the client are only told where they are plain names."""
        shown = {name: plain_name(value) if isinstance(value, str) else value for name, value in values.items()}
        error = InvalidRequest(self.message.format(**shown), param=self.param)
        error.code = self.code
        return error


RETRIEVED_UNKNOWN = Form(
    "item_retrieve_invalid_item_id", "Error retrieving item: the item with id '{id}' does not exist."
)
DELETED_UNKNOWN = Form("item_delete_invalid_item_id", "Error deleting item: the item with id '{id}' does not exist.")
TRUNCATED_UNKNOWN = Form(
    "item_truncate_invalid_item_id", "Error truncating item: the item with id '{id}' does not exist."
)
TRUNCATED_UNSPOKEN = Form("invalid_value", "Only model output audio messages can be truncated.", "item_id")
TRUNCATED_BEYOND = Form(
    "invalid_value", "Audio content of {length}ms is already shorter than {asked}ms", "audio_end_ms"
)
CREATED_TWICE = Form("item_create_duplicate_item_id", "Error adding item: an item with id '{id}' already exists.")
CREATED_BEHIND_UNKNOWN = Form(
    "item_create_invalid_previous_item_id",
    "Error adding item: the previous item with id '{id}' does not exist.",
    "previous_item_id",
)
REFERRED_UNKNOWN = Form(
    "item_reference_invalid_item_id", "Error referencing item: the item with id '{id}' does not exist.", "item_id"
)
COMMITTED_NOTHING = Form(
    "input_audio_buffer_commit_empty",
    "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has "
    "0.00ms of audio.",
)
CANCELLED_NOTHING = Form("response_cancel_not_active", "Cancellation failed: no active response found")
ACTIVE = Form(
    "conversation_already_has_active_response",
    "Conversation already has an active response in progress: {id}. Wait until the response is finished before "
    "creating a new one.",
)
VOICE_IN_USE = Form(
    "cannot_update_voice",
    "Cannot update a conversation's voice if assistant audio is present.",
    "session.audio.output.voice",
)
FORMS = (
    RETRIEVED_UNKNOWN, DELETED_UNKNOWN, TRUNCATED_UNKNOWN, TRUNCATED_UNSPOKEN, TRUNCATED_BEYOND, CREATED_TWICE,
    CREATED_BEHIND_UNKNOWN, REFERRED_UNKNOWN, COMMITTED_NOTHING, CANCELLED_NOTHING, ACTIVE, VOICE_IN_USE,
)  # fmt: skip
CODES = {"invalid_parameter": "invalid_value", "unknown_voice": "invalid_value", "unsupported_format": "invalid_value"}
"""Ours -> the hosted service's, where a field is wrong."""
