// Expressions from a grammar and a seed. They are mostly sensible over the inputs of this folder, and often not.

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

const names = ['shop', 'orders', 'lines', 'customer', 'name', 'city', 'id', 'price', 'count', 'sku', 'colours', 'tags', 'stock', 'hours', 'owner', 'empty', 'nothing', 'a', 'b', 'c', 'd', 'e', 'list', 'nested', 'one', 's', 'missing'];
const texts = ['""', '"a"', '"Porto"', '"A1"', '"tools"', '"1"', '"x y"', '"é😀"', "'q'"];
const numbers = ['0', '1', '2', '3', '-1', '2.5', '10', '0.1', '1e3', '-2', '7'];
const variables = ['$', '$$', '$x', '$y', '$nope'];
const regexes = ['/a/', '/[a-o]+/', '/(\\w)(\\w)/', '/X/i', '/ $/', '/o|e/', '/^./', '/\\b\\w/', '/(a)|(o)/', '/[^a-z ]+/i', '/(?:q|t)(.)?/',
  '/\\w+?(?=o)/', '/(.)\\1/', '/\\d{1,2}/', '/x*/', '/$/m', '/(?!a)[a-e]/', '/é|😀/', '/\\s/'];
const replacements = ['"$0"', '"[$1]"', '"$2-$1"', '"$$"', '"$12"', '"$"', '""', '"x"'];
const datePictures = ['"[Y]-[M01]-[D01]"', '"[H]:[m]"', '"[FNn] [D1o]"', '"[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"', '"[MNn] [D1o], [Y]"',
  '"[D#1]/[M#1]/[Y,2-2]"', '"[h]:[m01] [P]"', '"[h]:[m01] [PN]"', '"[dwo] day"', '"W[W01] [F1]"', '"[W] [w] [X]-[x]"', '"[YI] [MA] [Da]"', '"[FNn,3-3] [MNn,3-3]"', '"[[x]] [E] [C]"',
  '"[Z]"', '"[z]"', '"[Y"', '"[Q]"', '"[Yw] [Dwo]"', '"[s01]:[f1]"'];
const zones = ['"+0100"', '"-0530"', '"0000"', '"+1400"'];
const binaries = ['+', '-', '*', '/', '%', '=', '!=', '<', '<=', '>', '>=', '&', 'and', 'or', 'in'];

/** Functions and what they are mostly given: v any, n number, s text, a array, o object, r pattern, f and g function, i and d picture. */
const functions = {
  sum: 'a', count: 'a', max: 'a', min: 'a', average: 'a', string: 'v', substring: 'snn?', substringBefore: 'ss',
  substringAfter: 'ss', lowercase: 's', uppercase: 's', length: 's', trim: 's', pad: 'sns?', match: 'srn?', contains: 'sr',
  replace: 'srRn?', split: 'srn?', join: 'as?', formatBase: 'nn?', number: 'v', floor: 'n', ceil: 'n', round: 'nn?', abs: 'n',
  sqrt: 'n', power: 'nn', boolean: 'v', not: 'v', map: 'af', zip: 'aa', filter: 'af', single: 'af', reduce: 'agv?', sift: 'of',
  keys: 'v', lookup: 'vs', append: 'vv', exists: 'v', spread: 'v', merge: 'a', reverse: 'a', each: 'of', type: 'v', sort: 'ag?',
  distinct: 'v', base64encode: 's', base64decode: 's', encodeUrlComponent: 's', encodeUrl: 's', decodeUrl: 's', clone: 'o', error: 's',
  assert: 'vs', formatInteger: 'ni', parseInteger: 'si', fromMillis: 'mdz?', toMillis: 'td?',
};

