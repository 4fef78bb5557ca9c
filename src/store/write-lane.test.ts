import { describe, expect, test } from 'vitest';
import { createWriteLane, type LaneDatabase } from './write-lane.ts';

type Step = Exclude<keyof LaneDatabase, 'sync'>;

/** A database that only notes what it is asked, and fails at a step as often as a test says. */
function recorder(failures: { [step in Step]?: Error[] } = {}) {
  const log: string[] = [];
  const step = (name: Step) => () => {
    log.push(name);
    const failure = failures[name]?.shift();
    if (failure !== undefined) throw failure;
  };
  const database: LaneDatabase = {
    begin: step('begin'),
    commit: step('commit'),
    rollback: step('rollback'),
    savepoint: step('savepoint'),
    releaseSavepoint: step('releaseSavepoint'),
    rollbackToSavepoint: step('rollbackToSavepoint'),
    sync: null,
  };
  const work = (name: string, error?: Error) => async () => {
    log.push(name);
    await Promise.resolve();
    if (error !== undefined) throw error;
    return name;
  };
  return { log, work, database, lane: createWriteLane(database) };
}

const failed = (error: unknown) => ({ status: 'rejected', reason: error });
const done = (value: unknown) => ({ status: 'fulfilled', value });

describe('A write lane', () => {
  test('commits what arrives together in one transaction, in the order of arrival', async () => {
    const { log, work, lane } = recorder();
    const results = await Promise.all(['a', 'b', 'c'].map((name) => lane.write(work(name))));
    expect(results).toEqual(['a', 'b', 'c']);
    const pieces = ['a', 'b', 'c'].flatMap((name) => ['savepoint', name, 'releaseSavepoint']);
    expect(log).toEqual(['begin', ...pieces, 'commit']);
  });

  test('needs no savepoint for work that is alone', async () => {
    const { log, work, lane } = recorder();
    expect(await lane.write(work('a'))).toBe('a');
    expect(log).toEqual(['begin', 'a', 'commit']);
  });

  test('answers nobody before the commit', async () => {
    const { log, work, lane } = recorder();
    await Promise.all(
      ['a', 'b'].map((name) => lane.write(work(name)).then(() => log.push(`${name} answered`))),
    );
    expect(log.slice(-3)).toEqual(['commit', 'a answered', 'b answered']);
  });

  test('lets what arrives during a batch share the next one', async () => {
    const { log, work, lane } = recorder();
    const later: Promise<string>[] = [];
    await lane.write(async () => {
      later.push(lane.write(work('b')), lane.write(work('c')));
      return work('a')();
    });
    expect(await Promise.all(later)).toEqual(['b', 'c']);
    expect(log.filter((entry) => /^([abc]|begin|commit)$/.test(entry))).toEqual([
      'begin',
      'a',
      'commit',
      'begin',
      'b',
      'c',
      'commit',
    ]);
  });

  test('puts at most 256 pieces of work into one commit', async () => {
    const { log, work, lane } = recorder();
    const names = Array.from({ length: 600 }, (_, i) => `${i}`);
    expect(await Promise.all(names.map((name) => lane.write(work(name))))).toEqual(names);
    expect(log.filter((entry) => /^\d+$/.test(entry))).toEqual(names);
    const sizes = log.join(' ').split('commit').slice(0, -1);
    expect(sizes.map((batch) => batch.match(/\d+/g)?.length)).toEqual([256, 256, 88]);
  });

  test('undoes the one that throws and keeps its neighbours', async () => {
    const { log, work, lane } = recorder();
    const failure = new Error('no');
    const works = [work('a'), work('b', failure), work('c')].map((piece) => lane.write(piece));
    expect(await Promise.allSettled(works)).toEqual([done('a'), failed(failure), done('c')]);
    const around = ['savepoint', 'b', 'rollbackToSavepoint', 'savepoint', 'c', 'releaseSavepoint', 'commit'];
    expect(log.slice(4)).toEqual(around);
  });

  test('commits nothing of work that is alone and throws, and goes on', async () => {
    const { log, work, lane } = recorder();
    const failure = new Error('no');
    await expect(lane.write(work('a', failure))).rejects.toBe(failure);
    expect(log).toEqual(['begin', 'a', 'rollback', 'begin', 'commit']);
    expect(await lane.write(work('b'))).toBe('b');
  });

  test('passes on whatever is thrown, even nothing at all', async () => {
    const { lane } = recorder();
    const nothing: unknown = undefined;
    const works = [async () => 'kept', () => Promise.reject(nothing)].map((piece) => lane.write(piece));
    expect(await Promise.allSettled(works)).toEqual([done('kept'), failed(undefined)]);
    expect(await lane.write(async () => undefined)).toBeUndefined();
  });

  test.each(['begin', 'commit', 'savepoint'] as const)(
    'answers every one with the error when %s fails, and then works again',
    async (step) => {
      const failure = new Error(`${step} failed`);
      const { log, work, lane } = recorder({ [step]: [failure] });
      const outcomes = await Promise.allSettled([lane.write(work('a')), lane.write(work('b'))]);
      expect(outcomes).toEqual([failed(failure), failed(failure)]);
      expect(log.at(-1)).toBe('rollback');
      expect(await Promise.all([lane.write(work('c')), lane.write(work('d'))])).toEqual(['c', 'd']);
    },
  );

  test('undoes work whose savepoint cannot be released', async () => {
    const failure = new Error('a deferred check failed');
    const { work, lane } = recorder({ releaseSavepoint: [failure] });
    const outcomes = await Promise.allSettled([lane.write(work('a')), lane.write(work('b'))]);
    expect(outcomes).toEqual([failed(failure), done('b')]);
  });

  test('says why the commit failed even when the rollback fails as well', async () => {
    const failure = new Error('disk full');
    const { work, lane } = recorder({ commit: [failure], rollback: [new Error('no transaction is active')] });
    const outcomes = await Promise.allSettled([lane.write(work('a')), lane.write(work('b'))]);
    expect(outcomes).toEqual([failed(failure), failed(failure)]);
    expect(await lane.write(work('c'))).toBe('c');
  });

  test('says why lone work failed even when the database has rolled back by itself', async () => {
    const failure = new Error('disk full');
    const { work, lane } = recorder({ rollback: [new Error('no transaction is active')] });
    await expect(lane.write(work('a', failure))).rejects.toBe(failure);
    expect(await lane.write(work('b'))).toBe('b');
  });

  test('says why work among others failed even when the database has rolled back by itself', async () => {
    const failure = new Error('disk full');
    const gone = new Error('no such savepoint');
    const { work, lane } = recorder({ rollbackToSavepoint: [gone], rollback: [gone] });
    const works = [work('a'), work('b', failure), work('c')].map((piece) => lane.write(piece));
    const outcomes = await Promise.allSettled(works);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(outcomes[1]).toEqual(failed(failure));
    expect(await lane.write(work('d'))).toBe('d');
  });

  test('is idle when everything is answered, and at once when there is nothing', async () => {
    const { log, work, lane } = recorder();
    await lane.idle();
    for (const name of ['a', 'b']) void lane.write(work(name));
    // Work that is queued while somebody waits is waited for as well.
    void lane.write(async () => void lane.write(work('c')));
    await lane.idle();
    expect(log.filter((entry) => /^[abc]$/.test(entry))).toEqual(['a', 'b', 'c']);
    expect(log.at(-1)).toBe('commit');
  });
});

