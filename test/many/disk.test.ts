import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import {
  answersIn,
  converse,
  errorOf,
  eventually,
  history,
  makeSetting,
  openSession,
  say,
  untilIdle,
} from '../story.ts';
import { orderProblems } from '../turn-order.ts';
import { startMember } from './member.ts';

/*
 * The goal: a disk that is full costs writes, and nothing else: they are refused with a word that a client can act on, reads go
 * on, and when there is room again all goes on by itself. The method: the system lets the process write no file beyond its
 * first page, for a while.
 */

/** Lets a process write files up to a size in bytes, or to any. */
function letWrite(pid: number, size: number | 'unlimited'): void {
  const done = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${size}:unlimited`], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`prlimit: ${done.error?.message ?? done.stderr}`);
}

test.skipIf(spawnSync('prlimit', ['--version']).status !== 0)(
  'while the disk is full writes are refused, reads go on, and afterwards the turn under way ends',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-disk-'));
    const model = await startGatedModel();
    const { client, url, ...member } = await startMember({
      settings: { data_dir: folder, anthropic_base_url: model.url },
    });
    const readiness = async () => {
      const answer = await fetch(`${url}/readyz`);
      return `${answer.status} ${await answer.text()}`;
    };
    try {
      const setting = await makeSetting(client);
      const { id } = await openSession(client, setting);
      await client.beta.sessions.events.send(id, { events: [say('Hello')] });
      const held = await model.next();

      letWrite(member.pid, 4096);
      for (const write of [
        () => client.beta.agents.create({ name: 'late', model: 'm' }),
        () => openSession(client, setting),
        () => client.beta.sessions.events.send(id, { events: [say('Still there?')] }),
      ]) {
        const error = await errorOf(write());
        expect(error.status).toBe(529);
        expect(error.message).not.toMatch(/sqlite|disk|file|EFBIG|pawl\.db|\//i);
      }
      expect((await history(client, id)).length).toBeGreaterThan(0);
      expect((await client.beta.agents.list()).data).toHaveLength(1);
      await eventually('not ready', async () => (await readiness()).startsWith('503 {"status":"not_ready"'));
      held.answer('It cannot be written down.');
      await eventually('a complaint', () => member.complaints().includes('could not be recorded'));
      expect(answersIn(await history(client, id))).toEqual([]);

      letWrite(member.pid, 'unlimited');
      await eventually('ready', async () => (await readiness()) === '200 {"status":"ready"}');
      (await model.next()).answer('Here I am.');
      const events = await untilIdle(client, id);
      expect(answersIn(events)).toEqual(['Here I am.']);
      const another = converse(client, id, 'And now?');
      (await model.next()).answer('As before.');
      await another;
      const all = await eventually('the other turn', async () => {
        const now = await history(client, id);
        return answersIn(now).length === 2 ? now : null;
      });
      expect(orderProblems(all)).toEqual([]);
      expect(member.alive()).toBe(true);
    } finally {
      await member.kill();
      await model.close();
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
