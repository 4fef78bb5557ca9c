import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { makeSetting, openSession, say, untilIdle } from '../story.ts';
import { type Member, startMember } from './member.ts';

/** A process with a model of its own, by which it is known who asks. */
type Armed = { readonly member: Member; readonly model: GatedModel };

/**
 * Kills whoever has a turn, so many times, and gives how many seconds it took until another process made the request again.
 * Throws when nobody does within the patience of a gated model, which is a quarter of a minute.
 */
export async function timeTakeOvers(database_url: string, times: number): Promise<readonly number[]> {
  const taken: number[] = [];
  const start = async (): Promise<Armed> => {
    const model = await startGatedModel();
    return {
      model,
      member: await startMember({ settings: { database_url, anthropic_base_url: model.url } }),
    };
  };
  const end = async ({ member, model }: Armed): Promise<void> => {
    await member.kill();
    await model.close();
  };
  let pair: [Armed, Armed] = [await start(), await start()];
  try {
    const setting = await makeSetting(pair[0].member.client);
    for (let n = 0; n < times; n++) {
      const { client } = pair[0].member;
      const { id } = await openSession(client, setting);
      await client.beta.sessions.events.send(id, { events: [say(`Message ${n}`)] });
      // Each is waited for from the start: what the other one asks is the take-over.
      const asking = pair.map((armed) => ({ armed, request: armed.model.next() }));
      const { armed: holder } = await Promise.any(asking.map((one) => one.request.then(() => one)));
      const killedAt = performance.now();
      await end(holder);
      const [other] = asking.filter(({ armed }) => armed !== holder);
      if (other === undefined) throw new Error('There is no other process');
      const again = await other.request;
      taken.push((performance.now() - killedAt) / 1000);
      again.answer('Taken over.');
      await untilIdle(other.armed.member.client, id);
      pair = [other.armed, await start()];
    }
  } finally {
    await Promise.all(pair.map(end));
  }
  return taken;
}
