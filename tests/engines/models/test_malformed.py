"""A malformed address, of the operator or of the other side, is one source that fails: the next one is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engines.models.transport import BROKEN, Transport
from stts.errors import ModelFetchFailed
from tests.engines.models.index_server import WEIGHTS, WORDS, Index, model
from tests.engines.models.making import check, fetching, run

pytestmark = pytest.mark.socket

BAD = "http://[bad/"


@pytest.mark.parametrize("address", [BAD, "http://user:key@[bad/"])
def test_it_is_an_error_of_the_connection(address: str) -> None:
    with pytest.raises(BROKEN, match="malformed"), Transport().get(address):
        pass


def test_so_is_a_redirect_to_one(index: Index) -> None:
    index.redirects = {"/a": BAD}
    with pytest.raises(BROKEN, match="malformed"), Transport().get(f"{index.url}/a"):
        pass


@pytest.mark.parametrize("index", [{}, {"html": True}], indirect=True)
def test_links_of_an_index_that_are_malformed_are_none(index: Index, tmp_path: Path) -> None:
    index.files_at = BAD
    with pytest.raises(ModelFetchFailed, match="lists no files"):
        run(model(), fetching(index, tmp_path))


def test_an_index_that_redirects_to_one_is_passed_over(index: Index, tmp_path: Path) -> None:
    index.redirects = {"/other/small-model/": BAD}
    with pytest.raises(ModelFetchFailed, match=re.escape("cannot be reached (MalformedAddress)")):
        run(model(), fetching(index, tmp_path, indexes=(f"{index.url}/other",)))
    run(model(), fetching(index, tmp_path, indexes=(f"{index.url}/other", index.simple)))
    check(tmp_path)


def test_an_index_at_one_is_passed_over_and_its_key_not_told(index: Index, tmp_path: Path) -> None:
    bad = "http://user:key@[bad/simple"
    with pytest.raises(ModelFetchFailed, match=re.escape("a malformed address: its address is malformed")) as failed:
        run(model(), fetching(index, tmp_path, indexes=(bad,)))
    assert "key" not in str(failed.value)
    run(model(), fetching(index, tmp_path, indexes=(bad, index.simple)))
    check(tmp_path)


def test_a_source_at_one_leads_to_the_next(index: Index, tmp_path: Path) -> None:
    index.files = {"model.bin": WEIGHTS, "text/words.txt": WORDS}
    index.redirects = {"/bad/model.bin": BAD}
    sources: list[dict[str, object]] = [{"url": f"{index.url}/bad"}, {"url": index.url}]
    assert run(model(sources=sources), fetching(index, tmp_path)) == index.url
    check(tmp_path)
