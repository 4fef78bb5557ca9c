/** What went wrong, as sessions tell it to their clients. */
export type McpErrorType = 'mcp_connection_failed_error' | 'mcp_authentication_failed_error';

/**
 * An MCP server that could not be used. The message is fit for clients: it holds no credential and no URL. There is no
 * `cause`, because what a server sent may repeat a credential, and errors are logged.
 */
export class McpError extends Error {
  override name = 'McpError';
  readonly type: McpErrorType;
  /** The name that the agent gives the server. */
  readonly server: string;
  /** Whether the request may have reached the server, so that the tool may have run. */
  readonly may_have_run: boolean;

  constructor(
    message: string,
    options: {
      readonly type: McpErrorType;
      readonly server: string;
      readonly may_have_run: boolean;
    },
  ) {
    super(message);
    this.type = options.type;
    this.server = options.server;
    this.may_have_run = options.may_have_run;
  }
}
