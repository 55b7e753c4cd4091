// Expressions from a grammar and a seed. They are mostly sensible over the input that each is made for, and often not.

/** A generator of numbers below one. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const strangers = ['missing', 'a', 'name', 'lines', 'price', 'x'];
const texts = ['""', '"a"', '"Porto"', '"A1"', '"tools"', '"1"', '"x y"', '"é😀"', "'q'", '"\\t\\n"', '"\\u00e9\\ud83d\\ude00"', '"\\\\\\/\\""', "'it\\'s'", '"-12.50"', '"0x1F"', '"1e3"', '"north"', '"The fox, the dog"', '" a  b "'];
const numbers = ['0', '1', '2', '3', '-1', '2.5', '10', '0.1', '1e3', '-2', '7', '1E-2', '1.5e+2', '0.5', '100', '255', '1e21', '1e-7', '9007199254740993', '123456789.125', '-0.5', '1e308'];
const badly = ['1.', '.5', '01', '1e400', '0x10', '1e', '"\\x"', '"\\u12"', '"open', '`open', '/open', '/* open', '!', '1 = = 2', 'a..b', '$x :=', '{"a"}', '[1..]', '()', 'a[', '(1;)', 'a.1', '@$x', '#$i', 'a@b', '?', '|a|b|', '//', '%', 'a{"x":1}{"y":2}', 'a{"x":1}[0]', 'function(x){1}', 'function($x)<q>{1}', 'function($x)<n<s>>{1}', 'a[0]@$x', 'a^(b)@$x', '5.a', 'a.5', 'a := 1', '"a" := 1', 'a ? ', '1 ?? 2', 'a ?: b'];
const variables = ['$', '$$', '$x', '$y', '$nope'];
const regexes = ['/a/', '/[a-o]+/', '/(\\w)(\\w)/', '/X/i', '/ $/', '/o|e/', '/^./', '/\\b\\w/', '/(a)|(o)/', '/[^a-z ]+/i', '/(?:q|t)(.)?/', '/\\w+?(?=o)/', '/(.)\\1/', '/\\d{1,2}/', '/x*/', '/$/m', '/(?!a)[a-e]/', '/é|😀/', '/\\s/',
  '/(?<=o)./', '/(?<!t)o/', '/(?<first>\\w)\\w/', '/[\\d.]+/', '/\\//', '/^\\s+|\\s+$/m', '/(a(b)?)+/', '/[\\]\\-x]/', '/a{2,}|o{1}/', '/\\u0061/', '/[^]/', '/(\\w+) (\\w+)/', '/,|;/', '/\\W+/', '/(?=(o))/', '/[À-Þ]/', '/.{3}?/'];
const replacements = ['"$0"', '"[$1]"', '"$2-$1"', '"$$"', '"$12"', '"$"', '""', '"x"', '"$3"', '"$1$1"', '"a$"'];
const zones = ['"+0100"', '"-0530"', '"0000"', '"+1400"', '"-0800"', '"+0545"'];
const times = ['0', '1e12', '1700000000123', '951826154003', '-1e11', '1.6e12', '253402300799999', '1709209845000', '-62135596800000', '946684799999', '1e12 + 0.5'];
const stamps = ['"2024-02-29"', '"2023-12-31T23:59:60Z"', '"2018-04-05T06:07:08.009+01:00"', '"Thursday 3rd"', '"1999"', '"12/31/1999"', '"March 1, 2020"', '""', '"é"', '"2020-366"', '"2024-W09"', '"12:05 pm"', '"MCMXCIX"', '"twenty-first of May, two thousand and four"', '"2024-13-45"', '"1999-12-31T24:00:00"'];
const wholePictures = ['"w"', '"W"', '"Ww"', '"I"', '"i"', '"A"', '"a"', '"0001"', '"#,##0"', '"Ww;o"', '"w;o"', '"1;o"', '"#"', '"#:##0.000"', '"\u0660"', '"0;c(x)"', '"000,000"', '"#,##,##0"', '"##0;o"', '"\u0966\u0966"', '"a;o"', '"I;o"', '""', '"x"', '"1,1,1"'];
const operators = ['+', '-', '*', '/', '%', '=', '!=', '<', '<=', '>', '>=', '&', 'and', 'or', 'in'];
const signatures = ['n:n', 's-:s', 'a<n>:n', 'x?:x', '(sn):x', 'o-n?:x', 'f:x', 'a<s>-:s', 'nn+:n', 'b-:b', 'a:a', 'j:j', 's+:s', 'l:l', 'a<(sn)>:x', 'xx?x:x', 'f<n:n>:f', 'u:u', 'a<>-:s', 'n-n:n'];

