/**
 * What went wrong, in words, and what the user can do. Pure.
 */

/**
 * @typedef {object} Problem
 * @property {string} title
 * @property {string} advice
 */

/** @type {Record<string, Problem>} */
const PROBLEMS = {
  NotAllowedError: {
    title: "The microphone is not allowed",
    advice: "Allow it for this page, in the browser's address bar, and press the button again. You can also type.",
  },
  NotFoundError: {
    title: "There is no microphone",
    advice: "Plug one in, or choose one in the system's sound settings, and press the button again. You can also type.",
  },
  NotReadableError: {
    title: "The microphone is busy",
    advice: "Another program is using it. Close that program and press the button again.",
  },
  SecurityError: {
    title: "This address is not secure enough for a microphone",
    advice: "Browsers hand it over only to https pages and to localhost. Open the page as http://localhost, or put https in front of the server.",
  },
  microphone_ended: {
    title: "The microphone has gone",
    advice: "It was unplugged or taken away. Plug it in and press the button again.",
  },
  connection_lost: {
    title: "The server does not answer",
    advice: "See that it is running and that this computer is online, then reconnect.",
  },
  unsent: {
    title: "The server does not answer",
    advice: "What you just did was not sent. End the conversation and begin a new one.",
  },
  ended: {
    title: "The server ended the conversation",
    advice: "Press the button to begin a new one.",
  },
  taken_over: {
    title: "The conversation goes on in another tab",
    advice: "So it ended here. Reconnect to have it in this one.",
  },
  idle_timeout: {
    title: "Nobody spoke for a while",
    advice: "So the conversation was closed. Press the button to go on.",
  },
  no_capacity: {
    title: "The server is full",
    advice: "Everyone it has room for is talking. Try again in a minute.",
  },
  rate_limited: {
    title: "Too many conversations from here",
    advice: "Close other tabs with this page, or try again in a minute.",
  },
  max_session: {
    title: "The conversation reached its longest time",
    advice: "Press the button to begin a new one.",
  },
  unauthorized: {
    title: "The server wants a key",
    advice: "Add it to the address of this page, as in http://localhost:8080/#key=YOUR-KEY.",
  },
  token_expired: {
    title: "The key has expired",
    advice: "Ask for another where you had it from.",
  },
  revoked: {
    title: "Your access was taken back",
    advice: "Ask whoever runs this server.",
  },
  forbidden: {
    title: "The key allows no more",
    advice: "It was good for so many turns. Ask for another where you had it from.",
  },
  budget_exceeded: {
    title: "Today's budget is used up",
    advice: "It is renewed at midnight, universal time.",
  },
  origin_denied: {
    title: "The server does not accept this page's address",
    advice: "Whoever runs it can add the address to server.allowed_origins.",
  },
};

/**
 * @param {{code: string, message?: string}} cause  a server error, or a `DOMException`'s name
 * @returns {Problem}
 */
export function describe({ code, message }) {
  return (Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code] : null) ?? {
    title: "Something went wrong",
    advice: message || `The browser says “${code}”. Press the button to try again.`,
  };
}

/**
 * What to say quietly while a connection is away that was there before.
 *
 * @param {boolean} keptSpeech  whether what is said meanwhile will be heard
 */
export function describeAway(keptSpeech) {
  return `Connection lost, coming back.${keptSpeech ? " What you say is kept." : ""}`;
}

/** What to say quietly when it is there again. */
export const BACK = "Connected again.";

/** What stands between two sessions. */
export const NEW_SESSION = "The server has begun anew and does not know what was said before.";

/**
 * @param {number} inMs
 * @param {{code: string, message?: string} | null} cause
 * @returns {Problem}
 */
export function describeRetry(inMs, cause) {
  const { title } = cause ? describe(cause) : PROBLEMS.connection_lost;
  const seconds = Math.max(1, Math.round(inMs / 1000));
  return { title, advice: `Trying again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.` };
}
