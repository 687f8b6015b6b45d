"""Checks of each endpoint. A check returns a word on the answer, or raises Failed.

The checks run in the order of `CHECKS`: some use what others have made. They leave the server as they found it, except
that a reload of the configuration takes up what its file says, and that the list of users keeps a deleted one.
"""

from __future__ import annotations

from collections.abc import Mapping

from clients.checks import batches
from clients.checks.access import (
    all_keys,
    all_subjects,
    change_key,
    delete_user,
    limit_subject,
    make_key,
    make_user,
    one_key,
    one_user,
    remove_data,
    revoke_key,
    rotate_key,
    unlimit_subject,
    users,
    where_kept,
)
from clients.checks.answers import list_of
from clients.checks.calls import call, hang_up, live_call
from clients.checks.catalogue import all_models, cancel_job, catalogue_model, job_events, model_card, one_job, pull
from clients.checks.custom_voices import (
    consents,
    delete_consent,
    delete_custom_voice,
    make_consent,
    make_custom_voice,
    one_consent,
    rename_consent,
)
from clients.checks.engines import engines, load, one_engine, unload, voices
from clients.checks.files import cleanup, delete_file, file_content, one_file, share_none, upload
from clients.checks.openai import (
    client_secret,
    diarization,
    models,
    one_model,
    openai_speech,
    openai_transcription,
    openai_translation,
    provenance,
    speech_timestamps,
    translation_secret,
    voices_of_models,
)
from clients.checks.settings import change_nothing, clear_nothing, live, metrics, reload, validate
from clients.checks.shapes import keys, named, told_none
from clients.checks.speech import converse, front_page, speak, speak_by_query, talk_page, transcribe
from clients.checks.visit import Check
from clients.checks.voices import (
    change_voice,
    delete_voice,
    make_voice,
    one_voice,
    preview_voice,
    validate_voice,
    voice_report,
)

