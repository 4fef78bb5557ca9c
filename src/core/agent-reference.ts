/** An agent as callers name it: its id alone, or `agent_…@production`. */
export type AgentReference = {
  readonly id: string;
  /** The alias after the `@`; null when there is none. */
  readonly alias: string | null;
};

/** What may be an alias. It has to survive in URLs, files and command lines. */
export const aliasPattern: RegExp = /^[a-z][a-z0-9_-]{0,62}$/;

/** This one stands for the newest version, for every agent and for ever, and cannot be moved. */
export const latestAlias = 'latest';

/** Takes a reference apart at its first `@`. Says nothing about whether either half exists. */
export function parseAgentReference(text: string): AgentReference {
  const at = text.indexOf('@');
  return at === -1 ? { id: text, alias: null } : { id: text.slice(0, at), alias: text.slice(at + 1) };
}
