"""No test gives up on a machine that is only busy: waits go through `tests.patient`, or are meant to run out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.patient import PATIENCE

TESTS = Path(__file__).parent
OWN_LIMITS = {
    *(f"httpx.{name}" for name in ("get", "post", "put", "delete", "request", "stream", "Client", "AsyncClient")),
    *("OpenAI", "AsyncOpenAI", "openai.OpenAI", "openai.AsyncOpenAI", "client.realtime.connect"),
    *("browser.new_context", "browser.new_page", "context.set_default_timeout"),
    *("websockets.connect", "urllib.request.urlopen", "socket.create_connection", "subprocess.run"),
}
"""Calls with a time limit of their own, or none at all, for which `tests.patient` has others."""

LONGEST_MEANT = 1.0
"""Seconds of a wait that a test wants to run out."""
SHORTEST_MS = 2000.0
"""Browsers are told milliseconds."""

WAITS = {"timeout": 0, "wait_for": 1, "wait": 0, "join": 0, "result": 0}
"""Functions that wait, and where they take the time limit."""

SNAPSHOTS = {
    *("all_inner_texts", "all_text_contents", "count", "get_attribute", "inner_text", "input_value", "text_content"),
    *("is_checked", "is_disabled", "is_enabled", "is_hidden", "is_visible"),
}
"""Methods of a page that tell how it is at that moment, and the address lags behind even that."""


def files() -> list[Path]:
    no_waits = {
        TESTS / "patient.py",
        TESTS / "clients_js" / "browser.py",
        *(TESTS / f"stts/scheduling/test_{name}.py" for name in ("backoff", "breaker")),
    }
    return sorted(set(TESTS.rglob("*.py")) - no_waits)


def impatient(source: str) -> list[ast.Call | ast.ImportFrom]:
    tree = ast.parse(source)
    virtual = {node for part in ast.walk(tree) if has_own_clock(part) for node in ast.walk(part)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.ImportFrom)]
    return [node for node in nodes if node not in virtual and is_impatient(node)]


def has_own_clock(node: ast.AST) -> bool:
    """A test on the loop of `tests.virtual`, where no load makes anything late."""
    decorators = node.decorator_list if isinstance(node, ast.AsyncFunctionDef) else []
    return "virtual" in map(ast.unparse, decorators)


def is_impatient(node: ast.Call | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").startswith("websockets") and "connect" in {alias.name for alias in node.names}
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    name = ast.unparse(node.func)
    limit, place = named.get("timeout"), WAITS.get(name.rpartition(".")[2])
    if limit is None and place is not None and len(node.args) > place:
        limit = node.args[place]
    if isinstance(limit, ast.Constant) and isinstance(limit.value, int | float):
        return LONGEST_MEANT <= limit.value < PATIENCE or SHORTEST_MS <= limit.value < 1000 * PATIENCE
    return name in OWN_LIMITS and not {"timeout", "transport"} & named.keys()


def test_waits_hold_at_any_load() -> None:
    found = [(path, node) for path in files() for node in impatient(path.read_text(encoding="utf-8"))]
    lines = [f"{path.relative_to(TESTS)}:{node.lineno} {ast.unparse(node)[:80]}" for path, node in found]
    assert lines == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("httpx.get(url)", 1),
        ("httpx.AsyncClient(transport=transport)", 0),
        ("from websockets.asyncio.client import ClientConnection, connect", 1),
        ("asyncio.timeout(5)", 1),
        ("row.wait_for(timeout=30_000)", 1),
        ("browser.new_page()", 1),
        ("asyncio.timeout(PATIENCE)", 0),
        ("asyncio.wait_for(reader.read(), 10)", 1),
        ("asyncio.wait(calls, timeout=0.5)", 0),
        ("@virtual\nasync def test(): asyncio.timeout(5)", 0),
        ("subprocess.run(command)", 1),
    ],
)
def test_what_is_found(source: str, count: int) -> None:
    assert len(impatient(source)) == count


def hasty(source: str) -> list[ast.Assert]:
    """Assertions about a page that is given no time to become so, where `expect` waits."""
    asserted = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    return [node for node in asserted if any(is_snapshot(part) for part in ast.walk(node.test))]


def is_snapshot(node: ast.AST) -> bool:
    if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func).rpartition(".")[2] in SNAPSHOTS
    return isinstance(node, ast.Attribute) and ast.unparse(node) in ("page.url", "other.url")


def test_pages_have_time_to_become_what_is_asserted() -> None:
    driven = (path for room in ("clients_js", "docs") for path in sorted((TESTS / room).glob("*.py")))
    found = [f"{path.relative_to(TESTS)}:{node.lineno}" for path in driven for node in hasty(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("assert page.url.endswith('/app/home')", 1),
        ("assert 'search' not in page.url", 1),
        ("assert await page.locator('#notice').is_hidden()", 1),
        ("assert (await page.inner_text('p')).split() == words", 1),
        ("assert await page.evaluate('window.mark') == 1", 0),
        ("await expect(page).to_have_url(address)", 0),
        ("said = await page.inner_text('p')", 0),
    ],
)
def test_snapshots_are_found(source: str, count: int) -> None:
    assert len(hasty(source)) == count
