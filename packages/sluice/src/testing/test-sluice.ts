import type { Sluice } from '../client/sluice.js';
import { createControls } from '../client/controls.js';
import { pageOf } from '../client/page.js';
import { Snapshots } from '../client/snapshots.js';
import { policiesOf, type SluiceConfig, type SluiceDefinition } from '../core/config.js';
import { definitionFrom } from '../core/define.js';
import { SluiceError } from '../core/errors.js';
import { createHost } from '../drain/host.js';
import { createRuntime } from '../drain/runtime.js';
import type { World } from '../drain/world.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { FakeClock } from './fake-clock.js';
import { createHub } from './hub.js';
import { createNetwork, type Service } from './network.js';

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
  const snapshots = new Snapshots(world, STATE);
  await snapshots.refresh();
  const host = createHost(runtime, { suspend: () => engine.stop(), resume: () => undefined });
  const closing = new AbortController();
  const barrier = (): Promise<void> => host.refreshIdentity();
  const controls = createControls({
    ...world,
    barrier,
    giveBack: (pass, ended) => void host.passed(pass, ended),
    closing: closing.signal,
  });
  const sluice = pageOf({
    world,
    snapshots,
    controls: async () => controls,
    desk: async () => {
      if (closing.signal.aborted)
        throw new SluiceError('closed', 'this connection was closed. Call connect() again.');
      return host;
    },
    tellAccepted: () => undefined,
    close: async () => {
      closing.abort();
      snapshots.close();
      await engine.stop();
    },
  });
  return { sluice, clock };
}

const STATE = {
  mode: 'page-only',
  controlled: false,
  lost: 0,
  problem: undefined,
  wake: { kind: 'unsupported' },
} as const;
