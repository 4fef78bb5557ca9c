#!/usr/bin/env -S node --max-semi-space-size=8 --v8-pool-size=1 --heap-growing-percent=40 --expose-gc
import { CommanderError } from 'commander';
import { InterruptedError, sentenceOf } from './command-error.ts';
import { isDebugging } from './environment.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { createProgram } from './program.ts';

process.on('SIGINT', () => {
  // A command that has something to put in order listens as well, and decides for itself.
  if (process.listenerCount('SIGINT') === 1) process.exit(exitCodes.interrupted);
});
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read along has had enough, as in `pawl keys list | head -1`; how the command ends is still its own to say.
    if (error.code !== 'EPIPE') throw error;
  });
}
const oldestNode = 24;
// Set rather than called, so that what was printed gets out first.
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<ExitCode> {
  const [major = '0'] = process.versions.node.split('.');
  if (Number(major) < oldestNode) {
    // The database's binding would end the process without a word.
    process.stderr.write(`pawl: needs Node ${oldestNode} or newer; this is ${process.version}\n`);
    return exitCodes.failed;
  }
  const program = createProgram();
  if (args.length === 0) {
    program.outputHelp();
    return exitCodes.ok;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    // A command whose answer is not yes has set it.
    return (process.exitCode ?? exitCodes.ok) as ExitCode;
  } catch (error) {
    // Commander has printed its help or its complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.failed;
    if (error instanceof InterruptedError) return exitCodes.interrupted;
    process.stderr.write(`pawl: ${sentenceOf(error)}\n`);
    if (isDebugging() && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return exitCodes.failed;
  }
}
