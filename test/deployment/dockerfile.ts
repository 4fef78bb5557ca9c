/** One line of a Dockerfile, with those that continue it. */
export type Instruction = {
  readonly name: string;
  /** The flags before the rest, such as `--from=build`, without their dashes. */
  readonly flags: Readonly<Record<string, string>>;
  /** The words behind the flags: of the JSON form those of the array. */
  readonly words: readonly string[];
  readonly text: string;
};

/** The instructions from a FROM to the next. */
export type Stage = { readonly name: string; readonly image: string; readonly instructions: Instruction[] };

/** Takes a Dockerfile apart. */
export function parseDockerfile(file: string): Stage[] {
  const lines = file
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Stage[] = [];
  for (const line of lines) {
    const instruction = parseInstruction(line);
    if (instruction.name !== 'FROM') {
      stages.at(-1)?.instructions.push(instruction);
      continue;
    }
    const [image = '', , name = ''] = instruction.words;
    stages.push({ image, name, instructions: [] });
  }
  return stages;
}

function parseInstruction(line: string): Instruction {
  const [, name = '', all = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
  const [leading = ''] = /^(?:--[\w-]+=\S+\s+)*/.exec(all) ?? [];
  const flags = Object.fromEntries(
    [...leading.matchAll(/--([\w-]+)=(\S+)/g)].map(([, flag, value]) => [flag, value]),
  );
  const text = all.slice(leading.length);
  const form = name === 'HEALTHCHECK' ? text.replace(/^CMD\s+/, '') : text;
  const words = form.startsWith('[') ? (JSON.parse(form) as string[]) : form.split(/\s+/);
  return { name, flags, words, text };
}

/** Whether a `.dockerignore` keeps a path from the builder. The last pattern that matches decides. */
export function isIgnored(ignoring: string, path: string): boolean {
  let ignored = false;
  for (const line of ignoring.split('\n')) {
    const pattern = line.trim();
    if (pattern === '' || pattern.startsWith('#')) continue;
    const brings = pattern.startsWith('!');
    if (matcher(brings ? pattern.slice(1) : pattern).test(path)) ignored = !brings;
  }
  return ignored;
}

/** A pattern matches what it names and everything below. */
function matcher(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${source}(?:/.*)?$`);
}
