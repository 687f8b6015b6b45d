"""Refusals of the server as pages tell them: each code, in each language."""

from __future__ import annotations

import re

import pytest

from routers.pages.site import LANGUAGES, WEB, read_texts

PROXY_CODES = {"server_away"}
"""Codes of deploy/nginx, where it answers itself."""
ROOT = WEB.parents[2]
ASSIGNED = re.compile(r"^    code(?:, \w+)* = \"(\w+)\"(?:,|$)", re.MULTILINE)
"""In the body of a class: `code, title, status = "busy", "Busy", 503`."""
SCRIPT = (WEB / "shared" / "refusals.js").read_text(encoding="utf-8")


def _pairs(name: str) -> dict[str, str]:
    """An object of the script."""
    block = SCRIPT.partition(f"const {name} = {{")[2].partition("}")[0]
    return dict(re.findall(r'(\w+): "(\w+)"', block))


@pytest.fixture(scope="module")
def codes() -> set[str]:
    """All that this server answers with, wherever the class of an error stands."""
    found = set(PROXY_CODES)
    for package in ("stts", "engines", "adapters", "middleware", "routers"):
        for path in (ROOT / package).rglob("*.py"):
            found |= set(ASSIGNED.findall(path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_title_and_what_to_do_next(codes: set[str], language: str) -> None:
    texts, like = read_texts(language), _pairs("LIKE")
    assert {"quota_exceeded", "key_changed", "database_too_new", "engine_crashed"} <= codes
    for code in codes:
        kind = like.get(code, code)
        assert texts.get(f"error.{kind}.title") and texts.get(f"error.{kind}.next"), code


def test_no_two_kinds_share_a_title() -> None:
    for language in LANGUAGES:
        titles = [text for name, text in read_texts(language).items() if re.fullmatch(r"error\.\w+\.title", name)]
        assert len(titles) == len(set(titles)), language


def test_the_tables_name_kinds_that_are_told(codes: set[str]) -> None:
    texts = read_texts("en")
    kinds = {*_pairs("LIKE").values(), *_pairs("OF_STATUS").values(), *_pairs("PAGES")}
    assert all(f"error.{kind}.title" in texts for kind in kinds)
    assert set(_pairs("LIKE")) | set(_pairs("PAGES")) <= codes
    assert all(f"nav.{page}" in texts for page in _pairs("PAGES").values())
