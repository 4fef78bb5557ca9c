import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAudit } from '../access/audit.ts';
import { localActor } from '../access/keys.ts';
import { createClock } from '../core/clock.ts';
import type { DocumentBlock, ImageBlock, ResultBlock } from '../core/content.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { type Attachments, createAttachments } from './attachments.ts';
import type { Blobs } from './blobs.ts';
import { createFiles, type Files } from './files.ts';
import { openBlobs } from './open-blobs.ts';

let store: Store;
let blobs: Blobs;
let files: Files;
let attachments: Attachments;
let time: number;

beforeEach(async () => {
  time = 1_800_000_000_000;
  const clock = createClock(() => time);
  const ids = createIds(clock, randomBytes);
  store = await openStore({ kind: 'memory' });
  blobs = await openBlobs({ kind: 'temporary' });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  files = createFiles({
    store,
    clock,
    ids,
    audit: createAudit({ store, clock, ids }),
    log,
    blobs,
    max_bytes: 1,
  });
  attachments = createAttachments(files);
});
afterEach(async () => {
  await files.stop();
  await store.close();
});

async function upload(mime_type: string, content: string | Buffer): Promise<string> {
  const { id } = await files.upload(async (keep) => {
    await keep(Readable.from([Buffer.from(content)]));
    return { filename: 'a', mime_type, expires_in_seconds: 3600 };
  }, localActor);
  return id;
}

const image = (file_id: string): ImageBlock => ({ type: 'image', source: { type: 'file', file_id } });
const document = (file_id: string, rest: object = {}): DocumentBlock => ({
  type: 'document',
  source: { type: 'file', file_id },
  ...rest,
});
const gone = (id: string) => ({ type: 'text', text: `The file ${id} is no longer there.` });

describe('Blocks', () => {
  test('without files stay as they are', async () => {
    const blocks: ResultBlock[] = [
      { type: 'text', text: 'Look.' },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } },
      {
        type: 'search_result',
        source: 's',
        title: 't',
        content: [{ type: 'text', text: 'c' }],
        citations: { enabled: false },
      },
    ];
    expect(await attachments.ready(blocks)).toEqual(blocks);
  });

  test('get the bytes of images and PDFs, and the text of texts, in their places', async () => {
    const png = await upload('image/png', Buffer.from([137, 80, 78, 71]));
    const pdf = await upload('application/pdf', '%PDF');
    const csv = await upload('text/csv', 'ä,1');
    const json = await upload('application/json', '{}');
    const blocks = [image(png), document(pdf, { title: 'T', context: null }), document(csv), document(json)];
    const text: ResultBlock = { type: 'text', text: 'Compare.' };
    const of = (data: string) => ({
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data },
    });
    expect(await attachments.ready([...blocks, text, image(png)])).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
      {
        ...{ type: 'document', title: 'T', context: null },
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg==' },
      },
      of('ä,1'),
      of('{}'),
      text,
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
    ]);
  });

  test('say so where a file is gone, has expired, has lost its bytes, or never was', async () => {
    const deleted = await upload('image/png', 'x');
    await files.remove(deleted, localActor);
    const lost = await upload('text/plain', 'x');
    await blobs.remove(lost);
    const blocks = [image(deleted), document(lost), image('file_never'), document('no id')];
    expect(await attachments.ready(blocks)).toEqual([
      gone(deleted),
      gone(lost),
      gone('file_never'),
      gone('no id'),
    ]);
    const old = await upload('text/plain', 'x');
    time += 3_600_001;
    expect(await attachments.ready([document(old)])).toEqual([gone(old)]);
  });

  test.each([
    ['image', 'application/pdf'],
    ['image', 'image/svg+xml'],
    ['document', 'image/png'],
    ['document', 'application/octet-stream'],
  ])('of the type %s say what they cannot hold: %s', async (type, mime_type) => {
    const id = await upload(mime_type, 'x');
    const block = type === 'image' ? image(id) : document(id);
    const text = `The file ${id} is of the type ${mime_type}, which cannot be shown here.`;
    expect(await attachments.ready([block])).toEqual([{ type: 'text', text }]);
  });

  test('that a provider would refuse say why instead: empty ones, and images that are too large', async () => {
    const empty = await upload('text/plain', '');
    const large = await upload('image/png', Buffer.alloc(3_750_001));
    const largest = await upload('image/png', Buffer.alloc(3_750_000));
    expect(await attachments.ready([document(empty), image(large), image(largest)])).toEqual([
      { type: 'text', text: `The file ${empty} is empty.` },
      {
        type: 'text',
        text: `The file ${large} is larger than the 3750000 bytes that an image may have.`,
      },
      expect.objectContaining({ type: 'image' }),
    ]);
  });

  test('take 20 MiB of files together, each as often as it is named, the newest first', async () => {
    const half = await upload('application/pdf', Buffer.alloc(10 * 1024 * 1024));
    const byte = await upload('image/png', 'x');
    const kinds = async (...blocks: Parameters<typeof attachments.ready>[0]) =>
      (await attachments.ready(blocks)).map(({ type }) => type);
    expect(await kinds(document(half), document(half))).toEqual(['document', 'document']);
    const zip = await upload('application/zip', Buffer.alloc(20 * 1024 * 1024));
    const around = await kinds(document(half), document(zip), document(half));
    expect(around).toEqual(['document', 'text', 'document']);
    expect(await kinds(document(half), image(byte), document(half))).toEqual(['text', 'image', 'document']);
    const [left] = await attachments.ready([document(half), image(byte), document(half)]);
    expect(left).toEqual({
      type: 'text',
      text: `The file ${half} is left out, because newer files take up all the room.`,
    });
  });
});
