/**
 * The page: what is clicked goes to the client, what the client says goes onto the screen.
 */

import { Conversation } from "./conversation.js";
import { download } from "./downloads.js";
import { EntriesView } from "./entries-view.js";
import { Orb } from "./orb.js";
import { BACK, NEW_SESSION, describe, describeAway, describeRetry } from "./problems.js";
import { PushToTalk } from "./push-to-talk.js";
import { SettingsPanel } from "./settings-panel.js";
import { configOf, forgets } from "./settings.js";
import { Tabs } from "./tabs.js";
import { Transcript } from "./transcript.js";
import { VoiceClient } from "./voice-client.js";

/** @type {Record<string, string>} */
const STATE_WORDS = {
  idle: "Press to talk",
  connecting: "Connecting",
  retrying: "Reconnecting",
  listening: "Listening",
  hearing: "Hearing you",
  endpointing: "Hearing you",
  thinking: "Thinking",
  speaking: "Speaking",
  paused: "Paused",
  held: "Hold to talk",
};

/** @type {Record<string, string>} */
const HINTS = {
  idle: "Headphones work best. Talk over the answer whenever you like.",
  connecting: "If your browser asks, allow the microphone.",
  listening: "Say something. It hears where your sentence ends.",
  speaking: "Talk over it, or press Esc, to stop it.",
  paused: "It goes on if that was nothing.",
  held: "Keep the button, or the space bar, down while you speak.",
};

/** @type {Record<string, string>} */
const ROLES = { asr: "hears with", llm: "thinks with", tts: "speaks with" };

/** So long the page says that it is connected again. */
const BACK_MS = 4000;

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);

const client = new VoiceClient();
const conversation = new Conversation();
const entries = new EntriesView(at("entries"), at("scroller"));
const orb = new Orb(at("orb"), () => client.analysers);
const transcript = new Transcript((ms) => client.capturedAt(ms));
const panel = new SettingsPanel(at("settings"), localStorage, keyOf);
const button = new PushToTalk(at("talk"), onHeld, () => pushing());
const tabs = new Tabs(() => {
  if (client.status === "idle") return;
  client.stop();
  showProblem(describe({ code: "taken_over" }), { reconnect: true });
});

/** When the user's last words ended, on the clock of `performance.now()`. @type {number | null} */
let speechEndedAt = null;
let starting = false;
/** What the conversation was begun with. */
let devices = { microphone: true };
/** What the server said last that it is doing. */
let serverState = "listening";
/** Whether a session is there, or is to come back. */
let inSession = false;
let lineTimer = 0;

// What the user does ---------------------------------------------------------------------------

at("talk").onclick = () => {
  if (!client.hasMicrophone) start({ microphone: true });
  else if (!pushing()) client.stop();
};
at("end").onclick = () => client.stop();
at("open-settings").onclick = () => panel.open();
at("close-settings").onclick = () => at("settings").close();
at("settings").onclose = () => { if (pushing()) at("talk").focus(); };
at("reconnect").onclick = () => start(devices);
at("transcribe").onchange = () => {
  client.setMode(at("transcribe").checked ? "transcription" : "conversation");
  document.body.dataset.mode = client.mode;
};
at("composer").onsubmit = (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const text = at("message").value.trim();
  if (text) say(text);
};
for (const suggestion of at("suggestions").querySelectorAll("button")) {
  suggestion.onclick = () => say(suggestion.textContent);
}
for (const format of at("downloads").querySelectorAll("button")) {
  format.onclick = () => download(transcript.utterances, format.value);
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !at("settings").open) client.cancel();
});
panel.addEventListener("change", (event) => {
  const { before, now } = /** @type {CustomEvent} */ (event).detail;
  applySettings();
  if (forgets(before, now)) client.setMode(client.mode);
});

/** What was chosen, for the page and for the session. */
async function applySettings() {
  const { settings } = panel;
  document.documentElement.dataset.colours = settings.colours;
  document.body.dataset.talking = settings.talking;
  client.configure(configOf(settings));
  client.setMuted(pushing() && !button.held);
  showStatus();
  try {
    await client.useDevices(settings);
  } catch (error) {
    explain(error);
  }
}

function pushing() {
  return panel.settings.talking === "held";
}

/** @param {boolean} held */
function onHeld(held) {
  client.setMuted(!held);
  if (held && !client.hasMicrophone) start({ microphone: true });
  showStatus();
}

function keyOf() {
  return new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
}

/** @param {{microphone: boolean}} wanted */
async function start(wanted) {
  if (starting) return;
  starting = true;
  devices = wanted;
  client.key = keyOf();
  tabs.claim();
  hideProblem();
  if (client.status === "idle") showState("connecting");
  try {
    await client.start(wanted);
  } catch (error) {
    explain(error);
  } finally {
    starting = false;
    showStatus();
  }
}

/** @param {unknown} error  of the browser's devices */
function explain(error) {
  if (!(error instanceof DOMException)) throw error;
  showProblem(describe({ code: error.name, message: error.message }));
}

/** A typed message needs no microphone, only a conversation. @param {string} text */
async function say(text) {
  const field = at("message");
  if (field.readOnly) return; // the one before waits for the connection
  field.readOnly = true;
  if (client.status === "idle") await start({ microphone: false });
  const sent = await opened();
  field.readOnly = false;
  if (!sent) {
    field.value = text;
    return;
  }
  if (field.value.trim() === text) field.value = "";
  speechEndedAt = performance.now();
  draw(conversation.type(text));
  client.sendText(text);
}

