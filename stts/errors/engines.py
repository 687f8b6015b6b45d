"""Errors of engines."""

from __future__ import annotations

from stts.errors.base import STTSError


class EngineError(STTSError):
    code, title, status = "engine_failed", "Engine failed", 500


class EngineNotInstalled(EngineError):
    code, title, status = "engine_not_installed", "Engine not installed", 503


class EngineWeightsMissing(EngineError):
    code, title, status = "engine_weights_missing", "Engine weights missing", 503


class EngineAccessDenied(EngineError):
    code, title, status = "engine_access_denied", "Access denied to engine", 503


class EngineInstallFailed(EngineError):
    code, title, status, retryable = "engine_install_failed", "Engine failed to install", 502, True


class EngineLoadFailed(EngineError):
    code, title, status, retryable = "engine_load_failed", "Engine failed to load", 503, True


class EngineOutOfMemory(EngineError):
    code, title, status, retryable = "engine_out_of_memory", "Engine out of memory", 503, True


class EngineTimeout(EngineError):
    code, title, status, retryable = "engine_timeout", "Engine timed out", 504, True


class EngineCrashed(EngineError):
    code, title, status, retryable = "engine_crashed", "Engine crashed", 503, True
