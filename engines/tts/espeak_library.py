"""eSpeak NG through ctypes. The library keeps one global state: one of it, and one call at a time, in a process."""

from __future__ import annotations

import ctypes
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engines.tts.espeak_words import EspeakWords
from stts.errors import EngineError, EngineLoadFailed

BUFFER_MILLISECONDS = 200
"""Audio in one block. The first is ready after 0.3 ms; smaller ones only cost more changes of threads."""

LONGEST_DATA_PATH = 120
"""Bytes. The library keeps paths in fixed buffers of 160 and finds nothing behind longer ones."""

SYNCHRONOUS, DONT_EXIT = 2, 0x8000
CHARS_UTF8, END_PAUSE = 0x1, 0x1000
IPA = 0x02
"""Phoneme mode of espeak_TextToPhonemes."""
RATE, VOLUME, PITCH, RANGE, PUNCTUATION, WORD_GAP = 1, 2, 3, 4, 5, 7
"""Numbers of espeak_PARAMETER."""

Deliver = Callable[[bytes], bool]
"""Takes a block of 16-bit samples; False stops the synthesis."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Utterance:
    text: str
    """Free of control characters: the library takes some for commands."""
    voice: str
    """The library's name of it: `gmw/en-US+f3`."""
    end_pause: bool = False
    """True if the pause of the last punctuation mark is rendered."""
    parameters: Mapping[int, int] = field(default_factory=dict)
    words: EspeakWords | None = None
    """Reads when its words are said; None: nobody asks."""


class EspeakLibrary:
    """Loaded by the first `open()`, let go by the last `close()`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._rate = 0
        self._native: ctypes.CDLL | None = None
        self._deliver: Deliver | None = None
        self._words: EspeakWords | None = None
        self._callback = _Callback(self._on_audio)
        self._shortcut: tempfile.TemporaryDirectory[str] | None = None

    def open(self, library: Path, data: Path) -> int:
        """Returns the sample rate in Hz. Raises EngineLoadFailed."""
        with self._lock:
            if not self._users:
                self._start(library, data)
            self._users += 1
            return self._rate

    def _start(self, library: Path, data: Path) -> None:
        native = ctypes.CDLL(str(library))
        self._rate = int(native.espeak_Initialize(SYNCHRONOUS, BUFFER_MILLISECONDS, self._short(data), DONT_EXIT))
        if self._rate <= 0:
            raise EngineLoadFailed("eSpeak NG could not read its data folder.")
        native.espeak_SetSynthCallback(self._callback)
        native.espeak_TextToPhonemes.restype = ctypes.c_char_p
        native.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
        self._native = native

    def close(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._native is not None:
                self._native.espeak_Terminate()
                if self._shortcut is not None:
                    self._shortcut.cleanup()
                    self._shortcut = None

    def speak(self, utterance: Utterance, deliver: Deliver) -> None:
        """Blocks until everything is delivered or `deliver` has said no. Raises EngineError."""
        with self._lock:
            if self._native is None or not self._users:
                raise EngineError("eSpeak NG is not loaded.")
            self._deliver, self._words = deliver, utterance.words
            try:
                self._speak(self._native, utterance)
            finally:
                self._deliver = self._words = None

    def _speak(self, native: ctypes.CDLL, utterance: Utterance) -> None:
        if native.espeak_SetVoiceByName(utterance.voice.encode()) != 0:
            raise EngineError("eSpeak NG could not load the voice.")
        for parameter, value in utterance.parameters.items():
            native.espeak_SetParameter(parameter, value, 0)
        text = utterance.text.encode("utf-8", "replace")
        flags = CHARS_UTF8 | (END_PAUSE if utterance.end_pause else 0)
        if native.espeak_Synth(text, ctypes.c_size_t(len(text) + 1), 0, 0, 0, flags, None, None) != 0:
            raise EngineError("eSpeak NG could not speak the text.")

    def phonemes(self, text: str, voice: str) -> str:
        """The sounds of a text in IPA, a clause a line. `voice`: the library's name of it. Raises EngineError."""
        with self._lock:
            if self._native is None or not self._users:
                raise EngineError("eSpeak NG is not loaded.")
            if self._native.espeak_SetVoiceByName(voice.encode()) != 0:
                raise EngineError("eSpeak NG could not load the voice.")
            rest = ctypes.c_char_p(text.encode("utf-8", "replace"))
            clauses: list[str] = []
            while rest.value:
                told = self._native.espeak_TextToPhonemes(ctypes.byref(rest), CHARS_UTF8, IPA)
                clauses.append((told or b"").decode("utf-8", "replace"))
            return "\n".join(clauses)

    def _on_audio(self, samples: int | None, count: int, events: int | None) -> int:
        if self._words is not None and events:
            self._words.read(events)
        if not samples or not count or self._deliver is None:
            return 0
        return 0 if self._deliver(ctypes.string_at(samples, count * 2)) else 1

    def _short(self, data: Path) -> bytes:
        path = os.fsencode(data)
        if len(path) > LONGEST_DATA_PATH:
            self._shortcut = tempfile.TemporaryDirectory(prefix="espeak-")
            link = Path(self._shortcut.name, "espeak-ng-data")
            link.symlink_to(data, target_is_directory=True)
            path = os.fsencode(link)
        return path


LIBRARY = EspeakLibrary()
"""The one library of this process, shared by all engine instances."""
