"""The house keeps its plan: which room may import which, no cycles, and nothing heavy at the start."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import patient

ROOT = Path(__file__).parent.parent

LAYERS = ("stts", "engines", "adapters", "middleware", "routers", "embedded", "commands", "server_v2")
"""Each may import itself and those before it."""

DOMAIN = (
    (
        "errors",
        "out_of_memory",
        "environment",
        "cancellation",
        "languages",
        "language_names",
        "voice_names",
        "hosted_models",
        "engine_state",
        "engine_info",
        "http_address",
        "interruption",
        "command_line",
        "pronunciation",
        "streams",
        "tracebacks",
        "garbage_collection",
        "switch_interval",
        "loop_thread",
        "spoken_words",
    ),
    ("speech", "transcription", "chat", "settings", "access", "models"),
    ("context", "timings", "engine_api", "telemetry", "spoken"),
    ("plans", "protocols", "analytics", "jobs", "speaker_engine", "peers"),
    ("audio", "text"),
    ("voices",),
    ("scheduling", "vad", "storage", "cache", "books"),
    ("conversation",),
)
"""Inside stts: each level may import itself and those before it."""

ADAPTERS = (
    ("execution", "parameters", "model_names", "jobs", "estimates"),
    ("health", "descriptions", "offered_voices", "weights", "probes", "model_library", "residency"),
    ("detection", "speech", "transcription"),
    ("availability", "making", "catalogue"),
    ("selection", "routing", "hosted_names", "missing_models", "environments", "preloading"),
    ("fallback", "phonemes"),
    ("operations",),
    ("batches",),
)
"""Inside adapters: each level may import itself and those before it."""

APART = ("chat", "configuration")
"""Rooms of adapters that import no other room there, and that none there imports."""

OPERATIONS = ("speech", "transcription", "detection")
MAY_IMPORT = {("transcription", "detection")}
"""Operations of adapters know nothing of each other, but for recordings, which are cut by the detector."""

NO_ENGINES = ("engines.registry", "engines.environments")
"""Rooms beside the engines, which name none."""

SHARED_BY_ROUTES = (
    "http",
    "sockets",
    "webrtc",
    "access_services",
    "batch_services",
    "engine_services",
    "measuring",
    "repeating",
    "pipelines",
    "services",
    "foreign_environment",
    "profile",
    "dialect",
    "core",
)
"""Inside routers: each may import itself and those before it, and every dialect may import them."""

ASSEMBLY = ("dialects", "profiles", "listeners", "app", "startup", "websocket.schema")
"""Modules of routers that put the dialects together or describe them all."""

KNOWN_EXCEPTIONS: dict[str, str] = {}
"""Imports against the plan, each with the reason. An entry that is no longer needed fails its test."""

HEAVY = (
    "av",
    "sentencex",
    "torch",
    "transformers",
    "whisper",
    "chatterbox",
    "onnxruntime",
    "openai",
    "ray",
    "fasttext",
    "requests",
    "sqlalchemy",
    "alembic",
    "aiosqlite",
    "psycopg",
    "redis",
    "opentelemetry.proto",  # FastAPI imports its API
    "opentelemetry.sdk",
    "google.protobuf",
    "stts.telemetry",
)


@cache
def modules() -> dict[str, Path]:
    files = [ROOT / "server_v2.py"]
    for layer in LAYERS[:-1]:
        files += sorted((ROOT / layer).rglob("*.py"))
    return {name_of(path): path for path in files}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, at_import_only: bool) -> Iterator[str]:
    """Names that a file imports: modules, and what may be modules."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def own_imports(path: Path, *, at_import_only: bool = False) -> frozenset[str]:
    """Modules of this server that a file imports."""
    known = modules()
    return frozenset(name for name in imports(path, at_import_only=at_import_only) if name in known)


@pytest.mark.parametrize("name", modules())
def test_imports_point_down(name: str) -> None:
    layer = LAYERS.index(name.split(".")[0])
    for imported in own_imports(modules()[name]):
        assert LAYERS.index(imported.split(".")[0]) <= layer, f"{name} imports {imported}"


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("stts.")])
def test_imports_inside_the_domain_point_down(name: str) -> None:
    own = level_of(name)
    for imported in own_imports(modules()[name]) - {"stts"}:
        assert level_of(imported) <= own, f"{name} imports {imported}"


def level_of(name: str) -> int:
    room = name.split(".")[1]
    return next(level for level, rooms in enumerate(DOMAIN) if room in rooms)


