import { errorOf, type Line } from '../client/line.js';
import { type Host, PROTOCOL, type Reply } from '../core/messages.js';

/** A line to a host in the same thread: what crosses is copied, as between two. */
export async function lineInMemory(host: Host, name: string): Promise<Line> {
  const ask: Line['ask'] = async (call, ...args) => {
    const reply = structuredClone<Reply>(await host.call(call, ...structuredClone(args)));
    if ('error' in reply) throw errorOf(reply.error);
    return reply.value;
  };
  const hello = (await ask('hello', name, PROTOCOL)) as Line['hello'];
  return { hello, ask, close: () => undefined, check: async () => undefined };
}
