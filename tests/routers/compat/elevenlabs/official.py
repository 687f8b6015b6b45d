"""A server for the official clients of ElevenLabs: real voices, behind a key, plain or with TLS."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from pydantic import SecretStr

from stts.context import RequestContext
from stts.plans import ListenRequest
from stts.settings import SecuritySettings, ServerSettings, Settings, StorageSettings
from stts.text.transcript import collect_transcript
from stts.transcription import AudioData, TranscriptionConfig
from tests import patient
from tests.engines.speech import word_error_rate
from tests.routers.compat.elevenlabs.conftest import KEY
from tests.server import RunningServer, running

VOICE = "21m00Tcm4TlvDq8ikWAM"
"""A premade voice of the hosted service, as programs have it written into them."""
TEXT = "The first move is what sets everything in motion."
WORDS = TEXT.lower().removesuffix(".")


@contextmanager
def speaking(folder: Path, tls: ServerSettings | None = None) -> Iterator[RunningServer]:
    settings = Settings(
        storage=StorageSettings(root=str(folder / "data")),
        security=SecuritySettings(api_key=SecretStr(KEY)),
        server=tls or ServerSettings(),
    )
    with running(settings, dialects=("elevenlabs",)) as server:
        yield server


def certificate(folder: Path) -> ServerSettings:
    """One for this machine, which vouches for itself. Raises FileNotFoundError where there is no OpenSSL."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    ask = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    ask += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    patient.run(ask, check=True, capture_output=True)
    return ServerSettings(tls_certificate=str(made), tls_key=str(key))


def understood(server: RunningServer, data: bytes, words: str = WORDS) -> bool:
    """True if the server's own ears hear these words in a file."""

    async def listen() -> str:
        work = ListenRequest(AudioData(io.BytesIO(data), len(data)), TranscriptionConfig(language="en"))
        async with aclosing(server.services.listen(RequestContext("stt"), work)) as events:
            return (await collect_transcript(events)).text

    return word_error_rate(words, server.call(listen())) < 0.25
