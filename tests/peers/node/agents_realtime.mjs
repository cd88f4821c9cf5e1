// The `@openai/agents` package: a tool by text, a question by voice, an interruption.
// Every event of the server goes through the package's own schema. Prints what came of it as JSON.
// Usage: node agents_realtime.mjs WEBSOCKET_URL PCM_24K_FILE
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from "@openai/agents/realtime";
import { z } from "zod";

const [url, file] = process.argv.slice(2);
const FRAME = 960; // 20 ms at 24 kHz, 16 bit
const require = createRequire(import.meta.url);
const schemas = join(dirname(require.resolve("@openai/agents-realtime")), "openaiRealtimeEvents.mjs");
const { realtimeServerEventSchema } = await import(schemas);
const seen = { types: [], invalid: [], errors: [], tools: [], interrupted: 0, audio: [] };

const weather = tool({
  name: "weather",
  description: "Tells the weather.",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    seen.tools.push(city);
    return `Rain in ${city}`;
  },
});
const agent = new RealtimeAgent({ name: "Voice", instructions: "Be brief.", tools: [weather] });
const transport = new OpenAIRealtimeWebSocket({ url });
const session = new RealtimeSession(agent, { transport });

transport.on("*", (event) => {
  seen.types.push(event.type);
  const checked = realtimeServerEventSchema.safeParse(event);
  if (!checked.success) seen.invalid.push([event.type, String(checked.error)]);
});
session.on("error", (error) => seen.errors.push(JSON.stringify(error.error ?? error)));
session.on("audio", (event) => seen.audio.push(Buffer.from(event.data)));
session.on("audio_interrupted", () => (seen.interrupted += 1));

function happened(type, times = 1) {
  return new Promise((resolve) => {
    transport.on("*", (event) => {
      if (event.type === type && --times === 0) resolve(event);
    });
  });
}

async function speak(pcm, seconds) {
  const end = seconds ? Date.now() + seconds * 1000 : Infinity;
  for (let start = 0; start < pcm.length + FRAME * 60 && Date.now() < end; start += FRAME) {
    const frame = Buffer.alloc(FRAME);
    pcm.copy(frame, 0, Math.min(start, pcm.length));
    session.sendAudio(frame.buffer.slice(frame.byteOffset, frame.byteOffset + FRAME));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function said(role) {
  return session.history
    .filter((item) => item.type === "message" && item.role === role)
    .map((item) => item.content.map((part) => part.transcript ?? part.text ?? "").join(""));
}

await session.connect({ apiKey: "any", url });

// A tool, asked for by text: one response calls it, the next one speaks about its result.
let done = happened("response.done", 2);
session.sendMessage("Call weather in Ulm.");
await done;

// A question by voice.
seen.audio = [];
done = happened("response.done");
await Promise.all([speak(readFileSync(file)), done]);
const spoken = Buffer.concat(seen.audio).toString("base64");

// A long story, and a voice over it.
const story = happened("response.output_audio.delta");
session.sendMessage("Tell me a long story.");
await story;
await new Promise((resolve) => setTimeout(resolve, 1500));
const truncated = happened("conversation.item.truncated");
await Promise.all([speak(readFileSync(file)), truncated]);

const out = { ...seen, audio: spoken, user: said("user"), assistant: said("assistant") };
console.log(JSON.stringify(out));
session.close();
