"""Rules that the Dockerfiles keep, by their instructions; `test_image.py` and `test_bot_image.py` build two of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "docker"
FILES = ("Dockerfile", "Dockerfile.cuda")
ALL = (*FILES, "Dockerfile.bots")
FROM_HERE = "COPY requirements"
"""From here on both say the same."""
MEANT = {
    "FROM ${BASE}": "FROM system",
    '"STTS Server"': '"STTS Server (CUDA)"',
    "/usr/local/bin/python3": "/usr/bin/python3",
}
"""Differences that are meant."""


def instructions(name: str) -> list[str]:
    """The instructions, each on one line, without comments."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return [re.sub(r"\s+", " ", each).strip() for each in text.replace("\\\n", " ").splitlines() if each.strip()]


def last_stage(name: str) -> list[str]:
    every = instructions(name)
    return every[max(number for number, each in enumerate(every) if each.startswith("FROM ")) :]


def test_both_are_the_same_but_for_what_is_meant() -> None:
    cpu, cuda = (
        every[next(number for number, each in enumerate(every) if each.startswith(FROM_HERE)) :]
        for every in map(instructions, FILES)
    )
    changed = []
    for each in cpu:
        for old, new in MEANT.items():
            each = each.replace(old, new)
        changed.append(each)
    assert changed == cuda


@pytest.mark.parametrize("name", ALL)
def test_bases_are_pinned(name: str) -> None:
    base = instructions(name)[0]
    assert re.fullmatch(r"ARG BASE=docker\.io/[a-z/]+:\d+\.\d+\.\d+-[a-z0-9.-]+", base)
    stages = {match[1] for each in instructions(name) if (match := re.fullmatch(r"FROM \S+ AS (\w+)", each))}
    starts = [each.split()[1] for each in instructions(name) if each.startswith("FROM ")]
    assert set(starts) <= {"${BASE}", *stages}


@pytest.mark.parametrize("name", ALL)
def test_the_last_stage_brings_no_tools_and_ends_without_root(name: str) -> None:
    stage = last_stage(name)
    assert [each for each in stage if "apt-get" in each or "pip" in each.split()] == []
    assert [each for each in stage if each.startswith("USER ")] == ["USER 10001:10001"]
    assert "STOPSIGNAL SIGTERM" in stage
    assert all("[" in each for each in stage if each.startswith(("CMD", "ENTRYPOINT", "VOLUME")))
    assert any(each.startswith("HEALTHCHECK ") for each in stage)
    assert not [each for each in instructions(name) if each.startswith("ADD ")]


@pytest.mark.parametrize("name", FILES)
def test_lists_of_packages_do_not_stay(name: str) -> None:
    installing = [each for each in instructions(name) if "apt-get install" in each]
    assert installing
    for each in installing:
        assert "--no-install-recommends" in each and each.endswith("rm -rf /var/lib/apt/lists/*")


def test_lists_of_requirements_exist() -> None:
    for name in ALL:
        (listed,) = re.findall(r'ARG REQUIREMENTS="([^"]+)"', (FOLDER / name).read_text(encoding="utf-8"))
        assert [each for each in listed.split() if not (ROOT / "requirements" / f"{each}.txt").is_file()] == []


def test_only_what_is_named_gets_into_an_image() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = [line.removeprefix("!") for line in rules if line.startswith("!")]
    assert [each for each in named if not (ROOT / each).exists()] == []
    assert not {"data", "tests", ".git", ".env"} & set(named)
    assert "**/.env" in rules


def test_packages_of_the_bots_are_those_of_the_server() -> None:
    """A bot that is installed beside a server wants no other versions."""
    of_bots, base = (lines_of(name) for name in ("bots", "base"))
    assert of_bots and of_bots <= base


def lines_of(name: str) -> set[str]:
    """The packages of a list, without remarks and other lists."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {line.partition(" #")[0].strip() for line in lines if not line.startswith(("#", "-"))}
