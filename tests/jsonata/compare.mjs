// Holds gradus's JSONata against the reference: node compare.mjs BINARY SEED COUNT [--show N]
// The reference is resolved from the working directory, where compare.sh has installed it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.mjs';

const [binary, seed, count, show] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(process.cwd(), 'any.js'));

/** The reference keeps where its functions were last called: each case gets a fresh one. */
function fresh() {
  delete require.cache[require.resolve('jsonata')];
  return require('jsonata');
}

const read = (name) => readFileSync(join(here, name), 'utf8');
const named = JSON.parse(read('inputs.json'));
const inputs = Object.values(named);
const written = [];
let input;
for (const line of read('corpus.txt').split('\n').filter((line) => line)) {
  if (line.startsWith('@ ')) input = named[line.slice(2)];
  else written.push({ expression: line, input });
}
const generated = generate(Number(seed), Number(count)).map((expression, index) =>
  ({ expression, input: inputs[index % inputs.length] }));
const cases = [...written, ...generated];

const run = spawnSync(binary, { input: cases.map((one) => JSON.stringify(one)).join('\n') + '\n', maxBuffer: 1 << 30 });
if (run.status !== 0) throw new Error(`the evaluator stopped: ${run.signal ?? run.status} ${run.stderr}`);
const ours = run.stdout.toString().trim().split('\n').map((line) => JSON.parse(line));

async function theirs(jsonata, { expression, input }) {
  try {
    const compiled = jsonata(expression);
    const value = await compiled.evaluate(structuredClone(input));
    if (holdsFunction(value, 0)) return { unsupported: true };
    return value === undefined ? {} : { result: JSON.parse(JSON.stringify(value)) };
  } catch (error) {
    if (error.code === undefined) return { error: { internal: true, message: error.message } };
    const { code, message, position, token, value } = error;
    const hidden = holdsFunction(value, 0);
    return { hidden, error: JSON.parse(JSON.stringify({ code, message, position, token, value: hidden ? undefined : value })) };
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
  if (expected.unsupported) return actual.error?.kind === 'unsupported' ? null : 'function';
  if (expected.error?.internal) return null;
  if (expected.error && actual.error) {
    for (const field of ['code', 'position', 'token', 'message', 'value']) {
      // How a function prints is nobody's concern.
      if (expected.hidden && (field === 'message' || field === 'value')) continue;
      if (canonical(expected.error[field]) !== canonical(actual.error[field])) return field;
    }
    return null;
  }
  return canonical(expected) === canonical(actual) ? null : 'outcome';
}

const shared = fresh();
const counts = {};
const differences = [];
/** Where the two may differ; `differences.json` says why. A rule knows its differences by what the two have answered. */
const rules = {
  eval: ({ expression }) => /\$eval\b/.test(expression),
  race: ({ expression }, expected, actual) => expected.error?.code && actual.error && /[[{].*,/s.test(expression)
    && (expected.error.code !== actual.error.code || expected.error.position !== actual.error.position),
  mark: ({ expression }, expected) => /\*/.test(expression) && /[[,]true\]/.test(JSON.stringify(expected)),
  source: (_, expected) => JSON.stringify(expected).includes('async function'),
  partial: ({ expression }, expected, actual) => /\$\w+\((?:[^()]*, *)?\?/.test(expression)
    && (/^(T041|D1001)/.test(actual.error?.code) || expected.error?.code === 'S0208'),
  power: ({ expression }, expected, actual) => /\$power\b/.test(expression)
    && Math.abs(expected.result / actual.result - 1) < 1e-15,
  zone: ({ expression }, expected, actual) => /\$(fromMillis|now)\b/.test(expression) && (/NaN/.test(JSON.stringify(expected)) || actual.error?.code === 'D1001'),
};
const reasons = JSON.parse(read('differences.json'));
if (Object.keys(rules).join() !== reasons.map(({ rule }) => rule).join()) throw new Error('differences.json must explain each rule');
const explained = Object.fromEntries(Object.keys(rules).map((rule) => [rule, 0]));
for (const [index, one] of cases.entries()) {
  let expected = await theirs(shared, one);
  let what = difference(expected, ours[index]);
  if (what) {
    expected = await theirs(fresh(), one);
    what = difference(expected, ours[index]);
  }
  const kind = expected.error?.internal ? 'internal' : expected.error ? 'error' : expected.unsupported ? 'function' : 'result' in expected ? 'value' : 'undefined';
  counts[kind] = (counts[kind] ?? 0) + 1;
  const rule = what && Object.keys(rules).find((name) => rules[name](one, expected, ours[index]));
  if (rule) explained[rule]++;
  else if (what) differences.push({ ...one, what, expected, actual: ours[index], written: index < written.length });
}
for (const { expression, what, expected, actual } of differences.slice(0, Number(show ?? 20))) {
  const text = (value) => JSON.stringify(value).slice(0, 300);
  console.log(`${what}: ${expression}\n  reference ${text(expected)}\n  gradus    ${text(actual)}`);
}
console.log(`${written.length} written, ${generated.length} generated (seed ${seed})`);
console.log(`reference: ${JSON.stringify(counts)}`);
console.log(`explained by rule: ${JSON.stringify(explained)}`);
console.log(`other differences: ${differences.length} (${differences.filter((one) => one.written).length} of them written)`);
process.exit(differences.length ? 1 : 0);
