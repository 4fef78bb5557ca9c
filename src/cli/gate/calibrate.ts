import type { CalibrationResponse } from '../../api/calibrations.ts';
import type { DatasetResponse } from '../../api/wire/datasets.ts';
import { usualEpochs } from '../../core/evaluation.ts';
import { counted } from '../../core/quantities.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import type { RunOptions } from '../eval/begin.ts';
import { endingOf } from '../eval/ending.ts';
import { type EvalOptions, openEvalSource, type ReadyEval, readyEval } from '../eval/eval-source.ts';
import { refuseFailure, watchLive } from '../eval/follow.ts';
import { note } from '../eval/note.ts';
import { startRun } from '../eval/start.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson } from '../output.ts';
import { describeCalibration } from './calibration-text.ts';

export type CalibrateOptions = EvalOptions &
  RunOptions & { readonly version: number; readonly splits: number; readonly output: Format };

/** Judging all the splits may take a while. */
const timeoutMs = 15 * 60_000;

/**
 * Runs one version often enough to have two runs' worth of epochs, and prints how the gate decides between halves.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function calibrateGate(name: string, options: CalibrateOptions): Promise<void> {
  const source = openEvalSource(name, options);
  await withServer({ ...options, embedded: source.embedded }, async (server) => {
    const ready = await readyEval(server, source, options);
    const epochs = options.epochs ?? (await epochsOf(server, ready));
    const { flags } = source;
    const twice = { ...options, epochs: 2 * epochs, flags };
    const started = await startRun(server, ready, twice, options.version);
    note(
      `Version ${options.version}, ${counted(twice.epochs, 'epoch')} of each case: two runs' worth. This is eval run ${started.id}.`,
    );
    const run = await watchLive(server, started, flags);
    refuseFailure(server, run);
    const { problem } = endingOf(run);
    if (problem !== null) note(`${problem}.`);
    const calibration = await callServer<CalibrationResponse>(server, {
      method: 'POST',
      path: '/pawl/v1/calibrations',
      body: { run: run.id, splits: options.splits },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (options.output === 'json') return printJson(calibration);
    print(describeCalibration(ready.eval.name, options.version, calibration.report));
  });
}

/** How many epochs the eval's runs have: what it says, or the server's rule for small and large datasets. */
async function epochsOf(access: ServerAccess, { eval: one, dataset_revision }: ReadyEval): Promise<number> {
  const { epochs, dataset } = one.definition;
  if (epochs !== null) return epochs;
  const revision = dataset_revision ?? dataset.revision;
  const query = revision === null ? '' : `?revision=${encodeURIComponent(revision)}`;
  const path = `/pawl/v1/datasets/${encodeURIComponent(dataset.name)}${query}`;
  const found = await callServer<DatasetResponse>(access, { method: 'GET', path });
  return usualEpochs(found.revision?.cases ?? 0);
}
