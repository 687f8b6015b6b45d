"""Takes symbols for debuggers out of libraries that can be loaded without: `strip.py FOLDER`.

Libraries that wheels bring along have been moved about in their files, which `strip` does not always understand.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path


def is_loadable(library: Path) -> bool:
    try:
        ctypes.CDLL(str(library))
    except OSError:
        return False
    return True


def strip(library: Path) -> int:
    """Bytes that are saved. The copy is tried in the same folder, where it finds the libraries that it needs."""
    copy = library.with_name(f"stripped-{library.name}")
    stripped = subprocess.run(["strip", "--strip-unneeded", "-o", copy, library], capture_output=True, check=False)
    saved = library.stat().st_size - copy.stat().st_size if stripped.returncode == 0 else 0
    if saved > 0 and is_loadable(copy):
        copy.chmod(library.stat().st_mode)
        copy.replace(library)
        return saved
    copy.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    libraries = [each for each in Path(sys.argv[1]).rglob("*.so*") if each.is_file() and not each.is_symlink()]
    saved = sum(strip(each) for each in libraries)
    print(f"{len(libraries)} libraries: {saved / 1e6:.0f} MB of symbols")  # noqa: T201 - for who builds the image
    broken = [each.name for each in libraries if not is_loadable(each)]
    sys.exit(f"cannot be loaded: {broken}" if broken else 0)