/** Functions: what they are mostly given, and what they give. For the letters see `argument`. */
const functions = {
  sum: 'A:n', count: 'a:n', max: 'A:n', min: 'A:n', average: 'A:n', string: 'vb?:s', substring: 'snn?:s', substringBefore: 'ss:s',
  substringAfter: 'ss:s', lowercase: 's:s', uppercase: 's:s', length: 's:n', trim: 's:s', pad: 'sns?:s', match: 'srn?:O', contains: 'sr:b',
  replace: 'srRn?:s', split: 'srn?:S', join: 'Ss?:s', formatBase: 'nn?:s', number: 'v:n', floor: 'n:n', ceil: 'n:n', round: 'nn?:n', abs: 'n:n',
  sqrt: 'n:n', power: 'nn:n', boolean: 'v:b', not: 'v:b', map: 'af:a', zip: 'aaa?:a', filter: 'af:a', single: 'af:v', reduce: 'agv?:v', sift: 'of:o',
  keys: 'v:S', lookup: 'vs:v', append: 'vv:a', exists: 'v:b', spread: 'v:O', merge: 'O:o', reverse: 'a:a', each: 'of:a', type: 'v:s', sort: 'ac?:a',
  distinct: 'a:a', base64encode: 's:s', base64decode: 's:s', encodeUrlComponent: 's:s', encodeUrl: 's:s', decodeUrlComponent: 's:s', decodeUrl: 's:s',
  clone: 'o:o', error: 's?:v', assert: 'bs?:v', formatInteger: 'ni:s', parseInteger: 'si:n', fromMillis: 'md?z?:s', toMillis: 'td?:n', formatNumber: 'np:s', random: ':n', shuffle: 'a:a', now: 'd?z?:s', millis: ':n',
};

const identifier = /^[A-Za-z_]\w*$/;
const words = new Set(['and', 'or', 'in', 'null', 'true', 'false', 'function']);

