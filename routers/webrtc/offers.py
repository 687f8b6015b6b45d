"""Offers of clients (SDP): read within bounds, and reduced to the lines that a voice call needs.

The transport underneath is given nothing that was not understood here, so what is wrong with an offer is told in words
and no part of it can surprise the parser of another library. Candidates that are names (`.local`, by which browsers
hide their addresses) are left out: such a client reaches the candidates of the answer, and its first packet tells where
it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from stts.errors import InvalidRequest, PayloadTooLarge

MOST_CHARACTERS = 65_536
MOST_CANDIDATES = 32
"""Candidates of a client that are tried: each is an address that packets are sent to."""
AUDIO, CHANNEL = "audio", "application"
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
ROLES = ("actpass", "active", "passive")
HASHES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Digests of certificates that are checked, and their lengths in bytes."""

MEDIA = re.compile(r"m=([a-z]+) (\d{1,5}) ([A-Z/]+) (\S.*)")
TOKEN = re.compile(r"[!#$%&'*+.^_`{|}~0-9A-Za-z-]{1,64}")
UFRAG, PASSWORD = re.compile(r"[a-zA-Z0-9+/]{4,256}"), re.compile(r"[a-zA-Z0-9+/]{22,256}")
RTPMAP = re.compile(r"(\d{1,3}) opus/48000/2", re.IGNORECASE)
CANDIDATE = re.compile(
    r"([a-zA-Z0-9+/]{1,32}) 1 udp (\d{1,10}) (\S{1,64}) (\d{1,5}) typ (host|srflx|relay)\b.*", re.IGNORECASE
)
FINGERPRINT = re.compile(r"(\S{1,16}) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+)")


@dataclass(frozen=True, slots=True)
class Offer:
    sdp: str
    """The rest of it, in the form that it came in."""
    listens: bool
    """The client plays audio."""
    has_channel: bool
    """The client opens data channels, on which it is told of events."""


def read_offer(text: str) -> Offer:
    """Raises PayloadTooLarge, and InvalidRequest with what is missing or too much."""
    if len(text) > MOST_CHARACTERS:
        raise PayloadTooLarge(f"An offer has at most {MOST_CHARACTERS} characters.", param="sdp")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "v=0":
        raise _wrong("This is no session description: an offer begins with the line v=0.")
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    head = lines[: starts[0]] if starts else lines
    sections = [_Section(lines[at:end]) for at, end in zip(starts, [*starts[1:], len(lines)], strict=False)]
    kinds = [section.kind for section in sections]
    if kinds.count(AUDIO) != 1:
        raise _wrong("An offer has one audio section: add one track or transceiver of kind audio.")
    if kinds.count(CHANNEL) > 1 or len(kinds) > 1 + kinds.count(CHANNEL):
        raise _wrong("An offer has one audio section and at most one for data channels, and nothing else.")
    bundled = _bundled(head)
    if len(sections) > 1 and not {section.mid for section in sections} <= {*bundled}:
        raise _wrong("The sections of an offer share one transport: a=group:BUNDLE names all of them.")
    audio = next(section for section in sections if section.kind == AUDIO)
    # Each section may bring a transport of its own, for answers that do not bundle; what is shared is that of the
    # section named first (RFC 9143, 7.2.1), and the client closes the others.
    shared = min(sections, key=lambda section: bundled.index(section.mid) if section.mid in bundled else 0)
    transport = shared.transport(head)
    reduced = [line for section in sections for line in [*section.reduced(), *transport]]
    mids = " ".join(section.mid for section in sections)
    top = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    return Offer("\r\n".join([*top, *reduced, ""]), audio.direction in ("sendrecv", "recvonly"), CHANNEL in kinds)


