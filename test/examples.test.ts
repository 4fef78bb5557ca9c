import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { evalText } from '../src/cli/tutorial/eval-text.ts';
import { firstPrompt, secondPrompt } from '../src/cli/tutorial/prompts.ts';
import { replacePinsText } from '../src/pin/pins-file.ts';
import { ask } from './evals/eval-story.ts';
import { sdk, startPawl } from './pawl.ts';
import { pawlHere } from './pawl-here.ts';
import { freshFolder, startNode } from './pawl-process.ts';
import { newPeople } from './release/release-story.ts';
import { startRollout, steady, untilRollout } from './release/rollout-story.ts';
import { askFor, newTriage } from './release/triage.ts';

/*
 * The goal: the examples work as they stand. The method: a server in this process, the example in another, with
 * nothing between them but the two variables that the official SDK reads.
 */

const root = join(import.meta.dirname, '..');
const tickets = join(root, 'src/cli/tutorial/tickets.jsonl');
const key = 'a-key-for-the-examples';

async function serve(): Promise<Record<string, string>> {
  const { server, url } = await startPawl({ api_key: key });
  onTestFinished(() => server.close());
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
  const some = /"t-(02|06)"/;
  const lines = readFileSync(tickets, 'utf8')
    .split('\n')
    .filter((line) => some.test(line));
  const file = join(freshFolder(), 'tickets.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { code, stdout, stderr } = await startNode([join(root, 'examples/polling.ts'), file], { env })
    .finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^env=env_\w+ {2}agent=agent_\w+ v1\n2 tickets across 2 teams: /);
  expect(stdout).toContain('billing\n  v1: 1/1\n  v2: 0/1  <-- regressed\n');
  expect(stdout).toMatch(/billing tickets via version=1: 1\/1 correct\narchived\n$/);
});

test('pinned-service.ts takes a new pin without a restart', async () => {
  const env = await serve();
  const client = sdk(env['ANTHROPIC_BASE_URL'] ?? '', key);
  const { id: agent } = await client.beta.agents.create({ name: 'a', model: 'm', system: firstPrompt });
  await client.beta.agents.update(agent, { version: 1, system: secondPrompt });
  const file = join(freshFolder(), 'pawl.pins.yaml');
  const pin = (version: number): void =>
    replacePinsText(file, `pins:\n  ticket-triage: {agent: ${agent}, version: ${version}}\n`);
  const second = readFileSync(tickets, 'utf8')
    .split('\n')
    .find((line) => line.includes('"t-02"'));
  const { subject = '', body: words = '' } = JSON.parse(second ?? '{}') as {
    subject?: string;
    body?: string;
  };
  const body = `Subject: ${subject}\n\n${words}`;
  pin(1);
  const { printed } = startNode([join(root, 'examples/pinned-service.ts'), file], { env });
  const [, url = ''] = await printed(/^listens on (\S+)\n/);
  const ask = async (): Promise<string> => {
    return (await fetch(url, { method: 'POST', body })).text();
  };
  expect(await ask()).toMatch(/^version 1: .*"billing"/);
  pin(2);
  expect(await ask()).toMatch(/^version 2: .*"api-platform"/);
});

test('canary.ts serves both versions of a rollout, and its scores are what the rollout looks at', async () => {
  const env = await serve();
  const people = await newPeople({ url: env['ANTHROPIC_BASE_URL'] ?? '', key });
  const triage = await newTriage(people);
  const { id: promotion_id } = await askFor(people, triage, 3);
  await ask(people.reviewer, `/promotions/${promotion_id}/reviews`, { decision: 'approve' });
  const guardrails = [{ metric: 'score:routed' }];
  const { id } = await startRollout(people, { ...triage, promotion_id }, { steps: steady(50), guardrails });
  const args = [join(root, 'examples/canary.ts'), triage.agent_id];
  const { code, stdout, stderr } = await startNode(args, { env }).finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(24);
  const canary = lines.filter((line) => /^customer-\d+: version 3 \(canary\), right team$/.test(line));
  const control = lines.filter((line) => /^customer-\d+: version 1 \(alias\), right team$/.test(line));
  expect(canary.length + control.length).toBe(24);
  await untilRollout(people.admin, id, ({ evidence: { checks } }) => {
    const units = [checks[0]?.canary.units, checks[0]?.control.units];
    return units[0] === canary.length && units[1] === control.length;
  });
});

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The code blocks of one language under a heading of the README, as they stand. */
function blocksUnder(heading: string, language: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return blocks.filter((block) => block[1] === language).map((block) => block[2] ?? '');
}

