/**
 * What the user chose, kept in the browser. Pure, but for the storage that is passed in.
 */

const KEY = "voice-server.settings";

/** An empty name is the server's, or the system's, own choice. */
export const DEFAULTS = {
  voice: "",
  language: "",
  answers: "spoken",
  eagerness: "auto",
  interrupt: "confirm",
  talking: "open",
  microphone: "",
  loudspeaker: "",
  colours: "system",
};

/** @typedef {typeof DEFAULTS} Settings */

/** @type {Record<string, string[]>} */
const CHOICES = {
  answers: ["spoken", "written"],
  eagerness: ["low", "auto", "high"],
  interrupt: ["confirm", "instant", "off"],
  talking: ["open", "held"],
  colours: ["system", "light", "dark"],
};
const CHARS_MAX = 128;

/** @param {Pick<Storage, "getItem">} storage @returns {Settings}  whatever lies there */
export function load(storage) {
  try {
    return checked(JSON.parse(storage.getItem(KEY) ?? "{}"));
  } catch {
    return { ...DEFAULTS }; // no JSON, or a browser that keeps nothing
  }
}

/** @param {Pick<Storage, "setItem">} storage @param {Settings} settings */
export function save(storage, settings) {
  try {
    storage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Then they hold until the page is closed.
  }
}

/** @param {any} stored @returns {Settings} */
function checked(stored) {
  const settings = { ...DEFAULTS };
  for (const name of /** @type {(keyof Settings)[]} */ (Object.keys(DEFAULTS))) {
    const value = stored?.[name];
    const known = CHOICES[name]?.includes(value) ?? true;
    if (typeof value === "string" && value.length <= CHARS_MAX && known) settings[name] = value;
  }
  return settings;
}

/**
 * As the session is to be configured.
 *
 * @param {Settings} settings
 * @returns {Record<string, unknown>}
 */
export function configOf({ voice, language, answers, eagerness, interrupt, talking }) {
  const mode = talking === "held" ? "manual" : "vad";
  return {
    voice: voice || undefined,
    language: language || undefined,
    modalities: answers === "written" ? ["text"] : ["audio"],
    turn: { mode, eagerness, interrupt },
  };
}

/** Whether what was chosen is left to the server again: only a new session forgets. @param {Settings} before @param {Settings} now */
export function forgets(before, now) {
  return Boolean((before.voice && !now.voice) || (before.language && !now.language));
}