CHECKS: Mapping[tuple[str, str], Check] = {
    ("GET", "/health"): keys("/health", "status"),
    ("GET", "/info"): keys("/info", "version", "auto"),
    ("GET", "/engines"): engines,
    ("GET", "/voices"): voices,
    ("POST", "/tts"): speak,
    ("GET", "/tts"): speak_by_query,
    ("POST", "/stt"): transcribe,
    ("POST", "/conversation"): converse,
    ("GET", "/conversation/status"): keys("/conversation/status", "active", "max"),
    ("GET", "/ws/conversation/status"): keys("/ws/conversation/status", "active_connections", "max_connections"),
    ("GET", "/talk"): talk_page,
    ("GET", "/app/{name}"): front_page,
    ("GET", "/ready"): keys("/ready?probe=true", "ready", "status"),
    ("GET", "/engines/{name}"): one_engine,
    ("POST", "/engines/{name}/load"): load,
    ("POST", "/engines/{name}/unload"): unload,
    **{
        (method, "/engines/{name}/install"): told_none(method, "/engines/none-of-this-name/install")
        for method in ("GET", "POST", "DELETE")
    },
    ("GET", "/v1/models"): models,
    ("GET", "/v1/models/{model_id}"): one_model,
    ("DELETE", "/v1/models/{model_id}"): told_none("DELETE", "/v1/models/none"),
    ("GET", "/v1/audio/models"): named("/v1/audio/models", "models"),
    ("GET", "/v1/audio/voices"): named("/v1/audio/voices", "voices"),
    ("GET", "/v1/audio/speech/voices"): voices_of_models,
    ("POST", "/v1/audio/voice_consents"): make_consent,
    ("GET", "/v1/audio/voice_consents"): consents,
    ("GET", "/v1/audio/voice_consents/{consent_id}"): one_consent,
    ("POST", "/v1/audio/voice_consents/{consent_id}"): rename_consent,
    ("POST", "/v1/audio/voices"): make_custom_voice,
    ("DELETE", "/v1/audio/voices/{voice_id}"): delete_custom_voice,
    ("DELETE", "/v1/audio/voice_consents/{consent_id}"): delete_consent,
    ("POST", "/v1/audio/speech"): openai_speech,
    ("POST", "/v1/audio/speech/batch"): batches.synchronous,
    ("POST", "/v1/audio/transcriptions"): openai_transcription,
    ("POST", "/v1/audio/translations"): openai_translation,
    ("POST", "/v1/audio/speech/timestamps"): speech_timestamps,
    ("POST", "/v1/audio/diarization"): diarization,
    ("POST", "/v1/content_provenance_checks"): provenance,
    ("POST", "/v1/realtime/client_secrets"): client_secret,
    ("POST", "/v1/realtime/translations/client_secrets"): translation_secret,
    ("POST", "/v1/realtime/calls"): call,
    ("POST", "/v1/live/sessions"): live_call,
    ("POST", "/v1/realtime/calls/{call_id}/hangup"): hang_up,
    ("POST", "/v1/live/sessions/{session_id}/hangup"): told_none("POST", "/v1/live/sessions/live_none/hangup"),
    ("POST", "/v1/voices"): make_voice,
    ("GET", "/v1/voices"): keys("/v1/voices", "total"),
    ("GET", "/v1/voices/{voice_id}"): one_voice,
    ("GET", "/v1/voices/{voice_id}/validate"): voice_report,
    ("POST", "/v1/voices/{voice_id}/validate"): validate_voice,
    ("GET", "/v1/voices/{voice_id}/preview"): preview_voice,
    ("PATCH", "/v1/voices/{voice_id}"): change_voice,
    ("DELETE", "/v1/voices/{voice_id}"): delete_voice,
    ("POST", "/files"): upload,
    ("GET", "/files"): keys("/files", "total"),
    ("GET", "/files/{file_id}"): one_file,
    ("GET", "/files/{file_id}/content"): file_content,
    ("PATCH", "/files/{file_id}"): share_none,
    ("DELETE", "/files/{file_id}"): delete_file,
    ("GET", "/files/usage"): keys("/files/usage", "bytes"),
    ("POST", "/files/cleanup"): cleanup,
    ("GET", "/cache"): keys("/cache", "enabled", "tiers"),
    ("GET", "/cache/{key}"): told_none("GET", f"/cache/{'0' * 64}"),
    ("DELETE", "/cache"): clear_nothing,
    ("GET", "/models"): all_models,
    ("GET", "/models/{model_id}"): catalogue_model,
    ("GET", "/model_card/{model_id}"): model_card,
    ("POST", "/models/pull"): pull,
    ("DELETE", "/models/{model_id}"): told_none("DELETE", "/models/none-of-this-name"),
    ("GET", "/jobs"): lambda visit: f"{len(list_of(visit.get('/jobs').json()))} jobs",
    ("GET", "/jobs/{job_id}/events"): job_events,
    ("GET", "/jobs/{job_id}"): one_job,
    ("DELETE", "/jobs/{job_id}"): cancel_job,
    ("POST", "/jobs/speech"): batches.begin,
    ("GET", "/jobs/{job_id}/items"): batches.items,
    ("GET", "/jobs/{job_id}/items/{number}/content"): batches.content,
    ("GET", "/jobs/{job_id}/archive"): batches.archive,
    ("GET", "/jobs/{job_id}/book"): batches.book,
    ("GET", "/jobs/{job_id}/captions"): batches.captions,
    ("POST", "/jobs/transcription"): batches.transcription,
    ("POST", "/jobs/{job_id}/pause"): batches.pause,
    ("POST", "/jobs/{job_id}/resume"): batches.resume,
    ("POST", "/jobs/{job_id}/retry"): batches.retry,
    ("GET", "/me"): keys("/me", "kind", "role"),
    ("GET", "/me/usage"): where_kept("/me/usage", "key_id"),
    ("POST", "/admin/users"): make_user,
    ("GET", "/admin/users"): users,
    ("GET", "/admin/users/{user_id}"): one_user,
    ("POST", "/admin/keys"): make_key,
    ("GET", "/admin/keys"): all_keys,
    ("GET", "/admin/keys/{key_id}"): one_key,
    ("PATCH", "/admin/keys/{key_id}"): change_key,
    ("GET", "/admin/keys/{key_id}/subjects"): all_subjects,
    ("PUT", "/admin/keys/{key_id}/subjects/{name}"): limit_subject,
    ("DELETE", "/admin/keys/{key_id}/subjects/{name}"): unlimit_subject,
    ("POST", "/admin/keys/{key_id}/rotate"): rotate_key,
    ("DELETE", "/admin/keys/{key_id}"): revoke_key,
    ("DELETE", "/admin/users/{user_id}"): delete_user,
    ("DELETE", "/admin/users/{user_id}/data"): remove_data,
    ("GET", "/admin/audit"): where_kept("/admin/audit", "entries"),
    ("GET", "/config"): keys("/config", "settings"),
    ("GET", "/config/schema"): keys("/config/schema", "properties"),
    ("POST", "/config/validate"): validate,
    ("PATCH", "/config"): change_nothing,
    ("POST", "/config/reload"): reload,
    ("GET", "/listeners"): keys("/listeners", "listeners"),
    **{
        ("POST", f"/listeners/{{name}}/{order}"): told_none("POST", f"/listeners/none-of-this-name/{order}")
        for order in ("restart", "start", "stop")
    },
    ("GET", "/analytics/summary"): keys("/analytics/summary", "total"),
    ("GET", "/analytics/timeseries"): keys("/analytics/timeseries", "points"),
    ("GET", "/analytics/voices"): keys("/analytics/voices", "voices"),
    ("GET", "/analytics/formats"): keys("/analytics/formats", "formats"),
    ("GET", "/analytics/operations"): keys("/analytics/operations", "operations"),
    ("GET", "/analytics/usage"): where_kept("/analytics/usage", "rows"),
    ("GET", "/analytics/forecast"): where_kept("/analytics/forecast", "words"),
    ("GET", "/analytics/live"): live,
    ("GET", "/metrics"): metrics,
}

"""Method and path, as the OpenAPI document names them -> what is tried there."""
