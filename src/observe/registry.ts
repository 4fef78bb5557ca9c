/** What a metric is called, and what it counts. A name has its unit at its end. */
type About = { readonly name: string; readonly help: string };

/** Names of labels, or their values, in the same order. */
type Values<L extends readonly string[]> = { readonly [K in keyof L]: string };

/** A number that only grows. */
export type Counter = { inc(by?: number): void };

/** A number that goes up and down. */
export type Gauge = { inc(): void; dec(): void };

/** How often values of which size were seen. */
export type Histogram = { observe(value: number): void };

/**
 * Metrics with these labels. `at` gives the one with these values, the same one each time; whoever has it counts without
 * looking it up. Each set of values is kept for ever, so there must not be many.
 */
type Family<T, L extends readonly string[]> = { at(...values: Values<L>): T };

/** The lines of one metric. */
type Reader = { readonly name: string; readonly head: string; read(): Promise<string> | string };

/**
 * Metrics, and how Prometheus reads them:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
 */
export function createRegistry() {
  const readers: Reader[] = [];

  function add({ name, help }: About, type: string, read: Reader['read']): void {
    if (readers.some((one) => one.name === name)) throw new Error(`There are two metrics ${name}`);
    readers.push({ name, head: `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`, read });
  }

  return {
    counter<const L extends readonly string[]>(about: About, ...labels: L): Family<Counter, L> {
      const family = createFamily(labels, newCell);
      add(about, 'counter', () => family.lines((text, { value }) => line(about.name, text, value)));
      return family;
    },

    gauge<const L extends readonly string[]>(about: About, ...labels: L): Family<Gauge, L> {
      const family = createFamily(labels, newCell);
      add(about, 'gauge', () => family.lines((text, { value }) => line(about.name, text, value)));
      return family;
    },

    /** A number that is read when Prometheus asks; one that cannot be read is left out. */
    sampled(
      about: About & { readonly type: 'gauge' | 'counter' },
      read: () => Promise<number> | number,
    ): void {
      add(about, about.type, async () => {
        try {
          return line(about.name, '', await read());
        } catch {
          return '';
        }
      });
    },

    /** A fact that is in the labels; its value is 1. */
    fact(about: About, labels: Readonly<Record<string, string>>): void {
      const text = labelText(Object.keys(labels), Object.values(labels));
      add(about, 'gauge', () => line(about.name, text, 1));
    },

    /** `bounds` are the upper ends of the buckets, in ascending order and without the infinite one. */
    histogram<const L extends readonly string[]>(
      about: About & { readonly bounds: readonly number[] },
      ...labels: L
    ): Family<Histogram, L> {
      const family = createFamily(labels, () => newBuckets(about.bounds));
      add(about, 'histogram', () => family.lines((text, one) => bucketLines(about, text, one)));
      return family;
    },

    /** All of them, as Prometheus wants to read them. */
    async text(): Promise<string> {
      const parts = readers.map(async ({ head, read }) => head + (await read()));
      return (await Promise.all(parts)).join('');
    },
  };
}

export type Registry = ReturnType<typeof createRegistry>;

type Cell = Counter & Gauge & { readonly value: number };
type Buckets = Histogram & { readonly counts: readonly number[]; readonly sum: number };

function createFamily<T, const L extends readonly string[]>(labels: L, make: () => T) {
  const members = new Map<string, { readonly text: string; readonly one: T }>();
  const at = (...values: Values<L>): T => {
    let key = values[0] ?? '';
    // Adding up is several times as fast as joining, and this is done for every request.
    for (let i = 1; i < values.length; i++) key += `\n${values[i]}`;
    const known = members.get(key);
    if (known !== undefined) return known.one;
    const one = make();
    members.set(key, { text: labelText(labels, values), one });
    return one;
  };
  // What has no labels is there from the start.
  if (labels.length === 0) (at as () => T)();
  const lines = (write: (text: string, one: T) => string): string =>
    [...members.values()].map(({ text, one }) => write(text, one)).join('');
  return { at, lines };
}

function newCell(): Cell {
  let value = 0;
  return {
    inc: (by: number = 1) => {
      value += by;
    },
    dec: () => {
      value -= 1;
    },
    get value() {
      return value;
    },
  };
}

function newBuckets(bounds: readonly number[]): Buckets {
  const counts = Array.from({ length: bounds.length + 1 }, () => 0);
  let sum = 0;
  return {
    counts,
    observe: (value) => {
      let i = 0;
      while (i < bounds.length && value > (bounds[i] ?? 0)) i++;
      counts[i] = (counts[i] ?? 0) + 1;
      sum += value;
    },
    get sum() {
      return sum;
    },
  };
}

/** A bucket counts what is in the ones below it as well. */
function bucketLines(
  { name, bounds }: { readonly name: string; readonly bounds: readonly number[] },
  text: string,
  { counts, sum }: Buckets,
): string {
  let below = 0;
  let lines = '';
  for (const [i, count] of counts.entries()) {
    below += count;
    const bound = `le="${bounds[i] ?? '+Inf'}"`;
    lines += line(`${name}_bucket`, text === '' ? `{${bound}}` : `${text.slice(0, -1)},${bound}}`, below);
  }
  return lines + line(`${name}_sum`, text, sum) + line(`${name}_count`, text, below);
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels} ${value}\n`;
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, i) => `${name}="${escapedValue(values[i] ?? '')}"`).join(',')}}`;
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapedValue(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"');
}
