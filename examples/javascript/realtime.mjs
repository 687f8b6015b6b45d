// The dialect of OpenAI Realtime: node realtime.mjs URL "Good morning"
import WebSocket from "ws";

const [url, text] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.OPENAI_API_KEY ?? "none"}` };
const socket = new WebSocket(`${url}/v1/realtime?model=gpt-realtime`, { headers });
let seconds = 0;

function send(event) {
  socket.send(JSON.stringify(event));
}

socket.on("open", () => {
  const content = [{ type: "input_text", text }];
  send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
  send({ type: "response.create" });
});

socket.on("message", (data) => {
  const event = JSON.parse(data);
  if (event.type === "response.output_audio.delta") seconds += Buffer.from(event.delta, "base64").length / 48000;
  if (event.type === "response.output_audio_transcript.done") console.log("reply:", event.transcript);
  if (event.type === "response.done") {
    console.log(`${seconds.toFixed(1)} s`);
    socket.close();
  }
});
