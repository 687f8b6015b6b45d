"""Configuration and rules for Prometheus, by its own checker, and that checker by rules that are wrong."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path

import pytest
import yaml

from stts import errors
from stts.errors import STTSError
from tests.promtool import ROOT, promtool

pytestmark = pytest.mark.socket

FOLDER = ROOT / "deploy" / "prometheus"
NOT_OF_OPERATIONS = {
    "database_away",
    "database_unusable",
    "engine_install_failed",
    "model_fetch_failed",
    "part_not_installed",
    "shutting_down",
}
"""Codes of errors that say nothing of how well it speaks and listens."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy with the key file that the configuration names."""
    copy = tmp_path / "prometheus"
    shutil.copytree(FOLDER, copy)
    (copy / "stts.key").write_text("key\n")
    return copy


def test_the_configuration(folder: Path) -> None:
    done = promtool("check", "config", "prometheus.yml", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "1 rule files found" in done.stdout


def test_the_rules(folder: Path) -> None:
    done = promtool("check", "rules", "stts.rules.yml", folder=folder)
    assert done.returncode == 0, done.stderr


def test_each_alert_fires_and_stays_silent(folder: Path) -> None:
    done = promtool("test", "rules", "stts.tests.yml", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_both_ways() -> None:
    rules = yaml.safe_load((FOLDER / "stts.rules.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    tests = yaml.safe_load((FOLDER / "stts.tests.yml").read_text(encoding="utf-8"))["tests"]
    checks = [check for test in tests for check in test["alert_rule_test"]]
    assert {check["alertname"] for check in checks if check.get("exp_alerts")} == alerts
    assert {check["alertname"] for check in checks if not check.get("exp_alerts")} == alerts


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("== 0", "== 1"),
        ("> 0.05", "> 0.5"),
        ("> 1\n", "> 3\n"),
        ("[10m])) > 10\n", "[10m])) > 99\n"),
        ("> 5\n", "> 0.5\n"),
        ("> 100\n", "> 1\n"),
    ],
)
def test_other_bounds_are_noticed(folder: Path, right: str, wrong: str) -> None:
    rules = folder / "stts.rules.yml"
    text = rules.read_text(encoding="utf-8")
    assert right in text
    rules.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert promtool("test", "rules", "stts.tests.yml", folder=folder).returncode != 0


def test_errors_that_count_are_those_of_the_server() -> None:
    rules = (FOLDER / "stts.rules.yml").read_text(encoding="utf-8")
    dashboard = (ROOT / "deploy" / "grafana" / "stts.json").read_text(encoding="utf-8").replace('\\"', '"')
    (counted,) = set(re.findall(r'code=~"([^"]+)"', rules + dashboard))
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, STTSError)]
    ours = {kind.code for kind in kinds if kind.status >= 500}
    matched = {kind.code for kind in kinds if re.fullmatch(counted, kind.code)}
    assert matched <= ours
    assert ours - matched <= NOT_OF_OPERATIONS
