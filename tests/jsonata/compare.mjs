// Holds gradus's JSONata against the reference: node compare.mjs BINARY SEED COUNT [SHOW]
// The reference is resolved from the working directory, where compare.sh has installed it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.mjs';
import { changes, reference } from './reference.mjs';

const [binary, seed, count, show] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));

const read = (name) => readFileSync(join(here, name), 'utf8');
const named = JSON.parse(read('inputs.json'));
const written = [];
let input;
for (const line of read('corpus.txt').split('\n').filter((line) => line)) {
  if (line.startsWith('@ ')) input = named[line.slice(2)];
  else written.push({ expression: line, input });
}
const generated = generate(Number(seed), Number(count), named)
  .map(({ name, expression }) => ({ expression, input: named[name] }));
const cases = [...written, ...generated];

const run = spawnSync(binary, { input: cases.map((one) => JSON.stringify(one)).join('\n') + '\n', maxBuffer: 1 << 30 });
if (run.status !== 0) throw new Error(`the evaluator stopped: ${run.signal ?? run.status} ${run.stderr}`);
const ours = run.stdout.toString().trim().split('\n').map((line) => JSON.parse(line));

/** The reference's answer in the form of ours. */
function theirs(evaluate, one) {
  const { value, error } = evaluate(one);
  try {
    if (error === undefined) {
      if (holdsFunction(value, 0)) return { function: true };
      return value === undefined ? {} : { result: JSON.parse(JSON.stringify(value)) };
    }
  } catch ({ message }) {
    return { error: { accident: true, message } };
  }
  const { code, message, position, token, value: culprit } = error;
  if (code === undefined) return { error: { accident: true, message } };
  const hidden = holdsFunction(culprit, 0);
  try {
    return { hidden, error: JSON.parse(JSON.stringify({ code, message, position, token, value: hidden ? undefined : culprit })) };
  } catch (circular) {
    return { error: { accident: true, message: circular.message } };
  }
}

function holdsFunction(value, depth) {
  if (typeof value === 'function') return true;
  if (value === null || typeof value !== 'object' || depth > 50) return false;
  if (value._jsonata_lambda || value._jsonata_function) return true;
  return Object.values(value).some((member) => holdsFunction(member, depth + 1));
}

/** JSON with sorted keys, because JavaScript puts integer-like keys first. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}

/** What differs, in a word; nothing if the two agree. */
function difference(expected, actual) {
  if (expected.error && actual.error) {
    for (const field of ['code', 'position', 'token', 'message', 'value']) {
      if (canonical(expected.error[field]) !== canonical(actual.error[field])) return field;
    }
    return null;
  }
  const result = ({ result, error }) => canonical({ result, error });
  return !expected.function && result(expected) === result(actual) ? null : 'outcome';
}

/** Whether the two differ only in that the reference has a function where JSON has none: in its result or in a message. */
const inFunction = (expected, actual, what) => (expected.function && actual.error?.kind === 'unsupported')
  || (expected.hidden && ['message', 'value'].includes(what));

/** Whether it was too much for either: gradus has a budget, the reference breaks. */
const tooMuch = (expected, actual) => expected.error?.accident && /length|does not return/.test(expected.error.message)
  && actual.error?.kind === 'limit';

/**
 * The rules that explain a difference. But for functions they are quirks of the reference, and explain it only if
 * gradus answers exactly what the reference does without them: without one of them, or without as many as it takes.
 */
function rulesOf(one, actual, expected, what) {
  if (inFunction(expected, actual, what)) return ['function'];
  const agrees = (names) => {
    const answer = theirs(reference(names), one);
    const what = difference(answer, actual);
    return !what || inFunction(answer, actual, what) || tooMuch(answer, actual);
  };
  const all = expected.error?.message === 'does not return' ? [] : Object.keys(changes);
  for (const name of all) if (agrees([name])) return [name];
  if (all.length && agrees(all)) {
    let needed = all;
    for (const name of all) {
      const fewer = needed.filter((other) => other !== name);
      if (agrees(fewer)) needed = fewer;
    }
    return needed;
  }
  // The rest of the accidents: too odd to be taken out one by one.
  const malformed = [expected, actual].map(({ error }) => Boolean(error?.message.startsWith('Invalid regular expression')));
  const plain = malformed[0] ? malformed[1] : !actual.error || actual.error.code || tooMuch(expected, actual);
  return expected.error?.accident && plain ? ['accident', 'codeless'] : [];
}

const reasons = JSON.parse(read('differences.json'));
const names = ['function', ...Object.keys(changes)];
if (names.join() !== reasons.map(({ rule }) => rule).join()) throw new Error('differences.json must explain each rule');
const explained = Object.fromEntries(names.map((name) => [name, 0]));
const shown = process.env.SHOW_RULE;
let codeless = 0;
const counts = {};
const differences = [];
const shared = reference([]);
for (const [index, one] of cases.entries()) {
  const actual = ours[index];
  let expected = theirs(shared, one);
  let what = difference(expected, actual);
  if (what) {
    // It keeps where its functions were last called: whoever differs gets a fresh one.
    expected = theirs(reference([]), one);
    what = difference(expected, actual);
  }
  const kind = expected.error?.accident ? 'accident' : expected.error ? 'error' : expected.function ? 'function' : 'result' in expected ? 'value' : 'undefined';
  counts[kind] = (counts[kind] ?? 0) + 1;
  if (!what) continue;
  const rules = rulesOf(one, actual, expected, what);
  for (const rule of rules) if (rule === 'codeless') codeless++; else explained[rule]++;
  if (!rules.length || rules.includes(shown)) differences.push({ ...one, what, expected, actual, written: index < written.length });
}
for (const { expression, input, what, expected, actual } of differences.slice(0, Number(show ?? 20))) {
  const text = (value) => JSON.stringify(value).slice(0, 300);
  const name = Object.keys(named).find((name) => named[name] === input);
  console.log(`${what}: ${expression}\n  over ${name}\n  reference ${text(expected)}\n  gradus    ${text(actual)}`);
}
console.log(`${written.length} written, ${generated.length} generated (seed ${seed})`);
console.log(`reference: ${JSON.stringify(counts)}`);
console.log(`explained by rule: ${JSON.stringify(explained)}; ${codeless} of the accidents only by the missing code`);
console.log(`other differences: ${differences.length} (${differences.filter((one) => one.written).length} of them written)`);
process.exit(differences.length ? 1 : 0);
