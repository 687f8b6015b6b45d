"""Models from addresses: repositories of the hub, and plain files below a URL."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from urllib.error import HTTPError

from engines.models.download import Download, on_disk
from engines.models.hub import hub_endpoint, hub_token, hub_url
from engines.models.keys import shown
from engines.models.making import Making, Unavailable
from engines.models.parts import opener, write_file
from stts.models import HubSource, UrlSource


def from_hub(source: HubSource, making: Making) -> str:
    """Raises Unavailable, and what `download` does."""
    if not making.how.asks_hub:
        raise Unavailable("the hub is switched off")
    token = hub_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    addresses = {file.path: hub_url(source, file.path) for file in making.model.files}
    try:
        _fetch(addresses, headers, making)
    except HTTPError as error:
        if error.code in (401, 403):
            raise Unavailable(
                f"the hub denies access: accept the licence at {shown(hub_endpoint())}/{source.hub}, "
                "make a token and set it as HF_TOKEN"
            ) from error
        raise
    return f"{source.hub} on the hub"


def from_url(source: UrlSource, making: Making) -> str:
    """Returns where they came from, without keys. Raises what `download` does."""
    root = source.url.rstrip("/")
    _fetch({file.path: f"{root}/{source.member(file.path)}" for file in making.model.files}, {}, making)
    return shown(root)


def _fetch(addresses: dict[str, str], headers: dict[str, str], making: Making) -> None:
    """Downloads all files, then puts them in their places: what has come stays for another try.

    Files of the same content are one download.
    """
    if making.how.offline:
        raise Unavailable("models.offline is set")
    done = 0
    for file in making.model.files:
        wanted = Download(addresses[file.path], file.bytes, file.sha256, file.bytes, headers)
        target = making.staging.download(file.sha256)
        making.download(wanted, target, name=file.path, before=done, total=making.model.bytes)
        done += file.bytes
    placed: dict[str, Path] = {}
    for file in making.model.files:
        target = making.staging.files / file.path
        if (twin := placed.get(file.sha256)) is not None:
            copied = write_file(file, [opener(twin)], target, making.how.transport.cancellation)
            deque(copied, maxlen=0)
            continue
        with on_disk():
            target.parent.mkdir(parents=True, exist_ok=True)
            making.staging.download(file.sha256).rename(target)
        placed[file.sha256] = target
