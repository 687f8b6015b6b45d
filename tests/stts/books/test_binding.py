"""Bound audiobooks as other programs see them: mutagen for chapters, tags and cover, PyAV for what is heard."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import mutagen.id3
import mutagen.mp3
import mutagen.mp4
import numpy as np
import pytest

from stts.audio.decode import Decoder
from stts.audio.encode import Encoder
from stts.books.binding import BOOK_RATE, BookFormat, bind
from stts.books.book import BookInfo, CoverType
from stts.books.cover import prepared
from stts.books.parts import MOST_MARKS, DamagedPart, Part, marks
from stts.speech import AudioFormat
from tests.stts.books.epubs import picture

TITLES = ["Größe", "二", "The Third " + "ä" * 200]
FORMATS: Sequence[BookFormat] = ("m4b", "mp3")


def spoken(folder: Path, number: int, seconds: float, format: AudioFormat = "wav", rate: int = 22_050) -> Path:
    """A file with a tone, of its own pitch, of so many seconds."""
    encoder = Encoder(format, rate)
    times = np.arange(round(seconds * rate)) / rate
    samples = (0.3 * np.sin(2 * np.pi * (300 + 100 * number) * times)).astype(np.float32)
    path = folder / f"{number}.{format}"
    path.write_bytes(encoder.encode(samples) + encoder.finish())
    return path


def parts(folder: Path) -> list[Part]:
    formats: Sequence[tuple[AudioFormat, int]] = (("mp3", 24_000), ("flac", 16_000), ("opus", 48_000), ("aac", 44_100))
    return [
        Part(spoken(folder, number, 1.0 + number / 10, format, rate), 1.0 + number / 10, number // 2, 0.5, "Words.")
        for number, (format, rate) in enumerate((*formats, ("wav", 22_050)))
    ]


LENGTH = 5 * 1.5 + 1.0
"""Seconds of all parts with their silence."""
STARTS = [0.0, 3.1, 6.6]


@pytest.mark.parametrize(("codec", "media_type"), [("mjpeg", "image/jpeg"), ("png", "image/png")])
def test_an_m4b_has_chapters_cover_and_tags(tmp_path: Path, codec: str, media_type: CoverType) -> None:
    cover = prepared(picture(codec))
    assert cover.media_type == media_type
    bind(parts(tmp_path), TITLES, BookInfo("A Títle", "An Author", "de", cover), "m4b", tmp_path / "book.m4b")
    read = mutagen.mp4.MP4(tmp_path / "book.m4b")
    assert [chapter.start for chapter in read.chapters] == pytest.approx(STARTS, abs=0.002)
    assert [chapter.title for chapter in read.chapters] == [*TITLES[:2], TITLES[2][:120]]
    assert (read["\xa9nam"], read["\xa9ART"], read["\xa9gen"]) == (["A Títle"], ["An Author"], ["Audiobook"])
    assert bytes(read["covr"][0]) == cover.data
    assert read.info.length == pytest.approx(LENGTH, abs=0.1)
    head = (tmp_path / "book.m4b").read_bytes()
    assert head[8:12] == b"M4B " and head.find(b"moov") < head.find(b"mdat")


def test_an_mp3_has_chapters_cover_and_tags(tmp_path: Path) -> None:
    cover = prepared(picture("mjpeg"))
    bind(parts(tmp_path), TITLES, BookInfo("A Títle", "An Author", "de", cover), "mp3", tmp_path / "book.mp3")
    read = mutagen.mp3.MP3(tmp_path / "book.mp3")
    assert read.tags is not None
    found = sorted(read.tags.getall("CHAP"), key=lambda frame: frame.start_time)
    assert [frame.start_time / 1000 for frame in found] == pytest.approx(STARTS, abs=0.002)
    assert [str(frame.sub_frames["TIT2"]) for frame in found] == [*TITLES[:2], TITLES[2][:120]]
    assert len(read.tags.getall("CTOC")[0].child_element_ids) == 3
    assert (str(read.tags["TIT2"]), str(read.tags["TPE1"])) == ("A Títle", "An Author")
    image = read.tags.getall("APIC")[0]
    assert (image.mime, image.type, image.data) == ("image/jpeg", mutagen.id3.PictureType.COVER_FRONT, cover.data)
    assert read.info.length == pytest.approx(LENGTH, abs=0.1)


@pytest.mark.parametrize("format", FORMATS)
def test_every_part_is_heard_at_its_time(tmp_path: Path, format: BookFormat) -> None:
    """Pitches are found in the middle of each part, silence in that of each pause."""
    made = parts(tmp_path)
    bind(made, TITLES, BookInfo("A"), format, tmp_path / "book")
    samples = heard(tmp_path / "book")
    assert len(samples) / BOOK_RATE == pytest.approx(LENGTH, abs=0.1)
    start = 0.0
    for number, part in enumerate(made):
        middle = round((start + part.seconds / 2) * BOOK_RATE)
        spectrum = np.abs(np.fft.rfft(samples[middle - 2400 : middle + 2400]))
        assert np.argmax(spectrum) * BOOK_RATE / 4800 == pytest.approx(300 + 100 * number, abs=10)
        pause = round((start + part.seconds + 0.25) * BOOK_RATE)
        assert np.abs(samples[pause - 1200 : pause + 1200]).max() < 0.01
        start += part.seconds + part.pause


def heard(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return np.concatenate(list(Decoder(file, sample_rate=BOOK_RATE, max_seconds=60)))


def test_lengths_do_not_drift(tmp_path: Path) -> None:
    """A length that is no whole number of samples is right after many parts too."""
    path = spoken(tmp_path, 0, 0.2)
    many = [Part(path, 0.1 + 1 / 70_000, 0) for _ in range(300)]
    bind(many, [], BookInfo("A"), "m4b", tmp_path / "book.m4b")
    with av.open(str(tmp_path / "book.m4b")) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == pytest.approx(300 * (0.1 + 1 / 70_000) * BOOK_RATE, abs=1024)


def test_more_chapters_than_a_byte_counts_are_joined(tmp_path: Path) -> None:
    path = spoken(tmp_path, 0, 0.02)
    many = [Part(path, 0.02, number) for number in range(600)]
    titles = [f"No. {number}" for number in range(600)]
    bind(many, titles, BookInfo("A"), "mp3", tmp_path / "book.mp3")
    tags = mutagen.mp3.MP3(tmp_path / "book.mp3").tags
    assert tags is not None
    assert len(tags.getall("CHAP")) == len(tags.getall("CTOC")[0].child_element_ids) == 200 <= MOST_MARKS
    made = marks(many, titles)
    assert [mark.title for mark in made[:3]] == ["No. 0", "No. 3", "No. 6"]
    assert made[-1].end == 12_000
    assert all(one.end == two.start for one, two in pairwise(made))


@pytest.mark.parametrize("damage", ["missing", "cut off", "no audio"])
def test_a_damaged_part_is_named_and_leaves_no_file(tmp_path: Path, damage: str) -> None:
    made = parts(tmp_path)
    if damage == "missing":
        made[2].audio.unlink()
    else:
        data = made[2].audio.read_bytes()
        made[2].audio.write_bytes(data[: len(data) // 3] if damage == "cut off" else b"no audio at all")
    with pytest.raises(DamagedPart) as caught:
        bind(made, TITLES, BookInfo("A"), "m4b", tmp_path / "book.m4b")
    assert caught.value.number == 2
    assert not (tmp_path / "book.m4b").exists()


def test_work_that_nobody_wants_any_more_ends(tmp_path: Path) -> None:
    class Unwanted(Exception):
        pass

    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Unwanted

    with pytest.raises(Unwanted):
        bind(parts(tmp_path), TITLES, BookInfo("A"), "mp3", tmp_path / "book.mp3", checkpoint)
    assert not (tmp_path / "book.mp3").exists()


def test_how_much_is_bound_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    bind(parts(tmp_path), TITLES, BookInfo("A"), "mp3", tmp_path / "book.mp3", tell=told.append)
    assert told[0] == 0 and told == sorted(told) and 0.5 < told[-1] <= 1


def test_a_book_without_parts_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one part"):
        bind([], [], BookInfo("A"), "m4b", tmp_path / "book.m4b")
    assert not (tmp_path / "book.m4b").exists()