/** @returns {Promise<boolean>} */
function opened() {
  return new Promise((resolve) => {
    const settle = () => {
      if (client.status === "connecting" || client.status === "retrying") return;
      client.removeEventListener("status", settle);
      resolve(client.status === "open");
    };
    client.addEventListener("status", settle);
    settle();
  });
}

// What the client says -------------------------------------------------------------------------

client.addEventListener("event", (event) => onEvent(/** @type {CustomEvent} */ (event).detail));
client.addEventListener("status", (event) => onStatus(/** @type {CustomEvent} */ (event).detail));
client.addEventListener("back", (event) => onBack(/** @type {CustomEvent} */ (event).detail));
client.addEventListener("problem", (event) => {
  const cause = /** @type {CustomEvent} */ (event).detail;
  showProblem(describe(cause), { reconnect: true });
});
client.addEventListener("playback", (event) => onPlayback(/** @type {CustomEvent} */ (event).detail));

/** @param {import("./loudspeaker.js").Heard} heard */
function onPlayback({ type, stream, position, at: heardAt }) {
  if (type === "started" && speechEndedAt !== null) {
    conversation.heard(stream, heardAt - speechEndedAt);
    speechEndedAt = null;
  }
  const entry = conversation.played(stream, position);
  if (entry) draw(entry);
}

/** @param {any} event */
function onEvent(event) {
  const entry = conversation.apply(event);
  if (entry) draw(entry);
  if (transcript.apply(event)) at("downloads").hidden = false;
  switch (event.type) {
    case "ready":
      serverState = "listening";
      showReady(event);
      break;
    case "state":
      serverState = event.state;
      showStatus();
      break;
    case "response.started":
      hideProblem();
      break;
    case "speech.stopped":
      speechEndedAt = client.capturedAt(event.ms);
      break;
    case "level":
      document.body.dataset.voice = String(event.voice);
      break;
    case "error":
      if (!event.fatal) showProblem(describe(event));
      break;
    case "notice":
      if (event.detail) at("announcement").textContent = event.detail;
      break;
    default:
  }
}

/** @param {any} change */
function onStatus({ status, retryInMs, error = null }) {
  if (status === "open") hideProblem();
  if (status === "idle" || status === "open") showLine("");
  inSession = status === "open" || (inSession && status === "retrying");
  if (!inSession) conversation.abandon().forEach(draw);
  if (retryInMs !== undefined) showAway(retryInMs, error);
  showStatus();
}

/** @param {number} retryInMs @param {any} error  what the server said, if it said anything */
function showAway(retryInMs, error) {
  if (inSession && !error) showLine(describeAway(client.keeps && client.hasMicrophone));
  else showProblem(describeRetry(retryInMs, error));
}

/** @param {import("./resuming.js").Back} back */
function onBack({ resumed, saidAgain }) {
  if (resumed) {
    showLine(BACK);
    lineTimer = setTimeout(() => showLine(""), BACK_MS);
    return;
  }
  const entry = conversation.breakOff(NEW_SESSION, saidAgain);
  entries.prune(conversation.entries);
  conversation.abandon().forEach(draw);
  if (entry) draw(entry);
}

// What is on the screen ------------------------------------------------------------------------

function showStatus() {
  const listening = client.hasMicrophone;
  const label = pushing() ? "Hold to talk" : listening ? "Stop talking" : "Start talking";
  at("talk").setAttribute("aria-pressed", String(listening && (!pushing() || button.held)));
  at("talk").setAttribute("aria-label", label);
  at("end").hidden = !pushing() || !listening;
  if (client.status !== "open") document.body.dataset.voice = "false";
  showState(client.status === "open" ? serverState : client.status);
}

/** @param {string} state */
function showState(state) {
  const deaf = state === "listening" && !client.hasMicrophone;
  const quiet = state === "listening" && !deaf && pushing() && !button.held;
  const shown = deaf ? "idle" : quiet ? "held" : state;
  document.body.dataset.state = shown;
  orb.state = shown;
  const writing = shown === "listening" && client.mode === "transcription";
  at("state").textContent = writing ? "Writing down what you say" : STATE_WORDS[shown] ?? shown;
  at("hint").textContent = HINTS[shown] ?? "";
}

/** @param {any} ready */
function showReady({ models = {}, notices = [] }) {
  at("engines").replaceChildren(...Object.entries(models).map(([role, name]) => {
    const row = document.createElement("div");
    row.append(textElement("dt", ROLES[role] ?? role), textElement("dd", String(name)));
    return row;
  }));
  at("notices").replaceChildren(...notices.map(noticeItem));
}

/** Command-line options stay in one piece. @param {string} notice */
function noticeItem(notice) {
  const item = textElement("li", "");
  const pieces = notice.split(/(--[\w-]+)/);
  item.append(...pieces.map((piece, i) => (i % 2 ? textElement("code", piece) : piece)));
  return item;
}

/** @param {import("./conversation.js").Entry} entry */
function draw(entry) {
  at("welcome").hidden = true;
  entries.draw(entry);
  entries.prune(conversation.entries);
  if (entry.done) at("announcement").textContent = entry.stable;
}

/** @param {import("./problems.js").Problem} problem @param {{reconnect?: boolean}} [options] */
function showProblem({ title, advice }, { reconnect = false } = {}) {
  at("problem-title").textContent = title;
  at("problem-advice").textContent = advice;
  at("reconnect").hidden = !reconnect;
  at("problem").hidden = false;
}

function hideProblem() {
  at("problem").hidden = true;
}

/** One quiet line about the connection; read aloud when it changes. @param {string} text */
function showLine(text) {
  clearTimeout(lineTimer);
  if (at("line").textContent !== text) at("line").textContent = text;
}

/** @param {string} tag @param {string} text */
function textElement(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

applySettings();
