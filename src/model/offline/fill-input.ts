import type { JsonObject } from '../../core/tools.ts';
import { jsonObject } from '../tool-input.ts';

/** An input, or the names of the required properties for which the text has nothing. */
export type Filled = { readonly input: JsonObject } | { readonly missing: readonly string[] };

// Bounds on the work that a schema can ask for.
const mostProperties = 50;
const deepest = 3;

/**
 * Fills the input of a tool with what a text says, by the names and types of the schema's properties: numbers, ids,
 * dates, addresses, quoted strings, names and words of an enum; a required string that asks for a text, or for which
 * nothing better is found, is the whole of it. Optional properties are filled only when the text speaks of them.
 */
export function fillInput(schema: JsonObject, text: string): Filled {
  const taken = new Set<string>();
  return fillObject(schema, { text, taken, depth: 0 });
}

/** What a property is filled from. A value goes to the first property that wants it. */
type Source = { readonly text: string; readonly taken: Set<string>; readonly depth: number };
type Wanted = { readonly name: string; readonly schema: JsonObject; readonly required: boolean };

function fillObject(schema: JsonObject, source: Source): Filled {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const properties = Object.entries(jsonObject(schema['properties']) ?? {}).slice(0, mostProperties);
  const wanted = properties.map(([name, property]) => ({
    name,
    schema: jsonObject(property) ?? {},
    required: required.includes(name),
  }));
  // What the text says of a property by name comes first, so that no other property takes it.
  const spoken = wanted.map((one) => valueFor({ ...one, required: false }, source));
  const values = wanted.map(
    (one, index) => spoken[index] ?? (one.required ? valueFor(one, source) : undefined),
  );
  const missing = wanted
    .filter((one, index) => one.required && values[index] === undefined)
    .map(({ name }) => name);
  const input = Object.fromEntries(
    wanted
      .map(({ name }, index) => [name, values[index]] as const)
      .filter(([, value]) => value !== undefined),
  );
  return missing.length > 0 ? { missing } : { input };
}

/** A value for a property; undefined when the text has none. */
function valueFor(wanted: Wanted, source: Source): unknown {
  const { schema, required } = wanted;
  if ('const' in schema) return required ? schema['const'] : undefined;
  if (Array.isArray(schema['enum'])) {
    return wordOf(schema['enum'], source) ?? (required ? schema['default'] : undefined);
  }
  const found = typedValue(wanted, source);
  return found === undefined && required ? schema['default'] : found;
}

function typedValue(wanted: Wanted, source: Source): unknown {
  const { schema, required } = wanted;
  switch (typeOf(schema)) {
    case 'integer':
    case 'number':
      return numberFor(wanted, source);
    case 'boolean':
      return mentions(source.text, wordsOfName(wanted.name)) ? true : required ? false : undefined;
    case 'array': {
      const items = jsonObject(schema['items']) ?? {};
      const item =
        required && source.depth < deepest
          ? valueFor({ ...wanted, schema: items }, deeper(source))
          : undefined;
      return item === undefined ? undefined : [item];
    }
    case 'object': {
      if (!required || source.depth >= deepest) return undefined;
      const filled = fillObject(schema, deeper(source));
      return 'input' in filled ? filled.input : undefined;
    }
    default:
      return stringFor(wanted, source);
  }
}

function deeper(source: Source): Source {
  return { ...source, depth: source.depth + 1 };
}

/** The first type that is not null, since a schema may list several. */
function typeOf({ type }: JsonObject): unknown {
  return Array.isArray(type) ? type.find((one) => one !== 'null') : type;
}

/** The value of an enum that the text names, the earliest first. */
function wordOf(values: readonly unknown[], { text }: Source): unknown {
  const lower = text.toLowerCase();
  let best: { readonly at: number; readonly value: unknown } | null = null;
  for (const value of values) {
    const word = String(value).toLowerCase();
    const spoken = word.replaceAll(/[_-]/g, ' ');
    const places = [wordAt(lower, word), wordAt(lower, spoken)].filter((at) => at >= 0);
    const at = Math.min(...places);
    if (places.length > 0 && (best === null || at < best.at)) best = { at, value };
  }
  return best?.value;
}

function wordAt(text: string, word: string): number {
  if (word === '') return -1;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    const edges = `${text[at - 1] ?? ' '}${text[at + word.length] ?? ' '}`;
    if (!/[\p{L}\p{N}_]/u.test(edges)) return at;
  }
  return -1;
}

function numberFor({ name, schema, required }: Wanted, { text, taken }: Source): number | undefined {
  const whole = typeOf(schema) === 'integer';
  const candidates = Array.from(
    text.matchAll(
      /(?<![\w.-])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w-])|(?<![\w.-])-?\d{1,15}(?:\.\d{1,15})?(?![\w-])/g,
    ),
    (match) => ({
      at: match.index,
      text: match[0],
      value: Number(match[0].replaceAll(',', '')),
    }),
  ).filter(({ value }) => !whole || Number.isSafeInteger(value));
  return pick(candidates, { name, text, taken, anywhere: required, counts: true })?.value;
}

const idWords = new Set('id ids number no code ref reference key sku uuid'.split(' '));
const textWords = new Set(
  'query question text message input prompt q search content body description comment note reason summary request'.split(
    ' ',
  ),
);