class _Section:
    """One m= section. What may stand before all sections holds for each of them."""

    def __init__(self, lines: list[str]) -> None:
        found = MEDIA.fullmatch(lines[0])
        if found is None:
            raise _wrong("An m= line of the offer cannot be read.")
        self.kind, _, self.profile, self.formats = found.groups()
        self._lines = lines[1:]
        self.mid = next(iter(_values("mid", lines)), "0")
        if not TOKEN.fullmatch(self.mid):
            raise _wrong("A section of the offer has no usable a=mid.")
        directions = [line[2:] for line in lines if line[2:] in DIRECTIONS]
        self.direction = directions[-1] if directions else "sendrecv"

    def reduced(self) -> list[str]:
        """All but its transport."""
        rest = self._audio() if self.kind == AUDIO else self._channel()
        return [*rest, f"a=mid:{self.mid}"]

    def _audio(self) -> list[str]:
        if "a=rtcp-mux" not in self._lines:
            raise _wrong("The audio section of the offer needs a=rtcp-mux.")
        types = [found[1] for value in _values("rtpmap", self._lines) if (found := RTPMAP.fullmatch(value))]
        usable = [each for each in types if 96 <= int(each) <= 127 or 35 <= int(each) <= 63]
        if not usable:
            raise _wrong("The audio section of the offer has no Opus (a=rtpmap:<type> opus/48000/2).")
        return [
            f"m=audio 9 UDP/TLS/RTP/SAVPF {usable[0]}",
            "c=IN IP4 0.0.0.0",
            "a=rtcp-mux",
            f"a={self.direction}",
            f"a=rtpmap:{usable[0]} opus/48000/2",
        ]

    def _channel(self) -> list[str]:
        if "DTLS/SCTP" not in self.profile or "webrtc-datachannel" not in self.formats:
            raise _wrong("The section for data channels is none: m=application 9 UDP/DTLS/SCTP webrtc-datachannel.")
        port = _number(_values("sctp-port", self._lines), "5000", 65_535)
        size = _number(_values("max-message-size", self._lines), "65536", 2**32 - 1)
        return [
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            f"a=sctp-port:{port}",
            f"a=max-message-size:{size}",
        ]

    def transport(self, head: list[str]) -> list[str]:
        lines = [*head, *self._lines]
        user, password = _last("ice-ufrag", lines), _last("ice-pwd", lines)
        if not (UFRAG.fullmatch(user) and PASSWORD.fullmatch(password)):
            raise _wrong("The offer has no usable a=ice-ufrag and a=ice-pwd.")
        role = _last("setup", lines) or "actpass"
        if role not in ROLES:
            raise _wrong("a=setup of the offer is actpass, active or passive.")
        prints = [value for value in _values("fingerprint", lines) if _is_fingerprint(value)]
        if not prints:
            raise _wrong("The offer has no a=fingerprint of a certificate (sha-256).")
        lite = ["a=ice-lite"] if "a=ice-lite" in head else []
        return [
            f"a=ice-ufrag:{user}",
            f"a=ice-pwd:{password}",
            f"a=setup:{role}",
            *lite,
            *(f"a=fingerprint:{value}" for value in prints[:4]),
            *(f"a=candidate:{value}" for value in _candidates(self._lines)),
        ]


def _candidates(lines: list[str]) -> Iterable[str]:
    """Those that packets can be sent to."""
    taken = 0
    for value in _values("candidate", lines):
        found = CANDIDATE.fullmatch(value)
        if found is None or taken == MOST_CANDIDATES:
            continue
        foundation, priority, host, port, kind = found.groups()
        if _is_address(host) and 0 < int(port) < 65_536 and int(priority) < 2**32:
            taken += 1
            yield f"{foundation} 1 udp {priority} {host} {port} typ {kind.lower()}"


def _bundled(head: list[str]) -> list[str]:
    return [mid for value in _values("group", head) if value.startswith("BUNDLE ") for mid in value.split()[1:]]


def _values(name: str, lines: list[str]) -> list[str]:
    start = f"a={name}:"
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


def _last(name: str, lines: list[str]) -> str:
    values = _values(name, lines)
    return values[-1] if values else ""


def _number(values: list[str], usual: str, most: int) -> int:
    value = values[-1] if values else usual
    if not value.isascii() or not value.isdigit() or len(value) > 10 or int(value) > most:
        raise _wrong("A number in the section for data channels cannot be read.")
    return int(value)


def _is_fingerprint(value: str) -> bool:
    found = FINGERPRINT.fullmatch(value)
    return found is not None and HASHES.get(found[1].lower()) == len(found[2].split(":"))


def _is_address(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="sdp")
