"""nginx with the files of deploy/nginx on a free loopback port, and a certificate of its own. Tests that use it are
skipped where it is not installed (`make nginx`)."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import patient
from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent
FILES = ROOT / "deploy" / "nginx"
PROGRAMS = ("nginx", "envsubst", "openssl")
NAMES = "localhost speech.test"
MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """One that runs. Addresses are without a slash at their end."""

    https: str
    http: str
    certificate: Path

    @property
    def wss(self) -> str:
        return f"wss{self.https.removeprefix('https')}"

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts its certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    @property
    def port(self) -> int:
        return int(self.https.rpartition(":")[2])


@contextmanager
def running_nginx(
    folder: Path, upstream: str, address: str = "127.0.0.1", prefix: Sequence[str] = (), more: str = ""
) -> Iterator[Nginx]:
    """Listens at an address of the network that this thread is in.

    `upstream`: address and port of the server. `prefix`: of the command. `more`: a further file of its folder.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        assert not os.environ.get("STTS_REQUIRE_NGINX"), f"{missing} are not installed: make nginx"
        pytest.skip(f"{' and '.join(missing)} are not installed: make nginx")
    with ExitStack() as stack:
        https, http = (stack.enter_context(socket.create_server((address, 0))) for _ in range(2))
        http_address = http.getsockname()
        certificate = make_certificate(folder, address)
        values = {
            "STTS_NAME": f"{NAMES} {address}",
            "STTS_UPSTREAM": upstream,
            "STTS_HTTPS": f"{address}:{https.getsockname()[1]}",
            "STTS_HTTP": f"{address}:{http.getsockname()[1]}",
            "STTS_CERTIFICATE": str(certificate),
            "STTS_CERTIFICATE_KEY": str(certificate.with_suffix(".key")),
        }
        (folder / "conf.d").mkdir()
        (folder / "conf.d" / "stts.conf").write_text(filled(FILES / "stts.conf.template", values), encoding="utf-8")
        (folder / "conf.d" / "more.conf").write_text(more, encoding="utf-8")
        (folder / "stts-proxy.conf").symlink_to(FILES / "stts-proxy.conf")
        main = folder / "nginx.conf"
        main.write_text(MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""), encoding="utf-8")
        # Sockets that it inherits, as at an upgrade of itself: no other program can take their ports in between.
        handles = (https.fileno(), http.fileno())
        environment = {**os.environ, "NGINX": "".join(f"{each};" for each in handles)}
        with subprocess.Popen(
            [*prefix, str(shutil.which("nginx")), "-c", str(main), "-p", str(folder), "-e", "stderr"],
            env=environment,
            pass_fds=handles,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            for each in (https, http):
                each.close()  # where it does not start, clients are refused and wait for nothing
            # By its answer it listens at the ports of a further file as well.
            with suppress(OSError), patient.create_connection(http_address) as first:
                first.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
                first.recv(1)
            try:
                yield Nginx(f"https://{values['STTS_HTTPS']}", f"http://{values['STTS_HTTP']}", certificate)
            finally:
                process.terminate()
                _, told = process.communicate(timeout=PATIENCE)
        assert not [line for line in told.splitlines() if "[emerg]" in line or "[crit]" in line], told


def filled(template: Path, values: dict[str, str]) -> str:
    """The file with these in their places, as docs/proxies.md says it."""
    names = " ".join(f"${name}" for name in values)
    text = template.read_text(encoding="utf-8")
    made = patient.run(["envsubst", names], input=text, env={**os.environ, **values}, capture_output=True, text=True)
    assert made.returncode == 0 and "${" not in made.stdout, made.stderr
    return made.stdout


def make_certificate(folder: Path, address: str, names: str = NAMES) -> Path:
    """A self-signed one for the names and the address; its key lies beside it."""
    certificate = folder / "stts.pem"
    names = ",".join(f"DNS:{name}" for name in names.split())
    ask = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    ask += ["-subj", "/CN=localhost", "-addext", f"subjectAltName={names},IP:{address}"]
    ask += ["-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)]
    made = patient.run(ask, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return certificate
