// The reference as it is, and with some of its quirks taken out: that shows that a difference is due to one of them,
// because gradus then answers what is left.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script, createContext, runInContext } from 'node:vm';

const path = createRequire(join(process.cwd(), 'any.js')).resolve('jsonata');
const source = readFileSync(path, 'utf8');

/** What a partially applied built-in function becomes that keeps its signature: a native function that applies it. */
const keeping = `(proc) => Object.assign(function () {}, {
  apply: (focus, args) => apply(proc, args, undefined, focus.environment),
  toString: () => '(' + Array.from({ length: Math.max(utils.getFunctionArity(proc), 1) }, (_, at) => 'p' + at).join() + ')',
})`;

/** The power of two numbers with 256 bits, rounded once; infinite and odd cases are left to the reference. */
const exactly = `function exactPower(base, exponent) {
  const usual = Math.pow(base, exponent);
  if (!Number.isFinite(usual) || usual === 0 || Math.abs(base) === 1 || exponent === 0) return usual;
  if (Number.isInteger(base) && Number.isInteger(exponent) && exponent > 0) return Number(BigInt(base) ** BigInt(exponent));
  const one = 1n << 256n;
  const times = (left, right) => (left * right) >> 256n;
  // A number as a fixed-point one times a power of two.
  const split = (number) => {
    let power = 0;
    while (Math.abs(number) >= 2) { number /= 2; power++; }
    while (Math.abs(number) < 1) { number *= 2; power--; }
    return [BigInt(number * 2 ** 52) << 204n, power];
  };
  const logarithm = (number) => {
    const ratio = ((number - one) << 256n) / (number + one);
    const square = times(ratio, ratio);
    let [sum, term] = [0n, ratio];
    for (let odd = 1n; term !== 0n; odd += 2n) { sum += term / odd; term = times(term, square); }
    return 2n * sum;
  };
  const two = logarithm(2n * one);
  const [mantissa, power] = split(Math.abs(base));
  const [factor, shift] = split(exponent);
  const product = times(logarithm(mantissa) + BigInt(power) * two, factor);
  const scaled = shift < 0 ? product >> BigInt(-shift) : product << BigInt(shift);
  const whole = scaled / two;
  let [sum, term] = [0n, one];
  for (let index = 1n; term !== 0n; index++) { sum += term; term = times(term, scaled - whole * two) / index; if (term === -1n) break; }
  const rest = Number(whole) - 256;
  const half = Math.trunc(rest / 2);
  const exact = Number(sum) * 2 ** half * 2 ** (rest - half);
  return usual < 0 ? -exact : exact;
}`;

/** A regular expression to which a pair of surrogates is one character: another one stands for it while it is matched. */
const wholly = `class {
  static pairs = [];
  static narrow(text) {
    const { pairs } = this;
    return text.replace(/[\\ud800-\\udbff][\\udc00-\\udfff]/g, (pair) => {
      if (!pairs.includes(pair)) pairs.push(pair);
      return String.fromCharCode(0xe000 + pairs.indexOf(pair));
    });
  }
  static wide(text) { return text.replace(/[\\ue000-\\uf8ff]/g, (one) => this.pairs[one.charCodeAt(0) - 0xe000] ?? one); }
  lastIndex = 0;
  constructor({ source, flags }) {
    const written = source.replace(/\\\\u(d[89ab]..)\\\\u(d[c-f]..)/gi, (_, high, low) => String.fromCharCode(parseInt(high, 16), parseInt(low, 16)));
    this.inner = new RegExp(this.constructor.narrow(written), flags);
  }
  exec(text) {
    const kind = this.constructor;
    const narrowed = kind.narrow(text);
    const length = (end) => kind.wide(narrowed.slice(0, end)).length;
    this.inner.lastIndex = kind.narrow(text.slice(0, this.lastIndex)).length;
    const match = this.inner.exec(narrowed);
    this.lastIndex = match ? length(this.inner.lastIndex) : 0;
    return match && Object.assign(Array.from(match, (part) => part && kind.wide(part)), { index: length(match.index) });
  }
}`;

/** An object whose keys stay in the order in which they came. */
const ordered = `(function ordered() {
  const order = new Set();
  return new Proxy({}, {
    ownKeys: () => [...order],
    defineProperty: (target, key, descriptor) => { order.add(key); return Reflect.defineProperty(target, key, descriptor); },
    deleteProperty: (target, key) => { order.delete(key); return Reflect.deleteProperty(target, key); },
  });
})()`;

const misfit = (argument, value) => `throw { code: 'T0410', index: ${argument}, value: ${value} }`;

