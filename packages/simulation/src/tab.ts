import { type Ask, createAsk } from '../../sluice/src/client/ask.ts';
import { createFeed } from '../../sluice/src/client/feed.ts';
import { type Line, openLine } from '../../sluice/src/client/line.ts';
import { pageOf } from '../../sluice/src/client/page.ts';
import { createRequests } from '../../sluice/src/client/requests.ts';
import type { Sluice } from '../../sluice/src/client/sluice.ts';
import { createSnapshots } from '../../sluice/src/client/snapshots.ts';
import { createWorkerLink, type Starting, type WorkerLink } from '../../sluice/src/client/worker-link.ts';
import type { SluiceDefinition } from '../../sluice/src/core/config.ts';
import { type Browser, Context } from './contexts.ts';
import type { ServiceWorkerRun } from './service-worker.ts';
import { never } from './universe.ts';
import { WorkerRun } from './worker.ts';

export interface TabOptions {
  definition: SluiceDefinition;
  /** Undefined where the page has none that it can ask. */
  serviceWorker: () => ServiceWorkerRun | undefined;
  /** It controls the page. */
  isControlled: boolean;
  /** The workers of the page may end alone, and the page lives on. */
  workersEndAlone: boolean;
  /** The script of its worker does not come. */
  isWorkerMissing: () => boolean;
}

/** A page: its own code, which has a worker for a host, or the service worker. */
export class Tab extends Context {
  readonly sluice: Sluice;
  readonly #options: TabOptions;
  readonly #browser: Browser;
  readonly #link: WorkerLink;
  readonly #closing = new AbortController();
  #worker: WorkerRun | undefined;
  #workers = 0;

  constructor(browser: Browser, name: string, options: TabOptions) {
    super(browser, name);
    this.#browser = browser;
    this.#options = options;
    const { clock, fetch, base } = this.world();
    const page = {
      base,
      clock,
      fetch: (request: Request) => fetch(request, { signal: request.signal }),
      storage: noStorage,
    };
    const { signal: closing } = this.#closing;
    this.#link = createWorkerLink({
      start: (starting) => this.#startWorker(starting),
      due: (ms, signal) =>
        new Promise((resolve) => {
          const callOff = this.later(ms, resolve);
          signal.addEventListener('abort', () => {
            callOff();
            resolve();
          });
        }),
      tell: () => undefined,
    });
    const ready = this.#link.resume();
    const asking = createAsk({
      clock,
      toServiceWorker: () => this.#lineToServiceWorker(),
      link: this.#link,
      closing,
    });
    const ask: Ask = async (...asked) => {
      await ready;
      return asking(...asked);
    };
    const snapshots = createSnapshots();
    const due = (ms: number): Promise<void> => new Promise((resolve) => this.later(ms, resolve));
    const feed = createFeed({ name: definitionName(options), world: page, ask, snapshots, due, closing });
    const tellAccepted = (): void => options.serviceWorker()?.accepted();
    const requests = createRequests(page, { ask, ended: feed.ended, tellAccepted });
    const barrier = async (): Promise<unknown> =>
      options.isControlled &&
      options
        .serviceWorker()
        ?.refreshIdentity()
        .catch(() => undefined);
    this.sluice = pageOf({ ask, feed, snapshots, requests, barrier }, () => undefined);
  }

  /** What the ids of its engines begin with. */
  get engine(): string {
    return this.#link.engine;
  }

  get hasWorker(): boolean {
    return this.#worker?.isAlive ?? false;
  }

  override kill(): void {
    super.kill();
    this.#worker?.end();
  }

  override freeze(ms: number): void {
    super.freeze(ms);
    if (!this.#options.workersEndAlone) this.#worker?.freezeAlone(ms);
  }

  override thaw(): void {
    super.thaw();
    this.#worker?.thaw();
  }

  /** It has no storage of its own. */
  override loseConnection(): void {}

  /** As WebKit does it: what the page has under way fails when the next is asked for, and it is closed once that comes. */
  failSends(): void {
    this.#worker?.failSends();
  }

  /** As a page is left: it lets go as far as it comes, and is gone. */
  close(): void {
    this.#closing.abort(new Error('the page is left'));
    const { isControlled, serviceWorker } = this.#options;
    const isLeft = isControlled && serviceWorker() !== undefined;
    this.#link.current?.ask('suspend', isLeft).catch(() => undefined);
    this.later(10, () => this.kill());
  }

  /** Its worker crashes, and the page lives on. */
  endWorker(): void {
    this.#worker?.end();
  }

  #startWorker({ ended, signal }: Starting): Promise<Line> {
    if (!this.isAlive) return never();
    if (this.#options.isWorkerMissing()) return Promise.reject(new Error('its script does not come'));
    const { definition, workersEndAlone } = this.#options;
    const name = this.#workers === 0 ? `${this.name}'s worker` : `${this.name}'s worker ${this.#workers}`;
    this.#workers += 1;
    const { serviceWorker, isControlled } = this.#options;
    const worker = new WorkerRun(this.#browser, name, {
      definition,
      page: this,
      endsAlone: workersEndAlone,
      serviceWorker: () => (isControlled ? serviceWorker() : undefined),
    });
    this.#worker = worker;
    const end = (): void => {
      worker.end();
      ended();
    };
    signal.addEventListener('abort', end, { once: true });
    return this.#open(worker.connect(this), end, isControlled);
  }

  async #lineToServiceWorker(): Promise<Line | undefined> {
    const { serviceWorker, isControlled } = this.#options;
    const found = serviceWorker();
    return found && this.#open(found.connect(this), () => undefined, isControlled);
  }

  #open(endpoint: Parameters<typeof openLine>[0], end: () => void, isControlled: boolean): Promise<Line> {
    const { clock } = this.world();
    return openLine(endpoint, { name: definitionName(this.#options), clock, end, ms: 5000, isControlled });
  }
}

function definitionName({ definition }: TabOptions): string {
  return definition.name;
}

function noStorage(): never {
  throw new Error('a simulated page remembers nothing');
}
