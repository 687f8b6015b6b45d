#!/usr/bin/env bash
# FastAPI 0.165.0: with an OpenTelemetry provider in the process it makes spans by itself, with whole queries in them.
#
# Good guess: the framework knows nothing of traces; spans come from an instrumentation package that somebody installs and calls.
# Seen: the framework depends on opentelemetry-api and has a part of its own (`fastapi.telemetry`). As soon as any library
#   sets a global provider, each request gives a span whose attributes hold the query string as the client sent it.
#   `FastAPI(telemetry={"tracing": False, ...})` turns it off.
# Why it matters: what users write in a query (texts, names, keys) goes to a trace receiver though nobody of the application asked
#   for it; and an application with traces of its own sends each request twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "fastapi==0.165.0" "opentelemetry-sdk==1.45.2"
"$folder/venv/bin/python" - <<'PY'
import asyncio

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

WORD = "marzipan"
OFF = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)


async def ask(app: FastAPI) -> None:
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        pass

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": "/say", "raw_path": b"/say", "query_string": f"text={WORD}".encode(), "root_path": ""}
    scope |= {"headers": [], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    await app(scope, receive, send)


def spans(**options) -> list[dict]:
    kept.clear()
    app = FastAPI(**options)
    app.get("/say")(lambda text: {})
    asyncio.run(ask(app))
    return [dict(span.attributes) for span in kept.get_finished_spans()]


seen, off = spans(), spans(telemetry=OFF)
print(f"by itself: {seen}; turned off: {off}")
assert any(WORD in str(value) for span in seen for value in span.values()), "no query is in a span of the framework now"
assert off == [], "it cannot be turned off this way any more"
PY
