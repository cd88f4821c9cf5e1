/**
 * What a page can do for the language model: offered to the server, run when it calls. Pure but for
 * the tools themselves.
 */

/**
 * @typedef {object} Tool
 * @property {string} description  for the language model: what it does, and when to use it
 * @property {object} [parameters]  JSON Schema of the arguments
 * @property {(args: any) => unknown} run  what it returns, or what its promise brings, is told to
 *   the language model; what it throws, too, as an error
 */

/** @typedef {Record<string, Tool>} Tools  by name */

/** A text message of the protocol has at most 16 KiB. */
const OUTPUT_BYTES_MAX = 12_000;

/**
 * As `config.tools` wants them.
 *
 * @param {Tools} tools
 */
export function offered(tools) {
  return Object.entries(tools).map(([name, { description, parameters = { type: "object" } }]) => ({
    name, description, parameters,
  }));
}

/**
 * Do what a `tool.call` asks for.
 *
 * @param {Tools} tools
 * @param {{call: string, name: string, args: unknown}} asked
 * @returns {Promise<{type: string} & Record<string, unknown>>}  the `tool.result` to send
 */
export async function answer(tools, { call, name, args }) {
  const result = { type: "tool.result", call };
  if (!Object.hasOwn(tools, name)) return { ...result, error: `There is no tool “${name}” here.` };
  try {
    const output = (await tools[name].run(args)) ?? null;
    const bytes = new TextEncoder().encode(JSON.stringify(output)).length;
    if (bytes <= OUTPUT_BYTES_MAX) return { ...result, output };
    return { ...result, error: `The result has ${bytes} bytes, more than ${OUTPUT_BYTES_MAX}.` };
  } catch (error) {
    return { ...result, error: error instanceof Error ? error.message : String(error) };
  }
}
