import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { evalDefinition } from './evals.ts';

const least = { name: 'triage', agent: 'agent_1', dataset: 'tickets', scorers: ['exact'] };

/** What is wrong with a definition that is the least one with some changes: paths and messages. */
function complaints(changes: object): string[] {
  const parsed = evalDefinition.safeParse({ ...least, ...changes });
  return parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('An eval definition', () => {
  it('needs four fields, and has every other filled in', () => {
    expect(evalDefinition.parse(least)).toMatchObject({
      dataset: { name: 'tickets', revision: null },
      reply: { read: 'text' },
      scorers: [{ type: 'exact', name: 'exact' }],
      epochs: null,
      concurrency: 16,
      limits: { timeout_ms: 120_000, max_attempts: 3, max_error_share: 0.1, max_cost_usd: null },
      gate: {
        metrics: ['exact'],
        confidence: 0.9,
        margin: { critical: 0.02, supporting: 0.05, advisory: null },
        overall: 'critical',
        default_tier: 'supporting',
        min_cases: { group: 20, overall: 50 },
      },
    });
  });

  it('lets count rules decide alone where no margin is stated', () => {
    const none = { critical: null, supporting: null, advisory: null };
    expect(evalDefinition.parse({ ...least, gate: { max_lost_cases: 1 } }).gate.margin).toEqual(none);
    expect(evalDefinition.parse({ ...least, gate: { max_lost_total: 0, margin: 0.1 } }).gate.margin).toEqual({
      critical: 0.1,
      supporting: 0.1,
      advisory: null,
    });
    expect(evalDefinition.parse({ ...least, gate: { margin: null } }).gate.margin).toEqual(none);
  });

  it('names a revision of its dataset by the beginning of its hash', () => {
    expect(evalDefinition.parse({ ...least, dataset: 'tickets@73d71649' }).dataset).toEqual({
      name: 'tickets',
      revision: '73d71649',
    });
  });

  it.each([
    [{ name: '' }, 'name: must begin with a letter or digit'],
    [{ agent: undefined }, 'agent: '],
    [{ scorers: [] }, 'scorers: must have at least one scorer'],
    [{ scorers: ['exactly'] }, 'scorers.0'],
    [{ scorers: ['exact', 'exact'] }, 'scorers.1.name: must be unique'],
    [{ gate: { metrics: ['other'] } }, 'gate.metrics.0: must be one of the scorers exact'],
    [{ gate: { confidence: 2 } }, 'gate.confidence: '],
    [{ epochs: 0 }, 'epochs: '],
    [{ concurrency: 1000 }, 'concurrency: '],
    [{ message: 'Say {{target}}' }, 'message: {{target}} is not allowed'],
    [{ reply: { json: 'a..b' } }, 'reply: '],
    [{ reply: { regex: '(' } }, 'reply: '],
    [{ surprise: 1 }, 'surprise'],
  ])('is refused by the name of the field that is wrong: %j', (changes, complaint) => {
    expect(complaints(changes).join('\n')).toContain(complaint);
  });
});

test('docs/reference/evals.md has every field, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/evals.md'), 'utf8');
  const named = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(Object.keys(evalDefinition.in.shape));
});
