/** How long sessions of an agent are kept. An agent without a row follows the server's own setting. */
export type RetentionRuleTable = {
  agent_id: string;
  /** Days since anything has happened in a session; null keeps them for ever. */
  days: number | null;
  /** 1 when sessions are written into a file before they are deleted, else 0. */
  export: number;
  updated_at: string;
};

/** Which files a session names in its history or its inbox. */
export type SessionFileTable = { session_id: string; file_id: string };
