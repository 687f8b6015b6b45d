"""Recordings that a client names by an address: fetched from where the operator allows it, and nowhere else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from stts.errors import Forbidden, PayloadTooLarge, RemoteContentFailed

ELSEWHERE = re.compile(r"\.\.|%2e|\\|[\s@]", re.IGNORECASE)
"""Parts of an address by which it may lead elsewhere than it begins."""


def check_address(url: str, allowed: Sequence[str]) -> None:
    """Raises Forbidden. `allowed`: beginnings of addresses, each with its host and the slash behind it."""
    if not allowed:
        raise Forbidden(
            "This server fetches nothing from other addresses: send the recording itself as the body.", param="url"
        )
    if ELSEWHERE.search(url) or not url.startswith(tuple(allowed)):
        raise Forbidden("This server fetches nothing from there: its operator allows other addresses.", param="url")


async def fetched(url: str, *, most_bytes: int, pause: float, total: float) -> AsyncGenerator[bytes, None]:
    """Yields the bytes behind an address. Redirects are not followed: they may lead anywhere.

    `pause` and `total`: seconds that nothing may come, and that all of it may take. Raises RemoteContentFailed and
    PayloadTooLarge.
    """
    # Few servers fetch anything, and it takes long to import.
    import httpx

    size = 0
    try:
        async with (
            asyncio.timeout(total),
            httpx.AsyncClient(timeout=pause, follow_redirects=False) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise RemoteContentFailed(
                    f"The remote server hosting the media answered {response.status_code}.", param="url"
                )
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > most_bytes:
                    raise PayloadTooLarge(f"The recording is longer than {most_bytes} bytes.", param="url")
                yield chunk
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        raise RemoteContentFailed("The remote server hosting the media could not be reached.", param="url") from None
