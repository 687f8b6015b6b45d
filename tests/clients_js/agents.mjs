// OpenAI's agents SDK with its stock transport: node agents.mjs SCENARIO URL [FILE.pcm...] prints what came, as JSON.
import { setTimeout as sleep } from "node:timers/promises";

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from "@openai/agents/realtime";
import { z } from "zod";

import { speak } from "./microphone.mjs";

const [scenario, url, ...files] = process.argv.slice(2);

const asked = [];
const weather = tool({
  name: "weather",
  description: "Tells the weather of a city.",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    asked.push(city);
    return `It is raining in ${city}.`;
  },
});

function begin(tools) {
  const agent = new RealtimeAgent({ name: "Assistant", instructions: "Answer briefly.", tools });
  const transport = new OpenAIRealtimeWebSocket({ url });
  const session = new RealtimeSession(agent, { transport });
  const seen = { audio: 0, interruptions: 0, errors: [] };
  session.on("audio", ({ data }) => (seen.audio += data.byteLength));
  session.on("audio_interrupted", () => (seen.interruptions += 1));
  session.on("error", ({ error }) => seen.errors.push(error?.error ?? String(error)));
  return { session, seen };
}

/** Until the history, or what was seen, fulfils a condition. */
async function until(session, condition) {
  while (!condition()) await Promise.race([once(session, "history_updated"), once(session, "transport_event"), sleep(50)]);
}

function once(session, event) {
  return new Promise((resolve) => session.once(event, resolve));
}

function texts(session, role) {
  const messages = session.history.filter((item) => item.type === "message" && item.role === role);
  return messages.map(({ content }) => content.map((part) => part.text ?? part.transcript ?? "").join("").trim()).filter(Boolean);
}

function say(session, file, done) {
  return speak(file, (part) => session.sendAudio(new Uint8Array(part).buffer), done);
}

const SCENARIOS = {
  async voice(session, seen) {
    await say(session, files[0], () => texts(session, "assistant").length > 0 && seen.audio > 48_000);
  },
  async interruption(session, seen) {
    await say(session, files[0], () => seen.audio > 48_000);
    await say(session, files[1], () => seen.interruptions > 0 && texts(session, "user").length > 1);
    await say(session, files[0], () => texts(session, "user").length > 2);
  },
  async text(session, seen) {
    session.sendMessage("Good morning to you.");
    await until(session, () => texts(session, "assistant").length > 0 && seen.audio > 0);
  },
  async tools(session, seen) {
    session.sendMessage("How is the weather in Paris?");
    await until(session, () => asked.length > 0 && texts(session, "assistant").some((text) => text.includes("umbrella")));
  },
};

const { session, seen } = begin(scenario === "tools" ? [weather] : []);
await session.connect({ apiKey: "any" });
await SCENARIOS[scenario](session, seen);
console.log(JSON.stringify({ ...seen, asked, user: texts(session, "user"), assistant: texts(session, "assistant") }));
session.close();
