/** Something that we do not do. The message goes on from "The MCP server …". */
export class LimitError extends Error {
  override name = 'LimitError';
}
