"""Endpoints that take one JSON body and make their Response themselves, without the framework's general way to them.

That way opens stacks of what a dependency may leave to be closed and solves dependencies that there are none of: a
tenth of the event loop's time for a short sentence. What is no such body (of another type, broken, none) goes there,
where it is found out what is wrong with it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.bodies import is_json, media_type


def takes_body(endpoint: Callable[..., Any]) -> type[BaseModel] | None:
    """The model of an endpoint that is `async def endpoint(fields: Model, request: Request) -> Response`."""
    signature = inspect.signature(endpoint, eval_str=True)
    given = [*signature.parameters.values()]
    if len(given) != 2 or any(each.default is not inspect.Parameter.empty for each in given):
        return None
    fields, request = (each.annotation for each in given)
    is_body = isinstance(fields, type) and issubclass(fields, BaseModel) and request is Request
    makes_response = isinstance(signature.return_annotation, type) and issubclass(signature.return_annotation, Response)
    return fields if is_body and makes_response and inspect.iscoroutinefunction(endpoint) else None


class BodyEndpoint:
    """One such endpoint. What it raises is answered by the handlers of the app, as for any route."""

    def __init__(
        self, endpoint: Callable[[Any, Request], Awaitable[Response]], model: type[BaseModel], general: ASGIApp
    ) -> None:
        """`general`: the framework's way to it."""
        self._endpoint = endpoint
        self._model = model
        self._general = general

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        if not is_json(media_type(request)):
            await self._general(scope, receive, send)
            return
        body = await request.body()
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        if value is None:
            await self._general(scope, _again(body, receive), send)
            return
        response = await self._endpoint(self._read(value), request)
        await response(scope, receive, send)

    def _read(self, value: Any) -> BaseModel:
        """Raises RequestValidationError, worded as the framework does it."""
        try:
            return self._model.model_validate(value, from_attributes=True)
        except ValidationError as error:
            errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
            raise RequestValidationError(errors, body=value) from error


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives a body once more, and then what follows it."""
    is_told = False

    async def received() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return received
