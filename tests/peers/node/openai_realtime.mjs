// The `openai` package for Node: speaks a question over wss and prints what came of it as JSON.
// Usage: node openai_realtime.mjs BASE_URL PCM_24K_FILE
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [baseURL, file] = process.argv.slice(2);
const FRAME = 960; // 20 ms at 24 kHz, 16 bit
const client = new OpenAI({ baseURL, apiKey: "any" });
const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
const seen = { types: [], audio: [], transcript: "", reply: "" };

async function speak(pcm) {
  for (let start = 0; ; start += FRAME) {
    const frame = Buffer.alloc(FRAME);
    pcm.copy(frame, 0, Math.min(start, pcm.length));
    if (realtime.socket.readyState !== realtime.socket.OPEN) return;
    realtime.send({ type: "input_audio_buffer.append", audio: frame.toString("base64") });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

realtime.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});
realtime.on("event", (event) => seen.types.push(event.type));
realtime.on("session.created", () =>
  realtime.send({
    type: "session.update",
    session: { type: "realtime", audio: { input: { transcription: { model: "whisper-1" } } } },
  }),
);
realtime.on("session.updated", () => speak(readFileSync(file)));
realtime.on("conversation.item.input_audio_transcription.completed", (event) => {
  seen.transcript = event.transcript;
});
realtime.on("response.output_audio.delta", (event) =>
  seen.audio.push(Buffer.from(event.delta, "base64")),
);
realtime.on("response.done", (event) => {
  seen.reply = event.response.output[0].content[0].transcript;
  console.log(JSON.stringify({ ...seen, audio: Buffer.concat(seen.audio).toString("base64") }));
  realtime.close();
});
