"""The smoke client against the real server, and against servers that are not what they should be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from benchmarks.server import free_port, running
from clients.audio import measure
from clients.caller import Answer, Caller, multipart
from clients.checks.visit import Failed, Visit
from clients.endpoints import CHECKS
from clients.smoke import Line, main, operations, report, smoke
from stts.audio.encode import Encoder

pytestmark = pytest.mark.long

Reply = tuple[int, bytes]


@contextmanager
def pretending(reply: Callable[[str, str], Reply]) -> Iterator[str]:
    """The URL of a server that answers method and path so."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, body = reply(self.command, self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            """Tests need no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def document_of(offered: set[tuple[str, str]]) -> bytes:
    """An OpenAPI document with these methods and paths."""
    paths: dict[str, dict[str, object]] = {}
    for method, path in offered:
        paths.setdefault(path, {})[method.lower()] = {}
    return json.dumps({"paths": paths}).encode()


@pytest.mark.socket
def test_every_endpoint_of_the_real_server_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with running({"security": {"api_key": "open sesame"}}) as server:
        status = main([f"http://127.0.0.1:{server.port}", "--key", "open sesame"])
    shown = capsys.readouterr().out
    assert "not known here" not in shown, "a route without its line in clients/endpoints.py"
    assert status == 0, shown
    assert len(shown.splitlines()) == 1 + len(CHECKS) + 2


@pytest.mark.socket
def test_a_server_that_wants_a_key_says_so_at_each_endpoint() -> None:
    with running({"security": {"api_key": "open sesame"}}) as server:
        lines = {(line.method, line.path): line for line in smoke(Caller(f"http://127.0.0.1:{server.port}"))}
    assert lines[("GET", "/health")].ok
    assert not lines[("POST", "/tts")].ok
    assert lines[("POST", "/tts")].status == lines[("GET", "/config")].status == 401


@pytest.mark.socket
def test_no_server_at_all_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"http://127.0.0.1:{free_port()}"]) == 1
    assert "no answer" in capsys.readouterr().out


@pytest.mark.socket
def test_a_route_that_is_not_known_is_named_and_no_failure() -> None:
    document = document_of({*CHECKS, ("POST", "/brew")})
    with pretending(lambda method, path: (200, document)) as url:
        lines = {line.path: line for line in smoke(Caller(url))}
    assert lines["/brew"].ok
    assert lines["/brew"].status is None


@pytest.mark.socket
def test_a_known_route_that_is_not_offered_fails() -> None:
    with pretending(lambda method, path: (200, b'{"paths": {}}')) as url:
        lines = list(smoke(Caller(url)))
    assert [line.ok for line in lines] == [True] + [False] * len(CHECKS)


@pytest.mark.socket
@pytest.mark.parametrize("reply", [(500, b"{}"), (404, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}")])
def test_no_check_takes_a_wrong_answer_for_a_good_one(reply: Reply) -> None:
    document = document_of(set(CHECKS))
    with pretending(lambda method, path: (200, document) if path == "/openapi.json" else reply) as url:
        lines = list(smoke(Caller(url)))[1:]
    assert [line.path for line in lines if line.ok] == []
    assert len(lines) == len(CHECKS)


def test_the_operations_of_a_document_leave_out_what_is_none() -> None:
    paths: dict[str, dict[str, object]] = {"/tts": {"get": {}, "post": {}, "parameters": []}, "/files": {"delete": {}}}
    assert set(operations(paths)) == {("GET", "/tts"), ("POST", "/tts"), ("DELETE", "/files")}


def test_the_report_ends_with_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = Line("GET", "/a", 200, 0.001, "fine", True), Line("GET", "/b", 500, 0.001, "broken", False)
    assert report([good]) == 0
    assert report([good, bad]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 answer, 1 fail"


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "aac", "flac"])
def test_audio_is_measured_whatever_its_format(format: str) -> None:
    encoder = Encoder(format, 24_000)  # type: ignore[arg-type]
    sound = (0.5 * np.sin(np.arange(48_000) * 0.06)).astype(np.float32)
    measured = measure(encoder.encode(sound) + encoder.finish())
    assert measured.seconds == pytest.approx(2.0, abs=0.1)
    assert measured.peak == pytest.approx(0.5, abs=0.1)
    assert not measured.silent


def test_bare_samples_are_measured_by_their_rate() -> None:
    measured = measure(np.full(8_000, 16_384, "<i2").tobytes() + b"\x00", pcm_rate=16_000)
    assert (measured.seconds, measured.peak) == (0.5, 0.5)
    assert measure(bytes(100), pcm_rate=16_000).silent


@pytest.mark.parametrize("data", [b"", b"no audio", bytes(1000)])
def test_what_is_no_audio_is_not_measured(data: bytes) -> None:
    with pytest.raises(ValueError, match="do not decode"):
        measure(data)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"detail": "Too long.", "status": 422}', "Too long."),
        (b'{"error": {"message": "No such model."}}', "No such model."),
        (b"{}", "no reason given (HTTP status 500)"),
        (b"Bad Gateway", "no reason given (HTTP status 500)"),
    ],
)
def test_complaints_are_read_in_either_dialect(body: bytes, complaint: str) -> None:
    assert Answer(500, {}, body, 0.0).complaint() == complaint


def test_a_form_is_what_a_server_reads() -> None:
    body, content_type = multipart(b"\x00\r\n--", "a.wav", {"engine": "auto"})
    boundary = content_type.partition("boundary=")[2]
    assert body.startswith(f'--{boundary}\r\nContent-Disposition: form-data; name="engine"\r\n\r\nauto\r\n'.encode())
    assert body.endswith(f"\r\n\r\n\x00\r\n--\r\n--{boundary}--\r\n".encode())


def test_nothing_is_sent_to_be_heard_before_the_server_has_spoken() -> None:
    with pytest.raises(Failed, match="has not spoken"):
        Visit(Caller("http://127.0.0.1:1")).send("/stt")
