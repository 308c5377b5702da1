import { createControls } from '../../sluice/src/client/controls.ts';
import { pageOf } from '../../sluice/src/client/page.ts';
import { Snapshots } from '../../sluice/src/client/snapshots.ts';
import type { Sluice } from '../../sluice/src/client/sluice.ts';
import { policiesOf, type SluiceDefinition } from '../../sluice/src/core/config.ts';
import { createHost } from '../../sluice/src/drain/host.ts';
import { createRuntime, type Runtime } from '../../sluice/src/drain/runtime.ts';
import type { World } from '../../sluice/src/drain/world.ts';
import { writePolicies } from '../../sluice/src/store/policies.ts';
import { unlessLeft } from '../../sluice/src/transport/unless-left.ts';
import { Drainer } from '../../sluice/src/worker/drainer.ts';
import { type Browser, Context } from './contexts.ts';

export interface TabOptions {
  definition: SluiceDefinition;
  /** The service worker's part of it. */
  barrier: () => Promise<void>;
  tellAccepted: () => void;
}

/** A page and its worker: the page's own code, the desk and the seat of the worker. */
export class Tab extends Context {
  readonly sluice: Sluice;
  readonly runtime: Runtime;
  readonly #drainer: Drainer;
  readonly #closing = new AbortController();
  readonly #leaving = new AbortController();

  constructor(browser: Browser, name: string, { definition, barrier, tellAccepted }: TabOptions) {
    super(browser, name);
    const world = this.world();
    this.runtime = createRuntime(definition, unlessLeft({ ...world, fetch: this.#failing(world.fetch) }));
    this.#drainer = new Drainer(this.runtime);
    const host = createHost(this.runtime, this.#drainer);
    const snapshots = new Snapshots(world, STATE);
    const passed = async (): Promise<void> => {
      await Promise.all([barrier(), host.refreshIdentity()]).catch(() => undefined);
    };
    const controls = createControls({
      ...world,
      barrier: passed,
      giveBack: (pass, ended) => void host.passed(pass, ended).catch(() => undefined),
      closing: this.#closing.signal,
    });
    this.sluice = pageOf({
      world,
      snapshots,
      controls: async () => controls,
      desk: async () => host,
      tellAccepted,
      close: async () => undefined,
    });
    void writePolicies(world.database, policiesOf(definition), { overwrite: false }).catch(() => undefined);
    this.#drainer.resume();
  }

  /** As WebKit does it: what the page has under way fails when the next is asked for, and it is closed once that comes. */
  failSends(): void {
    this.#leaving.abort();
  }

  /** As a page is left: it lets go as far as it comes, and is gone. */
  close(): void {
    this.#closing.abort();
    void this.#drainer.suspend();
    this.later(10, () => this.kill());
  }

  #failing(fetch: World['fetch']): World['fetch'] {
    const { signal } = this.#leaving;
    const failed = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new TypeError('Load failed')));
    });
    failed.catch(() => undefined);
    return (request, init) => Promise.race([fetch(request, init), failed]);
  }
}

const STATE = {
  mode: 'service-worker',
  controlled: true,
  lost: 0,
  problem: undefined,
  wake: { kind: 'ready' },
} as const;