def test_rooms_import_as_planned() -> None:
    against = {
        f"{name} -> {imported}": rule
        for name, path in modules().items()
        for imported in sorted(own_imports(path))
        if (rule := broken_rule(name, imported))
    }
    fresh = {pair: rule for pair, rule in against.items() if pair not in KNOWN_EXCEPTIONS}
    assert fresh == {}
    unneeded = KNOWN_EXCEPTIONS.keys() - against.keys()
    assert not unneeded, f"delete these from KNOWN_EXCEPTIONS: {sorted(unneeded)}"


def broken_rule(name: str, imported: str) -> str | None:
    """The rule that an import breaks; None for an import that the plan allows."""
    ours, theirs = name.split(".")[0], imported.split(".")[0]
    if {ours, theirs} == {"middleware", "adapters"}:
        return "middleware and adapters stand side by side"
    if ours == "routers" and imported.startswith("adapters.execution"):
        return "routes never reach into the execution of engines"
    if name.startswith("adapters.execution") and theirs == "engines" and not imported.startswith(NO_ENGINES):
        return "execution knows no concrete engine"
    if "." not in imported:
        return None
    if ours == theirs == "adapters":
        return broken_rule_of_adapters(name.split(".")[1], imported.split(".")[1])
    if ours == theirs == "routers":
        return broken_rule_of_routers(room_of_routers(name), room_of_routers(imported))
    return None


def broken_rule_of_adapters(ours: str, theirs: str) -> str | None:
    if ours == theirs:
        return None
    if ours in APART or theirs in APART:
        return f"{APART} stand apart"
    if {ours, theirs} <= set(OPERATIONS) and (ours, theirs) not in MAY_IMPORT:
        return f"{OPERATIONS} stand side by side"
    levels = {room: level for level, rooms in enumerate(ADAPTERS) for room in rooms}
    unplanned = {ours, theirs} - levels.keys()
    assert not unplanned, f"give these a level in ADAPTERS: {unplanned}"
    return "imports inside adapters point down" if levels[theirs] > levels[ours] else None


def broken_rule_of_routers(ours: str, theirs: str) -> str | None:
    if ours == theirs or ours in ASSEMBLY:
        return None
    if theirs in ASSEMBLY:
        return f"only {ASSEMBLY} and the server see all dialects"
    if theirs not in SHARED_BY_ROUTES:
        return "no dialect imports another"
    if ours in SHARED_BY_ROUTES and SHARED_BY_ROUTES.index(theirs) > SHARED_BY_ROUTES.index(ours):
        return "imports inside routers point down"
    return None


def room_of_routers(name: str) -> str:
    """A folder or module of routers; in the folders compat and websocket each folder is a dialect of its own."""
    parts = name.split(".")
    return ".".join(parts[1:3]) if parts[1] in ("compat", "websocket") else parts[1]


DESKTOP = ("sentences", "display", "sound", "model", "window")
"""Inside the desktop client: each may import itself and those before it."""
SERVER = (*LAYERS[:5], *LAYERS[6:], "server")
"""Rooms that a client reaches by the public API alone."""


@pytest.mark.parametrize("path", sorted((ROOT / "clients" / "desktop").rglob("*.py")), ids=name_of)
def test_the_desktop_client_uses_the_public_api_and_qt_in_its_window_alone(path: Path) -> None:
    room = path.parent.name
    for imported in imports(path, at_import_only=False):
        top, *inner = imported.split(".")
        assert top not in SERVER, f"{path} imports {imported}"
        assert top != "PySide6" or room == "window", f"{path} imports {imported}"
        assert top != "clients" or inner[:1] in ([], ["chat"], ["desktop"]), f"{path} imports {imported}"
        if room in DESKTOP and inner[:1] == ["desktop"] and len(inner) > 1:
            assert inner[1] in DESKTOP[: DESKTOP.index(room) + 1], f"{path} imports {imported}"


def test_there_is_no_import_cycle() -> None:
    """Not even where names are imported late, or for their types alone."""
    graph = {name: own_imports(path) - {name} for name, path in modules().items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for imported in graph[name]:
                # A package's __init__ is imported with each of its modules; only its own imports can make a cycle.
                visit(imported, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.socket
def test_starting_loads_nothing_heavy() -> None:
    code = (
        "import sys, server_v2, routers.app\n"
        "from stts.settings import Settings\n"
        "routers.app.create_app(Settings())\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = patient.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.stdout.strip() == "[]", shown.stdout + shown.stderr