/** `count` expressions of a seed, each with the name of the input that it is for. */
export function generate(seed, count, inputs) {
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const chance = (share) => next() < share;
  const below = (limit) => Math.floor(next() * limit);

  /** Names, and paths by the kind of what they lead to, of each input. */
  const known = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, survey(input)]));
  let input;
  let paths;
  let keys;

  const named = (key) => {
    if (identifier.test(key) && !words.has(key)) return chance(0.03) ? `\`${key}\`` : key;
    if (key === '' || /[\\"`]/.test(key) || chance(0.3)) return JSON.stringify(key);
    return `\`${key}\``;
  };
  /** A name that the value has, mostly. */
  const nameIn = (here) => {
    const object = within(here);
    const own = object && Object.keys(object);
    if (own?.length && chance(0.85)) return pick(own);
    return chance(0.6) && keys.length ? pick(keys) : pick(strangers);
  };
  /** An item of the value that has members, if there is one. */
  const within = (value) => {
    for (let turns = 0; Array.isArray(value) && value.length && turns < 4; turns++) value = pick(value);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  };
  const descend = (here, key) => within(here)?.[key];
  /** A path from the top to something of a kind. */
  const pathTo = (kind) => {
    const found = paths[kind];
    if (!found?.length) return null;
    const path = pick(found);
    return path.length ? `${chance(0.8) ? '$$.' : ''}${path.map(named).join('.')}` : '$$';
  };

  const leaf = (here) => {
    const roll = next();
    if (roll < 0.5) return named(nameIn(here));
    if (roll < 0.64) return pick(numbers);
    if (roll < 0.77) return pick(texts);
    if (roll < 0.9) return pick(variables);
    return pick(['true', 'false', 'null', '*', '**', '%', '[]', '{}', '$']);
  };
  /** A step, and what it is likely to lead to. */
  const step = (depth, here) => {
    let text;
    let there;
    const roll = next();
    if (roll < 0.72) {
      const name = nameIn(here);
      [text, there] = [named(name), descend(here, name)];
    } else if (roll < 0.76) [text, there] = ['*', Object.values(within(here) ?? {})];
    else if (roll < 0.79) text = '%';
    else if (roll < 0.8) [text, there] = ['**', here];
    else if (roll < 0.83) [text, there] = ['$', here];
    else if (roll < 0.88) text = `(${any(depth - 1, here)})`;
    else if (roll < 0.92) text = `{${pick(texts)}: ${any(depth - 1, here)}}`;
    else if (roll < 0.95) text = `[${list(depth, here)}]`;
    else text = call(depth - 1, here, chance(0.5));
    if (chance(0.05)) text += pick(['@$x', '#$y', '@$y', '#$x', '@$x#$y', '@$', '#$']);
    if (chance(0.22)) text += `[${predicate(depth, there)}]`;
    if (chance(0.04)) text += `[${predicate(depth, there)}]`;
    if (chance(0.05)) text += '[]';
    if (chance(0.02)) text += '#$y';
    return [text, there];
  };
  const predicate = (depth, here) => {
    const roll = next();
    if (roll < 0.35) return pick(numbers);
    if (roll < 0.4) return `[${below(3)}..${below(4)}]`;
    if (roll < 0.45) return `[${pick(numbers)}, ${pick(numbers)}]`;
    if (roll < 0.75) return `${named(nameIn(here))} ${pick(operators)} ${operand(depth - 1, here)}`;
    return any(depth - 1, here);
  };
  const path = (depth, here) => {
    let text;
    let there = here;
    const roll = next();
    if (roll < 0.12) [text, there] = pick([['$', here], ['$$', input], ['$x', undefined]]);
    else if (roll < 0.2) text = pick([`(${any(depth - 1, here)})`, `[${list(depth, here)}]`, call(depth - 1, here), `"${pick(['a', 'x y'])}"`, `$$`]);
    else [text, there] = step(depth, here);
    for (let length = below(3) + (chance(0.8) ? 1 : 0); length > 0; length--) {
      const [more, at] = step(depth, there);
      [text, there] = [`${text}.${more}`, at];
    }
    if (chance(0.1)) {
      const term = () => `${pick(['', '<', '>'])}${chance(0.6) ? named(nameIn(there)) : any(depth - 1, there)}`;
      text += `^(${chance(0.3) ? `${term()}, ${term()}` : term()})`;
      if (chance(0.3)) text += `${pick(['#$x', '[0]', '[-1]', '[]'])}.${step(depth - 1, there)[0]}`;
    }
    if (chance(0.06)) {
      const key = chance(0.6) ? named(nameIn(there)) : chance(0.5) ? `$string(${named(nameIn(there))})` : any(depth - 1, there);
      text += `{${key}: ${any(depth - 1, there)}${chance(0.3) ? `, ${pick(texts)}: ${any(depth - 1, there)}` : ''}}`;
    }
    return text;
  };
  const lambda = (depth, here, parameters) =>
    `${chance(0.1) ? 'λ' : 'function'}(${parameters.slice(0, chance(0.15) ? 1 : parameters.length).join(', ')}) { ${any(depth - 1, here)} }`;

  /** Something of a kind, mostly: n number, s text, b boolean, a array (A of numbers, S of texts, O of objects), o object. */
  const typed = (kind, depth, here) => {
    const roll = next();
    if (roll < 0.12) return any(depth - 1, here);
    if (roll < 0.5) {
      const path = pathTo(kind);
      if (path) return path;
    }
    if (roll < 0.62 && depth > 0) {
      const able = Object.keys(functions).filter((name) => functions[name].endsWith(`:${kind}`));
      if (able.length) return call(depth - 1, here, false, pick(able));
    }
    if (kind === 'n') return pick(numbers);
    if (kind === 's') return pick(texts);
    if (kind === 'b') return pick(['true', 'false', `${leaf(here)} ${pick(operators)} ${leaf(here)}`]);
    if (kind === 'A') return pick(['[1..3]', '[3, 1, 2]', '[]', '[0.1, 0.2]', '[5]', `[${typed('n', depth - 1, here)}, ${pick(numbers)}]`, '[[1, 2], 3]']);
    if (kind === 'S') return pick(['["b", "a", "B"]', '["x"]', `[${pick(texts)}, ${pick(texts)}]`, '[]']);
    if (kind === 'O') return pick(['[{"a": 1}, {"b": 2}, {"a": 3}]', '[{}]', `{"k": ${any(depth - 1, here)}}`]);
    if (kind === 'o') return pick(['{"a": 1, "b": [2]}', '{}', `{"k": ${any(depth - 1, here)}, "l": ${leaf(here)}}`, '$']);
    if (kind === 'a') return pick([`[${list(depth, here)}]`, '[1..4]', '[[1], [2, 3]]', '$$.*', '[null, 1, "a", {}]', typed(pick(['A', 'S', 'O']), depth - 1, here)]);
    return any(depth - 1, here);
  };
  const argument = (kind, depth, here) => {
    if (chance(0.08)) return any(depth - 1, here);
    switch (kind) {
      case 'r': return chance(0.65) ? regex() : pick(texts);
      case 'f': return chance(0.2) ? pick(['$uppercase', '$string', '$boolean', '$sum', '$length', '$not', '$type', '$append(?, 1)', '$x']) : lambda(depth, here, ['$x', '$y', ...(chance(0.2) ? ['$z'] : [])]);
      case 'g': return chance(0.2) ? pick(['$append', '$zip', '$pad', '$power']) : lambda(depth, here, ['$x', '$y']);
      case 'c': return chance(0.5) ? `function($x, $y) { $x ${pick(['>', '<', '>=', '!='])} $y }` : lambda(depth, here, ['$x', '$y']);
      case 'R': return chance(0.6) ? pick(replacements) : chance(0.4) ? pick(texts) : `function($x) { ${pick(['$x.match', '$uppercase($x.match)', '$x.groups[0]', '$string($x)', any(depth - 1, here)])} }`;
      case 'z': return pick(zones);
      case 'm': return pick(times);
      case 't': return pick(stamps);
      case 'i': return pick(wholePictures);
      case 'd': return datePicture();
      case 'p': return numberPicture();
      default: return typed(kind, depth, here);
    }
  };
  const regex = () => (chance(0.5) ? pick(regexes) : `/${pattern(2)}/${pick(['', '', '', 'i', 'm', 'im'])}`);
  const pattern = (depth) => Array.from({ length: 1 + below(3) }, () => {
    const roll = next();
    if (depth > 0 && roll < 0.2) return `${pick(['(', '(', '(?:', '(?=', '(?!', '(?<=', '(?<!', '(?<n>'])}${pattern(depth - 1)})${quantifier()}`;
    if (depth > 0 && roll < 0.28) return `${pattern(depth - 1)}|${chance(0.8) ? pattern(depth - 1) : ''}`;
    if (roll < 0.42) return `[${chance(0.2) ? '^' : ''}${Array.from({ length: 1 + below(3) }, () => pick(['a', 'o', 'a-f', 'n-z', 'A-Z', '\\d', '\\w', '\\s', '\\W', '0-9', ' ', '-', '.', '\\b', '\\]', 'é', ',', '\\u0061', '^', '$', '\\D-']) ).join('')}]${quantifier()}`;
    if (roll < 0.52) return pick(['^', '$', '\\b', '\\B', '\\1', '\\2', '\\k<n>', '\\0', '\\c', '\\cA', '\\x41', '\\u{61}', '\\p{L}', '\\-', '{', '}', ']', 'a{,2}', '\\t|\\n']);
    return `${pick(['a', 'o', 'e', 't', 'q', ' ', '.', '.', '\\w', '\\d', '\\s', '\\W', '\\S', '\\.', '\\/', ',', 'x', 'P', 'é', 'or', 'the', '1'])}${quantifier()}`;
  }).join('');
  const quantifier = () => (chance(0.6) ? '' : pick(['*', '+', '?', '{2}', '{1,2}', '{0}', '{1,}', '{2,1}', '**'].slice(0, chance(0.03) ? 9 : 7)) + (chance(0.25) ? '?' : ''));
  const marker = () => {
    const component = pick(['Y', 'Y', 'M', 'M', 'D', 'D', 'd', 'F', 'W', 'w', 'X', 'x', 'H', 'H', 'h', 'P', 'm', 'm', 's', 's', 'f', 'Z', 'z', 'C', 'E', 'Q']);
    const presentation = pick(['', '', '1', '01', '001', '0001', 'I', 'i', 'A', 'a', 'W', 'w', 'Ww', 'N', 'n', 'Nn', '#1', '9,999', '#0', '01:01', '0:00', '\u0661']);
    const width = chance(0.2) ? pick([',2', ',2-2', ',*-3', ',3-3', ',1-*', ',4', ',3-*', ',x']) : '';
    return `[${chance(0.03) ? ' ' : ''}${component}${presentation}${chance(0.15) ? pick(['o', 't', 'c']) : ''}${width}]`;
  };
  const datePicture = () => {
    if (chance(0.25)) return pick(['"[Y]-[M01]-[D01]"', '"[FNn] [D1o]"', '"[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"', '"[MNn] [D1o], [Y]"', '"[D#1]/[M#1]/[Y,2-2]"', '"[h]:[m01] [P]"', '"[Y]-[d001]"', '"[X]-W[W01]-[F1]"', '"[Dwo] of [MNn], [Yw]"', '"[YI]"']);
    if (chance(0.05)) return pick(['"[Y"', '"[[x]] [E]"', '"[Y]]"', '"[]"', '"plain"', '""']);
    return `"${Array.from({ length: 1 + below(4) }, () => `${marker()}${pick(['', ' ', '-', '/', ':', 'T', ', '])}`).join('')}"`;
  };
  // Exponents only with digits that must be there, and only of what is above zero: the reference does not return from others.
  const numberPicture = () => {
    const whole = pick(['0', '#0', '#,##0', '000', '#,###,##0', '##0', '0,0,0', '#,##,##0']);
    const fraction = pick(['', '', '.0', '.00', '.##', '.0#', '.000,0', '.#']);
    const plain = `${pick(['', '', '$', 'x ', '-'])}${whole}${fraction}${pick(['', '', '%', '‰', ' kg'])}`;
    if (chance(0.05)) return pick(['"#,"', '".."', '"0.0.0"', '"0;0;0"', '"0#"', '"%0%"', '",0"', '"0,"', '"#.#"', '"0,.0"', '"0%‰"']);
    return `"${plain}${chance(0.15) ? `;(${whole}${fraction})` : ''}"${chance(0.12) ? `, {${pick(['"decimal-separator": ",", "grouping-separator": "."', '"zero-digit": "\u0660"', '"minus-sign": "~"', '"percent": "pc"', '"digit": "?"', '"NaN": "none"'])}}` : ''}`;
  };
  const call = (depth, here, ofContext, wanted) => {
    const name = wanted ?? pick(Object.keys(functions));
    let kinds = functions[name].split(':')[0].match(/\w\??|^$/g).filter((kind) => kind).filter((kind) => kind.length === 1 || chance(0.5)).map((kind) => kind[0]);
    if (ofContext) kinds = chance(0.7) ? kinds.slice(1) : ['$', ...kinds.slice(1)];
    if (chance(0.03)) kinds.pop();
    if (chance(0.02)) kinds.push('v');
    const spoiled = chance(0.005) ? 'x' : '';
    return `$${name}${spoiled}(${kinds.map((kind) => (kind === '$' ? '$' : argument(kind, depth, here))).join(', ')})`;
  };
  function any(depth, here) {
    if (depth <= 0) return leaf(here);
    const roll = next();
    if (roll < 0.3) return path(depth, here);
    if (roll < 0.38) return leaf(here);
    if (roll < 0.53) return `${operand(depth, here)} ${pick(operators)} ${operand(depth, here)}`;
    if (roll < 0.59) return arithmetic(depth, here);
    if (roll < 0.75) return call(depth, here);
    if (roll < 0.79) return `[${list(depth, here)}]`;
    if (roll < 0.82) return `[${typed('n', depth - 1, here)}..${pick(['3', '5', '-1', typed('n', depth - 1, here)])}${chance(0.2) ? `, ${any(depth - 1, here)}` : ''}]`;
    if (roll < 0.86) return `{${pick(texts)}: ${any(depth - 1, here)}, "k${below(3)}": ${any(depth - 1, here)}}`;
    if (roll < 0.89) return `(${any(depth - 1, here)} ? ${any(depth - 1, here)}${chance(0.8) ? ` : ${any(depth - 1, here)}` : ''})`;
    if (roll < 0.93) return `($x := ${any(depth - 1, here)}; ${any(depth - 1, here)}${chance(0.1) ? ';' : ''})`;
    if (roll < 0.95) return `($x := ${lambda(depth, here, ['$y'])}; $x(${any(depth - 1, here)}))`;
    if (roll < 0.975) return `(${any(depth - 1, here)} ~> ${chance(0.4) ? pick(['$sum', '$string', '$uppercase', '$count', '$reverse', '$keys', '$distinct', '$type']) : call(depth - 1, here, true)})`;
    if (roll < 0.98) return `-${operand(depth, here)}`;
    if (roll < 0.99) return special(depth, here);
    return `(${any(depth - 1, here)} ~> |${chance(0.3) ? '$' : path(depth - 1, here)}|{"z": ${any(depth - 1, here)}}${chance(0.4) ? `, ${pick(texts)}` : ''}|)`;
  }
  const arithmetic = (depth, here) => `${typed('n', depth - 1, here)} ${pick(['+', '-', '*', '/', '%', '<', '>=', '='])} ${typed('n', depth - 1, here)}`;
  const operand = (depth, here) => (chance(0.7) ? any(depth - 1, here) : `(${any(depth - 1, here)})`);
  const list = (depth, here) => Array.from({ length: below(4) }, () => any(depth - 1, here)).join(', ');

  /** What the rest of the grammar comes to but seldom. */
  function special(depth, here) {
    const name = () => named(nameIn(here));
    const of = (kind) => typed(kind, depth - 1, here);
    const some = () => any(depth - 1, here);
    const objects = () => pathTo('O') ?? '$';
    return pick([
      () => `(${objects()})@$x.${name()}@$y.{"x": $x.${name()}, "y": $y.${name()}}`,
      () => `${objects()}@$x.$$.${path(1, input)}@$y[$x.${name()} = $y.${name()}].[$x.${name()}, $y]`,
      () => `${objects()}#$x.${name()}#$y.[$x, $y, ${some()}]`,
      () => `${objects()}#$x[$x ${pick(['>', '=', '%'])} ${below(3)}].${name()}`,
      () => `${objects()}.${name()}.{"p": %.${name()}, "q": %.%.${name()}, "r": ${some()}}`,
      () => `${objects()}.${name()}[%.${name()} ${pick(operators)} ${some()}]`,
      () => `${objects()}.${name()}.(%.${name()})[0]`,
      () => `${objects()}^(${pick(['<', '>', ''])}${name()}, >${name()}).(${some()})`,
      () => `${objects()}{${name()}: ${some()}}`,
      () => `${objects()}{$string(${name()}): $count($), "n": ${some()}}`,
      () => `($x := $substring(?, ${pick(numbers)}, ?); $x(${of('s')}, ${pick(numbers)}))`,
      () => `($x := ${call(depth - 1, here).replace(/\((.)/, '(?, $1')}; $x(${some()}))`,
      () => `($x := function($a, $b, $c) { [$a, $b, $c] }(?, ${pick(numbers)}, ?); $x(${some()}, ${some()}))`,
      () => `($x := ${pick(['$uppercase', '$sum', '$string'])} ~> ${pick(['$length', '$string', '$substring(?, 1)'])}; $x(${some()}))`,
      () => `($x := ${lambda(depth, here, ['$y'])} ~> ${lambda(depth, here, ['$x'])}; ${some()} ~> $x)`,
      () => `(${some()}) ~> $map(function($x) { $x }) ~> $filter(${lambda(depth, here, ['$x'])}) ~> $count`,
      () => `$ ~> |${path(1, here)}[${some()}]|{${pick(texts)}: ${some()}}, [${pick(texts)}, ${pick(texts)}]|`,
      () => `$ ~> |**[${name()}]|{"seen": ${some()}}| ~> |$|{}, ${pick(texts)}|`,
      () => `($x := function($n, $s) { $n <= 0 ? $s : $x($n - 1, ${some()}) }; $x(${pick(['0', '1', '3', '12'])}, ${some()}))`,
      () => `($f := function($n) { $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $f(${below(9)}))`,
      () => `($x := function($y)<${pick(signatures)}>{ ${some()} }; $x(${some()}))`,
      () => `function($x, $y)<${pick(signatures)}>{ [$x, $y] }(${list(depth, here)})`,
      () => `(function($x) { function($y) { $x & ${some()} & $y } })(${some()})(${of('s')})`,
      () => `($x := 1; $y := function() { $x := $x + 1; $x }; [$y(), $y(), $x])`,
      () => `$sort(${of('a')}, function($x, $y) { $x.${name()} ${pick(['>', '<', '>='])} $y.${name()} })`,
      () => `$reduce(${of('a')}, function($x, $y, $i, $a) { $x & $i & $count($a) & ${some()} }${chance(0.5) ? ', ""' : ''})`,
      () => `$map(${of('a')}, function($v, $i, $a) { [$i, $count($a), ${some()}] })`,
      () => `$spread(${some()}) ~> $merge`,
      () => `$each(${of('o')}, function($v, $k, $o) { $k & ${some()} }) ~> $join(",")`,
      () => `$sift(${of('o')}, function($v, $k) { $k ${pick(['>', '=', 'in'])} ${of('s')} })`,
      () => `(${datePicture()} ~> function($p) { $fromMillis(${pick(times)}, $p) ~> $toMillis($p) })`,
      () => `(${pick(wholePictures)} ~> function($p) { $formatInteger(${pick(numbers)}, $p) ~> $parseInteger($p) })`,
      () => `$formatInteger(${below(4000)}, ${pick(wholePictures)})`,
      () => `$formatNumber(${pick(['1234.5678', '0.00012', '3', '12345678', '0.5'])}, "${pick(['0', '#0', '00'])}${pick(['', '.0', '.00', '.0##'])}e${pick(['0', '00'])}")`,
      () => `$match(${of('s')}, ${regex()}).${pick(['groups', 'match', 'index', '[match, groups[0]]'])}`,
      () => `${regex()}(${of('s')})${pick(['', '.match', '.next().match', '.groups'])}`,
      () => `($x := ${regex()}; $y := $x(${of('s')}); [$y.match, $y.next().${pick(['start', 'match'])}, ${some()}, $y.next().end])`,
      () => `($é := ${some()}; $_1 := ${of('n')}; [$é, $_1])`,
      () => `$type(${pick(['$random()', '$now()', '$millis()', '$shuffle([1, 2])', '$now("[Y]")', pick(regexes), '$sum', lambda(depth, here, ['$x'])])})`,
      () => `$sort($shuffle(${of('A')}))`,
      () => `{${of('s')}: ${some()}, ${of('s')}: ${some()}}`,
      () => `[[${list(depth, here)}], [[${list(depth, here)}]], ${some()}]${pick(['', '[0]', '.$', '[]', '.*', '[[0, 1]]'])}`,
      () => `(${list(depth, here).replaceAll(', ', '; ')})`,
      () => `$${pick(['match', 'split', 'replace', 'contains'])}(${of('s')}, ${regex()}, "<$1>")`.replace(/(match|split|contains)(.*), "<\$1>"/s, '$1$2'),
      () => `$lookup(${of('o')}, ${of('s')}) ${pick(operators)} ${some()}`,
      () => `/* ${pick(['note', 'a * b', '/'])} */ ${some()} /**/`,
      () => `(\n\t${some()}\n)`,
      () => `${'('.repeat(12)}${some()}${')'.repeat(12)}`,
      () => `${'['.repeat(6)}${some()}${']'.repeat(6)}${pick(['', '[0]', '.$', '.[$]'])}`,
      () => `[$x := ${some()}, $x]`,
      () => pick(badly),
      () => `${some()} ${pick(badly)}`,
    ])();
  }

  const all = Object.keys(inputs);
  return Array.from({ length: count }, (_, index) => {
    const name = all[index % all.length];
    input = inputs[name];
    ({ paths, keys } = known[name]);
    const depth = 1 + below(3) + (chance(0.08) ? 1 : 0);
    let text = chance(0.2) ? special(depth, input) : any(depth, input);
    // Now and then something is torn out, so that the parser has faults to tell.
    if (chance(0.03)) {
      const characters = [...text];
      characters.splice(below(characters.length), 1, chance(0.5) ? '' : pick(['(', ')', ']', '.', ',', '?', ':', '}', '&', '~', '|', '`', '\\', '{']));
      text = characters.join('');
    }
    if (chance(0.03)) text = text.replaceAll(' ', pick(['\n', '\t \r', ' /* a "b */ ', '']));
    return { name, expression: text };
  });
}

/** The names in a value, and the paths in it by the kind of what they lead to. */
function survey(input) {
  const paths = {};
  const keys = new Set();
  const visit = (value, path, depth) => {
    for (const kind of kindsOf(value)) (paths[kind] ??= []).push(path);
    if (value === null || typeof value !== 'object' || depth > 6) return;
    for (const [key, member] of Object.entries(value)) {
      if (!Array.isArray(value)) keys.add(key);
      visit(member, Array.isArray(value) ? path : [...path, key], depth + 1);
    }
  };
  visit(input, [], 0);
  return { paths, keys: [...keys] };
}

function kindsOf(value) {
  if (Array.isArray(value)) {
    const all = (kind) => value.length > 0 && value.every((item) => kindsOf(item).includes(kind));
    return ['a', ...['n', 's', 'o'].filter(all).map((kind) => kind === 'o' ? 'O' : kind.toUpperCase().replace('N', 'A'))];
  }
  if (value === null) return [];
  return [{ number: 'n', string: 's', boolean: 'b', object: 'o' }[typeof value]];
}
