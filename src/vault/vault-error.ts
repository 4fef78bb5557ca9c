/** A credential cannot be used. The message names it, and holds nothing secret. */
export class VaultError extends Error {
  readonly vault_id: string;
  readonly credential_id: string;
  /** `locked`: its secrets cannot be decrypted; `refresh_failed`: no new access token was to be had. */
  readonly reason: 'locked' | 'refresh_failed';

  constructor(
    message: string,
    about: {
      readonly vault_id: string;
      readonly credential_id: string;
      readonly reason: 'locked' | 'refresh_failed';
    },
  ) {
    super(message);
    this.name = 'VaultError';
    this.vault_id = about.vault_id;
    this.credential_id = about.credential_id;
    this.reason = about.reason;
  }
}
