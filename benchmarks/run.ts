/**
 * Measures the built server: `npm run bench`, or `npm run bench -- latency growth` for some of it. `--rounds N`
 * sets how often (5), `--minutes N` how long the soak is (20), `--save` writes benchmarks/results.md. Ends with 1 when a
 * figure is beyond what is tolerated.
 */
import { parseArgs } from 'node:util';
import { aliasPrice } from './alias-price.ts';
import { evalHuge, evalKilled, evals } from './evals.ts';
import { startFakeModel } from './fake-model.ts';
import { growth, million } from './growth.ts';
import { longConversation, longSession } from './long-sessions.ts';
import { pages } from './pages.ts';
import { processes } from './processes.ts';
import { anyFailed, line, type Row, writeResults } from './report.ts';
import { rolloutDecision } from './rollout-decision.ts';
import { rolloutLooks } from './rollout-looks.ts';
import { rolloutPrice } from './rollout-price.ts';
import { footprint, killed, latency, slowModel, throughput } from './scenarios.ts';
import { soak as soakFor } from './soak.ts';
import { stalls } from './stalls.ts';
import { streams } from './streams.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '20' },
    save: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const soak: typeof growth = (model) => soakFor(model, minutes);

const sessionScenarios = { throughput, latency, slowModel, growth, killed, footprint, aliasPrice };
const scaleScenarios = { longSession, longConversation, stalls, streams, processes, million, soak };
const rolloutScenarios = { rolloutDecision, rolloutPrice, rolloutLooks };
const evalScenarios = { evals, evalKilled, evalHuge };
const scenarios = { ...sessionScenarios, ...scaleScenarios, ...rolloutScenarios, ...evalScenarios, pages };
/** Each takes many minutes. */
const onlyWhenNamed = ['evalHuge', 'million', 'soak'];
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => !(name in scenarios));
if (unknown.length > 0 || !(rounds >= 1) || !(minutes >= 1)) {
  const options = '[--rounds N] [--minutes N] [--save]';
  console.error(`Usage: npm run bench -- ${options} [${Object.keys(scenarios).join(' | ')}]...`);
  process.exit(3);
}

// So that what was started is ended.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

const model = await startFakeModel();
const rows: Row[] = [];
for (const [name, measure] of Object.entries(scenarios)) {
  if (positionals.length === 0 ? onlyWhenNamed.includes(name) : !positionals.includes(name)) continue;
  console.error(`${name}…`);
  for (const row of await measure(model, rounds)) {
    rows.push(row);
    console.log(line(row));
  }
}
model.close();
if (values.save) writeResults(new URL('results.md', import.meta.url).pathname, rows, rounds);
process.exitCode = anyFailed(rows) ? 1 : 0;
