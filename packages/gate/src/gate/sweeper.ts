import type { Engine } from '../store/engine.js';
import type { Platform } from './platform.js';

const EVERY_MS = 5000;
/** Rows of one transaction. */
const MAX_ROWS = 1000;

/** Removes keys, answers and numbers whose time is over. */
export class Sweeper {
  readonly #engine: Engine;
  readonly #queues: readonly string[];
  readonly #platform: Platform;
  #cancel: () => void = () => undefined;
  #isClosed = false;

  constructor(engine: Engine, queues: readonly string[], platform: Platform) {
    this.#engine = engine;
    this.#queues = queues;
    this.#platform = platform;
    this.#later();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #later(): void {
    if (!this.#isClosed) this.#cancel = this.#platform.after(EVERY_MS, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    for (const queue of this.#queues) {
      // A store that is gone is swept when it is back.
      while ((await this.#engine.sweep(queue, MAX_ROWS).catch(() => 0)) >= MAX_ROWS && !this.#isClosed);
    }
    this.#later();
  }
}
