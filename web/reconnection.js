/**
 * When to come back after a connection closed, and how long to wait. Pure.
 *
 * Full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015): the wait is drawn from zero to
 * a bound that doubles, so that many clients of a server that restarts do not return at once.
 */

const FIRST_MS = 250;
/** What has held so long had worked. */
export const LONGEST_MS = 10_000;

/** Give up and ask the user after so many attempts in a row: about as long as a session waits. */
export const ATTEMPTS_MAX = 24;

/**
 * Close codes 40xx mean "come back", 45xx "do not". 4008 comes after a long silence: nobody is
 * there to come back for.
 *
 * @param {number} code
 */
export function mayComeBack(code) {
  if (code === 4008) return false;
  return (code >= 4000 && code < 4500) || [1001, 1006, 1011, 1012, 1013].includes(code);
}

/**
 * @param {number} attempt    0 for the first
 * @param {number} [atLeastMs]  what the server asked for
 * @param {number} [chance]   0 to 1
 */
export function retryDelayMs(attempt, atLeastMs = 0, chance = Math.random()) {
  return atLeastMs + Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * chance;
}
