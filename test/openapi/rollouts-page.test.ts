import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { operations } from '../../src/api/openapi/operations.ts';
import { createSchemas } from '../../src/api/openapi/schemas.ts';
import { rollout } from '../../src/api/wire/answers/rollouts.ts';
import { rolloutCreate } from '../../src/api/wire/rollouts.ts';
import { armOf, placeOf } from '../../src/core/assignment.ts';
import { runningModes } from '../../src/core/release.ts';
import {
  type LiveMetric,
  pauseCauses,
  rolloutEventTypes,
  rolloutStatuses,
  sessionMetrics,
} from '../../src/core/rollout.ts';
import { checkAll } from '../../src/release/rollout/checks.ts';
import {
  countSession,
  type LiveEvidence,
  noEvidenceYet,
  type SessionOutcome,
} from '../../src/release/rollout/evidence.ts';
import { isRelative } from '../../src/release/rollout/harm.ts';
import { readSettings, type SettingsInput } from '../../src/release/rollout/settings.ts';
import type { Schema } from './openapi-document.ts';
import { cellsUnder } from './reference-table.ts';

/*
 * The goal: the page about rollouts says what is so. The method: its tables are set against the code, its requests and
 * answers against the schemas of the routes, and its function is run.
 */

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/rollouts.md'), 'utf8');
const rowsUnder = (heading: string): string[][] => cellsUnder('rollouts.md', heading);

/** The first block of code in a language under a heading. */
function blockUnder(heading: string, language: string): string {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [, block] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section) ?? [];
  if (block === undefined) throw new Error(`There is no ${language} under ${heading}`);
  return block;
}

type Bounded = Schema & {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
};
const schemas = createSchemas();
schemas.of(rolloutCreate, 'input');
const { properties = {} } = schemas.components['NewRollout'] as Schema;
const steps = properties['steps']?.items?.properties ?? {};
/** What may be asked for, by the name that the page has for it. */
const fields: Readonly<Record<string, Bounded>> = Object.fromEntries(
  Object.entries(properties).flatMap(([name, field]): [string, Bounded][] =>
    name === 'steps' ? Object.entries(steps).map(([part, one]) => [`steps.${part}`, one]) : [[name, field]],
  ),
);

