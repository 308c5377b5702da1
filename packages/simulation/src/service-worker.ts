import { policiesOf, type SluiceDefinition } from '../../sluice/src/core/config.ts';
import { createRuntime, type Runtime } from '../../sluice/src/drain/runtime.ts';
import type { Drain, Wake } from '../../sluice/src/core/wake-state.ts';
import { Watch } from '../../sluice/src/drain/settled.ts';
import { exposeHost } from '../../sluice/src/host/expose.ts';
import { createHost } from '../../sluice/src/host/host.ts';
import { createBrokenPace } from '../../sluice/src/service-worker/broken-pace.ts';
import { Carrier, type Carrying } from '../../sluice/src/service-worker/carrier.ts';
import { type Answering, answer } from '../../sluice/src/service-worker/answer.ts';
import { KeyTurns } from '../../sluice/src/service-worker/key-turns.ts';
import { SameTries } from '../../sluice/src/service-worker/same-tries.ts';
import { takeOver } from '../../sluice/src/service-worker/take-over.ts';
import { createWakeUp, type WakeUp } from '../../sluice/src/service-worker/wake-up.ts';
import { writePolicies } from '../../sluice/src/store/policies.ts';
import { carriableIn } from '../../sluice/src/transport/replay.ts';
import { type Browser, Context } from './contexts.ts';
import { channelBetween } from './port.ts';
import type { SyncScheduler } from './sync.ts';
import { never } from './universe.ts';

/** The browser stops one that has nothing to do, and ends an event that lasts too long. */
const IDLE_MS = 30_000;
const EVENT_MS = 300_000;

const QUEUE_NAME = 'orders';

/** A run of the service worker: from its start to the moment when the browser stops it. */
export class ServiceWorkerRun extends Context {
  readonly #browser: Browser;
  readonly #runtime: Runtime;
  readonly #answering: Answering;
  readonly #wakeUp: WakeUp;
  readonly #carrier: Carrier;
  readonly #event = { waitUntil: (work: Promise<unknown>): void => void this.#lasting(work) };
  #drain: Drain = async () => true;
  #events = 0;
  #idleSince: number;

  constructor(
    browser: Browser,
    name: string,
    { definition, sync }: { definition: SluiceDefinition; sync: SyncScheduler },
  ) {
    super(browser, name);
    this.#browser = browser;
    this.#idleSince = browser.universe.timeline.now;
    this.#runtime = createRuntime(definition, this.world());
    this.#carrier = new Carrier(this.#runtime);
    const bell = (_name: string, drain: Drain): Wake => {
      this.#drain = drain;
      return { register: async () => sync.register() };
    };
    this.#wakeUp = createWakeUp(this.#runtime, bell, () => this.#carrier.takeSeat());
    const brokenPace = createBrokenPace(definition, this.#runtime.clock);
    const watch = new Watch(this.#runtime);
    this.#answering = {
      runtime: this.#runtime,
      brokenPace,
      watch,
      turns: new KeyTurns(),
      same: new SameTries(),
      onAccepted: this.#wakeUp.onAccepted,
    };
    this.#watchIdle();
  }

  /** `activate`: the one owner of the rules writes them. */
  activate(definition: SluiceDefinition): Promise<void> {
    return this.#lasting(writePolicies(this.#runtime.database, policiesOf(definition), { overwrite: true }));
  }

  /** A fetch of a page that a rule names. */
  fetch(request: Request): Promise<Response> {
    return this.#lasting(answer({ request, ...this.#event }, QUEUE_NAME, this.#answering));
  }

  /** The end of a channel that a page holds. It is an event, which is over at once. */
  connect(page: Context): ReturnType<typeof channelBetween>[0] {
    const [ofPage, own] = channelBetween(page, this);
    exposeHost(createHost(this.#runtime, { begin: () => undefined, suspend: async () => undefined }), own);
    void this.#lasting(Promise.resolve());
    return ofPage;
  }

  /** The page's barrier. */
  refreshIdentity(): Promise<void> {
    return this.#lasting(this.#runtime.identity.refresh());
  }

  /** A sync event. Resolves with whether the drain was done. */
  sync(isLastChance: boolean): Promise<boolean> {
    return this.#lasting(this.#drain({ isLastChance }));
  }

  /** What a worker of a page sends passes by here; undefined: it is not made here. */
  carry(worker: Context, request: Request, signal: AbortSignal | undefined): Promise<Response> | undefined {
    const carriable = carriableIn(request.url);
    if (!carriable) return undefined;
    let given: Promise<Response> | undefined;
    const respondWith = (answering: Promise<Response>): void => {
      given = answering;
    };
    // The signal of an event is not that of its worker: none of the engines is sure to pass it on.
    const carried = new Request(request.clone(), { signal: null });
    this.#carrier.carry({ request: carried, ...this.#event, respondWith }, carriable);
    if (!given) return undefined;
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => {
        this.#browser.service.letGo(carried);
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
    return heardBy(worker, Promise.race([given, this.#failed(), aborted]));
  }

  /** A worker is about to lead. */
  async takeSeat(worker: Context): Promise<Response> {
    const taken = this.#lasting<Carrying>(this.#carrier.takeSeat());
    void taken.then(({ ended }) => this.#lasting(ended)).catch(() => undefined);
    const told = taken.then(() => new Response(null, { status: 204 }));
    return heardBy(worker, Promise.race([told, this.#failed()]));
  }

  /** What a worker hears of its fetch as the service worker ends. */
  async #failed(): Promise<never> {
    await this.whenKilled;
    throw new TypeError('Failed to fetch');
  }

  /** The page has left. */
  engineLeft(engine: string): void {
    const parts = { carrier: this.#carrier, wakeUp: this.#wakeUp };
    const left = takeOver(this.#event, engine, { ...this.#runtime, ...parts });
    void this.#lasting(left).catch(() => undefined);
  }

  /** A page has stored something by itself. */
  accepted(): void {
    this.#wakeUp.onAccepted(this.#event);
  }

  /** Work that an event waits for, at most as long as the browser lets it. */
  async #lasting<T>(work: Promise<T> | Promise<unknown>): Promise<T> {
    this.#events += 1;
    const cutOff = this.later(EVENT_MS, () => this.kill());
    try {
      return (await work) as T;
    } finally {
      cutOff();
      this.#events -= 1;
      this.#idleSince = this.#browser.universe.timeline.now;
    }
  }

  #watchIdle(): void {
    this.later(IDLE_MS, () => {
      const idleMs = this.#browser.universe.timeline.now - this.#idleSince;
      if (this.#events === 0 && idleMs >= IDLE_MS) this.kill();
      else this.#watchIdle();
    });
  }
}

/** A worker that has ended hears of nothing. */
async function heardBy<T>(worker: Context, promise: Promise<T>): Promise<T> {
  await promise.catch(() => undefined);
  await worker.whenAwake();
  return worker.isAlive ? promise : never();
}
