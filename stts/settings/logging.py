"""Logs."""

from __future__ import annotations

from typing import Literal

from stts.settings.section import Section, fixed, live


class LoggingSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = live("Lowest level logged.", default="info")
    format: Literal["auto", "json", "console"] = fixed("auto: console on a terminal, else json.", default="auto")
