import type { ServerStatusResponse } from '../../../src/api/wire/server.ts';

/** Something that somebody should know of, and where more is told about it; null where nothing more is. */
export type Worry = { readonly text: string; readonly to: string | null };

type Known = Pick<ServerStatusResponse, 'keys' | 'falls_back_to_offline' | 'work' | 'processes'>;

/** What is not as it should be on a server, the gravest first. */
export function worriesOf({ keys, falls_back_to_offline, work, processes }: Known): readonly Worry[] {
  const worries: Worry[] = [];
  const add = (text: string, to: string | null = null): void => void worries.push({ text, to });
  if (processes.length > 0 && processes.every(({ role }) => role === 'api'))
    add('No process works: sessions wait until one with the role all or worker is started.');
  if (keys === 'none')
    add('No key is asked for: whoever reaches this server may do everything.', '/operations/keys');
  if (falls_back_to_offline)
    add('No provider is configured: the offline model answers, which knows nothing.', '/operations/models');
  const { turns, webhook_deliveries: deliveries } = work;
  if (turns.waiting > 0)
    add(
      `${turns.waiting} turns wait for a place. More processes, or a higher limit of turns, would take them up.`,
    );
  if (deliveries.dead > 0)
    add(
      `${deliveries.dead} webhook deliveries were given up, and are sent again when somebody asks for it.`,
      '/operations/webhooks/dead',
    );
  return worries;
}
