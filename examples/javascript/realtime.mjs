// The dialect of OpenAI Realtime: node realtime.mjs [ADDRESS] "Good morning"
import { commandLine, fail, open } from "./server.mjs";

const [address, text] = commandLine('realtime.mjs [ADDRESS] "Good morning"', 1);
const socket = open(address, "/v1/realtime?model=gpt-realtime");
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
  if (event.type === "error") fail(`failed: ${event.error.message}`);
  if (event.type === "response.output_audio.delta") seconds += Buffer.from(event.delta, "base64").length / 48000;
  if (event.type === "response.output_audio_transcript.done") console.log("reply:", event.transcript);
  if (event.type === "response.done") {
    const { status, status_details } = event.response;
    if (status !== "completed") fail(`${status}: ${JSON.stringify(status_details)}`);
    console.log(`${seconds.toFixed(1)} s`);
    socket.close();
  }
});
