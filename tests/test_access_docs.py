"""docs/access.md lists every route and socket under the role that it needs."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from adapters.configuration.adapter import ConfigAdapter
from middleware.edge.route_table import stated_policy
from routers.app import create_app
from stts.access.policy import Public
from stts.access.roles import Role

DOCUMENT = Path(__file__).parent.parent / "docs" / "access.md"


def needed(routes: list[BaseRoute]) -> dict[str, str]:
    """Method and path of each route -> the role that it needs."""
    found: dict[str, str] = {}
    for route in routes:
        assert isinstance(route, Route | WebSocketRoute | Mount)
        policy = stated_policy(route)
        role = "none" if policy.public in (Public.ALWAYS, Public.ANYWHERE) else policy.role.label
        methods = sorted((route.methods or {"GET"}) - {"HEAD"}) if isinstance(route, Route) else ["WS"]
        for method in ["GET"] if isinstance(route, Mount) else methods:
            found[f"{method} {route.path}"] = role
    return found


def listed() -> dict[str, str]:
    rows = re.findall(
        r"^\| `?(none|read|write|admin)`? \| (`.+`) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {route: role for role, routes in rows for route in re.findall(r"`([^`]+)`", routes)}


def test_every_route_stands_under_its_role(tmp_path: Path) -> None:
    config = ConfigAdapter.load(None, {"STTS_STORAGE__ROOT": str(tmp_path)}, None)
    app = create_app(config.current(), config=config)
    assert listed() == needed(app.router.routes)


def test_every_role_has_its_row() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"| `{role.label}` |" in text for role in Role)
