"""Guilds, their channels and people, and how Discord describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"
APPLICATION = 1_000_000_000_000_000_001
"""The number of the bot and of its application, which are the same for most bots."""
NAME = "stts_test_bot"
EVERYTHING = str(((1 << 50) - 1) & ~(1 << 3))
"""All permissions but that of administrators, from whom no channel can be kept."""
JOINED = "2026-01-01T00:00:00.000000+00:00"

Payload = dict[str, Any]
numbers = count(1_400_000_000_000_000_000)
"""Numbers of messages, interactions and the rest, which grow with time."""


@dataclass
class Person:
    id: int
    name: str
    bot: bool = False

    @property
    def user(self) -> Payload:
        names = {"username": self.name.lower(), "global_name": self.name, "discriminator": "0"}
        return {"id": str(self.id), **names, "avatar": None, "bot": self.bot, "public_flags": 0}

    @property
    def member(self) -> Payload:
        joined = {"joined_at": JOINED, "premium_since": None, "pending": False}
        state = {"deaf": False, "mute": False, "flags": 0, "roles": [], "nick": None, "avatar": None}
        return {"user": self.user, **joined, **state}


BOT = Person(APPLICATION, NAME, bot=True)
ANNA = Person(1_000_000_000_000_000_007, "Anna")
BEN = Person(1_000_000_000_000_000_008, "Ben")


@dataclass
class Guild:
    """One text channel, two voice channels, and who is in which."""

    id: int
    name: str
    people: list[Person] = field(default_factory=lambda: [BOT, ANNA, BEN])
    forbidden: set[int] = field(default_factory=set)
    """Channels that the bot may not join or write to."""
    voices: dict[int, Payload] = field(default_factory=dict)
    """Voice state of each person who is in a channel, by number."""

    @property
    def text(self) -> int:
        return self.id + 1

    @property
    def lounge(self) -> int:
        return self.id + 2

    @property
    def attic(self) -> int:
        return self.id + 3

    def channel(self, number: int) -> Payload:
        kinds = {self.text: (0, "general"), self.lounge: (2, "Lounge"), self.attic: (2, "Attic")}
        kind, name = kinds[number]
        described = {"id": str(number), "type": kind, "name": name, "position": number - self.id, "nsfw": False}
        more = {"bitrate": 64_000, "user_limit": 0, "rtc_region": None, "rate_limit_per_user": 0, "topic": None}
        denied = EVERYTHING if number in self.forbidden else "0"
        overwrites = [{"id": str(APPLICATION), "type": 1, "allow": "0", "deny": denied}]
        return {**described, **more, "permission_overwrites": overwrites, "parent_id": None, "flags": 0}

    def state(self, person: Person, channel: int | None, session: str, **marks: bool) -> Payload:
        """The voice state of somebody, who joins a channel or leaves."""
        switches = dict.fromkeys(("deaf", "mute", "self_deaf", "self_mute", "self_video", "suppress"), False)
        place = {"guild_id": str(self.id), "channel_id": None if channel is None else str(channel)}
        who = {"user_id": str(person.id), "session_id": session, "member": person.member}
        state = {**place, **who, **switches, **marks, "request_to_speak_timestamp": None}
        if channel is None:
            self.voices.pop(person.id, None)
        else:
            self.voices[person.id] = state
        return state

    def described(self) -> Payload:
        """The content of GUILD_CREATE."""
        role = {"id": str(self.id), "name": "@everyone", "permissions": EVERYTHING, "position": 0, "color": 0}
        marks = {"hoist": False, "managed": False, "mentionable": False, "flags": 0}
        lists = ("emojis", "stickers", "features", "threads", "stage_instances", "guild_scheduled_events", "presences")
        named = {"id": str(self.id), "name": self.name, "owner_id": str(ANNA.id), "preferred_locale": "en-US"}
        state = {"unavailable": False, "large": False, "joined_at": JOINED, "member_count": len(self.people)}
        return {
            **named,
            **state,
            **{name: [] for name in lists},
            "roles": [role | marks],
            "channels": [self.channel(number) for number in (self.text, self.lounge, self.attic)],
            "members": [person.member for person in self.people],
            "voice_states": list(self.voices.values()),
        }


def message(channel: int, author: Person, content: str, number: int, guild: Guild | None = None) -> Payload:
    """A message, as MESSAGE_CREATE and the REST API tell it."""
    lists = ("attachments", "embeds", "mentions", "mention_roles", "components", "stickers")
    written = {"id": str(number), "channel_id": str(channel), "author": author.user, "content": content, "type": 0}
    marks = {"tts": False, "mention_everyone": False, "pinned": False, "flags": 0, "nonce": None}
    times = {"timestamp": "2026-11-30T12:00:00.000000+00:00", "edited_timestamp": None}
    place: Payload = {}
    if guild is not None:
        member = {name: value for name, value in author.member.items() if name != "user"}
        place = {"guild_id": str(guild.id), "member": member}
    return {**written, **marks, **times, **{name: [] for name in lists}, **place}


def guilds() -> Iterator[Guild]:
    yield Guild(1_100_000_000_000_000_000, "Harbour")
    yield Guild(1_200_000_000_000_000_000, "Library")
