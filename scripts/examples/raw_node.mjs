// node raw_node.mjs question.raw answer.raw [URL]: 16 kHz signed 16-bit mono in and out.
import { readFileSync, writeFileSync } from "node:fs";
import WebSocket from "ws";

const [question, answer, url = "ws://localhost:8080/ws"] = process.argv.slice(2);
const pcm = Buffer.concat([readFileSync(question), Buffer.alloc(32_000)]); // silence ends it
const heard = [];
const server = new WebSocket(`${url}?rate=16000&out_rate=16000`);
server.on("open", () => {
  for (let i = 0; i < pcm.length; i += 32_000) server.send(pcm.subarray(i, i + 32_000));
});
server.on("message", (data, isBinary) => {
  if (isBinary) return heard.push(data);
  const event = JSON.parse(data);
  if (event.type === "transcript.final") console.log(event.text);
  if (event.type === "audio.done") server.close();
});
server.on("close", () => writeFileSync(answer, Buffer.concat(heard)));