function stringFor(wanted: Wanted, source: Source): string | undefined {
  const { name, schema, required } = wanted;
  const { text, taken } = source;
  const words = wordsOfName(name);
  const shaped = shapeOf(schema, words);
  if (shaped !== null) {
    const candidates = Array.from(text.matchAll(shaped), (match) => {
      const value = match[0].replace(/[.,;:!?]+$/, '');
      return { at: match.index, text: value, value };
    });
    const found = pick(candidates, { name, text, taken, anywhere: required, counts: false })?.value;
    if (found !== undefined || isStrict(schema, words)) return found;
  }
  const quoted = quotedIn(text).find((value) => !taken.has(value));
  const value = valueAfterName(text, words) ?? (required ? quoted : undefined);
  if (value !== undefined) {
    taken.add(value);
    return value;
  }
  if (!required) return undefined;
  const whole = text.trim();
  const named = words.some((word) => textWords.has(word)) ? undefined : properNameIn(text, taken);
  if (named !== undefined) taken.add(named);
  return named ?? (whole === '' ? undefined : whole);
}

/** What a value of a known form looks like; null when the schema and the name tell nothing. */
function shapeOf({ format }: JsonObject, words: readonly string[]): RegExp | null {
  if (format === 'email' || words.includes('email')) return /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+/g;
  if (format === 'uri' || words.includes('url')) return /https?:\/\/[^\s"'<>]+/g;
  if (format === 'date' || words.at(-1) === 'date') return /\b\d{4}-\d{2}-\d{2}\b/g;
  if (words.some((word) => idWords.has(word))) return /(?<![\w-])(?=[a-zA-Z_-]{0,40}\d)[\w-]{1,80}/g;
  return null;
}

/** Whether the whole text would be no value of this form. */
function isStrict({ format }: JsonObject, words: readonly string[]): boolean {
  return (
    typeof format === 'string' ||
    words.some((word) => ['email', 'url', 'date'].includes(word) || idWords.has(word))
  );
}

type Candidate = { readonly at: number; readonly text: string };

/**
 * The candidate that stands behind a word of the property's name, or right before one; else, if `anywhere`, the first
 * one that is free.
 */
function pick<C extends Candidate>(
  candidates: readonly C[],
  of: {
    readonly name: string;
    readonly text: string;
    readonly taken: Set<string>;
    readonly anywhere: boolean;
    /** Whether it may count what is named behind it: "3 days". */
    readonly counts: boolean;
  },
): C | undefined {
  const free = candidates.filter(({ text }) => !of.taken.has(text));
  const words = wordsOfName(of.name).filter((word) => !idWords.has(word));
  const wanted = words.length > 0 ? words : [of.name];
  const isBehind = ({ at }: C): boolean => mentions(of.text.slice(Math.max(0, at - nearby), at), wanted);
  const isBefore = ({ at, text }: C): boolean => {
    const rest = of.text.slice(at + text.length, at + text.length + nearby);
    return mentions(/^\s\p{L}+/u.exec(rest)?.[0] ?? '', wanted);
  };
  const near = (of.counts ? free.find(isBefore) : undefined) ?? free.find(isBehind);
  const found = near ?? (of.anywhere ? free[0] : undefined);
  if (found !== undefined) of.taken.add(found.text);
  return found;
}

const nearby = 40;

/** Whether a text has any of these words. */
function mentions(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.some((word) => wordAt(lower, word) >= 0 || wordAt(lower, `${word}s`) >= 0);
}

/** What is said behind the name of a property: `city: Paris`, "the city is Paris", "city of New York". */
function valueAfterName(text: string, words: readonly string[]): string | undefined {
  const lower = text.toLowerCase();
  const spoken = words.join(' ');
  const at = Math.max(wordAt(lower, spoken), wordAt(lower, words.join('_')));
  if (at < 0) return undefined;
  const rest = text.slice(at + spoken.length, at + spoken.length + 200);
  const led = /^\s{0,3}(?::|=|\bis\b|\bof\b|\bnamed\b|\bcalled\b)\s{0,3}/i.exec(rest);
  const value = rest.slice(led?.[0].length ?? 0);
  if (led === null) return nameAtStart(value.trimStart());
  return quotedAtStart(value) ?? nameAtStart(value) ?? /^[^\s,;.!?]+/.exec(value)?.[0];
}

function quotedAtStart(text: string): string | undefined {
  return /^["“]([^"”]{1,200})["”]/.exec(text)?.[1];
}

function quotedIn(text: string): readonly string[] {
  return Array.from(
    text.matchAll(/["“]([^"“”\n]{1,200})["”]|(?<![\w])'([^'\n]{1,200})'(?!\w)/g),
    (match) => match[1] ?? match[2] ?? '',
  );
}

/** Capitalised words at the start of a text: "New York". */
function nameAtStart(text: string): string | undefined {
  return /^\p{Lu}[\p{L}\p{N}'’-]{0,40}(?: \p{Lu}[\p{L}\p{N}'’-]{0,40}){0,4}/u.exec(text)?.[0];
}

/** A name that a preposition leads to: "the weather in Paris". */
function properNameIn(text: string, taken: ReadonlySet<string>): string | undefined {
  for (const match of text.matchAll(/\b(?:in|at|for|from|to|of|near|about) (?=\p{Lu})/gu)) {
    const name = nameAtStart(text.slice(match.index + match[0].length, match.index + 300));
    if (name !== undefined && !taken.has(name)) return name;
  }
  return undefined;
}

function wordsOfName(name: string): readonly string[] {
  const spaced = name.replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2').toLowerCase();
  return spaced.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}
