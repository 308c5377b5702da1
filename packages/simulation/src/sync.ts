import type { WakeState } from '../../sluice/src/core/wake-state.ts';
import type { ServiceWorkerRun } from './service-worker.ts';
import type { Universe } from './universe.ts';

/** As Chromium does it (its `background_sync_parameters`): three attempts, each so much later than the one before. */
const ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 300_000;
const BACKOFF_FACTOR = 3;
const EVENT_MS = 180_000;
const FIRE_MS = [20, 300] as const;

/** Background Sync: it outlives the browser, and starts the service worker. */
export class SyncScheduler {
  readonly #universe: Universe;
  readonly #start: () => ServiceWorkerRun;
  #state: 'none' | 'waiting' | 'firing' | 'firing-again' = 'none';
  #attempts = 0;
  fired = 0;
  /** The machine is down until then. */
  isUpAt = 0;

  constructor(universe: Universe, start: () => ServiceWorkerRun) {
    this.#universe = universe;
    this.#start = start;
  }

  get isRegistered(): boolean {
    return this.#state !== 'none';
  }

  register(): WakeState {
    if (this.#state === 'firing') this.#state = 'firing-again';
    if (this.#state !== 'none') return { kind: 'ready' };
    this.#attempts = 0;
    this.#wait(this.#universe.between(...FIRE_MS));
    return { kind: 'ready' };
  }

  #wait(ms: number): void {
    this.#state = 'waiting';
    const { timeline } = this.#universe;
    timeline.at(timeline.now + ms, () => {
      const downMs = this.isUpAt - timeline.now;
      if (downMs > 0) this.#wait(downMs + ms);
      else void this.#fire();
    });
  }

  async #fire(): Promise<void> {
    this.#state = 'firing';
    this.#attempts += 1;
    this.fired += 1;
    const isLastChance = this.#attempts >= ATTEMPTS;
    this.#universe.trace(`sync ${this.#attempts}`);
    const isDone = await this.#dispatch(isLastChance);
    const isRegisteredAnew = (this.#state as string) === 'firing-again';
    this.#state = 'none';
    if (isRegisteredAnew) this.register();
    else if (!isDone && !isLastChance) {
      this.#wait(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** (this.#attempts - 1));
    }
  }

  /** One whose service worker goes down has failed, as one that rejects or lasts too long. */
  #dispatch(isLastChance: boolean): Promise<boolean> {
    const worker = this.#start();
    return new Promise((resolve) => {
      worker.sync(isLastChance).then(resolve, () => resolve(false));
      const { timeline } = this.#universe;
      const look = (waitedMs: number): void => {
        if (!worker.isAlive || waitedMs >= EVENT_MS) resolve(false);
        else timeline.at(timeline.now + 1000, () => look(waitedMs + 1000));
      };
      look(0);
    });
  }
}
