/** An endpoint refused something, or could not be reached. The message says what, in a sentence for its user. */
export class EndpointError extends Error {
  /** The status of its answer; null when there was none. */
  readonly status: number | null;

  constructor(message: string, options: { readonly status: number | null; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'EndpointError';
    this.status = options.status;
  }
}
