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

async function rate(milliseconds) {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < milliseconds) {
    await evaluate();
    count++;
  }
  return count / (performance.now() - start) * 1000;
}

await rate(150);
const best = await rate(250);
const result = await evaluate();
process.stdout.write(JSON.stringify({ rate: best, result: mode === 'text' ? result : JSON.stringify(result) }));