describe('The page about rollouts', () => {
  test('has every setting with its default', () => {
    const usual = readSettings({});
    const names = (checks: readonly { readonly metric: string }[]) => checks.map(({ metric }) => metric);
    const [first] = usual.steps;
    const told: Readonly<Record<string, unknown>> = {
      ...Object.fromEntries(Object.entries(first ?? {}).map(([name, value]) => [`steps.${name}`, value])),
      ...usual,
      'steps.weight': usual.steps.map(({ weight }) => weight).join(', '),
      guardrails: names(usual.guardrails).join(', '),
      signals: names(usual.signals).join(', '),
      scorers: usual.scorers.length === 0 ? 'none' : 'some',
    };
    const settings = Object.keys(fields).filter((name) => name !== 'promotion_id' && name !== 'reason');
    expect(rowsUnder('Settings').map(([name, whenAbsent]) => [name, whenAbsent])).toEqual(
      settings.map((name) => [name, String(told[name])]),
    );
  });

  test('has what each setting may be', () => {
    const bounds = rowsUnder('Settings').flatMap(([name = '', , allowed = '']) => {
      const { minimum, maximum } = fields[name] ?? {};
      return minimum === undefined ? [] : [[name, allowed, `${minimum} to ${maximum}`]];
    });
    expect(bounds).toHaveLength(5);
    for (const [name, told, allowed] of bounds) expect(told, name).toBe(allowed);
    const [, , onRollback] = rowsUnder('Settings').find(([name]) => name === 'on_rollback') ?? [];
    expect(onRollback).toBe(runningModes.join(', '));
  });

  test.each<[string, (several: readonly string[]) => SettingsInput]>([
    [
      'guardrails',
      (several) => ({ guardrails: several.map((one) => ({ metric: `score:${one}` as const })) }),
    ],
    ['signals', (several) => ({ signals: several.map((one) => ({ metric: `score:${one}` as const })) })],
    [
      'scorers',
      (several) => ({
        scorers: several.map((name) => ({ name, sample: 1, scorer: { type: 'regex', pattern: 'a' } })),
      }),
    ],
  ])('has how many %s there may be', (name, inputOf) => {
    const [, , allowed = ''] = rowsUnder('Settings').find(([one]) => one === name) ?? [];
    const [least = 0, most = 0] = allowed.split(' to ').map(Number);
    const read = (size: number) => () =>
      readSettings(inputOf(Array.from({ length: size }, (_, n) => `s${n}`)));
    expect(most).toBeGreaterThan(0);
    expect(fields[name]?.maxItems).toBe(most);
    for (const size of [least, most]) expect(read(size), `${size}`).not.toThrow();
    for (const size of [most + 1, ...(least > 0 ? [least - 1] : [])]) expect(read(size), `${size}`).toThrow();
  });

  test('has everything that can be watched, with its margin', () => {
    const metrics: readonly LiveMetric[] = [...sessionMetrics, 'score:any'];
    const rows = metrics.map((metric) => {
      const [check] = readSettings({ guardrails: [{ metric }], signals: [] }).guardrails;
      const name = metric === 'score:any' ? 'score: and a name' : metric;
      return [name, isRelative(metric) ? 'ratio' : 'difference', String(check?.margin)];
    });
    const told = rowsUnder('What can be watched').map(([name, , , by, margin]) => [name, by, margin]);
    expect(told).toEqual(rows);
  });

  test('has every cause of a pause, every event and every status', () => {
    expect(rowsUnder('Pauses').map(([cause]) => cause)).toEqual([...pauseCauses]);
    expect(rowsUnder('What happened').map(([event]) => event)).toEqual([...rolloutEventTypes]);
    for (const status of rolloutStatuses) expect(page).toContain(`\`${status}\``);
  });

  test('has everything that people can do', () => {
    const verbs = Object.values(operations).flatMap(({ route }) => {
      const [, verb] = /^POST \/pawl\/v1\/rollouts\/:id\/(\w+)$/.exec(route) ?? [];
      return verb === undefined ? [] : [verb];
    });
    expect(rowsUnder('What people can do').map(([verb]) => verb)).toEqual(verbs);
  });

  test('has a request that is taken, and the answer of it', () => {
    const request = rolloutCreate.parse(JSON.parse(blockUnder('Starting one', 'json')));
    const answer = JSON.parse(blockUnder('What the answer says', 'json')) as object;
    const whole = { ...answer, settings: readSettings(request) };
    expect(rollout.parse(whole)).toEqual(whole);
  });

  test('has a function that draws as the server does', async () => {
    const code = blockUnder('Who gets what', 'js');
    const told = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      armOf: (salt: string, key: string, weightPercent: number) => string;
    };
    const keys = Array.from({ length: 1000 }, (_, n) => `customer-${n} ü😀`);
    for (const key of keys) {
      expect(told.armOf('roll_1', key, 7.25)).toBe(armOf(placeOf('roll_1', key), 725));
    }
  });

  test('has how many units without a failure are enough', () => {
    const settings = readSettings({ signals: [] });
    const statusAfter = (units: number): string | undefined => {
      let evidence: LiveEvidence = noEvidenceYet;
      for (let n = 0; n < units; n += 1) {
        for (const arm of ['canary', 'control'] as const) {
          const seen: SessionOutcome = {
            ...{ unit: `${arm} ${n}`, arm, weight: 5000, excluded: false, turned: true },
            values: { failures: 0 },
          };
          ({ evidence } = countSession({ evidence, unit: null, counted: null }, seen));
        }
      }
      return checkAll(evidence, settings)[0]?.status;
    };
    const enough = Number(/(\d+) units of the canary are enough/.exec(page.replaceAll('\n', ' '))?.[1]);
    expect([enough - 1, enough].map(statusAfter)).toEqual(['open', 'safe']);
  });
});
