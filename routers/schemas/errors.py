"""Errors as the documentation of the API has them; `middleware/edge/errors.py` makes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What was wrong, for people. Never repeats what was sent.")
    code: str = Field(description="Machine-readable and stable.")
    request_id: str
    param: str | None = Field(None, description="The field that was wrong.")
    allowed: list[str | int | float] | None = Field(None, description="What it may be, where that is a short list.")


class OpenAIErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    error: OpenAIErrorDetail


def error_responses(model: type[BaseModel], media_type: str) -> dict[int | str, dict[str, Any]]:
    """For `include_router(responses=...)`: any status that is not documented otherwise is an error of this shape."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs", {})
    for name, definition in definitions.items():
        schema = _inlined(schema, name, definition)
    return {"default": {"description": "What went wrong.", "content": {media_type: {"schema": schema}}}}


def _inlined(schema: dict[str, Any], name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """The schema with one definition put where it is referred to."""
    properties = {
        key: definition if value.get("$ref", "").endswith(f"/{name}") else value
        for key, value in schema["properties"].items()
    }
    return {**schema, "properties": properties}


PROBLEMS = error_responses(Problem, "application/problem+json")
OPENAI_ERRORS = error_responses(OpenAIError, "application/json")
