"""Jobs of many items: how many, how fast, and how long their results are kept."""

from __future__ import annotations

from stts.settings.section import Section, fixed, live


class JobSettings(Section):
    items: int = live("Most items of one job.", default=100_000, ge=1, le=1_000_000)
    unfinished: int = live("Jobs of one key that have not ended.", default=10, ge=1, le=10_000)
    characters: int = live("Characters of the texts of all jobs of one key that are kept.", default=200_000_000, ge=1)
    at_once: int = fixed("Items worked on at once, of all jobs of this server.", default=4, ge=1, le=64)
    beside: int = live(
        "Items worked on at once while somebody waits for speech or a transcript, or did within 10 s.",
        default=1,
        ge=1,
        le=64,
    )
    quiet_seconds: float = live(
        "Items begin when nobody has been waiting for speech or a transcript for so long.", default=0.25, ge=0, le=60
    )
    least_share: float = live(
        "Part of the time that jobs get all the same while somebody always waits.", default=0.1, gt=0, le=1
    )
    lease_seconds: float = fixed(
        "Time after which the jobs of a server that was killed are taken up again.", default=15.0, ge=1, le=3600
    )
    hours: float = live("Hours for which an ended job and its results are kept.", default=168.0, gt=0)
    paused_hours: float = live(
        "Hours for which a job that rests, and that nobody resumes, is kept with its results.", default=2160.0, gt=0
    )
    bytes: int = live("Results of all jobs together.", default=20_000_000_000, ge=0)
