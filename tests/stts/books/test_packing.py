"""ZIP files that are sent while they are made, read by other programs."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from stts.books import packing
from stts.books.packing import Entry, file_name, zipped


async def entries_of(entries: Iterable[Entry]) -> AsyncIterator[Entry]:
    for entry in entries:
        yield entry


async def packed(entries: Iterable[Entry]) -> bytes:
    return b"".join([block async for block in zipped(entries_of(entries))])


async def test_entries_are_read_again_as_they_were(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    (tmp_path / "a.mp3").write_bytes(data)
    archive = zipfile.ZipFile(
        io.BytesIO(
            await packed(
                [Entry("0001 Größe.mp3", tmp_path / "a.mp3", 1_700_000_000), Entry("sub/book.srt", b"1\n", 0.0)]
            )
        )
    )
    assert archive.testzip() is None
    assert archive.namelist() == ["0001 Größe.mp3", "sub/book.srt"]
    assert archive.read("0001 Größe.mp3") == data
    first, second = archive.infolist()
    assert (first.compress_type, first.date_time) == (zipfile.ZIP_STORED, (2023, 11, 14, 22, 13, 20))
    assert second.date_time == (1980, 1, 1, 0, 0, 0)


async def test_an_archive_without_entries_is_one() -> None:
    assert zipfile.ZipFile(io.BytesIO(await packed([]))).namelist() == []


async def test_large_entries_are_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is lowered; 4 GB are not written here."""
    monkeypatch.setattr(packing, "_ZIP64_FROM", 1000)
    data = await packed([Entry("small", b"a" * 1000, 0.0), Entry("large", b"b" * 1001, 0.0)])
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.read("large") == b"b" * 1001
    extras = [data[entry.header_offset + 28] for entry in archive.infolist()]
    assert extras == [0, 20]


async def test_blocks_come_while_files_are_read(tmp_path: Path) -> None:
    """No block is much larger than what was read at once, and the second entry is not opened before it is wanted."""
    (tmp_path / "a").write_bytes(b"a" * 3_000_000)
    asked = []

    async def entries() -> AsyncIterator[Entry]:
        for name in ("a", "gone"):
            asked.append(name)
            yield Entry(name, tmp_path / name, 0.0)

    with pytest.raises(FileNotFoundError):
        async with aclosing(zipped(entries())) as blocks:
            async for block in blocks:
                assert len(block) < packing.BLOCK_BYTES + 200
                assert asked == ["a"] or not block.startswith(b"a")


async def test_a_reader_who_leaves_closes_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 3_000_000)
    blocks = zipped(entries_of([Entry("a", tmp_path / "a", 0.0)]))
    async with aclosing(blocks):
        assert len(await anext(blocks)) > packing.BLOCK_BYTES
    assert str(tmp_path / "a") not in {file.path for file in psutil.Process().open_files()}


async def test_a_reader_who_leaves_while_a_block_is_read_closes_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 3_000_000)
    blocks = zipped(entries_of([Entry("a", tmp_path / "a", 0.0)]))
    async with aclosing(blocks):
        reading = asyncio.ensure_future(anext(blocks))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert str(tmp_path / "a") not in {file.path for file in psutil.Process().open_files()}


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x"])
def test_names_that_lead_out_of_the_archive(name: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        Entry(name, b"", 0.0)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Chapter 1: Who?", "Chapter 1 Who"),
        ("a/b\\c\n\td", "a b c d"),
        ("Größe 二", "Größe 二"),
        ("...", ""),
        ("x" * 300, "x" * 100),
    ],
)
def test_titles_become_names_of_files(title: str, name: str) -> None:
    assert file_name(title) == name
