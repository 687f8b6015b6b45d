"""deploy/kubernetes: each overlay is built by the real kustomize, and held against the schemas of Kubernetes and the
settings of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.configuration.adapter import ConfigAdapter
from stts import __version__
from stts.settings import Settings
from tests.kubernetes import ROOT, build, problems, require_kubernetes

pytestmark = pytest.mark.socket

FILES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("cpu", "gpu", "scaled")
COMPONENTS = ("ingress", "service-monitor")
"""Those that no overlay has by itself."""
NOT_OF_KUBERNETES = {"ServiceMonitor"}
"""Kinds of operators, whose schemas come with these."""
Document = dict[str, Any]


@pytest.fixture(scope="module")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Document]]:
    """The documents of each, and of one with all components."""
    require_kubernetes()
    everything = tmp_path_factory.mktemp("kubernetes")
    (everything / "kubernetes").symlink_to(FILES)
    components = [f"kubernetes/components/{name}" for name in COMPONENTS]
    wishes = {"resources": ["kubernetes/overlays/scaled"], "components": components, "namespace": "stts"}
    (everything / "kustomization.yaml").write_text(yaml.safe_dump(wishes), encoding="utf-8")
    return {name: build(FILES / "overlays" / name) for name in OVERLAYS} | {"everything": build(everything)}


@pytest.fixture(params=[*OVERLAYS, "everything"])
def documents(request: pytest.FixtureRequest, overlays: dict[str, list[Document]]) -> list[Document]:
    return overlays[request.param]


def of(documents: list[Document], kind: str, name: str = "stts") -> Document:
    (found,) = [each for each in documents if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pods(documents: list[Document]) -> Iterator[Document]:
    """The templates of all pods."""
    for each in documents:
        if each["kind"] in ("Deployment", "StatefulSet"):
            yield each["spec"]["template"]


def settings_of(documents: list[Document]) -> dict[str, str]:
    """The variables that pods of the server get."""
    deployment = of(documents, "Deployment")
    (source,) = deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    variables: dict[str, str] = of(documents, "ConfigMap", source["configMapRef"]["name"])["data"]
    return variables


def test_an_overlay_of_ones_own_is_built_as_the_page_says_it(tmp_path: Path) -> None:
    require_kubernetes()
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    own = tmp_path / "my-stts"
    own.mkdir()
    (own / "kustomization.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    documents = build(own)
    container = of(documents, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == f"registry.example.org/stts:{__version__}"
    ingress = of(documents, "Ingress")["spec"]
    assert ingress["rules"][0]["host"] == ingress["tls"][0]["hosts"][0] == "speech.mine.example"
    settings = settings_of(documents)
    assert settings["STTS_SECURITY__ALLOWED_HOSTS"].startswith("speech.mine.example,")
    assert settings["STTS_SERVER__TRUSTED_PROXIES"] == "10.244.0.0/16"
    assert settings["STTS_SERVER__DRAIN_SECONDS"] == "30"


def test_behind_an_ingress_nobody_else_reaches_the_server(overlays: dict[str, list[Document]]) -> None:
    """Its word about clients is believed, so nobody else may have the same address range and come in."""
    policies = [each["spec"] for each in overlays["everything"] if each["kind"] == "NetworkPolicy"]
    mine = [each for each in policies if each["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "stts"}]
    who = [source for each in mine for rule in each["ingress"] for source in rule["from"]]
    names = {source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for source in who}
    assert names == {"ingress-nginx", "monitoring"}


def test_all_fields_are_those_of_kubernetes(documents: list[Document]) -> None:
    found = {
        f"{each['kind']} {each['metadata']['name']}": wrong
        for each in documents
        if each["kind"] not in NOT_OF_KUBERNETES and (wrong := problems(each))
    }
    assert found == {}


def test_what_is_wrong_is_found(overlays: dict[str, list[Document]]) -> None:
    deployment = of(overlays["cpu"], "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    wishes: list[Document] = [{"runAsNonRoot": True}, {"terminationGracePeriodSeconds": "45"}, {"containers": {}}]
    for wrong in wishes:
        changed = {**deployment["spec"], "template": {"spec": {**spec, **wrong}}}
        assert problems({**deployment, "spec": changed})
    assert problems({**deployment, "spec": {**deployment["spec"], "replica": 2}})


def test_the_template_of_the_secret_has_what_pods_mount(overlays: dict[str, list[Document]]) -> None:
    secret = yaml.safe_load((FILES / "overlays" / "scaled" / "secret.yaml").read_text(encoding="utf-8"))
    assert problems(secret) == []
    volumes = [volume for pod in pods(overlays["scaled"]) for volume in pod["spec"]["volumes"] if "secret" in volume]
    assert {volume["secret"]["secretName"] for volume in volumes} == {secret["metadata"]["name"]}
    assert {item["key"] for volume in volumes for item in volume["secret"]["items"]} == set(secret["stringData"])


def test_pods_have_no_rights(documents: list[Document]) -> None:
    """As Pod Security's profile `restricted` wants it, and a root that is only read beside."""
    for pod in pods(documents):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


def test_what_is_selected_is_there(documents: list[Document]) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(documents)]

    def is_there(selector: dict[str, str]) -> bool:
        return any(selector.items() <= each.items() for each in labels)

    for each in documents:
        if each["kind"] == "Service":
            assert is_there(each["spec"]["selector"])
        elif each["kind"] in ("NetworkPolicy", "PodDisruptionBudget", "Deployment", "StatefulSet"):
            selector = each["spec"].get("podSelector") or each["spec"]["selector"]
            assert is_there(selector["matchLabels"])
        elif each["kind"] == "HorizontalPodAutoscaler":
            target = each["spec"]["scaleTargetRef"]
            assert "replicas" not in of(documents, target["kind"], target["name"])["spec"]


def test_the_server_knows_the_settings(
    documents: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = settings_of(documents)
    for name, value in variables.items():
        assert name.startswith("STTS_")
        if name.endswith("_FILE"):
            written = "postgresql://u:p@h/d" if "DATABASE" in name else "redis://:p@h/0" if "REDIS" in name else "k"
            value = str(tmp_path / name)
            Path(value).write_text(written, encoding="utf-8")
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings: Settings = ConfigAdapter.load(None).current()
    assert "*.svc" in settings.security.allowed_hosts
    spec = of(documents, "Deployment")["spec"]["template"]["spec"]
    waits = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] > waits + settings.server.drain_seconds
    assert (settings.database.url is not None) == ("STTS_DATABASE__URL_FILE" in variables)


def test_probes_ask_routes_that_are_answered_without_a_key(documents: list[Document]) -> None:
    container = of(documents, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/health", "liveness": "/health", "readiness": "/ready"}


def test_a_rendered_image_is_this_version(overlays: dict[str, list[Document]]) -> None:
    images = {
        name: of(each, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"]
        for name, each in overlays.items()
    }
    plain = f"stts:{__version__}"
    assert images == {"cpu": plain, "gpu": f"{plain}-cuda", "scaled": plain, "everything": plain}


def test_no_image_of_another_house_moves(documents: list[Document]) -> None:
    images = [container["image"] for pod in pods(documents) for container in pod["spec"]["containers"]]
    assert all(re.fullmatch(r"stts:[\w.-]+|[\w./-]+:\d[\w.]*-\w+", image) for image in images), images
