import type { Ask } from '../client/ask.js';
import { createFeed } from '../client/feed.js';
import { pageOf } from '../client/page.js';
import { createRequests } from '../client/requests.js';
import type { Sluice } from '../client/sluice.js';
import { createSnapshots } from '../client/snapshots.js';
import type { PageWorld } from '../client/world.js';
import { policiesOf, type SluiceConfig, type SluiceDefinition } from '../core/config.js';
import { definitionFrom } from '../core/define.js';
import { createRuntime } from '../drain/runtime.js';
import type { World } from '../drain/world.js';
import { createHost } from '../host/host.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { FakeClock } from './fake-clock.js';
import { createHub } from './hub.js';
import { createNetwork, type Service } from './network.js';
import { lineInMemory } from './port.js';

export interface TestOptions {
  /** The service. Gets what is sent, and answers or throws as `fetch` does. */
  fetch: Service;
  /** Where the app stands. Default 'https://app.test/'. */
  base?: string;
  /** In [0, 1): the jitter. Default always 0.5. */
  chance?: () => number;
}

export interface TestedSluice<Q extends string> {
  /** What `connect()` would answer. */
  sluice: Sluice<Q>;
  /** Moves on when it is told to: `await clock.advance(1000)`. */
  clock: FakeClock;
}

/**
 * Sluice in memory, for one test: nothing is intercepted, `sluice.fetch` and `sluice.enqueue` are the way in, and nothing
 * is sent before the clock is moved.
 *
 * @throws SluiceError `config-invalid`
 */
export async function testSluice<const Q extends string>(
  config: SluiceConfig<Q> | SluiceDefinition<Q>,
  { fetch, base = 'https://app.test/', chance = () => 0.5 }: TestOptions,
): Promise<TestedSluice<Q>> {
  const definition = definitionFrom(config);
  const clock = new FakeClock();
  const database = openMemory();
  const world: World = {
    base,
    database,
    notify: createHub()(),
    clock,
    chance,
    fetch: createNetwork(fetch),
    locks: undefined,
  };
  const runtime = createRuntime(definition, world);
  await writePolicies(database, policiesOf(definition), { overwrite: true });
  const engine = runtime.startEngine({ isAlone: true });
  const host = createHost(runtime, { begin: () => undefined, suspend: () => engine.stop() });
  const line = await lineInMemory(host, definition.name);
  const closing = new AbortController();
  const snapshots = createSnapshots();
  const ask: Ask = async (call, ...args) => {
    closing.signal.throwIfAborted();
    return line.ask(call, ...args);
  };
  const page: PageWorld = { base, clock, fetch: (request) => world.fetch(request, {}), storage: noStorage };
  const due = (ms: number): Promise<void> => new Promise((resolve) => clock.at(clock.now() + ms, resolve));
  const feed = createFeed({
    name: definition.name,
    world: page,
    ask,
    snapshots,
    due,
    closing: closing.signal,
  });
  const requests = createRequests(page, { ask, ended: feed.ended, tellAccepted: () => undefined });
  const sluice = pageOf({ ask, feed, snapshots, requests, barrier: async () => undefined }, async () => {
    closing.abort();
    await engine.stop();
  });
  // A test reads its snapshot after it has moved the clock.
  feed.subscribe(() => undefined);
  await clock.advance(0);
  await feed.opened;
  return { sluice, clock };
}

function noStorage(): never {
  throw new Error('a test remembers nothing');
}
