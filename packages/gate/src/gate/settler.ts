import type { End } from '../core/key-row.js';
import { renew, settle } from '../core/line.js';
import type { Committer } from '../store/committer.js';
import type { HeldKey } from '../store/engine.js';
import type { Platform } from './platform.js';

const RETRY_MS = 500;
/** Ends that a node remembers while its store is gone. What is lost beyond it ends as `unknown`. */
const MAX_REMEMBERED = 10_000;

/** Writes how requests have ended. What the store does not take is written as soon as it is back. */
export class Settler {
  readonly #committer: Committer;
  readonly #platform: Platform;
  readonly #remembered: End[] = [];
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(committer: Committer, platform: Platform) {
    this.#committer = committer;
    this.#platform = platform;
  }

  /** Resolves once the end is durable, or remembered, or given up since this is closed. */
  async end(end: End): Promise<void> {
    try {
      await this.#committer.run({ keys: [end] }, (book) => settle(book, end));
    } catch {
      this.#remember(end);
    }
  }

  /** Renews a lease until the returned function is called. */
  keep(held: HeldKey, leaseMs: number): () => void {
    let isOver = false;
    let cancel = (): void => undefined;
    const renewOnce = async (): Promise<void> => {
      // A store that is gone may be back before the lease is over.
      await this.#committer
        .run({ keys: [held] }, (book) => renew(book, held, held.lease, leaseMs))
        .catch(() => undefined);
      if (!isOver) schedule();
    };
    const schedule = (): void => {
      cancel = this.#platform.after(leaseMs / 3, () => void renewOnce());
    };
    schedule();
    return () => {
      isOver = true;
      cancel();
    };
  }

  /** Writes once more what is remembered. From now on each end is tried once, so that no timer keeps the process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    await this.#retry();
  }

  #remember(end: End): void {
    if (this.#isClosed) return;
    if (this.#remembered.length < MAX_REMEMBERED) this.#remembered.push(end);
    this.#cancelRetry ??= this.#platform.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.#retry();
    });
  }

  async #retry(): Promise<void> {
    await Promise.all(this.#remembered.splice(0).map((end) => this.end(end)));
  }
}
