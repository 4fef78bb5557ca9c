/** How much is reported, from most to least; each level takes in those behind it. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where a room reports what an operator should know. Fields must hold no prompt, reply or secret. */
export type Log = {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields & { err?: unknown }, message: string): void;
};

export type LogFields = { readonly [key: string]: unknown };
