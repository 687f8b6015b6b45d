"""A call by WebRTC whose offer goes through nginx: signalling passes over TLS, and the call itself past the proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.webrtc_caller import calling
from tests import patient
from tests.deploy.test_nginx import behind

pytestmark = pytest.mark.socket


async def test_a_call_is_begun_and_ended_through_the_proxy(tmp_path: Path) -> None:
    with behind(tmp_path) as (_, nginx):
        async with calling() as caller, patient.AsyncClient(base_url=nginx.https, verify=nginx.tls) as client:
            headers = {"Content-Type": "application/sdp"}
            offer = await caller.offer()
            answer = await client.post("/v1/realtime/calls?model=gpt-realtime", content=offer, headers=headers)
            assert answer.status_code == 201, answer.text
            await caller.take(answer.text)
            await caller.until("session.created")
            item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Good morning."}]}
            await caller.send("conversation.item.create", item=item)
            await caller.send("response.create")
            done = await caller.until("response.done")
            assert done["response"]["status"] == "completed"
            ended = await client.post(f"{answer.headers['location']}/hangup")
            assert ended.status_code == 200, ended.text
