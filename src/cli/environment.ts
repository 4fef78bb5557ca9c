import { type ClientSettings, clientSettings, processEnvironment } from '../config.ts';

/** What the environment, or `.env` in the current folder, says about the server that a command talks to. */
export function settingsHere(): ClientSettings {
  return clientSettings({ env: processEnvironment(), folder: process.cwd() });
}

/** Whether whoever calls wants to see more of an error than its sentence. */
export function isDebugging(): boolean {
  return processEnvironment()['PAWL_LOG_LEVEL'] === 'debug';
}

/** What a variable that the user has named holds; undefined when it is not set. */
export function variableHere(name: string): string | undefined {
  return processEnvironment()[name];
}
