import { VoiceClient } from "./voice-client.js";

const client = new VoiceClient();
const captions = document.getElementById("captions");

client.addEventListener("event", ({ detail }) => {
  if (detail.type === "transcript.final") captions.append(`You: ${detail.text}\n`);
  if (detail.type === "response.done") captions.append(`It: ${detail.text}\n`);
});
client.addEventListener("problem", ({ detail }) => captions.append(`${detail.code}\n`));
document.getElementById("talk").onclick = () => client.start();
