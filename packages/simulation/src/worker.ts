import { policiesOf, type SluiceDefinition } from '../../sluice/src/core/config.ts';
import { createRuntime, type Runtime } from '../../sluice/src/drain/runtime.ts';
import type { World } from '../../sluice/src/drain/world.ts';
import { seatPath } from '../../sluice/src/core/receipt.ts';
import { exposeHost } from '../../sluice/src/host/expose.ts';
import { createHost } from '../../sluice/src/host/host.ts';
import { writePolicies } from '../../sluice/src/store/policies.ts';
import { unlessLeft } from '../../sluice/src/transport/unless-left.ts';
import { Drainer } from '../../sluice/src/worker/drainer.ts';
import { type Browser, Context } from './contexts.ts';
import { channelBetween } from './port.ts';
import type { ServiceWorkerRun } from './service-worker.ts';
import { never } from './universe.ts';

export interface WorkerOptions {
  definition: SluiceDefinition;
  page: Context;
  /** Its page lives on. */
  endsAlone: boolean;
  /** That which controls it, which makes its sends. */
  serviceWorker: () => ServiceWorkerRun | undefined;
}

/** The worker of a page: host and engine. */
export class WorkerRun extends Context {
  readonly #options: WorkerOptions;
  readonly #runtime: Runtime;
  readonly #drainer: Drainer;
  readonly #leaving = new AbortController();
  #hasBegun = false;

  constructor(browser: Browser, name: string, options: WorkerOptions) {
    super(browser, name);
    this.#options = options;
    const world = this.world();
    this.#runtime = createRuntime(
      options.definition,
      unlessLeft({ ...world, fetch: this.#failing(this.#carried(world.fetch)) }),
    );
    this.#drainer = new Drainer(this.#runtime);
  }

  /** The end of a channel that its page holds. */
  connect(page: Context): ReturnType<typeof channelBetween>[0] {
    const [ofPage, own] = channelBetween(page, this);
    const begin = (isControlled: boolean): void => {
      if (this.#hasBegun) return;
      this.#hasBegun = true;
      const { database, definition } = this.#runtime;
      void writePolicies(database, policiesOf(definition), { overwrite: false }).catch(() => undefined);
      this.#drainer.resume(isControlled);
    };
    const suspend = (isLeft: boolean): Promise<void> => this.#drainer.suspend(isLeft);
    exposeHost(createHost(this.#runtime, { begin, suspend }), own);
    return ofPage;
  }

  /** It alone. */
  end(): void {
    super.kill();
  }

  /** A fault of it is one of its page. */
  override kill(): void {
    this.end();
    if (!this.#options.endsAlone) this.#options.page.kill();
  }

  freezeAlone(ms: number): void {
    super.freeze(ms);
  }

  override freeze(ms: number): void {
    if (this.#options.endsAlone) super.freeze(ms);
    else this.#options.page.freeze(ms);
  }

  failSends(): void {
    this.#leaving.abort();
  }

  #carried(fetch: World['fetch']): World['fetch'] {
    return (request, init) => {
      if (!this.isAlive) return never();
      const { serviceWorker, definition } = this.#options;
      const found = serviceWorker();
      if (request.url.endsWith(seatPath(definition.name)))
        return found ? found.takeSeat(this) : Promise.reject(new TypeError('Failed to fetch'));
      return found?.carry(this, request, init.signal ?? undefined) ?? fetch(request, init);
    };
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
