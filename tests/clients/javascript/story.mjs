// Tells the story of ../story.json with a client: the same calls for each, and the same answers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export const role = "arn:aws:iam::000000000000:role/test";
const PATIENCE = 60_000;

export const machine = (state) => JSON.stringify({ StartAt: "A", States: { A: { ...state, End: true } } });
export const pass = machine({ Type: "Pass" });
export const task = (activity, more = {}) => machine({ Type: "Task", Resource: activity, ...more });
export const name = () => `n-${randomUUID().slice(0, 13)}`;

const steps = JSON.parse(readFileSync(new URL("../story.json", import.meta.url), "utf8"));

/**
 * `call(operation, input)` gives the output, or throws what the client throws; `refusal(thrown)` is its code and message.
 * A client that is `old` does not know the members of some steps.
 */
export async function tell(call, refusal, { old = false } = {}) {
  const known = { run: name(), role, pass };
  for (const [number, step] of steps.entries()) {
    if (known.activity) {
      known.task = task(known.activity);
      known.slow_task = task(known.activity, { HeartbeatSeconds: 60, TimeoutSeconds: 3600 });
    }
    if (step.newer && old) continue;
    try {
      await take(step, known, call, refusal);
    } catch (error) {
      error.message = `step ${number + 1}, ${step.call} ${JSON.stringify(step.input)}: ${error.message}`;
      throw error;
    }
  }
  return new Set(steps.map((step) => step.call));
}

async function take(step, known, call, refusal) {
  const input = filled(step.input, known);
  if (step.error) {
    const { code, message } = await refused(() => call(step.call, input), refusal);
    assert.equal(code, step.error, message);
    if (step.message) assert.equal(message, filled(step.message, known));
    return;
  }
  const output = await arrived(() => call(step.call, input), step.until ?? {});
  matches(output, filled(step.expect ?? {}, known), "output");
  for (const member of step.absent ?? []) assert.equal(output[member], undefined, member);
  for (const [list, item] of Object.entries(filled(step.contains ?? {}, known))) {
    assert.ok(output[list].some((found) => fits(found, item)), `${list} lack ${JSON.stringify(item)}`);
  }
  for (const [as, member] of Object.entries(step.save ?? {})) {
    assert.notEqual(output[member], undefined, `${member} is absent`);
    known[as] = output[member];
  }
}

/** Code and message of what `action` throws, if it does. */
async function refused(action, refusal) {
  let output;
  try {
    output = await action();
  } catch (error) {
    return refusal(error);
  }
  return { message: `should have been refused: ${JSON.stringify(output)}` };
}

/** The output of the first call that is as it should be. */
export async function arrived(call, expected) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const output = await call();
    if (fits(output, expected)) return output;
    if (Date.now() > end) matches(output, expected, "output");
    await sleep(10);
  }
}

/** The value with each `${name}` filled in; one that stands alone keeps its type. */
function filled(value, known) {
  if (typeof value === "string") {
    const alone = /^\$\{(\w+)\}$/.exec(value);
    if (alone) return found(alone[1], known);
    return value.replace(/\$\{(\w+)\}/g, (_, name) => found(name, known));
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, known));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member, known)]));
}

function found(name, known) {
  assert.ok(name in known, `nothing is known of ${name}`);
  return known[name];
}

/** Members that are not expected may be there; lists have as many items. */
function matches(found, expected, path) {
  if (Array.isArray(expected)) {
    assert.equal(found?.length, expected.length, `the length of ${path}`);
    expected.forEach((item, index) => matches(found[index], item, `${path}[${index}]`));
  } else if (expected !== null && typeof expected === "object" && !(expected instanceof Date)) {
    for (const [name, member] of Object.entries(expected)) matches(found?.[name], member, `${path}.${name}`);
  } else {
    assert.deepEqual(found, expected, path);
  }
}

function fits(found, expected) {
  try {
    matches(found, expected, "");
    return true;
  } catch {
    return false;
  }
}
