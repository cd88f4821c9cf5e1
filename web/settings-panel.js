/**
 * The dialog in which the user chooses; every choice holds at once, and after a reload.
 *
 * Events: `change` (detail: `{before, now}`, both `Settings`).
 */

import { load, save } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

const LANGUAGES = (
  "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sr sv"
  + " sw ta th tr uk ur vi zh"
).split(" ");

export class SettingsPanel extends EventTarget {
  #dialog;
  #storage;
  #key;
  #voicesKnown = false;
  /** @type {Settings} */
  settings;

  /**
   * @param {HTMLDialogElement} dialog  with a `select` for each setting, by name
   * @param {Storage} storage
   * @param {() => string} key  for servers that want one
   */
  constructor(dialog, storage, key) {
    super();
    this.#dialog = dialog;
    this.#storage = storage;
    this.#key = key;
    this.settings = load(storage);
    this.#fill("language", "Whatever I speak", LANGUAGES.map((tag) => ({ id: tag, name: nameOf(tag) })));
    this.#show();
    dialog.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLSelectElement) this.#change(target.name, target.value);
    });
  }

  async open() {
    this.#dialog.showModal();
    await Promise.all([this.#listDevices(), this.#listVoices()]);
  }

  /** @param {string} name @param {string} value */
  #change(name, value) {
    const before = this.settings;
    const now = { ...before, [name]: value };
    this.settings = now;
    save(this.#storage, now);
    this.dispatchEvent(new CustomEvent("change", { detail: { before, now } }));
  }

  /** What is chosen stays in its list, even where it is not there at present. */
  #show() {
    for (const [name, value] of Object.entries(this.settings)) {
      const select = this.#select(name);
      if (![...select.options].some((option) => option.value === value)) {
        select.append(new Option(`${value.slice(0, 24)} (not here)`, value));
      }
      select.value = value;
    }
  }

  /** @param {string} name */
  #select(name) {
    return /** @type {HTMLSelectElement} */ (this.#dialog.querySelector(`select[name=${name}]`));
  }

  /** @param {string} name @param {string} none @param {{id: string, name: string}[]} choices */
  #fill(name, none, choices) {
    const sorted = choices.toSorted((one, other) => one.name.localeCompare(other.name));
    const options = sorted.map((choice) => new Option(choice.name, choice.id));
    this.#select(name).replaceChildren(new Option(none, ""), ...options);
  }

  /** Browsers name devices only to pages that may hear. */
  async #listDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const named = (/** @type {MediaDeviceKind} */ kind) => devices
      .filter((device) => device.kind === kind && device.label && device.deviceId !== "default")
      .map(({ deviceId, label }) => ({ id: deviceId, name: label }));
    this.#fill("microphone", "The system's choice", named("audioinput"));
    this.#fill("loudspeaker", "The system's choice", named("audiooutput"));
    this.#select("loudspeaker").disabled = !("setSinkId" in AudioContext.prototype);
    this.#show();
  }

  async #listVoices() {
    if (this.#voicesKnown) return;
    const key = this.#key();
    const headers = key ? { Authorization: `Bearer ${key}` } : undefined;
    const response = await fetch("v1/audio/voices", { headers }).catch(() => null);
    if (!response?.ok) return;
    const { voices } = await response.json();
    this.#fill("voice", "The server's choice", voices.map((/** @type {any} */ voice) => (
      { id: voice.id, name: `${nameOf(voice.language)}: ${voice.id}` }
    )));
    this.#voicesKnown = true;
    this.#show();
  }
}

/** @param {string} tag  of BCP 47 */
function nameOf(tag) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // engines have names that are no tags
  }
}
