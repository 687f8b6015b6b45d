"""Whatever the rules and the dashboard name exists at /metrics of a server that has worked, with those labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from stts.settings import EngineSettings, TTSSettings
from tests import patient
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.promtool import ROOT, promtool

pytestmark = pytest.mark.socket

TARGET = {"job", "instance"}
"""Labels that Prometheus adds to what it scrapes, and its own metric."""
SELECTOR = re.compile(r"\b(up|stts_[a-z_]+|process_[a-z_]+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
Used = dict[str, set[str]]
"""Metric -> labels that are used of it."""


def rules() -> list[str]:
    groups = yaml.safe_load((ROOT / "deploy/prometheus/stts.rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def dashboard() -> list[str]:
    panels = json.loads((ROOT / "deploy/grafana/stts.json").read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def used(expressions: list[str]) -> Used:
    """A label by which a sum is grouped is one of its metric, which follows."""
    found: Used = {}
    for expression in expressions:
        grouped: set[str] = set()
        for match in re.finditer(f"{GROUPED.pattern}|{SELECTOR.pattern}", expression):
            if match[1] is not None:
                grouped = {label.strip() for label in match[1].split(",")}
                continue
            labels = set(LABEL.findall(match[3] or "")) | grouped
            found.setdefault(match[2], set()).update(labels - TARGET)
            grouped = set()
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """/metrics after all that is counted: speech, words, a conversation, a fall-back, an error, underruns, refusals."""
    folder = tmp_path_factory.mktemp("metrics")
    instances: Any = {
        "breaks": {"engine": "tone", "runs_in": "process", "options": {"fail_on": "broken"}},
        "slow": {"engine": "tone", "options": {"speed": 0.5}},
    }
    settings = keyed_settings(
        folder, engines=EngineSettings(instances=instances), tts=TTSSettings(order=("breaks", "tone"))
    )
    with keyed_server(settings) as served:
        work(served)
        yield served.admin.get("/metrics").raise_for_status().text


def work(served: Keyed) -> None:
    admin = served.admin
    audio = admin.post("/tts", json={"text": "these are words", "format": "wav"}).raise_for_status().content
    admin.post("/tts", json={"text": "broken words"}).raise_for_status()
    admin.post("/tts", json={"text": "a text of which a listener hears half", "engine": "slow"}).raise_for_status()
    admin.post("/stt", files={"file": ("words.wav", audio)}).raise_for_status()
    admin.post("/conversation", data={"text": "hello"}).raise_for_status()
    assert admin.post("/tts", json={"text": "words", "engine": "nobody"}).status_code == 422
    for limits in ({"characters_per_day": 5}, {"requests_per_minute": 1}):
        key = served.key(user_id=served.user(), role="write", limits=limits)["key"]
        with served.client(key) as client:
            answers = [client.post("/tts", json={"text": "more than five"}) for _ in range(2)]
        assert answers[1].status_code == 429


def labels_by_name(page: str) -> dict[str, set[str]]:
    return {
        sample.name: set(sample.labels) for family in text_string_to_metric_families(page) for sample in family.samples
    }


@pytest.mark.parametrize("named", [rules, dashboard])
def test_every_metric_exists_with_its_labels(page: str, named: Any) -> None:
    there = labels_by_name(page)
    wanted = used(named())
    assert len(wanted) > 5
    missing = {name: labels for name, labels in wanted.items() if name != "up" and not labels <= there.get(name, {"-"})}
    assert missing == {}
    assert not [name for name in wanted if name not in there and name != "up"]


def test_the_dashboard_asks_what_prometheus_understands(tmp_path: Path) -> None:
    asked = [each.replace("$__rate_interval", "5m").replace("$instance", ".*") for each in dashboard()]
    record = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": record}]}))
    done = promtool("check", "rules", "rules.yml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_underruns_and_refusals_are_counted(page: str) -> None:
    values = {
        (sample.name, sample.labels.get("engine") or sample.labels.get("code")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name in ("stts_engine_underruns_total", "stts_quota_refusals_total")
    }
    assert values["stts_engine_underruns_total", "slow"] >= 1
    assert ("stts_engine_underruns_total", "tone") in values
    assert values["stts_quota_refusals_total", "quota_exceeded"] == 2
    assert values["stts_quota_refusals_total", "too_many_requests"] == 1


def test_the_page_needs_an_administrator(tmp_path: Path) -> None:
    with keyed_server(keyed_settings(tmp_path)) as served:
        assert patient.get(f"{served.server.url}/metrics").status_code == 401
