"""Keys go to the server that they are for, by whatever way it is asked, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.models.keys import MALFORMED, same_server, shown, split_keys
from engines.models.transport import Transport
from stts.errors import ModelFetchFailed
from tests.engines.models.index_server import WEIGHTS, WORDS, Index, model
from tests.engines.models.making import check, fetching, run

pytestmark = pytest.mark.socket

BASIC = "Basic dXNlcjpwQHNz"


def sent(index: Index) -> list[str | None]:
    return [headers.get("Authorization") for headers in index.headers]


@pytest.mark.parametrize("index", [{}, {"html": True}], indirect=True)
def test_a_private_index_gives_its_wheels_to_who_has_its_keys(index: Index, tmp_path: Path) -> None:
    simple = index.simple.replace("//", "//user:p%40ss@")
    run(model(), fetching(index, tmp_path, indexes=(simple,)))
    check(tmp_path)
    assert sent(index) == [BASIC, BASIC]


def test_keys_of_an_index_are_not_shown_to_another_server_that_has_its_files(index: Index, tmp_path: Path) -> None:
    elsewhere = index.url.replace("127.0.0.1", "localhost")
    index.files_at = f"{elsewhere}/wheels/"
    run(model(), fetching(index, tmp_path, indexes=(index.simple.replace("//", "//user:p%40ss@"),)))
    check(tmp_path)
    assert sent(index) == [BASIC, None]


def test_keys_of_a_netrc_file_go_to_the_host_that_it_names(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login user password p@ss\ndefault login all password all\n")
    monkeypatch.setenv("NETRC", str(file))
    run(model(), fetching(index, tmp_path / "models"))
    index.files_at = f"{index.url.replace('127.0.0.1', 'localhost')}/wheels/"
    run(model("other"), fetching(index, tmp_path / "models"))
    assert sent(index) == [BASIC, BASIC, BASIC, None]


@pytest.mark.parametrize("content", [None, "machine", "machine \xff"])
def test_a_netrc_file_that_cannot_be_read_is_as_none(
    content: str | None, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("NETRC", str(file))
    run(model(), fetching(index, tmp_path / "models"))
    assert sent(index) == [None, None]


def test_behind_a_proxy_keys_go_to_the_server_and_not_to_the_proxy(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", index.url)
    monkeypatch.setenv("no_proxy", "")
    mine, proxy = "http://mirror.invalid", index.url
    index.redirects = {f"{mine}/a": f"{mine}/b", f"{mine}/c": f"{proxy}/d", f"{mine}/e": "http://other.invalid/f"}
    index.files = dict.fromkeys((f"{mine}/b", f"{proxy}/d", "http://other.invalid/f"), WORDS)
    for path in ("a", "c", "e"):
        with Transport().get(f"{mine}/{path}", {"Authorization": "Bearer secret"}) as answer:
            assert answer.read() == WORDS
    assert sent(index) == ["Bearer secret", "Bearer secret", "Bearer secret", None, "Bearer secret", None]


def test_keys_in_addresses_of_files_and_of_the_hub_are_not_shown(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = index.url.replace("//", "//user:p%40ss@")
    index.files = {"model.bin": WEIGHTS, "text/words.txt": WORDS}
    assert run(model(sources=[{"url": address}]), fetching(index, tmp_path)) == index.url
    monkeypatch.setenv("HF_ENDPOINT", address)
    index.status = 401
    with pytest.raises(ModelFetchFailed, match=f"accept the licence at {index.url}/some/repo") as failed:
        run(model("other", sources=[{"hub": "some/repo"}]), fetching(index, tmp_path))
    assert "p%40ss" not in str(failed.value)


def test_servers_are_told_apart() -> None:
    assert same_server("https://a/x", "https://u:p@A:443/y")
    assert not same_server("https://a", "http://a")
    assert not same_server("http://a:80", "http://a:8080")
    assert not same_server("http://a", "http://a.b")


def test_a_token_alone_is_a_user_without_a_password() -> None:
    assert split_keys("https://token@a/x") == ("https://a/x", {"Authorization": "Basic dG9rZW46"})


def test_keys_of_a_proxy_stay_with_the_proxy(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", index.url.replace("//", "//user:p%40ss@"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mine = "http://mirror.invalid"
    index.redirects = {f"{mine}/a": f"{mine}/b", f"{mine}/b": f"{index.url}/c"}
    index.files = {"c": WORDS}
    with Transport().get(f"{mine}/a") as answer:
        assert answer.read() == WORDS
    given = [{name.lower(): value for name, value in headers.items()} for headers in index.headers]
    assert [headers.get("proxy-authorization") for headers in given] == [BASIC, BASIC, None]


def test_a_malformed_address_is_not_shown() -> None:
    assert shown("https://user:key@[bad/x") == MALFORMED
    assert shown("https://user:key@a/x?key#key") == "https://a/x"
