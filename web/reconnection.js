/**
 * When to come back after a connection closed, and how long to wait. Pure.
 */

const FIRST_MS = 250;
const LONGEST_MS = 8000;

/** Give up and ask the user after so many attempts in a row. */
export const ATTEMPTS_MAX = 8;

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
 * Doubling, capped, with full jitter, so that many clients do not return at once.
 *
 * @param {number} attempt  0 for the first
 * @param {number} chance   0 to 1
 */
export function retryDelayMs(attempt, chance = Math.random()) {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + chance / 2);
}
