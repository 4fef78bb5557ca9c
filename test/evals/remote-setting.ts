import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, plainCases, startCountedModel } from './counted-model.ts';
import { type EndpointProxy, type Passing, startEndpointProxy } from './endpoint-proxy.ts';
import { putDataset, putEval } from './eval-story.ts';

/** Two servers: evals of `pawl` run at `remote`, through a proxy that tests meddle with. */
export type RemoteSetting = {
  readonly model: CountedModel;
  readonly remote: TestPawl;
  readonly proxy: EndpointProxy;
  readonly pawl: TestPawl;
  /** An agent of `remote`. */
  readonly agent_id: string;
  /** Puts an eval of plain cases, 20 unless said otherwise, that runs at the endpoint. */
  remoteEval(name: string, fields?: RemoteEvalFields): Promise<void>;
  close(): Promise<void>;
};

type RemoteEvalFields = { readonly cases?: number; readonly [field: string]: unknown };

/** The settings by which a server's evals reach a proxy. */
export function targetAt({ url }: EndpointProxy): { eval_endpoints: string; eval_endpoint_keys: string } {
  return { eval_endpoints: `other=${url}`, eval_endpoint_keys: `other=${remoteKey}` };
}

const remoteKey = 'key-of-the-endpoint';

export async function startRemoteSetting(): Promise<RemoteSetting> {
  const model = await startCountedModel();
  const upstream = { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' };
  const remote = await startPawl({ ...upstream, api_key: remoteKey });
  const proxy = await startEndpointProxy(remote.url);
  const pawl = await startPawl(targetAt(proxy));
  const { agent } = await makeSetting(remote.client);
  return {
    ...{ model, remote, proxy, pawl, agent_id: agent.id },
    async remoteEval(name, { cases = 20, ...fields } = {}) {
      await putDataset(pawl, name, plainCases(cases, name));
      await putEval(pawl, {
        name,
        agent: agent.id,
        dataset: name,
        endpoint: 'other',
        concurrency: 8,
        ...fields,
      });
    },
    async close() {
      await pawl.server.close();
      await proxy.die();
      await remote.server.close();
      await model.close();
    },
  };
}

/** Whether a request opens a session. */
export function opensSession({ method, path }: Passing): boolean {
  return method === 'POST' && /^\/v1\/sessions(\?|$)/.test(path);
}

/** Whether a request asks for a session's event stream. */
export function streamsEvents({ path }: Passing): boolean {
  return path.includes('/events/stream');
}