/** For each quirk what is to be replaced in the reference's source, each exactly once. */
export const changes = {
  accident: [
    [/if\(expr\.keepSingletonArray\)/, 'if(expr.keepSingletonArray && resultSequence !== undefined)'],
    [/if\(typeof proc === 'object'\) \{/, "if (proc !== null && typeof proc === 'object') {"],
    [/if\(result\.body\.procedure\.type === 'variable'\) \{/, `if (!utils.isFunction(next)) next = {};
      $&`],
    [/for\(var prop in update\)/, "if (match !== null && typeof match === 'object' && !Array.isArray(match)) $&"],
    [/if\(typeof match === 'object' && match !== null\)/, "if(typeof match === 'object' && match !== null && !Array.isArray(match))"],
    [/(function formatInteger\(value, picture\) \{[^]*?)value = Math\.floor/, `$1if (picture === undefined) ${misfit(2)}; value = Math.floor`],
    [/const formatSpec = analyseIntegerPicture\(picture\);/, `if (picture === undefined) ${misfit(2)}; $&`],
    [/(function pad[^]*?)if \(padLength > 0\) \{/, `$1if (padLength > 0 && padLength % 1 !== 0) ${misfit(2, 'width')}; if (padLength > 0) {`],
    [/async function evaluateMatcher\(matcher, str\) \{/, `$&
      if (matcher === undefined && arguments.length === 1) return undefined;
      if (matcher === undefined) ${misfit(2)};`],
    [/var replacedWith = replacer\.apply/, `if (replacer === undefined) ${misfit(3)}; $&`],
    [/re\.lastIndex = fromIndex/, "if (typeof str !== 'string') return undefined; $&"],
    [/String\.fromCodePoint\(char\.codePointAt\(0\) - formatSpec\.zeroCode \+ 0x30\)/, "(char.codePointAt(0) < formatSpec.zeroCode ? 'x' : $&)"],
    [/result \+= replacement;/, "if (typeof replacement !== 'string' && replacement !== undefined) throw { code: 'D3012' }; $&"],
  ],
  eval: [[/staticFrame\.bind\('eval'.*/, '']],
  order: [
    [/Promise\.all\(expr\.expressions\s*\.map\(/, 'inTurn(expr.expressions, ('],
    [/Promise\.all\(Object\.keys\(groups\)\.map\(/, 'inTurn(inOrder, ('],
    [/var result = \{\};\s*var groups = \{\};/, `var result = ${ordered}, groups = {}, inOrder = [];`],
    [/groups\[key\] = entry;/, 'inOrder.push(key); $&'],
    [/var result = \{\};(\s*arg\.forEach)/, `var result = ${ordered};$1`],
    [/var result = \{\};(\s*for \(var item in arg\))/, `var result = ${ordered};$1`],
    [/var merge = \{\};/, `var merge = ${ordered};`],
    [/return JSON\.parse\(fn\.string\(arg\)\);/, `return (function copy(value) {
      if (Array.isArray(value)) return value.map(copy);
      if (value === null || typeof value !== 'object' || isFunction(value)) return JSON.parse(fn.string([value]))[0];
      return Object.keys(value).reduce((all, key) => Object.assign(all, { [key]: copy(value[key]) }), ${ordered});
    })(arg.outerWrapper ? arg[0] : arg);`],
    [/async function evaluateUnary/, `async function inTurn(list, work) {
      const results = [];
      for (const [index, item] of list.entries()) results.push(await work(item, index));
      return results;
    }
    $&`],
  ],
  mark: [
    [/(function evaluateWildcard[^]*?)Object\.keys\(input\)/, '$1(Array.isArray(input) ? [...input.keys()] : isFunction(input) ? [] : Object.keys(input))'],
    [/(function recurseDescendants[^]*?)input !== null/, '$1!isFunction(input) && input !== null'],
  ],
  place: [
    [/\bresult\.keepSingleton = true;/, 'result = Object.assign([...result], { sequence: true }); $&'],
    [/resultSequence\.keepSingleton = true;/, 'if (Array.isArray(resultSequence)) resultSequence = Object.assign(resultSequence.slice(), resultSequence); $&'],
    [/var tuple = reduceTupleStream\(entry\.data\);/, 'var tuple = Object.assign({}, reduceTupleStream(entry.data));'],
    [/result\.next = function\(\) \{/, 'const after = re.lastIndex; $& re.lastIndex = after;'],
    [/input\.push\(undefined\);/, "input = [reduce ? { '@': undefined } : undefined];"],
    [/match\[prop\] = update\[prop\];/, `match[prop] = (function copy(value) {
      if (Array.isArray(value)) return value.map(copy);
      if (value === null || typeof value !== 'object' || isFunction(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member)]));
    })(update[prop]);`],
  ],
  half: [
    [/new jsonata\.RegexEngine\(expr\.value\)/, `new (${wholly})(expr.value)`],
    [/result = str\.split\(separator, limit\)/, "result = separator === '' ? [...str].slice(0, limit) : str.split(separator, limit)"],
    [/(S0103",[^}]*token: )currentChar/, '$1String.fromCodePoint(path.codePointAt(position))'],
    [/return create\('string', qstr\)/, "return create('string', qstr.toWellFormed())"],
  ],
  partial: [
    [/partialApplyNativeFunction\(proc\.implementation,/, `partialApplyNativeFunction((${keeping})(proc),`],
    [/partialApplyNativeFunction\(proc, evaluatedArgs/, `partialApplyNativeFunction((${keeping})(proc), evaluatedArgs`],
  ],
  power: [
    [/Math\.pow\(arg, exp\)/, `(${exactly})(arg, exp)`],
    [/Math\.pow\(26, i\)/, `(${exactly})(26, i)`],
  ],
  numeral: [
    [/if\(result && isSequence\(result\) && !result\.tupleStream\)/, 'if (result === 0) result = 0; $&'],
    [/const offsetMillis = \(60/, "if (!isFinite(offsetHours + offsetMinutes)) throw { code: 'D1001', value: timezone };\n$&"],
    [/return parseInt\(wm\);/, 'return parseInt(wm) <= 1000 ? parseInt(wm) : undefined;'],
    [/const dateTime = new Date\(millis \+ offsetMillis\);/, "$& if (isNaN(dateTime)) throw { code: 'D1001', value: millis };"],
    [/function _formatInteger\(value, format\) \{/, `$&
      if (!isFinite(value) || (format.primary === formats.ROMAN && Math.abs(value) > 1e7)) throw { code: 'D1001', value };`],
    [/formattedInteger = '' \+ value;/, "const [digits, power] = value.toExponential().split('e'); formattedInteger = value < 1e21 ? '' + value : digits.replace('.', '').padEnd(Number(power) + 1, '0');"],
    [/var adjustedNumber;/, 'if (isNaN(value)) return properties.NaN; $&'],
    [/var mantissa, exponent;/, '$& if (!isFinite(adjustedNumber)) return pic.prefix + properties.infinity + pic.suffix;'],
    [/round\(mantissa, pic\.maximumFactionalPartSize\)/, '(Math.abs(mantissa) >= 1e15 ? mantissa : $&)'],
    [/Math\.abs\(value\)\.toFixed\(dp\)/, "(Math.abs(value) < 1e21 ? $& : BigInt(Math.abs(value)) + (dp ? '.' + '0'.repeat(dp) : ''))"],
  ],
};

/** How long the reference may take for an expression, in milliseconds. From some it does not return. */
const LIMIT = 500;

/** A fresh reference without the quirks of these names: a function of expression and input that gives its answer. */
export function reference(without) {
  let text = source;
  for (const name of without) {
    for (const [pattern, replacement] of changes[name]) {
      if (text.match(new RegExp(pattern, 'g'))?.length !== 1) throw new Error(`the reference is not as expected: ${name}`);
      text = text.replace(pattern, replacement);
    }
  }
  const context = createContext({ module: { exports: {} }, exports: {}, global: { Buffer } }, { microtaskMode: 'afterEvaluate' });
  runInContext(world, context);
  runInContext(text, context);
  return ({ expression, input }) => {
    Object.assign(context, { expression, input: JSON.stringify(input), answer: { error: { message: 'does not return' } } });
    try {
      evaluation.runInContext(context, { timeout: LIMIT });
    } catch (error) {
      if (error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    }
    return context.answer;
  };
}

/** What the reference takes for the time and for random numbers; `jsonata_lines` has the same. */
const world = `let state = 0n;
Math.random = () => {
  const word = (number) => BigInt.asUintN(64, number);
  state = word(state + 0x9e3779b97f4a7c15n);
  let bits = word((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
  bits = word((bits ^ (bits >> 27n)) * 0x94d049bb133111ebn);
  return Number((bits ^ (bits >> 31n)) >> 11n) / 2 ** 53;
};
Date = class extends Date {
  constructor(...values) { if (values.length) super(...values); else super(1e12); }
  static now() { return 1e12; }
};`;

const evaluation = new Script(`(async () => {
  try {
    state = 0n;
    answer = { value: await module.exports(expression).evaluate(JSON.parse(input)) };
  } catch (error) {
    answer = { error };
  }
})()`);
