"""Images that several files look at: their base and each of them is made once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images import ROOT, USER, Image, Images, require_images

DOCKERFILES = ROOT / "deploy" / "docker"


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    require_images()
    images = Images(tmp_path_factory.mktemp("images"))
    images.make_base()
    return images


@pytest.fixture(scope="session")
def image(images: Images) -> Iterator[Image]:
    """The one for a CPU."""
    images.build(DOCKERFILES / "Dockerfile", "stts")
    with images.mounted("stts") as folder:
        yield Image(folder, images.config("stts"), images)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A volume that belongs to the user of the images."""
    folder = tmp_path / "volume"
    folder.mkdir()
    os.chown(folder, USER, USER)
    return folder
