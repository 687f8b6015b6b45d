"""Container images, built by buildah on a base that is made here: no registry of images is asked.

Tests are skipped where buildah, mmdebstrap or root are missing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import patient
from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent
PROGRAMS = ("buildah", "mmdebstrap", "unshare", "setpriv")
BASE = "localhost/stts-test-base"
PACKAGES = ("usr-is-merged", "python3", "python3-venv", "ca-certificates")
"""The stand-in for `python:3-slim` has these beyond the least of Debian."""
MERGED = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Makes the folders of /usr before there are packages, which otherwise one with Perl does."""
NOT_IN_SLIM = ("man", "doc", "locale", "info")
BUILD_SECONDS = 1800
TRIES = 4
AWAY = re.compile(
    r"timed out|timeout|temporary failure|could not (resolve|connect)|failed to fetch|hash sum mismatch|unable to fetch"
    r"|connection (refused|reset|broken|aborted)|incompleteread|max retries exceeded|50[234] |remote end closed",
    re.IGNORECASE,
)
"""Words of apt and of pip where a mirror stalls."""
USER = 10001
"""The user of each image."""
INSIDE = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind "$2" "$1/data"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
folder=$1 user=$3
shift 3
exec setpriv --no-new-privs chroot --userspec="$user" "$folder" /usr/bin/env -i "$@"
"""
"""Runs a command as a container does: a root that cannot be written to, a volume, the first of its processes."""


def require_images() -> None:
    """Skips the test where no image can be built."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None] + ([] if os.geteuid() == 0 else ["root"])
    if missing:
        assert not os.environ.get("STTS_REQUIRE_IMAGES"), f"{missing}: make images"
        pytest.skip(f"no images without {', '.join(missing)}: make images")


def fetching(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Runs a command that may ask mirrors; again where one of them has stalled."""
    for _ in range(TRIES):
        done = patient.run(command, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS)
        if done.returncode == 0:
            return done
        if not AWAY.search(done.stdout + done.stderr):
            break
    raise AssertionError(f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}")


class Images:
    """A store of images in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._driver = "overlay"
            self("rm", self("from", "scratch"))
        except AssertionError:
            self._driver = "vfs"

    def __call__(self, *arguments: str | Path) -> str:
        """Runs buildah, and returns its output."""
        store = [
            "--storage-driver",
            self._driver,
            "--root",
            self._folder / self._driver,
            "--runroot",
            self._folder / "run",
        ]
        return fetching([*map(str, ("buildah", *store, *arguments))]).stdout.strip()

    def make_base(self) -> None:
        """Debian with Python where the official image has it."""
        archive = self._folder / "base.tar"
        excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in NOT_IN_SLIM]
        quick = "--dpkgopt=force-unsafe-io"
        link = '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python3"'
        command = [
            "mmdebstrap",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            f"--hook-dir={MERGED}",
            *excluded,
            quick,
            '--aptopt=Acquire::Retries "8"',
            link,
            "bookworm",
        ]
        fetching([*command, archive])
        container = self("from", "scratch")
        self("add", "-q", container, archive, "/")
        self("commit", "-q", container, BASE)
        self("rm", container)
        archive.unlink()

    def build(self, file: Path, name: str, *options: str) -> None:
        """Builds with the certificates and the package index that this machine has."""
        volumes = [f"{each}:{each}:ro" for each in trusted()]
        given = [part for each in volumes for part in ("--volume", each)]
        arguments = ["bud", "-q", "--isolation", "chroot", "--format", "docker", "--build-arg", f"BASE={BASE}"]
        self(*arguments, *given, *options, "-f", file, "-t", name, ROOT)

    def config(self, name: str) -> dict[str, Any]:
        """How the image says that it is to be run."""
        config: dict[str, Any] = json.loads(self("inspect", "--type", "image", name))["Docker"]["config"]
        return config

    def compressed(self, name: str) -> int:
        """Bytes of the image as it is sent."""
        folder = self._folder / "sent"
        self("push", "-q", "--compression-format", "gzip", name, f"dir:{folder}")
        sent = sum(each.stat().st_size for each in folder.iterdir())
        shutil.rmtree(folder)
        return sent

    @contextmanager
    def mounted(self, name: str) -> Iterator[Path]:
        container = self("from", "--pull-never", name)
        try:
            yield Path(self("mount", container))
        finally:
            self("rm", container)


def trusted() -> list[str]:
    """Files and folders of this machine by which pip reaches its index."""
    certificates = ssl.get_default_verify_paths()
    found = [certificates.capath or certificates.openssl_capath, "/etc/pip.conf"]
    return [os.path.realpath(each) if Path(each).is_dir() else each for each in found if Path(each).exists()]


@dataclass(frozen=True)
class Image:
    folder: Path
    """Its files."""
    config: dict[str, Any]
    images: Images

    @property
    def packages(self) -> Path:
        (found,) = (self.folder / "opt/stts/venv/lib").glob("python3*/site-packages")
        return found


class Contained:
    """A command that runs in an image, with the environment and the user that the image names."""

    def __init__(self, outer: subprocess.Popen[bytes]) -> None:
        self._outer = outer
        self.process = _first_inside(outer)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Its exit status."""
        return self._outer.wait(PATIENCE)

    @property
    def runs(self) -> bool:
        return self._outer.poll() is None


@contextmanager
def running(
    folder: Path, data: Path, config: Mapping[str, Any], command: Sequence[str], **environ: str
) -> Iterator[Contained]:
    with subprocess.Popen(contained(folder, data, config, command, environ)) as outer:
        inside = Contained(outer)
        try:
            yield inside
        finally:
            # Whoever takes other rights is no more killed with its parent.
            with suppress(psutil.NoSuchProcess):
                inside.process.kill()
            outer.kill()


def call(
    folder: Path, data: Path, config: Mapping[str, Any], command: Sequence[str], **environ: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command in an image to its end, as `docker exec` does."""
    inside = contained(folder, data, config, command, environ)
    return patient.run(inside, capture_output=True, text=True, check=False)


def contained(
    folder: Path, data: Path, config: Mapping[str, Any], command: Sequence[str], environ: Mapping[str, str]
) -> list[str]:
    """The command that runs another one in an image."""
    variables = [*config["Env"], *(f"{name}={value}" for name, value in environ.items())]
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, "sh"]
    working = ["sh", "-c", 'cd "$0" && exec "$@"', config["WorkingDir"]]
    return [*isolated, str(folder), str(data), config["User"], *variables, *working, *command]


def _first_inside(outer: subprocess.Popen[bytes]) -> psutil.Process:
    """`unshare` has one child, the first process of the new namespace, which becomes the command."""
    while outer.poll() is None:
        if children := psutil.Process(outer.pid).children():
            return children[0]
    raise AssertionError("the command did not start")
