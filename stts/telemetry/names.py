"""Names of everything in a trace: spans, attributes, events.

Conventions for speech are still proposals, so the names of speech are our own (`stts.`), and stand here alone. What
OpenTelemetry has agreed on (HTTP, errors) has its names.
"""

from __future__ import annotations

OPERATIONS = {
    "SpeechRequest": "speak",
    "ListenRequest": "transcribe",
    "HearRequest": "transcribe",
    "DetectRequest": "detect",
    "ProvenanceRequest": "check_provenance",
    "ReplyRequest": "reply",
    "ExchangeRequest": "converse",
}
"""Class of the request on its way through the pipeline -> span of the operation."""
OPERATION = "operation"
"""Span of an operation of any other request."""

# Parts of an operation: each from its first moment to its last, however many pieces it was done in.
QUEUE = "queue"
"""Waiting for a slot of an engine, a load included."""
ENGINE = "engine"
"""The engine at work, as the server sees it."""
ENGINE_PROCESS = "engine.process"
"""The engine at work, as its own process tells: inside `engine`. Of calls that are made together, each has one."""
DETECTION = "speech_detection"
"""Decoding a recording and finding speech in it."""
ENCODE = "encode"
"""Level, effects and encoding."""

# A turn of a conversation; its operations are children too.
TURN = "turn"
LISTENING = "listening"
"""From the first sound of the user to the last."""
ENDPOINTING = "endpointing"
"""From the last sound to the decision that the turn has ended."""
SPEAKING = "speaking"
"""From the first audio that was sent to the end of the reply."""

# Attributes.
METHOD = "http.request.method"
ROUTE = "http.route"
STATUS = "http.response.status_code"
ERROR = "error.type"
"""Machine code of an error."""
REQUEST_ID = "stts.request_id"
OUTCOME = "stts.outcome"
"""completed, error, cancelled; of a turn also: answered, empty, noise, interrupted, incomplete, failed, abandoned."""
ENGINE_NAME = "stts.engine"
VOICE = "stts.voice"
LANGUAGE = "stts.language"
FORMAT = "stts.format"
CHARACTERS = "stts.characters"
AUDIO_SECONDS = "stts.audio_seconds"
FALLBACK = "stts.fallback"
"""Code of why another engine did it than the one that would have been taken first."""
UNDERRUNS = "stts.underruns"
"""How often a listener had nothing to hear."""
PARTS = "stts.parts"
"""Pieces in which a part of an operation was done, where there is more than one."""
BUSY_SECONDS = "stts.busy_seconds"
"""Seconds of a part of an operation without what lies between its pieces."""
BATCH = "stts.batch"
"""Most calls that an engine's process made at once for this part, where it was more than one."""
LATE = "stts.late"
"""True for what began when that which it is a part of had ended already: words of a turn that came too late for it."""
TURN_NUMBER = "stts.turn"
PREPARED = "stts.prepared"
"""True where the reply was begun before the turn was known to be over."""
OUT_OF_BAND = "stts.out_of_band"

# Events.
FIRST_ITEM = "first_item"
"""The first audio or text of an operation is there."""
FELL_BACK = "fallback"
"""An engine went no further, and another was asked."""
FIRST_TOKEN = "first_token"
FIRST_AUDIO = "first_audio"
"""The first audio of a reply was made."""
FIRST_SENT = "first_sent"
"""The first audio of a reply was sent."""
WORDS = "words"
"""The words of a turn are known."""
