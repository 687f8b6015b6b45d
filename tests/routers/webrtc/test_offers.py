"""Offers: what is left of them, and what is wrong with those that are refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.webrtc.offers import MOST_CANDIDATES, MOST_CHARACTERS, read_offer
from stts.errors import InvalidRequest, PayloadTooLarge

DIGEST = ":".join(["AB"] * 32)
AUDIO = [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9",
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:1 1 udp 2113937151 192.168.1.7 51234 typ host generation 0 network-cost 999",
    "a=candidate:2 1 udp 2113937150 0f0b3c9a-6f5e-4b1c-9a59-1f1b6a1f3a5d.local 51235 typ host",
    "a=candidate:3 1 tcp 1518280447 192.168.1.7 9 typ host tcptype active",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=ice-options:trickle",
    f"a=fingerprint:sha-256 {DIGEST}",
    "a=setup:actpass",
    "a=mid:0",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=sendrecv",
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:9 G722/8000",
]
CHANNEL = [
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    f"a=fingerprint:sha-256 {DIGEST}",
    "a=setup:actpass",
    "a=mid:1",
    "a=sctp-port:5000",
    "a=max-message-size:262144",
]
HEAD = ["v=0", "o=- 4611 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "a=extmap-allow-mixed"]


def offer(*lines: str, end: str = "\r\n") -> str:
    return end.join([*lines, ""])


BROWSER = offer(*HEAD, *AUDIO, *CHANNEL)


def test_what_a_call_needs_is_left_of_a_browsers_offer() -> None:
    read = read_offer(BROWSER)
    lines = read.sdp.split("\r\n")
    assert read.has_channel and read.listens
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111" in lines and "a=rtpmap:111 opus/48000/2" in lines
    assert {line for line in lines if "candidate" in line} == {
        "a=candidate:1 1 udp 2113937151 192.168.1.7 51234 typ host"
    }
    assert "a=group:BUNDLE 0 1" in lines and "a=max-message-size:262144" in lines
    assert not any("G722" in line or "extmap" in line for line in lines)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n\r\n"])
def test_lines_end_as_they_like(end: str) -> None:
    assert read_offer(offer(*HEAD, *AUDIO, *CHANNEL, end=end)) == read_offer(BROWSER)


def test_an_offer_without_a_channel_is_a_call_without_events() -> None:
    assert not read_offer(offer(*HEAD[:4], *AUDIO)).has_channel


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_caller_that_plays_nothing_is_known(direction: str) -> None:
    assert not read_offer(BROWSER.replace("a=sendrecv", f"a={direction}")).listens


def test_what_stands_before_the_sections_holds_for_each() -> None:
    mine = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    common = [line for line in CHANNEL if line.startswith(mine)]
    rest = [line for line in AUDIO + CHANNEL if not line.startswith(mine)]
    assert read_offer(offer(*HEAD, *common, *rest)).sdp.count("a=ice-ufrag:abcd") == 2


@pytest.mark.parametrize(("bundle", "user"), [("0 1", "abcd"), ("1 0", "wxyz")])
def test_the_transport_is_that_of_the_section_named_first(bundle: str, user: str) -> None:
    """Clients that could do without a bundle bring one for each section, and close those that they do not use."""
    other = [line.replace("abcd", "wxyz") for line in CHANNEL] + ["a=candidate:9 1 udp 1 192.168.1.7 6000 typ host"]
    head = [line.replace("BUNDLE 0 1", f"BUNDLE {bundle}") for line in HEAD]
    lines = read_offer(offer(*head, *AUDIO, *other)).sdp.split("\r\n")
    assert {line for line in lines if "ice-ufrag" in line} == {f"a=ice-ufrag:{user}"}
    ports = {line.split()[5] for line in lines if "candidate" in line}
    assert ports == {"51234" if user == "abcd" else "6000"}


def test_few_addresses_of_many_are_tried() -> None:
    many = [f"a=candidate:{n} 1 udp 1 10.0.0.{n} 5000 typ host" for n in range(1, 200)]
    assert read_offer(offer(*HEAD[:4], *AUDIO, *many)).sdp.count("a=candidate") == MOST_CANDIDATES


@pytest.mark.parametrize("host", ["224.0.0.1", "0.0.0.0", "ff02::1", "a.local", "example.org", "999.1.1.1"])
def test_no_packet_goes_to_what_is_no_address_of_one_machine(host: str) -> None:
    assert (
        "candidate"
        not in read_offer(offer(*HEAD[:4], *AUDIO[:2], *AUDIO[6:], f"a=candidate:1 1 udp 1 {host} 5000 typ host")).sdp
    )


WRONG = {
    "nothing": "",
    "no description": "hello",
    "JSON": '{"sdp": "v=0"}',
    "no section": offer(*HEAD),
    "no audio": offer(*HEAD, *CHANNEL),
    "two of audio": offer(*HEAD, *AUDIO, *AUDIO),
    "video": offer(*HEAD, *AUDIO, *CHANNEL, "m=video 9 UDP/TLS/RTP/SAVPF 96"),
    "no bundle": offer(*HEAD[:4], *AUDIO, *CHANNEL),
    "no Opus": BROWSER.replace("opus/48000/2", "PCMU/8000"),
    "no multiplexing": BROWSER.replace("a=rtcp-mux\r\n", ""),
    "no password": BROWSER.replace("a=ice-pwd", "a=other"),
    "a short password": BROWSER.replace("0123456789012345678901", "short"),
    "no certificate": BROWSER.replace("a=fingerprint", "a=other"),
    "a digest of another length": BROWSER.replace(DIGEST, "AB:CD"),
    "a weak digest": BROWSER.replace("sha-256", "md5"),
    "a role that is none": BROWSER.replace("actpass", "maybe"),
    "a section that cannot be read": BROWSER.replace("m=audio 9", "m=audio x"),
    "no channel in its section": BROWSER.replace("webrtc-datachannel", "other"),
    "a port that is none": BROWSER.replace("sctp-port:5000", "sctp-port:99999999999"),
    "a name that is none": BROWSER.replace("a=mid:0", "a=mid:0 0"),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=list(WRONG))
def test_what_is_no_offer_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_offer(text)
    assert refused.value.param == "sdp" and len(refused.value.message) > 20


def test_a_huge_one_is_not_read() -> None:
    with pytest.raises(PayloadTooLarge):
        read_offer(BROWSER + "a" * MOST_CHARACTERS)


@given(st.data())
def test_whatever_comes_is_read_or_refused(data: st.DataObject) -> None:
    lines = [*HEAD, *AUDIO, *CHANNEL]
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            st.sampled_from([lines[at][: len(lines[at]) // 2], "", f"{lines[at]}é", *lines]) | st.text()
        )
    with suppress(InvalidRequest, PayloadTooLarge):
        read_offer(offer(*lines))
