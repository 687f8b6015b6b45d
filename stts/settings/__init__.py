"""The one typed model of the configuration. config.yaml, environment and runtime changes all end up here.

Every key stands in config.yaml with its default and in docs/configuration.md with its line. `live` keys take effect
for the next request, the others after a restart; `protected` ones (paths, module names, URLs, keys) can be set in the
file and the environment only, never over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from stts.settings.conversation import ConversationSettings, RealtimeSettings, ReplySettings, WyomingSettings
from stts.settings.section import Section, fixed, live, protected
from stts.settings.security import SecuritySettings as SecuritySettings
from stts.speech import AudioFormat, Markup


class ServerSettings(Section):
    host: str = protected("Address to listen on.", default="127.0.0.1")
    port: int = protected("Port to listen on.", default=8000, ge=0, le=65535)
    drain_seconds: float = fixed("How long streams in flight may go on after a stop.", default=10.0, ge=0, le=600)
    tls_certificate: str | None = protected("PEM file with the certificate chain; turns TLS on.", default=None)
    tls_key: str | None = protected("PEM file with the private key.", default=None)


class LimitSettings(Section):
    text_characters: int = live("Longest text of one request.", default=100_000, ge=1, le=10_000_000)
    upload_bytes: int = live("Largest upload.", default=1_000_000_000, ge=1024)
    json_bytes: int = live("Largest JSON body.", default=2_000_000, ge=1024)
    json_audio_bytes: int = live(
        "Largest JSON body that brings a recording in base64 (/v1/audio/transcriptions).",
        default=50_000_000,
        ge=1024,
        le=500_000_000,
    )
    connections: int = fixed("Connections at once, of all clients.", default=2000, ge=1, le=100_000)
    network_connections: int = fixed(
        "Of these, of one client's network (an IPv4 address, an IPv6 /64); loopback may have all.",
        default=1000,
        ge=1,
        le=100_000,
    )
    body_seconds: float = live("Longest pause while a body arrives.", default=30.0, gt=0, le=3600)
    body_rate: int = live(
        "Least bytes a second at which a body must arrive, counted from its first `body_seconds` on.",
        default=500,
        ge=1,
        le=1_000_000_000,
    )
    body_total_seconds: float = live("Longest time that a whole body may take to arrive.", default=14_400.0, gt=0)
    audio_seconds: float = live("Longest audio of one upload, counted while decoding.", default=14_400.0, gt=0)
    queue_length: int = live("Requests that may wait for one engine.", default=64, ge=1, le=10_000)
    place_seconds: float = live(
        "Longest wait for a place where all are taken: of a socket, a conversation, or somebody who speaks.",
        default=2.0,
        ge=0,
        le=60,
    )
    queue_seconds: float = live("Longest wait for an engine.", default=30.0, gt=0, le=3600)
    call_seconds: float = live("Longest silence of an engine within one call.", default=600.0, gt=0, le=7200)
    load_seconds: float = live("Longest load of an engine.", default=1800.0, gt=0)
    decoders: int = fixed("Uploads decoded at once.", default=4, ge=1, le=64)
    live_decoders: int = live(
        "Live streams in a container format (WebM, Ogg) decoded at once.", default=16, ge=1, le=256
    )
    live_sessions: int = live("Sockets at once that listen, speak or converse.", default=500, ge=1, le=100_000)
    live_seconds: float = live("Audio of one live stream that may wait for its engine.", default=30.0, gt=1, le=600)
    commit_seconds: float = live(
        "Longest turn that a client is to end itself (`commit`); a longer one is ended by the server.",
        default=600.0,
        gt=1,
        le=7200,
    )
    spool_mib: int = live(
        "MiB that one connection may send ahead of what works on it; beyond the first MiB they wait on disk.",
        default=64,
        ge=1,
        le=4096,
    )
    spools_mib: int = live("The same for all connections together.", default=1024, ge=1, le=1_048_576)
    message_bytes: int = fixed("Largest message of a WebSocket.", default=16_777_216, ge=65_536, le=1_073_741_824)
    idle_seconds: float = live("A socket on which nothing passes for so long is closed.", default=300.0, gt=0)


class TTSSettings(Section):
    order: tuple[str, ...] = live(
        "Engines that `auto` tries, first to last.",
        default=("chatterbox_turbo", "chatterbox", "chatterbox_multilingual", "espeak"),
    )
    format: AudioFormat = live("Format where the request names none.", default="wav")
    voices: dict[str, str] = live("Default voice of an engine: engine name -> voice.", default_factory=dict)
    markup: Markup = live(
        "Markdown, HTML, entities and actions in texts: `speak` reads them as speech, `keep` leaves them to the voice.",
        default="speak",
    )
    whole_seconds: float = live(
        "Answers made within so many seconds of their first audio are sent whole, with their length, unless the "
        "request says `stream`; 0: never.",
        default=0.1,
        ge=0,
        le=10,
    )
    detect_language: bool = live(
        "Find the language of texts for which the request names none, and take a voice that speaks it.", default=True
    )
    first_piece_seconds: float = live("Speech in the first piece of a stream.", default=0.8, gt=0, le=60)
    piece_growth: float = live("Each next piece is at most this many times the one before.", default=1.35, ge=1, le=4)


class STTSettings(Section):
    order: tuple[str, ...] = live("Engines that `auto` tries, first to last.", default=("whisper", "pocketsphinx"))
    vad: str = fixed("Engine that finds speech.", default="silero")
    vad_threshold: float = live("Probability from which a frame counts as speech.", default=0.5, gt=0, lt=1)
    min_speech_seconds: float = live("Shorter bursts are not speech.", default=0.15, ge=0, le=5)
    min_silence_seconds: float = live("Silence that ends a region.", default=0.4, gt=0, le=10)
    padding_seconds: float = live("Audio kept around a region.", default=0.2, ge=0, le=2)
    max_line_width: int = live("Characters of a line of subtitles; wide ones count twice.", default=42, ge=10, le=1000)
    max_line_count: int = live("Lines of a subtitle cue.", default=2, ge=1, le=10)
    max_cue_seconds: float = live("Longest subtitle cue.", default=7.0, ge=1, le=60)
    reading_speed: float = live(
        "Characters a second that are read: how long a cue stays at least, where the next leaves it the time.",
        default=17.0,
        ge=5,
        le=100,
    )


class EngineSettings(Section):
    preload: tuple[str, ...] = fixed("Engines to load at start.", default=())
    allow_network: bool = protected(
        "Let `auto` choose engines that send text or audio off this machine.", default=False
    )
    options: dict[str, dict[str, Any]] = protected(
        "Options of each engine, checked by the engine's own model.", default_factory=dict
    )


class OpenAISettings(Section):
    models: dict[str, str] = live(
        "Hosted model name -> engine here.",
        default_factory=lambda: {
            "tts-1": "auto",
            "tts-1-hd": "auto",
            "gpt-4o-mini-tts": "auto",
            "gpt-4o-mini-tts-2025-12-15": "auto",
            "whisper-1": "auto",
            "gpt-transcribe": "auto",
            "gpt-4o-transcribe": "auto",
            "gpt-4o-mini-transcribe": "auto",
            "gpt-4o-mini-transcribe-2025-12-15": "auto",
            "gpt-4o-transcribe-diarize": "auto",
            "gpt-live-transcribe": "auto",
            "gpt-realtime-whisper": "auto",
            "kokoro": "auto",
        },
    )
    voices: dict[str, dict[str, str]] = live(
        "Engine -> hosted voice name -> voice here; a hosted name without an entry speaks with the engine's default.",
        default_factory=lambda: {
            "espeak": {
                "alloy": "en-us",
                "ash": "en-us+m3",
                "ballad": "en-gb+m4",
                "coral": "en-us+f2",
                "echo": "en-us+m1",
                "fable": "en-gb",
                "onyx": "en-us+m7",
                "nova": "en-us+f3",
                "sage": "en-us+f4",
                "shimmer": "en-us+f5",
                "verse": "en-us+m5",
                "marin": "en-gb+f1",
                "cedar": "en-gb+m2",
            }
        },
    )
    input_characters: int = live("Longest `input` on /v1 (hosted: 4096).", default=100_000, ge=1)


class StorageSettings(Section):
    root: str = protected("Folder of references, uploads and outputs.", default="data")
    file_bytes: int = live("Largest stored file.", default=100_000_000, ge=1024)
    reference_seconds: float = live("Longest stored reference recording.", default=300.0, gt=0)
    references_bytes: int = live("Quota of kind references.", default=2_000_000_000, ge=0)
    uploads_bytes: int = live("Quota of kind uploads.", default=2_000_000_000, ge=0)
    outputs_bytes: int = live("Quota of kind outputs; the oldest go first.", default=5_000_000_000, ge=0)
    output_hours: float = live("Age at which outputs expire.", default=168.0, gt=0)
    temp_hours: float = live("Age at which abandoned temporary files are removed.", default=1.0, gt=0)


class LoggingSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = live("Lowest level logged.", default="info")
    format: Literal["auto", "json", "console"] = fixed("auto: console on a terminal, else json.", default="auto")
    log_text: bool = protected("Write users' text into logs.", default=False)


class AnalyticsSettings(Section):
    history_minutes: int = fixed("Minutes of history kept in memory.", default=1440, ge=1, le=43_200)


class Settings(Section):
    server: ServerSettings = ServerSettings()
    security: SecuritySettings = SecuritySettings()
    limits: LimitSettings = LimitSettings()
    tts: TTSSettings = TTSSettings()
    stt: STTSettings = STTSettings()
    engines: EngineSettings = EngineSettings()
    openai: OpenAISettings = OpenAISettings()
    conversation: ConversationSettings = ConversationSettings()
    reply: ReplySettings = ReplySettings()
    realtime: RealtimeSettings = RealtimeSettings()
    wyoming: WyomingSettings = WyomingSettings()
    storage: StorageSettings = StorageSettings()
    logging: LoggingSettings = LoggingSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()


CurrentSettings = Annotated[Callable[[], Settings], "the settings of this moment; call it once a request"]
