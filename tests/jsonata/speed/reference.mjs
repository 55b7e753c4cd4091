// Measures the reference, which is resolved from the working directory: a task on standard input, a rate on standard output.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const jsonata = createRequire(join(process.cwd(), 'any.js'))('jsonata');
const { expression, input: text, mode } = JSON.parse(readFileSync(0, 'utf8'));
const compiled = jsonata(expression);
const value = JSON.parse(text);
const evaluate = mode === 'plain'
  ? () => compiled.evaluate(value)
  : mode === 'bound'
    ? () => compiled.evaluate(null, { states: { input: value } })
    : async () => JSON.stringify(await compiled.evaluate(null, { states: { input: JSON.parse(text) } }));

/** Milliseconds that the main thread has spent on a processor. */
const spent = () => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6;

async function rate(milliseconds) {
  const start = spent();
  let count = 0;
  while (spent() - start < milliseconds) {
    const batch = Math.min(Math.max(count, 1), 1024);
    for (let index = 0; index < batch; index++) await evaluate();
    count += batch;
  }
  return count / (spent() - start) * 1000;
}

await rate(150);
const best = await rate(250);
const result = await evaluate();
process.stdout.write(JSON.stringify({ rate: best, result: mode === 'text' ? result : JSON.stringify(result) }));
