"""The edge in the OpenAPI document: errors as errors.py shapes them, and how to send the key."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from middleware.edge.errors import media_type

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
"""Either of them is enough."""

FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


class FieldError(BaseModel):
    param: str = Field(description="Where in the request.")
    message: str = Field(description="What is allowed there.")
    code: str = Field(description="The kind of mistake.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="A URN of the code.")
    title: str = Field(description="The kind of error; the same for every instance.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong, for people.")
    code: str = Field(description="Machine-readable and stable.")
    request_id: str = Field(description="The same as in X-Request-ID; the log has it too.")
    param: str | None = Field(None, description="The field that was wrong.")
    allowed: list[str | float] | None = Field(None, description="What the field may be, where that is a short list.")
    errors: list[FieldError] | None = Field(None, description="Each wrong field, where several can be.")


class OpenAIErrorDetail(BaseModel):
    message: str = Field(description="What was wrong, for people.")
    type: str = Field(description="OpenAI's kind of error.")
    param: str | None = Field(description="The field that was wrong.")
    code: str | None = Field(description="Machine-readable and stable.")


class OpenAIError(BaseModel):
    """OpenAI's error body."""

    error: OpenAIErrorDetail


def describe_edge(app: FastAPI, *, guarded: bool) -> None:
    """Corrects the document when it is first made. `guarded`: there is a key, and the document says how to send it."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _correct(document)
            if guarded:
                document["components"]["securitySchemes"] = SCHEMES
                document["security"] = [{name: []} for name in SCHEMES]
        return plain()

    app.openapi = described  # type: ignore[method-assign]


def _correct(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    for model in (Problem, FieldError, OpenAIError, OpenAIErrorDetail):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for path, operations in document.get("paths", {}).items():
        for operation in operations.values():
            _correct_operation(path, operation["responses"])


def _correct_operation(path: str, responses: dict[str, Any]) -> None:
    kind = media_type(path)
    name = "Problem" if kind == "application/problem+json" else "OpenAIError"
    content = {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    if _is_framework_error(responses.get("422", {})):
        del responses["422"]
        status = "422" if name == "Problem" else "400"
        responses.setdefault(status, {"description": "The request does not fit its description."})
    responses.setdefault("default", {"description": "Any other error."})
    for status, response in responses.items():
        if status == "default" or (status >= "400" and "content" not in response):
            response["content"] = content


def _is_framework_error(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/HTTPValidationError"))