/** `count` expressions of a seed. */
export function generate(seed, count) {
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const chance = (share) => next() < share;

  const leaf = () => {
    const roll = next();
    if (roll < 0.5) return pick(names);
    if (roll < 0.65) return pick(numbers);
    if (roll < 0.78) return pick(texts);
    if (roll < 0.9) return pick(variables);
    return pick(['true', 'false', 'null', '*', '**', '%', '[]', '{}']);
  };
  const step = (depth) => {
    let text;
    const roll = next();
    if (roll < 0.68) text = pick(names);
    else if (roll < 0.74) text = '*';
    else if (roll < 0.78) text = '%';
    else if (roll < 0.8) text = '**';
    else if (roll < 0.84) text = '$';
    else if (roll < 0.89) text = `(${any(depth - 1)})`;
    else if (roll < 0.93) text = `{${pick(texts)}: ${any(depth - 1)}}`;
    else if (roll < 0.96) text = `[${any(depth - 1)}]`;
    else text = call(depth - 1);
    if (chance(0.06)) text += pick(['@$x', '#$y', '@$y', '#$x']);
    if (chance(0.22)) text += `[${chance(0.5) ? any(depth - 1) : pick(numbers)}]`;
    if (chance(0.06)) text += '[]';
    if (chance(0.03)) text += '#$y';
    return text;
  };
  const path = (depth) => {
    let text = chance(0.15) ? pick(['$', '$$', '$x', `(${any(depth - 1)})`, `[${any(depth - 1)}]`, call(depth - 1)]) : step(depth);
    for (let length = 1 + Math.floor(next() * 3); length > 0; length--) text += `.${step(depth)}`;
    if (chance(0.1)) {
      const term = () => `${pick(['', '<', '>'])}${chance(0.6) ? pick(names) : any(depth - 1)}`;
      text += `^(${chance(0.3) ? `${term()}, ${term()}` : term()})`;
      if (chance(0.3)) text += `${chance(0.5) ? '#$x' : '[0]'}.${step(depth - 1)}`;
    }
    if (chance(0.06)) text += `{${chance(0.7) ? pick(names) : any(depth - 1)}: ${any(depth - 1)}${chance(0.3) ? `, ${pick(texts)}: ${any(depth - 1)}` : ''}}`;
    return text;
  };
  const lambda = (depth, parameters) =>
    `function(${parameters.slice(0, chance(0.15) ? 1 : parameters.length).join(', ')}) { ${any(depth - 1)} }`;
  const argument = (kind, depth) => {
    if (chance(0.15)) return any(depth - 1);
    if (kind === 'n') return chance(0.6) ? pick(numbers) : pick(['a', 'b', 'price', 'count', 'd']);
    if (kind === 's') return chance(0.6) ? pick(texts) : pick(['shop', 'name', 'id', 'sku', 's', 'text']);
    if (kind === 'a') return chance(0.5) ? pick(['tags', 'list', 'orders', 'orders.lines', 'nested', 'one', '[1..3]', '[3, 1, 2]', 'b', 'empty']) : any(depth - 1);
    if (kind === 'o') return pick(['stock', 'nothing', 'customer', 'c', '$', 'orders[0]']);
    if (kind === 'r') return chance(0.6) ? pick(regexes) : pick(texts);
    if (kind === 'f') return chance(0.2) ? pick(['$uppercase', '$string', '$boolean', '$sum']) : lambda(depth, ['$x', '$y']);
    if (kind === 'R') return chance(0.6) ? pick(replacements) : chance(0.5) ? pick(texts) : lambda(depth, ['$x']);
    if (kind === 'z') return pick(zones);
    if (kind === 'm') return pick(['0', '1e12', '1700000000123', '951826154003', '-1e11', '1.6e12', '253402300799999', 'a']);
    if (kind === 't') return pick(['"2024-02-29"', '"2023-12-31T23:59:60Z"', '"2018-04-05T06:07:08.009+01:00"', '"Thursday 3rd"', '"1999"', '"12/31/1999"', '"March 1, 2020"', '""', '"é"', 's', 'text']);
    if (kind === 'i') return pick(['"w"', '"W"', '"I"', '"i"', '"A"', '"a"', '"0001"', '"#,##0"', '"Ww;o"', '"w;o"', '"1;o"', '"#"', '"#:##0.000"', '"\u0660"', '"0;c(x)"']);
    if (kind === 'd') return pick(datePictures);
    if (kind === 'g') return chance(0.2) ? '$append' : lambda(depth, ['$x', '$y']);
    return any(depth - 1);
  };
  const call = (depth) => {
    const name = pick(Object.keys(functions));
    const kinds = functions[name].match(/\w\??/g).filter((kind) => kind.length === 1 || chance(0.5)).map((kind) => kind[0]);
    if (chance(0.06)) kinds.pop();
    if (chance(0.03)) kinds.push('v');
    return `$${name}(${kinds.map((kind) => argument(kind, depth)).join(', ')})`;
  };
  function any(depth) {
    if (depth <= 0) return leaf();
    const roll = next();
    if (roll < 0.28) return path(depth);
    if (roll < 0.4) return leaf();
    if (roll < 0.58) return `${operand(depth)} ${pick(binaries)} ${operand(depth)}`;
    if (roll < 0.76) return call(depth);
    if (roll < 0.8) return `[${list(depth)}]`;
    if (roll < 0.83) return `[${operand(depth)}..${operand(depth)}]`;
    if (roll < 0.87) return `{${pick(texts)}: ${any(depth - 1)}, "k${Math.floor(next() * 3)}": ${any(depth - 1)}}`;
    if (roll < 0.9) return `(${any(depth - 1)} ? ${any(depth - 1)}${chance(0.8) ? ` : ${any(depth - 1)}` : ''})`;
    if (roll < 0.94) return `($x := ${any(depth - 1)}; ${any(depth - 1)})`;
    if (roll < 0.96) return `($x := ${lambda(depth, ['$y'])}; $x(${any(depth - 1)}))`;
    if (roll < 0.98) return `(${any(depth - 1)} ~> ${chance(0.5) ? pick(['$sum', '$string', '$uppercase', '$count', '$reverse', '$keys']) : call(depth - 1)})`;
    if (roll < 0.985) return `-${operand(depth)}`;
    if (roll < 0.99) return special(depth);
    return `(${any(depth - 1)} ~> |${pick(names)}|{"z": ${any(depth - 1)}}${chance(0.4) ? `, ${pick(texts)}` : ''}|)`;
  }
  /** What the rest of the grammar comes to but seldom. */
  function special(depth) {
    return pick([
      () => `(shop.orders)@$x.lines@$y.{"x": $x.id, "y": $y.${pick(names)}}`,
      () => `orders@$x.orders@$y[$x.${pick(names)} = $y.${pick(names)}].[$x.id, $y.id]`,
      () => `orders#$x.lines#$y.[$x, $y, ${any(depth - 1)}]`,
      () => `orders.lines.${pick(names)}.{"p": %.${pick(names)}, "q": %.%.${pick(names)}, "r": ${any(depth - 1)}}`,
      () => `orders.lines[%.${pick(names)} ${pick(binaries)} ${any(depth - 1)}].sku`,
      () => `orders.lines^(%.${pick(names)}, >price).(${any(depth - 1)})`,
      () => `orders.lines{%.${pick(names)}: ${any(depth - 1)}}`,
      () => `($x := $substring(?, ${pick(numbers)}, ?); $x(${any(depth - 1)}, ${pick(numbers)}))`,
      () => `($x := ${call(depth - 1).replace(/\((.)/, '(?, $1')}; $x(${any(depth - 1)}))`,
      () => `($x := ${pick(['$uppercase', '$sum', '$string'])} ~> ${pick(['$length', '$string', '$substring(?, 1)'])}; $x(${any(depth - 1)}))`,
      () => `($x := ${lambda(depth, ['$y'])} ~> ${lambda(depth, ['$x'])}; ${any(depth - 1)} ~> $x)`,
      () => `$ ~> |${pick(names)}[${any(depth - 1)}]|{${pick(texts)}: ${any(depth - 1)}}, [${pick(texts)}, ${pick(texts)}]|`,
      () => `($x := function($n, $s) { $n <= 0 ? $s : $x($n - 1, ${any(depth - 1)}) }; $x(${pick(numbers)}, ${any(depth - 1)}))`,
      () => `($x := function($y)<${pick(['n:n', 's-:s', 'a<n>:n', 'x?:x', '(sn):x', 'o-n?:x', 'f:x', 'a<s>-:s'])}>{ ${any(depth - 1)} }; $x(${any(depth - 1)}))`,
      () => `$sort(${pick(['list', 'orders', 'orders.lines', 'tags'])}, function($x, $y) { $x.${pick(names)} ${pick(['>', '<', '>='])} $y.${pick(names)} })`,
      () => `$sort(${pick(['orders', 'orders.lines', 'list'])}, function($x, $y) { $${pick(['x', 'y'])}.price > $${pick(['x', 'y'])}.price })`,
      () => `$reduce(${argument('a', depth)}, function($x, $y, $i, $a) { $x & $i & $count($a) & ${any(depth - 1)} }${chance(0.5) ? ', ""' : ''})`,
      () => `$map(${argument('a', depth)}, function($v, $i, $a) { [$i, $count($a), ${any(depth - 1)}] })`,
      () => `$spread(${any(depth - 1)}) ~> $merge`,
      () => `$each(${argument('o', depth)}, function($v, $k, $o) { $k & ${any(depth - 1)} }) ~> $join(",")`,
    ])();
  }
  const operand = (depth) => (chance(0.7) ? any(depth - 1) : `(${any(depth - 1)})`);
  const list = (depth) => Array.from({ length: Math.floor(next() * 4) }, () => any(depth - 1)).join(', ');

  return Array.from({ length: count }, () => {
    const depth = 1 + Math.floor(next() * 3);
    let text = chance(0.12) ? special(depth) : any(depth);
    // Now and then something is torn out, so that the parser has faults to tell.
    if (chance(0.04)) {
      const characters = [...text];
      characters.splice(Math.floor(next() * characters.length), 1, chance(0.5) ? '' : pick(['(', ')', ']', '.', ',', '?', ':', '}', '&']));
      text = characters.join('');
    }
    return text;
  });
}
