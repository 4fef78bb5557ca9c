import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { openStore } from '../src/store/open.ts';
import { startPawl } from './pawl.ts';

const folder = mkdtempSync(join(tmpdir(), 'pawl-first-key-'));
afterEach(() => rmSync(folder, { recursive: true }));

async function freePort(): Promise<string> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}

function change(statement: string): void {
  const file = new Sqlite(join(folder, 'pawl.db'));
  file.exec(statement);
  file.close();
}

test('A start whose first key cannot be stored fails, and leaves neither the port nor the database taken', async () => {
  await (await openStore({ kind: 'sqlite', folder })).close();
  change("create trigger full before insert on api_keys begin select raise(abort, 'No room'); end");
  const settings = { data_dir: folder, port: await freePort() };
  await expect(startPawl(settings)).rejects.toThrow('No room');
  await expect(fetch(`http://127.0.0.1:${settings.port}/v1/agents`)).rejects.toThrow('fetch failed');

  change('drop trigger full');
  const pawl = await startPawl(settings);
  expect((await pawl.client.beta.agents.list()).data).toEqual([]);
  await pawl.server.close();
});
