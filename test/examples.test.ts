import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder, startNode, startPawlProcess } from './pawl-process.ts';

/*
 * The goal: the examples work as they stand. The method: a server in one process, the example in another, with
 * nothing between them but the two variables that the official SDK reads.
 */

const root = join(import.meta.dirname, '..');
const tickets = join(root, 'src/cli/tutorial/tickets.jsonl');
const key = 'a-key-for-the-examples';

async function serve(): Promise<Record<string, string>> {
  const server = startPawlProcess(['serve', '--port', '0'], { env: { PAWL_API_KEY: key } });
  const [, url = ''] = await server.printed(/listens on (\S+)/);
  return { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key };
}

test('ticket-triage.ts tells the story', async () => {
  const env = await serve();
  const { code, stdout, stderr } = await startNode([join(root, 'examples/ticket-triage.ts')], { env })
    .finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('billing\n  v1: 4/5\n  v2: 2/5  <-- regressed\n');
  expect(stdout).toContain('dashboard\n  v1: 5/5\n  v2: 5/5\n');
  expect(stdout).toMatch(/billing tickets via version=1: 4\/5 correct\narchived\n$/);
});

test('polling.ts, which asks once a second, tells the same', { timeout: 120_000 }, async () => {
  const env = await serve();
  const some = /"t-(02|04|05|06|11|16)"/;
  const lines = readFileSync(tickets, 'utf8')
    .split('\n')
    .filter((line) => some.test(line));
  const file = join(freshFolder(), 'tickets.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { code, stdout, stderr } = await startNode([join(root, 'examples/polling.ts'), file], { env })
    .finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^env=env_\w+ {2}agent=agent_\w+ v1\n6 tickets across 4 teams: /);
  expect(stdout).toContain('billing\n  v1: 2/3\n  v2: 0/3  <-- regressed\n');
  expect(stdout).toMatch(/billing tickets via version=1: 2\/3 correct\narchived\n$/);
});

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');

test('The README has TypeScript to run', () => {
  expect(blocks.length).toBeGreaterThan(0);
});

test.each(blocks)('The TypeScript of the README runs as it stands', async (block) => {
  const env = await serve();
  const args = ['--input-type=module-typescript', '--eval', block];
  const { code, stdout, stderr } = await startNode(args, { env, cwd: root }).finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('{"team": "billing"}');
});

test('The README shows what the tutorial prints', async () => {
  const shown = /^```text\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '';
  const { stdout } = await startPawlProcess(['tutorial'], { cwd: root }).finished;
  // Ids, ports and times are new each time.
  const settled = (text: string): string =>
    text
      .trim()
      .replace(/_\w{24}\b/g, '_…')
      .replace(/:\d{4,5},/, ':port,')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');
  expect(settled(stdout)).toBe(settled(shown));
});
