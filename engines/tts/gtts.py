"""The voice of Google Translate, by the `gTTS` package: one voice a language, and the text leaves this machine.

The package makes the requests; they are sent here, with time limits and with the service's certificate checked, both of
which the package leaves out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from engines.tts.encoded import decoded
from engines.tts.gtts_voices import VOICES, code_of, top_level_domain
from stts.engine_api import EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import Busy, EngineError, EngineTimeout
from stts.text.normalise import has_words

PACKAGE = "gtts"
SAMPLE_RATE = 24_000
MAX_CHARACTERS = 100
"""Most characters of a request. Of longer texts the package makes a request for each part between commas."""
SENDER = "The speech service of Google Translate"
ANSWER_BYTES = 2_000_000
_AUDIO = re.compile(rb'jQ1olc","\[\\"([A-Za-z0-9+/=]*)\\"\]')
"""Where the audio stands in the answer, in base64."""


class GoogleOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int = Field(default=2, ge=1, le=16, description="Texts spoken at once.")
    connect_seconds: float = Field(default=5.0, gt=0, le=60, description="Longest wait for the connection.")
    pause_seconds: float = Field(default=10.0, gt=0, le=120, description="Longest wait for its answer.")


class GoogleParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    slow: bool = Field(default=False, description="Speak slowly, as for learners.")


class GoogleEngine(TTSEngine):
    Options = GoogleOptions
    Parameters = GoogleParameters
    options: GoogleOptions

    _loaded = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="gtts",
            kind="tts",
            description="The voice of Google Translate: one a language; texts are sent to Google",
            languages=tuple(sorted({tag for voice in VOICES for tag in voice.languages})),
            voices=VOICES,
            default_voice="en-US",
            sample_rate=SAMPLE_RATE,
            limits=EngineLimits(max_characters=MAX_CHARACTERS, concurrency=self.options.requests),
            network=True,
            packages=(PACKAGE,),
            install="pip install -r requirements/gtts.txt",
            licence="MIT (gTTS); use of the service is bound by Google's terms",
            maker="Google",
            homepage="https://github.com/pndurette/gTTS",
        )

    def load(self, progress: Progress) -> None:
        self.require_installed()
        import gtts  # noqa: F401 - so that no request waits for the import

        self._loaded = True
        progress("ready", 1.0)

    def unload(self) -> None:
        self._loaded = False

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if not self._loaded:
            raise EngineError("The engine is not loaded.")
        # The service, and the package before it, fail on what has no words.
        if has_words(text):
            yield from decoded(self._encoded(text, voice, params), SAMPLE_RATE, text, SENDER)

    def _encoded(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[bytes]:
        import gtts
        import requests

        extra = params.extra if isinstance(params.extra, GoogleParameters) else GoogleParameters()
        speech = gtts.gTTS(
            text, tld=top_level_domain(voice.id), lang=code_of(voice.id), slow=extra.slow, lang_check=False
        )
        limits = (self.options.connect_seconds, self.options.pause_seconds)
        with _translated(), requests.Session() as session:
            for request in speech._prepare_requests():
                settings = session.merge_environment_settings(request.url, {}, True, None, None)
                answer = session.send(request, timeout=limits, allow_redirects=False, **settings)
                yield _audio(answer)


def _audio(answer: Any) -> bytes:
    """The MP3 in an answer. Raises Busy where the service wants fewer requests, EngineError for any other answer."""
    with answer:
        if answer.status_code == 429:
            raise Busy(f"{SENDER} wants fewer requests (429).")
        if answer.status_code != 200:
            raise EngineError(f"{SENDER} refuses ({answer.status_code}).")
        body = bytearray()
        for block in answer.iter_content(65_536):
            body += block
            if len(body) > ANSWER_BYTES:
                raise EngineError(f"{SENDER} sent far too much.")
    found = _AUDIO.search(bytes(body))
    if found is None:
        raise EngineError(f"{SENDER} sent no audio.")
    try:
        return base64.b64decode(found[1])
    except binascii.Error as error:
        raise EngineError(f"{SENDER} sent audio that cannot be read.") from error


@contextmanager
def _translated() -> Iterator[None]:
    import requests
    from urllib3.exceptions import ReadTimeoutError

    try:
        yield
    except requests.Timeout as error:
        raise EngineTimeout(f"{SENDER} said nothing for too long.") from error
    except requests.RequestException as error:
        # A pause inside a body is no Timeout to the package.
        if any(isinstance(cause, ReadTimeoutError) for cause in error.args):
            raise EngineTimeout(f"{SENDER} said nothing for too long.") from error
        raise EngineError(f"{SENDER} cannot be reached, or the connection broke off.") from error
