"""Estimates an installation: pip's own resolution, by metadata alone, and the sizes of the files it names."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from engines.environments.requirements import Requirements
from engines.environments.tools import frugal_pip, run
from engines.models.hub import hub_endpoint, hub_token
from engines.models.keys import index_keys, same_server
from engines.models.pip_settings import PipSettings, pip_settings
from engines.models.transport import BROKEN, Transport
from stts.cancellation import Cancellation

HEAD_SECONDS = 10.0
"""Longest wait for the size of one file."""
AT_ONCE = 8
"""Sizes that are asked for at once."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that would be installed."""

    name: str
    version: str
    file: str
    """Name of the file that is fetched for it."""
    bytes: int | None
    """None: its server does not tell."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The packages of an installation; those that the tool has kept from an earlier one are not fetched again."""

    packages: tuple[Package, ...]

    @property
    def download_bytes(self) -> int | None:
        """None where the size of any is unknown."""
        sizes = [package.bytes for package in self.packages]
        return None if not sizes or None in sizes else sum(size or 0 for size in sizes)


UNKNOWN = Estimate(())
"""Where nobody can say: uv has no such report, and this interpreter has no pip, or an old one and gets no other."""


def estimate(requirements: Requirements, python: str, cancellation: Cancellation) -> Estimate:
    """Asks the package index. Raises Cancelled, and EngineInstallFailed where the requirements do not go together."""
    with tempfile.TemporaryDirectory(prefix="stts-estimate-") as folder:
        pip = frugal_pip(python, Path(folder), cancellation)
        if pip is None:
            return UNKNOWN
        report = Path(folder, "report.json")
        options = ("--dry-run", "--ignore-installed", "--use-feature=fast-deps", "--quiet", "--report", str(report))
        run((*pip, "install", *options, *requirements.lines), cancellation)
        found: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    urls = [(each["metadata"], each["download_info"]["url"]) for each in found["install"]]
    settings = pip_settings()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        sizes = threads.map(lambda url: size_of(url, cancellation, settings), [url for _, url in urls])
        packages = [
            Package(metadata["name"], metadata["version"], unquote(urlsplit(url).path.rpartition("/")[2]), size)
            for (metadata, url), size in zip(urls, sizes, strict=True)
        ]
    cancellation.check()
    return Estimate(tuple(packages))


def size_of(url: str, cancellation: Cancellation, settings: PipSettings) -> int | None:
    """Bytes of a file, by what its server says of it. Pip's report has no keys: each server is sent its own anew."""
    if cancellation.cancelled:
        return None
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            return Path(unquote(parts.path)).stat().st_size
        transport = Transport(settings.certificates, silence_seconds=HEAD_SECONDS, head_seconds=HEAD_SECONDS)
        return transport.size(url, _keys(url, settings.indexes))
    except (*BROKEN, ValueError):
        return None


def _keys(url: str, indexes: Sequence[str]) -> Mapping[str, str]:
    """The header for an address: the keys of the index on its server or of netrc, or the hub's token for the hub."""
    known = next(filter(None, (index_keys(index, url) for index in (*indexes, ""))), {})
    token = hub_token() if not known and same_server(hub_endpoint(), url) else None
    return {"Authorization": f"Bearer {token}"} if token else known
