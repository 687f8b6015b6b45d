"""The commands of docs/proxies.md that set up nginx, as they stand, where /etc and the network are of their own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests import patient
from tests.docs.blocks import ROOT, blocks
from tests.nginx import make_certificate

pytestmark = pytest.mark.images

NAME = "speech.example.org"
SUDO = '#!/bin/sh\nexec "$@"\n'
INSTALLED = '#!/bin/sh\necho "$@" > "$KEPT/installed"\n'
"""Stands in for apt-get: the packages are there (`make nginx`)."""
RELOADED = '#!/bin/sh\n[ "$*" = "reload nginx" ] && exec nginx -s reload\n'
"""Stands in for systemctl, which a machine of its own has."""
INSIDE = """
set -e
mount --make-rprivate /
cp -a /etc "$KEPT/etc"
mount --bind "$KEPT/etc" /etc
rm -f /etc/nginx/sites-enabled/*
for each in /run /var/log/nginx /var/lib/nginx; do mount -t tmpfs tmpfs "$each"; done
mkdir -p "$(dirname "$CERTIFICATE")"
cp "$KEPT/stts.pem" "$CERTIFICATE"
cp "$KEPT/stts.key" "$CERTIFICATE_KEY"
ip link set lo up
nginx
trap 'nginx -s quit' EXIT
. "$KEPT/block"
set +e
curl --silent --retry 8 --retry-connrefused --output /dev/null http://127.0.0.1/
asked="--silent --cacert $KEPT/stts.pem --resolve $NAME:443:127.0.0.1 --resolve $NAME:80:127.0.0.1"
curl $asked --write-out '\\n%{http_version} %{http_code}\\n' "https://$NAME/engines"
curl $asked --output /dev/null --write-out '%{http_code} %{redirect_url}\\n' "http://$NAME/tts"
"""


def script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def test_nginx_is_set_up_by_them(tmp_path: Path) -> None:
    missing = [each for each in ("nginx", "envsubst", "unshare", "ip", "curl") if shutil.which(each) is None]
    missing += [] if os.geteuid() == 0 else ["root"]
    if missing:
        assert not os.environ.get("STTS_REQUIRE_IMAGES"), f"{missing}: make nginx images networks"
        pytest.skip(f"{missing} are not here: make nginx images networks")
    (block,) = [each for each in blocks() if each.page == "proxies.md" and "apt-get install" in each.code]
    make_certificate(tmp_path, "127.0.0.1", NAME)
    (tmp_path / "block").write_text(block.code, encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("sudo", SUDO), ("apt-get", INSTALLED), ("systemctl", RELOADED)):
        script(programs / name, text)
    places = dict(re.findall(r"STTS_(CERTIFICATE\w*)=(\S+)", block.code))
    variables = {**places, "PATH": f"{programs}:{os.environ['PATH']}", "KEPT": str(tmp_path), "NAME": NAME}
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE]
    done = patient.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    *_, body, https, http = done.stdout.splitlines()
    assert '"code":"server_away"' in body, (done.stdout, done.stderr)
    assert (https, http) == ("2 502", f"308 https://{NAME}/tts"), done.stderr
    installed = (tmp_path / "installed").read_text(encoding="utf-8").split()
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nnginx:\n")[2].partition("\n\n")[0]
    assert installed[0] == "install" and set(installed[1:]) <= set(recipe.split())
