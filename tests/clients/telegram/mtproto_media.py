"""Files and other things that people send, in the types of MTProto."""

from __future__ import annotations

from typing import Any

from clients.telegram.messenger import Other
from tests.clients.telegram.people import Recording

DATE = 1_700_000_000
CENTRE = 2
"""Number of the data centre where everything is."""


def other_media(types: Any, kind: Other) -> Any:
    """`types`: the module of a library's types."""
    makers = {
        "sticker": lambda: _document(
            types, types.DocumentAttributeSticker(alt="", stickerset=types.InputStickerSetEmpty())
        ),
        "animation": lambda: _document(
            types, types.DocumentAttributeAnimated(), types.DocumentAttributeVideo(duration=1, w=1, h=1)
        ),
        "photo": lambda: types.MessageMediaPhoto(photo=_photo(types)),
        "location": lambda: types.MessageMediaGeo(geo=types.GeoPoint(long=1.0, lat=1.0, access_hash=1)),
        "contact": lambda: types.MessageMediaContact(
            phone_number="1", first_name="Ben", last_name="", vcard="", user_id=0
        ),
        "poll": lambda: types.MessageMediaPoll(poll=_poll(types), results=types.PollResults()),
        "dice": lambda: types.MessageMediaDice(value=1, emoticon="\U0001f3b2"),
        "story": lambda: types.MessageMediaStory(peer=types.PeerUser(user_id=7), id=1),
    }
    return makers[kind]()


def recorded(types: Any, recording: Recording, number: int) -> Any:
    about: dict[str, list[Any]] = {
        "voice": [types.DocumentAttributeAudio(duration=3, voice=True)],
        "audio": [types.DocumentAttributeAudio(duration=3)],
        "video": [types.DocumentAttributeVideo(duration=3, w=1, h=1)],
        "video_note": [types.DocumentAttributeVideo(duration=3, w=1, h=1, round_message=True)],
        "document": [],
    }
    name = [types.DocumentAttributeFilename(file_name=recording.name)] if recording.name else []
    document = types.Document(
        id=number,
        access_hash=1,
        file_reference=b"",
        date=DATE,
        mime_type=recording.media_type,
        size=len(recording.content) if recording.said_size is None else recording.said_size,
        dc_id=CENTRE,
        attributes=[*about[recording.kind], *name],
    )
    return types.MessageMediaDocument(document=document)


def _document(types: Any, *about: Any) -> Any:
    where = {"id": 1, "access_hash": 1, "file_reference": b"", "date": DATE, "dc_id": CENTRE}
    document = types.Document(**where, mime_type="video/mp4", size=10, attributes=list(about))
    return types.MessageMediaDocument(document=document)


def _photo(types: Any) -> Any:
    size = types.PhotoSize(type="x", w=1, h=1, size=10)
    return types.Photo(id=1, access_hash=1, file_reference=b"", date=DATE, sizes=[size], dc_id=CENTRE)


def _poll(types: Any) -> Any:
    def words(text: str) -> Any:
        return types.TextWithEntities(text=text, entities=[])

    answers = [types.PollAnswer(text=words("Now"), option=b"0"), types.PollAnswer(text=words("Later"), option=b"1")]
    return types.Poll(id=1, question=words("When?"), answers=answers, hash=0)
