import { z } from 'zod';
import { pageOf } from '../wire/answers/fields.ts';
import { apiKey, newApiKey } from '../wire/answers/keys.ts';
import { serverStatus } from '../wire/answers/server.ts';
import { statistic, statisticResult } from '../wire/answers/stats.ts';
import { statisticInput } from '../wire/stats.ts';
import { costOperations } from './cost-operations.ts';
import { datasetOperations } from './dataset-operations.ts';
import { evaluationOperations } from './evaluation-operations.ts';
import { json, type Operations } from './operation.ts';
import { overviewOperations } from './overview-operations.ts';
import { releaseOperations } from './release-operations.ts';
import { retentionOperations } from './retention-operations.ts';
import { rolloutOperations } from './rollout-operations.ts';
import { scoreOperations } from './score-operations.ts';
import { signInOperations } from './sign-in-operations.ts';
import { webhookOperations } from './webhook-operations.ts';

/** Every route under `/pawl/v1`, described; `docs/reference/api.md` lists them in this order. */
export const operations: Operations = {
  ...datasetOperations,
  ...evaluationOperations,
  ...releaseOperations,
  ...rolloutOperations,
  ...overviewOperations,
  ...scoreOperations,
  ...costOperations,
  ...retentionOperations,
  list_statistics: {
    route: 'GET /pawl/v1/stats',
    tag: 'Statistics',
    summary: 'Lists what can be calculated, with what it takes.',
    answer: json(pageOf(statistic)),
    errors: [],
  },
  calculate_statistic: {
    route: 'POST /pawl/v1/stats/:name',
    tag: 'Statistics',
    summary: 'Calculates one of them.',
    description:
      'The same input gives the same result: what is drawn at random comes from a seed in the input.',
    body: json(statisticInput),
    answer: json(statisticResult),
    errors: ['statistic_not_found'],
  },
  ...signInOperations,
  create_key: {
    route: 'POST /pawl/v1/keys',
    tag: 'Keys',
    summary: 'Makes an API key and gives its secret, this once.',
    answer: json(newApiKey),
    errors: [],
  },
  update_key: {
    route: 'POST /pawl/v1/keys/:id',
    tag: 'Keys',
    summary: 'Sets how many requests a minute an API key may make.',
    answer: json(apiKey),
    errors: ['key_not_found'],
  },
  list_keys: {
    route: 'GET /pawl/v1/keys',
    tag: 'Keys',
    summary: 'Lists API keys, the newest first, revoked ones included.',
    answer: json(pageOf(apiKey)),
    errors: [],
  },
  revoke_key: {
    route: 'POST /pawl/v1/keys/:id/revoke',
    tag: 'Keys',
    summary: 'Revokes an API key at once; streams that it opened end shortly after.',
    answer: json(apiKey),
    errors: ['key_not_found'],
  },
  ...webhookOperations,
  retrieve_server: {
    route: 'GET /pawl/v1/server',
    tag: 'Server',
    summary: 'Gives what the server is, what there is to do, and who answers for which model.',
    answer: json(serverStatus),
    errors: [],
  },
  make_backup: {
    route: 'GET /pawl/v1/backup',
    tag: 'Server',
    summary: 'Gives everything that the server keeps, as one file.',
    description: 'As it is at the moment of the request. `pawl restore` reads it. Only admins may call this.',
    answer: { 'application/gzip': z.string().describe('JSON Lines, compressed by gzip.') },
    errors: [],
  },
  retrieve_openapi: {
    route: 'GET /pawl/v1/openapi.json',
    tag: 'Server',
    summary: 'Gives the OpenAPI document of all this.',
    answer: json(z.record(z.string(), z.unknown()).describe('A document of OpenAPI 3.1.')),
    errors: [],
  },
};
