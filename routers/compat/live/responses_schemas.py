"""Settings of the delegation to a chat endpoint, as clients send them.

Functions are the only tools. Other kinds, `reasoning`, `text` and `service_tier` belong to the hosted service: they are
ignored, and told with the fields that nobody knows.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from routers.compat.live.shape import Shape
from routers.http.names import NAME_CHARACTERS

MOST_TOOLS = 128
MOST_DESCRIPTION = 10_000
"""Characters."""
MOST_PARAMETERS = 256 * 1024
"""Characters of the JSON schemas of all functions, which each `session.updated` tells and each reply is sent with."""
FEWEST_TOKENS, MOST_TOKENS = 16, 100_000
FUNCTION_NAME = r"^[a-zA-Z0-9_.-]{1,128}$"


class FunctionTool(Shape):
    type: Literal["function"]
    name: str = Field(pattern=FUNCTION_NAME)
    description: str | None = Field(default=None, max_length=MOST_DESCRIPTION)
    parameters: dict[str, Any] | None = None
    """JSON schema of its arguments."""


class HostedTool(Shape):
    """A kind of tool that the hosted service has."""

    ignored: ClassVar[bool] = True

    type: str = Field(max_length=NAME_CHARACTERS)


def _kind(tool: Any) -> str:
    kind = tool.get("type") if isinstance(tool, dict) else getattr(tool, "type", None)
    return "a function" if kind == "function" else "a hosted"


Tool = Annotated[
    Annotated[FunctionTool, Tag("a function")] | Annotated[HostedTool, Tag("a hosted")], Discriminator(_kind)
]


class FunctionChoice(Shape):
    type: Literal["function"]
    name: str


class AllowedTools(Shape):
    """Some of the tools, and whether one of them has to be called."""

    type: Literal["allowed_tools"]
    tools: list[FunctionChoice] = Field(min_length=1, max_length=MOST_TOOLS)
    mode: Literal["none", "auto", "required"] = "auto"


def _choice(choice: Any) -> str:
    kind = choice.get("type") if isinstance(choice, dict) else getattr(choice, "type", None)
    return f"a {kind}" if kind in ("function", "allowed_tools") else "a mode"


ToolChoice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("a mode")]
    | Annotated[FunctionChoice, Tag("a function")]
    | Annotated[AllowedTools, Tag("a allowed_tools")],
    Discriminator(_choice),
]


class ResponsesSettings(Shape):
    model: str = Field(min_length=1, max_length=NAME_CHARACTERS)
    instructions: str | None = None
    max_output_tokens: int | None = Field(default=None, ge=FEWEST_TOKENS, le=MOST_TOKENS)
    parallel_tool_calls: bool | None = None
    tool_choice: ToolChoice | None = None
    tools: list[Tool] | None = Field(default=None, max_length=MOST_TOOLS)

    @property
    def functions(self) -> list[FunctionTool]:
        return [tool for tool in self.tools or () if isinstance(tool, FunctionTool)]

    @model_validator(mode="after")
    def _consistent(self) -> ResponsesSettings:
        names = [function.name for function in self.functions]
        if sum(len(json.dumps(function.parameters)) for function in self.functions) > MOST_PARAMETERS:
            raise ValueError(f"The parameters of all functions are at most {MOST_PARAMETERS} characters.")
        if len(set(names)) < len(names):
            raise ValueError("Two functions have the same name.")
        chosen = self.tool_choice.tools if isinstance(self.tool_choice, AllowedTools) else [self.tool_choice]
        if any(isinstance(each, FunctionChoice) and each.name not in names for each in chosen):
            raise ValueError("tool_choice names a function that is not among the tools.")
        if self.tool_choice == "required" and not names:
            raise ValueError("tool_choice is `required`, and there is no function to be called.")
        return self
