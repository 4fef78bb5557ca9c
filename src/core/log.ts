/** Where a room reports what an operator should know. Fields must hold no prompt, reply or secret. */
export type Log = {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields & { err?: unknown }, message: string): void;
};

export type LogFields = { readonly [key: string]: unknown };
