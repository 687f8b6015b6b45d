"""The built-in engines that default settings name, and what hosted names of models mean with them.

No section names an engine itself: with other engines built in, this file changes.
"""

from __future__ import annotations

from collections.abc import Mapping

SPEAKING_ENGINES = ("chatterbox_turbo", "chatterbox", "chatterbox_multilingual", "hibari", "piper", "kokoro", "espeak")
LISTENING_ENGINES = ("whisper", "faster_whisper", "pocketsphinx")
BASE_ENGINES = ("hibari", "faster_whisper")
"""Those that the base install brings: without one of them another engine speaks or listens, and the server says so."""
SPEECH_DETECTOR = "silero"
TURN_DETECTOR = "smart_turn"
SPEAKER_DETECTOR = "speaker_embedding"
HOSTED_MODELS: Mapping[str, str] = {
    "tts-1": "auto",
    "tts-1-hd": "auto",
    "gpt-4o-mini-tts": "auto",
    "gpt-4o-mini-tts-2025-12-15": "auto",
    "whisper-1": "auto",
    "gpt-transcribe": "auto",
    "gpt-4o-transcribe": "auto",
    "gpt-4o-mini-transcribe": "auto",
    "gpt-4o-mini-transcribe-2025-12-15": "auto",
    "gpt-4o-transcribe-diarize": "auto",
    "gpt-live-transcribe": "auto",
    "gpt-realtime-whisper": "auto",
    "kokoro": "auto",
}
