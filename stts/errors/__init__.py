"""Every error the server tells a client, as one tree.

    STTSError
    ├── InvalidRequest            what the client sent cannot be done (422)
    │   ├── InvalidText           empty, only control characters, not Unicode
    │   ├── TextTooLong           over limits.text_characters
    │   ├── InvalidParameter      out of range, or wrong type
    │   │   └── UnknownParameter  not of this engine
    │   ├── UnknownVoice          no such voice for this engine
    │   ├── UnknownEngine         no such engine
    │   ├── UnsupportedFormat     a format, rate or channel count that does not exist
    │   ├── RemoteContentFailed   a recording that a client names by its address could not be fetched
    │   ├── UndecodableAudio      nothing in the upload decodes
    │   ├── UnreadableBook        a book that is damaged, protected, too large, or none
    │   └── InvalidConfiguration  a configuration value that does not validate
    ├── MalformedRequest          it cannot be read as HTTP at all (400)
    ├── HeadTooLarge              its address and headers are too long (431)
    ├── RangeNotSatisfiable       the part of a content that is asked for lies behind its end (416)
    ├── NotFound                  404
    │   └── UnknownModel          no such model, in the dialects that name models
    ├── UpgradeRequired           only sockets are opened here (426)
    ├── Conflict                  the state of the thing forbids this now (409)
    │   └── NotCompleteYet        it is still being made
    ├── PayloadTooLarge           413
    │   └── AudioTooLong          over limits.audio_seconds, counted while decoding
    ├── BodyTimeout               the client stopped sending (408)
    ├── IdleTimeout               nothing passed on a socket for too long (408)
    ├── SessionExpired        it has lasted as long as a session may (408)
    ├── Unauthorized              no key, or a wrong one (401)
    ├── TooManyRequests           a limit or a quota of the caller is reached (429)
    ├── Forbidden                 Host, Origin or role does not allow it (403)
    ├── StorageFull               a quota is reached, or the disk is full (507)
    │   └── StorageFailed         the disk cannot be written (507)
    ├── Unavailable               come back later (503)
    │   ├── Busy                  the queue is full, or the wait was too long
    │   ├── DatabaseAway          the database does not answer
    │   │   └── DatabaseUnusable  it will not before somebody changes something
    │   ├── LimitsAway            what counts limits for all servers does not answer
    │   └── ShuttingDown          the server is stopping
    ├── PartNotInstalled          its library is missing; the message is the install command (501)
    ├── ModelFetchFailed          no source gave the files of a model (502)
    ├── ReplyFailed               whoever writes the replies could not (502)
    │   └── ReplyTimeout          it said nothing for too long (504)
    └── EngineError               the engine could not do its work (500)
        ├── EngineNotInstalled    its library is missing; the message is the install command (503)
        ├── EngineWeightsMissing  its weights are not on this disk and it may not fetch them (503)
        ├── EngineAccessDenied    the model hub wants a token or an accepted licence (503)
        ├── EngineInstallFailed   its environment could not be made (502)
        ├── EngineLoadFailed      loading raised (503)
        ├── EngineOutOfMemory     the message names the setting to change (503)
        ├── EngineTimeout         a call passed its time limit (504)
        └── EngineCrashed         its child process died (503)

Catch broadly at the top or narrowly at a leaf. An error carries what its edges need: a machine `code`, an HTTP
`status`, whether a retry can help, and a message for people that never contains what the client sent.
"""

from __future__ import annotations

from stts.errors.base import STTSError as STTSError
from stts.errors.engines import EngineAccessDenied as EngineAccessDenied
from stts.errors.engines import EngineCrashed as EngineCrashed
from stts.errors.engines import EngineError as EngineError
from stts.errors.engines import EngineInstallFailed as EngineInstallFailed
from stts.errors.engines import EngineLoadFailed as EngineLoadFailed
from stts.errors.engines import EngineNotInstalled as EngineNotInstalled
from stts.errors.engines import EngineOutOfMemory as EngineOutOfMemory
from stts.errors.engines import EngineTimeout as EngineTimeout
from stts.errors.engines import EngineWeightsMissing as EngineWeightsMissing
from stts.errors.requests import AudioTooLong as AudioTooLong
from stts.errors.requests import BodyTimeout as BodyTimeout
from stts.errors.requests import Conflict as Conflict
from stts.errors.requests import Forbidden as Forbidden
from stts.errors.requests import HeadTooLarge as HeadTooLarge
from stts.errors.requests import IdleTimeout as IdleTimeout
from stts.errors.requests import InvalidConfiguration as InvalidConfiguration
from stts.errors.requests import InvalidParameter as InvalidParameter
from stts.errors.requests import InvalidRequest as InvalidRequest
from stts.errors.requests import InvalidText as InvalidText
from stts.errors.requests import MalformedRequest as MalformedRequest
from stts.errors.requests import NotCompleteYet as NotCompleteYet
from stts.errors.requests import NotFound as NotFound
from stts.errors.requests import PayloadTooLarge as PayloadTooLarge
from stts.errors.requests import RangeNotSatisfiable as RangeNotSatisfiable
from stts.errors.requests import RemoteContentFailed as RemoteContentFailed
from stts.errors.requests import SessionExpired as SessionExpired
from stts.errors.requests import TextTooLong as TextTooLong
from stts.errors.requests import TooManyRequests as TooManyRequests
from stts.errors.requests import Unauthorized as Unauthorized
from stts.errors.requests import UndecodableAudio as UndecodableAudio
from stts.errors.requests import UnknownEngine as UnknownEngine
from stts.errors.requests import UnknownModel as UnknownModel
from stts.errors.requests import UnknownParameter as UnknownParameter
from stts.errors.requests import UnknownVoice as UnknownVoice
from stts.errors.requests import UnreadableBook as UnreadableBook
from stts.errors.requests import UnsupportedFormat as UnsupportedFormat
from stts.errors.requests import UpgradeRequired as UpgradeRequired
from stts.errors.service import Busy as Busy
from stts.errors.service import DatabaseAway as DatabaseAway
from stts.errors.service import DatabaseUnusable as DatabaseUnusable
from stts.errors.service import LimitsAway as LimitsAway
from stts.errors.service import ModelFetchFailed as ModelFetchFailed
from stts.errors.service import PartNotInstalled as PartNotInstalled
from stts.errors.service import ReplyFailed as ReplyFailed
from stts.errors.service import ReplyTimeout as ReplyTimeout
from stts.errors.service import ShuttingDown as ShuttingDown
from stts.errors.service import StorageFailed as StorageFailed
from stts.errors.service import StorageFull as StorageFull
from stts.errors.service import Unavailable as Unavailable
