"""Model weights: finds them on this disk and downloads them from the model hub.

Looking is plain path work that imports no library and needs no network; fetching reports progress and turns what a
model hub may answer into one clear error.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.models.hub import hub_endpoint
from stts.engine_api import Progress
from stts.errors import EngineAccessDenied, EngineWeightsMissing
from stts.models.hub_cache import hub_cache, snapshot

if TYPE_CHECKING:
    from _typeshed import SupportsRead

BLOCK_BYTES = 1 << 20
FETCH_TIMEOUT = 30.0
"""Seconds without a byte after which a download has failed."""


@dataclass(frozen=True, slots=True)
class HubWeights:
    """The files of a model on the Hugging Face hub, in the cache that all its clients share."""

    repository: str
    required: tuple[str, ...]
    """Without these the model does not load."""
    optional: tuple[str, ...] = ()
    """Published too, and fetched; a folder of the operator's own may lack them."""

    def missing_in(self, folder: Path) -> list[str]:
        return _missing(folder, self.required)

    def on_disk(self) -> Path | None:
        """The folder of the complete snapshot, or None."""
        folder = snapshot(self.repository)
        if folder is None:
            return None
        # All of them: a file of an interrupted download appears here only when it is complete.
        return None if _missing(folder, (*self.required, *self.optional)) else folder

    def fetch(self, progress: Progress, *, setting: str) -> Path:
        """Downloads what is not yet on disk, from `HF_ENDPOINT`, with the token in `HF_TOKEN` if there is one.

        `setting` is the configuration key that names a local folder instead. Raises EngineAccessDenied where the hub
        wants a token or an accepted licence, EngineWeightsMissing where it cannot be reached.
        """
        import httpx
        from huggingface_hub import snapshot_download

        doing = f"downloading {self.repository}"
        progress(doing, 0.0)
        download = partial(
            snapshot_download,
            self.repository,
            cache_dir=hub_cache(),
            endpoint=hub_endpoint(),
            allow_patterns=[*self.required, *self.optional],
        )
        try:
            size = sum(file.file_size for file in download(dry_run=True) if file.will_download)
            folder = download(tqdm_class=_reporting_bar(size, lambda done: progress(doing, done)))
        except (OSError, httpx.HTTPError) as error:
            raise self._explained(error, setting) from error
        if missing := _missing(Path(folder), (*self.required, *self.optional)):
            raise EngineWeightsMissing(f"{self.repository} on the model hub lacks {', '.join(missing)}.")
        return Path(folder)

    def _explained(self, error: Exception, setting: str) -> Exception:
        if any(status in (401, 403) for status in _statuses(error)):
            return EngineAccessDenied(
                f"The model hub denies access to {self.repository}: accept its licence at "
                f"{hub_endpoint()}/{self.repository}, make a token and set it as HF_TOKEN, or set {setting}."
            )
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return error
        return EngineWeightsMissing(
            f"The weights of {self.repository} are not on this disk and could not be fetched from {hub_endpoint()}: "
            f"connect this machine, set HF_ENDPOINT to a mirror, or set {setting} to a folder that holds them."
        )


def _missing(folder: Path, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not (folder / name).is_file()]


def fetch_file(url: str, target: Path, *, sha256: str, report: Callable[[float | None], None]) -> None:
    """Downloads one file; `target` appears only when it is complete and its hash is right.

    Raises OSError, and EngineWeightsMissing for a file that is not the one expected.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT) as source, part.open("wb") as file:
            total = int(source.headers.get("Content-Length") or 0)
            for block in _blocks(source):
                file.write(block)
                digest.update(block)
                report(file.tell() / total if total else None)
        if digest.hexdigest() != sha256:
            raise EngineWeightsMissing(f"The download of {target.name} broke off or is another file: its hash differs.")
        part.replace(target)
    except http.client.HTTPException as error:
        raise ConnectionError("the download broke off") from error
    finally:
        part.unlink(missing_ok=True)


def _blocks(source: SupportsRead[bytes]) -> Iterator[bytes]:
    while block := source.read(BLOCK_BYTES):
        yield block


def _statuses(error: BaseException | None) -> Iterator[int]:
    """HTTP statuses along the chain of causes."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            yield response.status_code
        error = error.__cause__


def _reporting_bar(size: int, report: Callable[[float], None]) -> type[Any]:
    """A progress bar of the kind the hub's client draws on, which draws nothing and reports the part done of `size`."""
    from tqdm.auto import tqdm

    furthest = 0

    class ReportingBar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.counts_bytes = kwargs.get("unit") == "B"
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            nonlocal furthest
            self.n += n or 0
            # Two bars count bytes, those that came and those on disk.
            if self.counts_bytes and furthest < self.n <= size:
                furthest = self.n
                report(furthest / size)

    return ReportingBar