/** The only block of its language under a heading. */
function blockUnder(heading: string, language: string): string {
  const [block, ...others] = blocksUnder(heading, language);
  if (block === undefined || others.length > 0) throw new Error(`${heading}: not one block of ${language}`);
  return block;
}

/** Runs TypeScript of the README as it stands, and gives what it printed. */
async function runBlock(block: string, env: Record<string, string>): Promise<string> {
  const args = ['--input-type=module-typescript', '--eval', block];
  const { code, stdout, stderr } = await startNode(args, { env, cwd: root }).finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('Every TypeScript of the README is run by one of these tests', () => {
  const tested = ['Run the server', 'Evaluate a version'].flatMap((heading) => blocksUnder(heading, 'ts'));
  expect(readme.match(/^```ts$/gm)).toHaveLength(tested.length);
});

test('The conversation of the README runs as it stands', async () => {
  expect(await runBlock(blockUnder('Run the server', 'ts'), await serve())).toContain('{"team": "billing"}');
});

test('The README shows what the tutorial prints', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await pawlHere(['tutorial'], { cwd: root });
  expect(code, stderr).toBe(0);
  expect(stdout + stderr).not.toContain('\u001b');
  expect(stderr).toMatch(/^(Version [1234]: \d+ of 20, .+\n)+$/);
  expect(stdout).toMatch(/at 5 %: \d+ customers so far, \d+ of them with version 3; no guardrail is broken/);
  expect(stdout).toMatch(/ {2}score:routed is broken: canary 0\.\d+ of \d+, control 1 of \d+; p /);
  // Ids, ports and times are new each time, and so is how many customers had come when the server had seen enough.
  const settled = (text: string): string =>
    text
      .trim()
      .replace(/\d+ customers? so far, \d+ of them/g, 'some customers so far')
      .replace(/: canary .+, control .+; .+$/gm, (numbers) => numbers.replace(/\d[\d.e-]*/g, 'number'))
      .replace(/\d+ of the tickets of \d+ customers?/g, 'some of the tickets')
      .replace(/_\w{24}\b/g, '_…')
      .replace(/:\d{4,5}\./, ':port.')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');
  expect(settled(stdout)).toBe(settled(blockUnder('In 60 seconds', 'text')));
});

describe('The README evaluates a version', () => {
  const heading = 'Evaluate a version';
  const file = 'examples/triage.eval.yaml';

  test('by the file that is there, which is short and says what the tutorial says', () => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(blockUnder(heading, 'yaml')).toBe(text);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
    const told = evalText({
      name: 'triage',
      ...{ agent_id: 'agent_…', environment_id: 'env_…', dataset: 'tickets', concurrency: null },
    });
    const { environment, ...toldElsewhere } = parse(told) as Record<string, unknown>;
    expect(environment).toBe('env_…');
    expect({ ...parse(text), dataset: 'tickets' }).toEqual(toldElsewhere);
  });

  test('with the outcome that it shows', async () => {
    const env = await serve();
    const agent = (await runBlock(blockUnder(heading, 'ts'), env)).trim();
    const command = /^npm run -s pawl -- (.+) agent_…$/m.exec(blockUnder(heading, 'sh'))?.[1] ?? '';
    const args = [...command.split(' '), agent];
    expect(args).toEqual(['eval', 'run', file, '--agent', agent]);
    const { code, stdout } = await pawlHere(args, { env, cwd: root });
    expect(code).toBe(1);
    expect(stdout).toContain(`\n\n${blockUnder(heading, 'text')}\n`);
  });
});
