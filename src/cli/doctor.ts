import { Command } from 'commander';
import { ConfigError, type LoadedConfig, loadConfig, processEnvironment } from '../config.ts';
import { type Config, type SettingName, settings } from '../settings.ts';
import { sentenceOf } from './command-error.ts';
import { databasePlace, withoutSecrets } from './database-place.ts';
import { exitCodes } from './exit-codes.ts';
import { createLog } from './log.ts';
import { columns, type Format, outputOption, paintFor, print, printJson } from './output.ts';
import { checkProviders, type ProviderCheck } from './provider-check.ts';
import {
  fallsBackToOffline,
  offlineWarning,
  type ServedModel,
  servedModelCells,
  servedModels,
} from './served-models.ts';

/** `pawl doctor`: whether a server could work here, and what it would do. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check the configuration, the database and the model providers')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ pawl doctor -o json\n\nIt reads what `pawl serve` would read here: the environment, .env and pawl.yaml.',
    )
    .action(async ({ output }: { output: Format }) => {
      const findings = await examine();
      if (output === 'json') printJson(findings);
      else print(describe(findings));
      if (!findings.ok) process.exitCode = exitCodes.no;
    });
}

type SettingFinding = {
  readonly name: SettingName;
  /** `set` or `not set` for a secret. */
  readonly value: string | number | boolean | null;
  readonly source: string;
  readonly variable: string;
};

type DatabaseFinding = {
  readonly kind: string;
  readonly place: string;
  readonly schema: string | null;
  readonly in_use: boolean;
  readonly problem: string | null;
};

type Findings = {
  readonly ok: boolean;
  /** What keeps the rest from being looked at; null when nothing does. */
  readonly configuration_problem: string | null;
  readonly configuration: readonly SettingFinding[];
  readonly database: DatabaseFinding | null;
  readonly models: readonly ServedModel[];
  readonly providers: readonly ProviderCheck[];
  readonly warnings: readonly string[];
};

const nothingFound: Findings = {
  ok: false,
  configuration_problem: null,
  configuration: [],
  database: null,
  models: [],
  providers: [],
  warnings: [],
};

/** Ids that people are likely to ask for, so that the answer for them need not be worked out from the routes. */
const familiarIds = ['claude-sonnet-4-6', 'gpt-5', 'offline'];

async function examine(): Promise<Findings> {
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig({ flags: {}, env: processEnvironment(), folder: process.cwd() });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ...nothingFound, configuration_problem: sentenceOf(error) };
  }
  const { config } = loaded;
  const { inspectDatabase } = await import('../server.ts');
  const { pricesFor, routerFor } = await import('../assembly/providers.ts');
  const database = { ...databasePlace(config), ...(await inspectDatabase(config)) };
  const configuration = settingFindings(loaded);
  let router: ReturnType<typeof routerFor>;
  try {
    router = routerFor(config);
    pricesFor(config, { router, log: createLog('silent', () => {}) });
  } catch (error) {
    return { ...nothingFound, configuration_problem: sentenceOf(error), configuration, database };
  }
  const models = [
    ...familiarIds.map((id) => ({ id, route: router.route(id) })),
    ...servedModels(config, router).filter(({ id }) => !familiarIds.includes(id)),
  ];
  const providers = await checkProviders(config, router);
  return {
    ok: database.problem === null && providers.every(({ problem }) => problem === null),
    configuration_problem: null,
    configuration,
    database,
    models,
    providers,
    warnings: fallsBackToOffline(config, models) ? [offlineWarning] : [],
  };
}

function settingFindings({ config, sources }: LoadedConfig): SettingFinding[] {
  return (Object.keys(settings) as SettingName[]).map((name) => {
    const setting = settings[name];
    const value: Config[SettingName] = config[name];
    const plain = typeof value === 'string' ? withoutSecrets(value) : value;
    const shown = 'secret' in setting ? (value === null ? 'not set' : 'set') : plain;
    return { name, value: shown, source: sources[name], variable: setting.env };
  });
}

function describe(findings: Findings): string {
  const paint = paintFor(process.stdout);
  const lines: string[] = [];
  const good = (text: string): string => `${paint.green('ok')}       ${text}`;
  const bad = (text: string): string => `${paint.red('problem')}  ${text}`;
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push(paint.bold(title), ...body.map((line) => `  ${line}`), '');
  };
  const settingCells = findings.configuration.map(({ name, value, source }) => [
    name,
    value === null ? 'not set' : String(value),
    source,
  ]);
  section('Configuration', [
    ...columns(settingCells),
    ...(findings.configuration_problem === null ? [] : [bad(findings.configuration_problem)]),
  ]);
  const { database } = findings;
  if (database !== null)
    section('Database', [
      databaseLine(database),
      database.problem === null ? good(databaseState(database)) : bad(sentenceOf(database.problem)),
    ]);
  section('Models', columns(findings.models.map(servedModelCells)));
  section(
    'Providers',
    findings.providers.map(({ provider, endpoint, problem, answer }) =>
      problem === null
        ? good(`${provider} at ${endpoint}: ${answer}`)
        : bad(`${provider} at ${endpoint}: ${problem}`),
    ),
  );
  section('Warnings', findings.warnings.map(paint.yellow));
  lines.push(
    findings.ok ? paint.green('All is well.') : paint.red('Something is wrong; see the problems above.'),
  );
  return lines.join('\n');
}

function databaseLine({ kind, place }: DatabaseFinding): string {
  return `${kind}, ${place}`;
}

function databaseState({ schema, in_use }: DatabaseFinding): string {
  const state = schema === null ? 'nothing there yet; the first start makes it' : `schema ${schema}`;
  return in_use ? `${state}, in use by a running pawl process` : state;
}
