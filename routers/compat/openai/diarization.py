"""POST /v1/audio/diarization: who speaks when, as LocalAI's clients ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from routers.compat.openai.errors import in_dialect
from routers.compat.openai.speaker_fields import MOST_SPEAKERS
from routers.core.stt import upload
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.forms import UploadRoute
from routers.http.lenient_fields import LenientFields
from routers.http.names import NAME_CHARACTERS, LanguageTag
from routers.http.operation import operation_context
from routers.http.transcripts import finished, with_warnings
from routers.services import Services
from stts.access.policy import RouteKind, Upload, policy
from stts.engine_state import AUTO
from stts.errors import InvalidParameter
from stts.plans import ListenRequest
from stts.streams.hold import Hold
from stts.text.transcript import collect_transcript, join_texts
from stts.transcription import Segment, SpeakerWishes, TranscriptionConfig, TranscriptionResult

Count = Annotated[int | None, Field(ge=1, le=MOST_SPEAKERS)]


class DiarizationForm(LenientFields):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    file: UploadFile = Field(description="Any audio or video container.")
    model: str = Field(AUTO, max_length=NAME_CHARACTERS, description="The ear, as in /v1/audio/transcriptions.")
    language: LanguageTag = None
    num_speakers: Count = Field(None, description="How many people speak.")
    min_speakers: Count = None
    max_speakers: Count = None
    clustering_threshold: float | None = Field(
        None, gt=0, lt=1, description="Distance (1 less the cosine) up to which two voices are one person's."
    )
    min_duration_on: float = Field(0.0, ge=0, le=60, description="Seconds; shorter turns are left out.")
    min_duration_off: float = Field(0.5, ge=0, le=60, description="Seconds; shorter pauses of a speaker are no pauses.")
    include_text: bool = Field(False, description="Tell what is said in each segment.")
    response_format: Literal["json", "verbose_json", "rttm"] = "json"

    def config(self, engine: str) -> TranscriptionConfig:
        """Raises InvalidParameter for bounds that leave no number."""
        fewest, most = self.min_speakers or 1, self.max_speakers or MOST_SPEAKERS
        if fewest > most:
            raise InvalidParameter("min_speakers is more than max_speakers.", param="min_speakers")
        same = None if self.clustering_threshold is None else 1.0 - self.clustering_threshold
        wishes = SpeakerWishes(self.num_speakers or fewest, self.num_speakers or most, same=same)
        return TranscriptionConfig(engine=engine, language=self.language, speakers=wishes)


class DiarizationSegment(BaseModel):
    id: int
    speaker: str = Field(description="SPEAKER_00 is the first who speaks.")
    label: str = Field(description="The same as transcripts tell it: A, B, ..")
    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
    text: str | None = Field(None, description="With `include_text`.")


class SpeakerTime(BaseModel):
    id: str
    label: str
    total_speech_duration: float = Field(description="Seconds.")
    segment_count: int


class Diarization(BaseModel):
    task: Literal["diarize"] = "diarize"
    duration: float
    language: str | None = None
    num_speakers: int
    segments: list[DiarizationSegment]
    speakers: list[SpeakerTime] | None = Field(None, description="With `verbose_json`.")


class DiarizationRoutes:
    def __init__(self, services: Services) -> None:
        self._listen = services.listen
        self._models = services.models
        self.router = deferred_router("OpenAI", UploadRoute)
        self.router.add_api_route(
            "/v1/audio/diarization",
            self.diarize,
            methods=["POST"],
            response_model=Diarization,
            responses={200: {"content": {"text/plain": {}}}},
            summary="Find out who speaks when",
        )

    @policy(RouteKind.USE, upload=Upload.FORM)
    async def diarize(
        self, form: Annotated[DiarizationForm, Form(media_type="multipart/form-data")], request: Request
    ) -> Response:
        """Turns of the speakers of a recording, by the words that are heard in it."""
        work = ListenRequest(upload(form.file), form.config(self._models.engine(form.model, "stt")))
        context = operation_context(request, "stt")
        context.hold = Hold()

        async def make() -> Response:
            async with aclosing(in_dialect(self._listen(context, work))) as events:
                result = with_warnings(await collect_transcript(events), context)
            turns = speaker_turns(result.segments, form.min_duration_on, form.min_duration_off)
            return finished(_written(result, turns, form), result, form.response_format, context)

        return collected_answer(make, request.scope, request.receive)


@dataclass(frozen=True, slots=True)
class Turn:
    speaker: str
    start: float
    end: float
    text: str


def speaker_turns(segments: Iterable[Segment], shortest: float, pause: float) -> list[Turn]:
    """Stretches of one speaker: segments that follow each other with no more than a pause between them are one."""
    turns: list[Turn] = []
    for segment in segments:
        turn = Turn(segment.speaker or "A", segment.start, segment.end, segment.text.strip())
        last = turns[-1] if turns else None
        if last is not None and last.speaker == turn.speaker and turn.start - last.end <= pause:
            turns[-1] = replace(last, end=turn.end, text=join_texts((last.text, turn.text), segment.language))
        else:
            turns.append(turn)
    return [turn for turn in turns if turn.end - turn.start >= shortest]


def _written(result: TranscriptionResult, turns: Sequence[Turn], form: DiarizationForm) -> Response:
    names = {
        label: f"SPEAKER_{number:02}" for number, label in enumerate(dict.fromkeys(each.speaker for each in turns))
    }
    if form.response_format == "rttm":
        return PlainTextResponse("".join(_rttm(turn, names[turn.speaker]) for turn in turns))
    body: dict[str, Any] = Diarization(
        duration=round(result.duration, 3),
        language=result.language,
        num_speakers=len(names),
        segments=[
            DiarizationSegment(
                id=number,
                speaker=names[turn.speaker],
                label=turn.speaker,
                start=round(turn.start, 3),
                end=round(turn.end, 3),
                text=turn.text if form.include_text else None,
            )
            for number, turn in enumerate(turns)
        ],
        speakers=[_time(name, label, turns) for label, name in names.items()]
        if form.response_format == "verbose_json"
        else None,
    ).model_dump(exclude_none=True)
    return JSONResponse(body | ({"warnings": [*result.warnings]} if result.warnings else {}))


def _time(name: str, label: str, turns: Sequence[Turn]) -> SpeakerTime:
    own = [turn.end - turn.start for turn in turns if turn.speaker == label]
    return SpeakerTime(id=name, label=label, total_speech_duration=round(sum(own), 3), segment_count=len(own))


def _rttm(turn: Turn, name: str) -> str:
    """A line of NIST's Rich Transcription Time Marked."""
    return f"SPEAKER audio 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> {name} <NA> <NA>\n"
