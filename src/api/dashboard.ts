import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PawlError } from '../core/errors.ts';
import type { App } from './http.ts';

/** What the application in the browser makes a page of, and everything below it: all are the same file. */
const pages = [
  'sign-in',
  'welcome',
  'agents',
  'evaluations',
  'datasets',
  'release',
  'sessions',
  'operations',
];

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** Nothing is loaded from elsewhere or sent there, no text becomes code, and no other page has it in a frame. */
const shield = {
  'content-security-policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'",
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** For what has another name as soon as it is another file. */
const forGood = { 'cache-control': 'public, max-age=31536000, immutable' } as const;

const notBuilt =
  'The dashboard of this server has not been built: `npm run build` makes it, and a server that is started after that shows it.\n';

/**
 * Serves the files of the dashboard, as its build has left them in a folder. What there is is listed once, here: what a
 * request names is only ever looked for in that list.
 */
export function dashboardRoutes(app: App, folder: string): void {
  const names = listFiles(folder);
  const config = { open: true } as const;

  const sendPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers(shield);
    if (names.has('index.html')) return sendFresh('index.html', request, reply);
    return reply
      .status(404)
      .type(types['.txt'] ?? '')
      .send(notBuilt);
  };

  /** What may be another file under the same name tomorrow: asked for each time, sent when it has changed. */
  async function sendFresh(name: string, request: FastifyRequest, reply: FastifyReply) {
    const content = await readFile(join(folder, name)).catch(failToRead);
    // Weak, since it stands for what is sent compressed as well.
    const etag = `W/"${createHash('sha256').update(content).digest('base64url')}"`;
    const caching = { 'cache-control': 'no-cache', etag };
    if (!isKnown(request.headers['if-none-match'], etag)) return sendFile(name, { request, reply, caching });
    return reply.status(304).headers(caching).send();
  }

  /** Sends a file piece by piece, as the build has compressed it where the browser takes that. */
  async function sendFile(name: string, { request, reply, caching }: Sending) {
    const packed = `${name}.gz`;
    const isPacked = names.has(packed) && takesGzip(request.headers['accept-encoding']);
    const file = await open(join(folder, isPacked ? packed : name)).catch(failToRead);
    const { size } = await file.stat();
    // Only now: an error must not be kept like the file.
    reply.headers({
      ...caching,
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'content-length': size,
      ...(names.has(packed) && { vary: 'accept-encoding' }),
      ...(isPacked && { 'content-encoding': 'gzip' }),
    });
    // One that grows meanwhile would go on behind the length that was announced.
    return reply.send(file.createReadStream({ start: 0, end: Math.max(size - 1, 0) }));
  }

  app.get('/', { config }, sendPage);
  for (const page of pages) {
    app.get(`/${page}`, { config }, sendPage);
    app.get(`/${page}/*`, { config }, sendPage);
  }

  // Their names change with what is in them.
  app.get('/assets/*', { config }, async (request, reply) => {
    const name = `assets/${(request.params as { '*': string })['*']}`;
    if (!names.has(name)) throw noFile();
    return sendFile(name, { request, reply: reply.headers(shield), caching: forGood });
  });
  for (const name of names) {
    if (name.startsWith('assets/') || name === 'index.html' || name.endsWith('.gz')) continue;
    app.get(`/${name}`, { config }, async (request, reply) =>
      sendFresh(name, request, reply.headers(shield)),
    );
  }
}

type Sending = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caching: Readonly<Record<string, string>>;
};

/** The files in a folder and below it, named from there with slashes; none where there is no folder. */
function listFiles(folder: string): ReadonlySet<string> {
  try {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = found
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    return new Set(files.map((path) => relative(folder, path).replaceAll(sep, '/')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set();
    throw error;
  }
}

function noFile(cause?: unknown): PawlError {
  return new PawlError('route_not_found', 'The dashboard has no such file', { cause });
}

/** A dashboard that is built anew while the server runs has other files than were listed. */
function failToRead(error: NodeJS.ErrnoException): never {
  throw error.code === 'ENOENT' ? noFile(error) : error;
}

/** Whether a browser says that it has what an ETag stands for. */
function isKnown(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((one) => one.trim() === etag || one.trim() === '*') === true;
}

/** Whether `accept-encoding` has gzip in it, and not with a weight of zero. */
function takesGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((one) => /^\s*(gzip|\*)\s*(;\s*q=(1|0\.\d*[1-9]\d*)\b.*)?$/i.test(one));
}
