"""Files that commands write: whole or not at all, and two recordings never into one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.command.exit_status import CommandFailed
from clients.command.output import check_writable, make_folder, wav_header, write
from clients.command.targets import targets


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_two_commands_that_write_one_file_each_write_all_of_it(tmp_path: Path) -> None:
    target = tmp_path / "one.txt"

    def slowly() -> Iterator[bytes]:
        yield b"a"
        write(target, [b"other"])
        yield b"a"

    write(target, slowly())
    assert target.read_bytes() == b"aa"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_of_somebody_else_is_no_unfinished_one(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "one.wav.part").symlink_to("precious")
    write(tmp_path / "one.wav", [b"audio"])
    assert (tmp_path / "precious").read_bytes() == b"precious" and (tmp_path / "one.wav.part").is_symlink()


def test_a_file_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    (tmp_path / "one").chmod(0o640)
    write(tmp_path / "one", [b"a"])
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o640


def test_a_pipe_stays_one(tmp_path: Path) -> None:
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write(pipe, [b"a", b"b"])
    reader.join()
    assert heard == [b"ab"] and pipe.is_fifo()


def test_a_device_stays_one() -> None:
    write(Path(os.devnull), [b"a"])
    assert Path(os.devnull).is_char_device()


def test_what_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "new")
    for path in (tmp_path, tmp_path / "missing" / "x"):
        with pytest.raises(CommandFailed, match="cannot be written"):
            check_writable(path)
    with pytest.raises(CommandFailed, match="cannot be made"):
        make_folder(tmp_path / "file" / "folder")


def test_the_head_of_a_wav_tells_its_length() -> None:
    assert len(wav_header(24_000)) == 44
    assert wav_header(24_000, 100)[40:] == (100).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("recordings", "folder", "expected"),
    [
        (["d/a.wav", "d/b.wav"], "out", ["out/a.txt", "out/b.txt"]),
        (["d1/x.wav", "d2/x.wav"], "out", ["out/d1/x.txt", "out/d2/x.txt"]),
        (["d/a.wav", "d/a.flac", "d/b.wav"], "out", ["out/a.wav.txt", "out/a.flac.txt", "out/b.txt"]),
        (["d/a.wav", "d/a.flac"], None, ["d/a.wav.txt", "d/a.flac.txt"]),
        (["s1/x.mp3", "s2/x.mp3", "s2/y.mp3"], "out", ["out/s1/x.txt", "out/s2/x.txt", "out/y.txt"]),
        (["d/a.wav", "e/a.wav"], None, ["d/a.txt", "e/a.txt"]),
    ],
)
def test_two_recordings_never_have_one_transcript(
    recordings: list[str], folder: str | None, expected: list[str]
) -> None:
    found = targets([Path(each) for each in recordings], Path(folder) if folder else None, "txt")
    assert [str(each) for each in found] == expected
