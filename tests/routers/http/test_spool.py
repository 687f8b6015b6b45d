import pytest

from routers.http import spool
from routers.http.spool import Spool


@pytest.mark.parametrize("memory", [4, 1_000_000])
async def test_what_goes_in_comes_out_with_its_start_replaced(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", memory)
    async with Spool() as held:
        await held.write(b"head")
        await held.write(b"body" * 100)
        await held.replace_start(b"HEAD")
        assert held.size == 404
        assert b"".join([chunk async for chunk in held.chunks()]) == b"HEAD" + b"body" * 100


@pytest.mark.parametrize("memory", [4, 1_000_000])
async def test_what_was_cleared_leaves_nothing(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", memory)
    async with Spool() as held, Spool() as fresh:
        await held.write(b"taken back, and longer than what follows")
        await held.clear()
        for each in (held, fresh):
            await each.write(b"what follows")
        assert (held.size, held.digest) == (fresh.size, fresh.digest)
        assert b"".join([chunk async for chunk in held.chunks()]) == b"what follows"


async def test_the_digest_tells_contents_apart() -> None:
    digests = []
    for body, start in ((b"one", b"o"), (b"one", b"o"), (b"two", b"o"), (b"one", b"x")):
        async with Spool() as held:
            await held.write(body)
            await held.replace_start(start)
            digests.append(held.digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
