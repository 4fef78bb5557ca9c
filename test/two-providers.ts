import type Anthropic from '@anthropic-ai/sdk';
import type { SettingName } from '../src/settings.ts';
import type { Said } from './model-replies.ts';
import type { ChatRequest, Protocol } from './model-requests.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { sdk, startPawl } from './pawl.ts';
import type { Setting } from './story.ts';
import { makeArmedSetting } from './tool-story.ts';

/** A server with one fake model behind both of its providers, and for each an agent with tools. */
export type TwoProviders = {
  readonly model: ModelServer;
  /** Makes each call once. */
  readonly client: Anthropic;
  readonly events: Anthropic.Beta.Sessions['events'];
  readonly settings: Readonly<Record<Protocol, Setting>>;
  close(): Promise<void>;
};

/** Starts it; `set` adds to the server's settings. */
export async function startTwoProviders(
  reply: (request: ChatRequest) => string | Said,
  set: Partial<Record<SettingName, string>> = {},
): Promise<TwoProviders> {
  const model = await startModelServer({ reply });
  const pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    ...{ openai_base_url: `${model.url}/v1`, openai_api_key: 'upstream-key' },
    ...{ model_routes: 'claude-*=anthropic,*=openai', model_max_retries: '0', ...set },
  });
  const client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  return {
    model,
    client,
    events: client.beta.sessions.events,
    settings: {
      anthropic: await makeArmedSetting(client, { model: 'claude-test' }),
      openai: await makeArmedSetting(client, { model: 'gpt-test' }),
    },
    async close() {
      await model.close();
      await pawl.server.close();
    },
  };
}
