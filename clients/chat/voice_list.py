"""Voices of the server, kept for a while."""

from __future__ import annotations

import asyncio

from clients.chat.speech import ServerFailed, SpeechServer


class VoiceList:
    """Voices of the engines that can speak now, asked for again when they are old."""

    def __init__(self, server: SpeechServer, seconds: float = 60.0) -> None:
        self._server = server
        self._seconds = seconds
        self._until = 0.0
        self._voices: list[dict[str, object]] = []
        self._languages: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()
        self._failed: tuple[float, ServerFailed] | None = None
        """When the server was asked in vain last, and why."""

    async def all(self) -> list[dict[str, object]]:
        """Objects of `GET /voices`, but those of engines that are not installed; old ones while others are asked for.

        Raises ServerFailed where there is none to fall back on.
        """
        if self._voices and self._lock.locked():
            # Somebody asks for newer ones; nobody waits for a server that may be away.
            return self._voices
        came = asyncio.get_running_loop().time()
        async with self._lock:
            if self._failed is not None and self._failed[0] >= came:
                # Whoever waited with the one that asked has waited for the server as long.
                raise self._failed[1].again()
            now = asyncio.get_running_loop().time()
            if now >= self._until:
                try:
                    engines = await self._server.get("/engines")
                    able = {engine["name"] for engine in engines if engine["available"]}
                    self._voices = [each for each in await self._server.get("/voices") if each["engine"] in able]
                    # Asked for with each text, and there are hundreds.
                    self._languages = _languages(self._voices)
                except ServerFailed as failure:
                    if not self._voices:
                        self._failed = asyncio.get_running_loop().time(), failure
                        raise
                self._until = now + self._seconds
            return self._voices

    async def languages(self) -> frozenset[str]:
        """First parts of the tags of languages that somebody speaks."""
        await self.all()
        return self._languages


def _languages(voices: list[dict[str, object]]) -> frozenset[str]:
    tags = {str(tag) for voice in voices for tag in _list(voice.get("languages"))}
    return frozenset(tag.partition("-")[0].lower() for tag in tags)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