describe('A disk that takes its time', () => {
  /** A lane whose disk has what was committed only when a test says so. */
  function slowDisk() {
    const { log, work, database } = recorder();
    const syncs: PromiseWithResolvers<void>[] = [];
    const sync = () => {
      log.push('sync');
      const one = Promise.withResolvers<void>();
      syncs.push(one);
      return one.promise;
    };
    return { log, work, syncs, lane: createWriteLane({ ...database, sync }) };
  }
  /** Everything that can happen without the disk has happened. */
  const rest = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  };

  test('is waited for by those who wrote, by those who read, and by the next batch', async () => {
    const { log, work, syncs, lane } = slowDisk();
    const first = lane.write(work('a')).then(() => log.push('a answered'));
    await rest();
    expect([lane.isOpen(), lane.isSyncing()]).toEqual([false, true]);
    const second = lane.write(work('b'));
    const reading = lane.between().then(() => log.push('read'));
    await rest();
    expect(log).toEqual(['begin', 'a', 'commit', 'sync']);
    syncs[0]?.resolve();
    await Promise.all([first, reading]);
    expect(log.slice(4)).toEqual(['a answered', 'read']);
    await rest();
    expect(log.slice(6)).toEqual(['begin', 'b', 'commit', 'sync']);
    syncs[1]?.resolve();
    expect(await second).toBe('b');
    expect([lane.isOpen(), lane.isSyncing()]).toEqual([false, false]);
  });

  test('that fails is an error for all who wrote, and nothing is written any more', async () => {
    const { log, work, syncs, lane } = slowDisk();
    const error = new Error('EIO');
    const writing = Promise.allSettled(['a', 'b'].map((name) => lane.write(work(name))));
    await rest();
    syncs[0]?.reject(error);
    expect(await writing).toEqual([failed(error), failed(error)]);
    await expect(lane.write(work('c'))).rejects.toBe(error);
    expect(log.slice(log.indexOf('sync') + 1)).not.toContain('begin');
    await lane.idle();
  });
});
