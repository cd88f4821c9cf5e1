// The `openai` package for Node: speech, transcription and chat over https, printed as JSON.
// Usage: node openai_rest.mjs BASE_URL
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "any" });
const speech = await client.audio.speech.create({
  model: "tts-1",
  voice: "alloy",
  input: "Turn on the kitchen light.",
  response_format: "wav",
});
const wav = Buffer.from(await speech.arrayBuffer());
const heard = await client.audio.transcriptions.create({
  model: "whisper-1",
  file: await toFile(wav, "speech.wav"),
});
let chat = "";
const stream = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "What is two plus two?" }],
  stream: true,
});
for await (const chunk of stream) chat += chunk.choices[0]?.delta?.content ?? "";
const models = (await client.models.list()).data.map((model) => model.id);
console.log(JSON.stringify({ heard: heard.text, chat, models, bytes: wav.length }));
