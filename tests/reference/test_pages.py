"""docs/reference says what the code says."""

from __future__ import annotations

import pytest

from reference.__main__ import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_code_writes_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STTS_URL", "STTS_KEY", "STTS_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    written = PAGES[name]()
    assert (FOLDER / name).read_text(encoding="utf-8") == written, "`make reference` writes it anew"


def test_there_are_no_others() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)
