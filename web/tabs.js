/**
 * One conversation per browser: the tab that begins one takes it from the others.
 */

export class Tabs {
  #channel = new BroadcastChannel("voice-server");

  /** @param {() => void} lose  called when another tab has begun to talk */
  constructor(lose) {
    this.#channel.onmessage = lose;
  }

  /** Tell the others that this one talks now. */
  claim() {
    this.#channel.postMessage("mine");
  }
}
