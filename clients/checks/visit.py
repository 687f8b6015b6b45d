"""One round through a server: what the checks know of it, and what it answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clients.caller import Answer, Caller


class Failed(Exception):
    """The endpoint did not do its work; the message says what came instead."""


class Visit:
    """One round through a server: what the checks know, and every answer of the current one."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.answers: list[Answer] = []
        self.speech = b""
        """A WAV file, once the server has spoken."""
        self.file_id = ""
        self.voice_id = ""
        """A voice of the library that was made."""
        self.consent_id = ""
        self.custom_voice_id = ""
        self.job = ""
        """The job that was started."""
        self.batch = ""
        """The job of many items that was begun."""
        self.user_id = ""
        self.key_id = ""
        """The user and the key that were made."""
        self.engines: list[dict[str, Any]] = []
        """As GET /engines lists them."""
        self.model = "tts-1"

    def get(self, path: str, *, refusals: tuple[int, ...] = ()) -> Answer:
        return self._seen(self._caller.ask("GET", path), refusals)

    def delete(self, path: str, *, refusals: tuple[int, ...] = ()) -> Answer:
        return self._seen(self._caller.ask("DELETE", path), refusals)

    def post(self, path: str, value: Any, method: str = "POST", *, refusals: tuple[int, ...] = ()) -> Answer:
        return self._seen(self._caller.post(path, value, method), refusals)

    def send(self, path: str, *, part: str = "file", refusals: tuple[int, ...] = (), **fields: str) -> Answer:
        """A form with the speech that the server itself has made, as a part of this name."""
        if not self.speech:
            raise Failed("not tried: the server has not spoken")
        return self._seen(self._caller.send_file(path, self.speech, "smoke.wav", part, **fields), refusals)

    def can(self, ability: str) -> bool:
        """True if an installed engine has this ability."""
        return any(each["abilities"].get(ability) for each in self.engines if each["state"] != "not_installed")

    def _seen(self, answer: Answer, refusals: tuple[int, ...] = ()) -> Answer:
        self.answers.append(answer)
        if not answer.ok and answer.status not in refusals:
            raise Failed(answer.complaint())
        return answer


Check = Callable[[Visit], str]
