"""The edge in the OpenAPI document: errors as the dialects word them, and how to send the key."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from middleware.edge.dialect import EdgeDialect
from middleware.edge.route_table import RouteTable
from stts.errors import InvalidRequest

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
"""Either of them is enough."""

FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe_edge(app: FastAPI, table: RouteTable, *, guarded: bool) -> None:
    """Corrects the document when it is first made. `guarded`: there is a key, and the document says how to send it."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _correct(document, table)
            if guarded:
                document["components"]["securitySchemes"] = SCHEMES
                document["security"] = [{name: []} for name in SCHEMES]
        return plain()

    app.openapi = described  # type: ignore[method-assign]


def _correct(document: dict[str, Any], table: RouteTable) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    for dialect in table.dialects:
        schema = dialect.error_shape.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[dialect.error_shape.__name__] = schema
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            _correct_operation(table.match("http", method.upper(), path).dialect, operation["responses"])


def _correct_operation(dialect: EdgeDialect, responses: dict[str, Any]) -> None:
    invalid = dialect.render_error(InvalidRequest(""), "")
    content = {invalid.media_type: {"schema": {"$ref": f"#/components/schemas/{dialect.error_shape.__name__}"}}}
    if _is_framework_error(responses.get("422", {})):
        del responses["422"]
        responses.setdefault(str(invalid.status), {"description": "The request does not fit its description."})
    responses.setdefault("default", {"description": "Any other error."})
    for status, response in responses.items():
        if status == "default" or (status >= "400" and "content" not in response):
            response["content"] = content


def _is_framework_error(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/HTTPValidationError"))
