"""The page of all routes of the main listener."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

from adapters.configuration.adapter import ConfigAdapter
from middleware.edge.route_table import stated_policy
from reference.tables import code, page, table
from routers.app import create_app
from stts.access.policy import Public

INTRODUCTION = (
    "Every route of the main listener, with the role that a key needs where keys are wanted "
    "([Access](../access.md)). What they do is told in [HTTP API](../http-api.md); a running server has "
    "all of it, with schemas and to be tried, at `/docs`."
)
METHODS = ("get", "post", "put", "patch", "delete")


def written() -> str:
    with TemporaryDirectory() as folder:
        config = ConfigAdapter.load(None, {"STTS_STORAGE__ROOT": folder}, None)
        app = create_app(config.current(), config=config)
    return page("Routes", INTRODUCTION, _parts(app))


def _parts(app: FastAPI) -> Iterator[str]:
    roles = dict(_roles(app))
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for path, operations in app.openapi()["paths"].items():
        for method in METHODS:
            if method in operations:
                groups[operations[method].get("tags", ["other"])[0]].append((method, path, operations[method]))
    for tag, operations in sorted(groups.items()):
        yield f"## {tag}"
        yield table(("route", "role", "does"), (_row(*each, roles) for each in operations))
        yield from _examples(operations)
    sockets = sorted(route.path for route in app.router.routes if isinstance(route, WebSocketRoute))
    yield "## Sockets"
    yield table(("socket", "role"), ((code(f"WS {path}"), roles[f"WS {path}"]) for path in sockets))


def _row(method: str, path: str, operation: Mapping[str, Any], roles: Mapping[str, str]) -> tuple[str, str, str]:
    name = f"{method.upper()} {path}"
    first = operation.get("description", "").split("\n\n")[0]
    return code(name), roles.get(name, ""), first or operation.get("summary", "")


def _examples(operations: list[tuple[str, str, Mapping[str, Any]]]) -> Iterator[str]:
    for method, path, operation in operations:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in list(content.get("examples", {}).values())[:1]:
            body = json.dumps(example["value"], ensure_ascii=False)
            yield f"`{method.upper()} {path}`, for example:\n\n```json\n{body}\n```"


def _roles(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in app.router.routes:
        if not isinstance(route, Route | WebSocketRoute):
            continue
        policy = stated_policy(route)
        role = "none" if policy.public in (Public.ALWAYS, Public.ANYWHERE) else policy.role.label
        for method in (route.methods or {"GET"}) if isinstance(route, Route) else ("WS",):
            yield f"{method} {_without_converters(route.path)}", role


def _without_converters(path: str) -> str:
    """As the document has it: `{id}` for `{id:path}`."""
    return path.replace(":path}", "}")
