"""Places from which the files of a catalogue model come. Each knows by which name it has a file of the model."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _relative(path: str) -> str:
    """Refuses a path that could lead out of the folder that it is joined to."""
    if not path or path.startswith("/") or "\\" in path or ":" in path or not path.isprintable():
        raise ValueError("must be a relative path with forward slashes")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError("must have no empty part and none of dots")
    return path


RelativePath = Annotated[str, AfterValidator(_relative)]
"""A path below some folder, with forward slashes; never leads out of it."""
ProjectName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
"""Name of a distribution on a package index."""


MAIN = "main"
"""Branch of a repository that changes."""


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    inside: RelativePath | None = None
    """Folder of the source in which the files lie."""

    def member(self, path: str) -> str:
        """The name by which this source has a file of the model."""
        return f"{self.inside}/{path}" if self.inside else path


class PackageSource(_Source):
    """Distributions of a package index that carry the files: read where they are installed, else from their wheels.

    `inside` and `joined` begin with the name of a top-level module, as the files lie in `site-packages`.
    """

    packages: dict[ProjectName, str]
    """Names of the distributions, each with its exact version."""
    joined: dict[RelativePath, tuple[RelativePath, ...]] = {}
    """Files of the model that lie in parts there, or under other names: path -> the parts, first to last."""

    def members(self, path: str) -> tuple[str, ...]:
        """The parts that a file of the model is made of; mostly one."""
        return self.joined.get(path) or (self.member(path),)


class HubSource(_Source):
    """A repository of the Hugging Face hub, or of its mirror at `HF_ENDPOINT`."""

    hub: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    """Owner and name of the repository."""
    revision: Annotated[str, Field(pattern=r"^[\w./-]+$")] = MAIN
    """A commit, a tag or a branch."""


class UrlSource(_Source):
    """Plain files below one address."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]


class FolderSource(_Source):
    """A folder of this machine or of a mounted disk. Its files are used where they are."""

    folder: str


Source = PackageSource | HubSource | UrlSource | FolderSource
"""A place of one of these kinds, told apart by their keys."""
