"""One live stream of Deepgram's clients: its audio goes to the sessions of its channels, and their events go out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace

import numpy as np

from adapters.transcription.live_decoders import LiveDecoder, LiveDecoders
from routers.compat.deepgram.listen_fields import joined_terms
from routers.compat.deepgram.live_fields import Configure, Control, LiveFields
from routers.compat.deepgram.metadata import StreamFacts
from routers.compat.deepgram.result_encoder import ResultEncoder
from routers.sockets.messages import Messages
from routers.sockets.parts import until_all
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket
from stts.audio.pcm import WIDTHS, PCMReader
from stts.conversation.session import ConversationSession
from stts.engine_api import STT_SAMPLE_RATE
from stts.errors import Conflict

MESSAGES: Messages[Control | Configure] = Messages(Control, Configure)


@dataclass(frozen=True, slots=True)
class Channel:
    session: ConversationSession
    encoder: ResultEncoder


class Channels:
    """All channels of a stream, for what is done to all of them."""

    def __init__(self, each: Sequence[Channel]) -> None:
        self.each = each

    def finish(self) -> None:
        """No more audio comes."""
        for channel in self.each:
            channel.session.finish()

    def wind_down(self) -> None:
        for channel in self.each:
            channel.session.wind_down()

    @property
    def at_rest(self) -> bool:
        return all(channel.session.at_rest for channel in self.each)


class LiveStream:
    def __init__(self, socket: Socket, channels: Channels, fields: LiveFields, facts: StreamFacts) -> None:
        self._socket = socket
        self._channels = channels
        self._fields = fields
        self._facts = facts
        self._readers: list[PCMReader] = []
        self._rest = b""
        """Bytes of a frame of several channels that has not come whole."""
        self._encoded = asyncio.Event()
        """The first audio has come, and it is no PCM."""
        self._decoder: asyncio.Future[LiveDecoder] = asyncio.get_running_loop().create_future()
        self._ended = False

    async def read(self) -> None:
        """Reads messages until the client leaves. An invalid one is answered with `Error`; the stream goes on."""
        await read_messages(self._socket, MESSAGES, self._obey, self._hear)

    async def tell(self) -> None:
        """Sends what is heard until all is told, then what Deepgram says at the end."""
        await until_all(*(self._tell(channel) for channel in self._channels.each))
        # All audio has been looked at by now, also what came faster than it was spoken.
        await self._look_at_pauses()
        await self._socket.send_json({"type": "Metadata", **self._facts.of_audio()})

    async def decode(self, stack: AsyncExitStack, decoders: LiveDecoders) -> None:
        """Hears audio that comes in a container. Raises Busy, and UndecodableAudio, which nothing can follow."""
        await self._encoded.wait()
        decoder = await stack.enter_async_context(decoders.decoder())
        self._decoder.set_result(decoder)
        async for samples in decoder:
            self._facts.seconds += len(samples) / STT_SAMPLE_RATE
            await self._channels.each[0].session.hear(samples)
            await self._look_at_pauses()
        self._channels.finish()
        await asyncio.Event().wait()

    async def _tell(self, channel: Channel) -> None:
        async with aclosing(channel.session.events()) as events:
            async for event in events:
                for message in channel.encoder.to_messages(event, channel.session.position):
                    await self._socket.send_json(message)
                await self._look_at_pauses()

    async def _look_at_pauses(self) -> None:
        for channel in self._channels.each:
            for message in channel.encoder.utterance_ended(channel.session.position):
                await self._socket.send_json(message)

    async def _hear(self, data: bytes) -> None:
        if self._ended:
            return
        if not data:
            # Older clients close a stream with it.
            await self._end()
            return
        self._facts.received(data)
        if self._fields.pcm is None:
            self._encoded.set()
            await (await asyncio.shield(self._decoder)).write(data)
            return
        await self._hear_pcm(data)
        await self._look_at_pauses()

    async def _hear_pcm(self, data: bytes) -> None:
        fields = self._fields
        assert fields.pcm is not None and fields.sample_rate is not None
        if not self._readers:
            mixed = 1 if fields.heard_apart > 1 else fields.channels
            self._readers = [PCMReader(fields.pcm, fields.sample_rate, mixed) for _ in self._channels.each]
            for reader in self._readers:
                await reader.ready()
        self._facts.seconds += len(data) / (WIDTHS[fields.pcm] * fields.channels * fields.sample_rate)
        parts = self._parted(data) if len(self._readers) > 1 else [data]
        for channel, reader, part in zip(self._channels.each, self._readers, parts, strict=True):
            for samples in reader.slices(part):
                await channel.session.hear(samples)

    def _parted(self, data: bytes) -> Iterator[bytes]:
        """The bytes of each channel of interleaved audio."""
        count, width = len(self._readers), WIDTHS[self._fields.pcm or "pcm_s16le"]
        data = self._rest + data
        whole = len(data) - len(data) % (count * width)
        self._rest = data[whole:]
        frames = np.frombuffer(data[:whole], np.uint8).reshape(-1, count, width)
        for index in range(count):
            yield frames[:, index].tobytes()

    async def _obey(self, message: Control | Configure) -> None:
        match message:
            case Configure():
                await self._configure(message)
            case Control(type="Finalize") if not self._ended:
                await self._finalize()
            case Control(type="CloseStream"):
                await self._end()
            case Control():
                await self._look_at_pauses()

    async def _finalize(self) -> None:
        for channel in self._channels.each:
            try:
                channel.session.commit()
            except Conflict:
                nothing = channel.encoder.nothing_to_finalize(channel.session.position)
                await self._socket.send_json(nothing)

    async def _configure(self, message: Configure) -> None:
        answer = {"type": "ConfigureSuccess", "request_id": self._socket.request_id}
        if message.keyterms is None:
            await self._socket.send_json(answer)
            return
        prompt = joined_terms(message.keyterms)
        for channel in self._channels.each:
            config = channel.session.config
            await channel.session.configure(replace(config, listen=replace(config.listen, prompt=prompt)))
        await self._socket.send_json({**answer, "keyterms": message.keyterms})

    async def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._encoded.is_set():
            (await asyncio.shield(self._decoder)).end()
            return
        for channel, reader in zip(self._channels.each, self._readers, strict=False):
            if len(rest := reader.finish()):
                await channel.session.hear(rest)
        self._channels.finish()
