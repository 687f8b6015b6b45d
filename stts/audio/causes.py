"""Explains why a file cannot be decoded, from its first bytes; the message never quotes them."""

from __future__ import annotations

HEAD_BYTES = 4096
"""Bytes read from the start of a file to recognise its format."""

EMPTY = "The file is empty."
NO_TRACK = "The video has no audio track."
NO_INDEX = "The MP4 file has no index (moov): its recording or its transfer ended too early. Send it again, or mend it."
NO_DECODER = (
    "The audio is encrypted, or in a codec that nothing here decodes. Convert it to WAV, FLAC or MP3 and send that."
)
NO_SAMPLES = "The file has the header of a recording, and no audio behind it."
DAMAGED = "Nothing of the recording can be decoded: it is damaged or encrypted."
UNKNOWN = (
    "The file is no audio or video of any kind known here. Send WAV, FLAC, MP3, Ogg, WebM, MP4 or any other recording; "
    "bare samples need the header of a WAV file."
)

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "The file is a PDF document, not a recording."),
    (b"PK\x03\x04", "The file is a ZIP archive or an office document, not a recording. Unpack it first."),
    (b"\x1f\x8b", "The file is compressed (gzip). Unpack it first."),
    (b"Rar!\x1a\x07", "The file is a RAR archive. Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "The file is a 7z archive. Unpack it first."),
    (b"\x89PNG\r\n", "The file is an image (PNG), not a recording."),
    (b"\xff\xd8\xff", "The file is an image (JPEG), not a recording."),
    (b"GIF8", "The file is an image (GIF), not a recording."),
    (b"II*\x00", "The file is an image (TIFF), not a recording."),
    (b"MM\x00*", "The file is an image (TIFF), not a recording."),
    (b"#EXTM3U", "The file is a playlist, which names recordings. Send the recording itself."),
    (b"ffconcat", "The file is a playlist, which names recordings. Send the recording itself."),
    (b"[playlist]", "The file is a playlist, which names recordings. Send the recording itself."),
    (b"MThd", "The file is MIDI: notes, not a recording."),
    (b"version https://git-lfs", "The file is a pointer of Git LFS, not the recording: fetch that with git lfs pull."),
)
"""First bytes of file formats -> what an error message calls them."""
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
_IMAGE_BRANDS = (b"avif", b"heic", b"heix", b"mif1")


def cause(head: bytes, default: str) -> str:
    """Returns the message for a file that cannot be decoded.

    `head`: its first bytes; `default`: the message where they match no known format.
    """
    if not head:
        return EMPTY
    for mark, message in _MARKS:
        if head.startswith(mark):
            return message
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "The file is an image (WebP), not a recording."
    if head[4:8] == b"ftyp":
        return "The file is an image, not a recording." if head[8:12] in _IMAGE_BRANDS else default
    return _written(head) or default


def is_movie(head: bytes) -> bool:
    """True if the file begins as MP4, M4A and MOV files do."""
    return head[4:8] in (b"ftyp", b"mdat", b"wide", b"moov")


def _written(head: bytes) -> str | None:
    """Describes a text file; None where the bytes are no text."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    start = text[:64].lower()
    if start.startswith(_PAGES):
        return "The file is a web page (HTML), not a recording: perhaps the error page of a download."
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head) or not _is_unicode(head):
        return None
    if start.startswith((b"{", b"[")):
        return "The file is JSON, not a recording: perhaps the error of a download."
    if start.startswith(b"<"):
        return "The file is XML, not a recording: perhaps the error of a download."
    if start.startswith(b"data:audio/"):
        return "The file is a data URL, not a recording: decode its base64 first."
    return "The file is text, not a recording."


def _is_unicode(head: bytes) -> bool:
    """True for UTF-8, also where it is cut within its last character."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3
    return True
