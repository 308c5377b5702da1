import { type Book, type Reads, READS_NOTHING } from '../core/book.js';
import { GateError } from '../core/errors.js';
import type { Engine } from './engine.js';

/** More decisions than this do not share a transaction, so that it stays short. */
const MAX_SHARED = 500;

interface Waiting {
  readonly reads: Reads;
  decide(book: Book): void;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Group commit: while a transaction of a queue is under way, decisions gather, and share the next one. So a node asks its store once a
 * round trip, however many requests come.
 */
export class Committer {
  readonly #engine: Engine;
  readonly #queue: string;
  readonly #maxWaiting: number;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;

  /** @param maxWaiting decisions that may wait, which bounds the memory of the node */
  constructor(engine: Engine, queue: string, maxWaiting: number) {
    this.#engine = engine;
    this.#queue = queue;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Resolves with the decision once it is durable.
   *
   * @throws GateError `busy`: nothing was decided; `store-unreachable`: it may have been
   */
  run<T>(reads: Partial<Reads>, decide: (book: Book) => T): Promise<T> {
    if (this.#waiting.length >= this.#maxWaiting) return Promise.reject(busy(this.#queue));
    return new Promise((resolve, reject) => {
      let decision: T;
      this.#waiting.push({
        reads: { ...READS_NOTHING, ...reads },
        decide: (book) => {
          decision = decide(book);
        },
        resolve: () => resolve(decision),
        reject,
      });
      if (!this.#isBusy) void this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, MAX_SHARED));
    this.#isBusy = false;
  }

  async #commit(shared: readonly Waiting[]): Promise<void> {
    try {
      await this.#engine.transact(this.#queue, unionOf(shared.map(({ reads }) => reads)), (book) => {
        for (const { decide } of shared) decide(book);
      });
      for (const { resolve } of shared) resolve();
    } catch (error) {
      for (const { reject } of shared) reject(error);
    }
  }
}

function unionOf(all: readonly Reads[]): Reads {
  return {
    keys: all.flatMap(({ keys }) => keys),
    slots: all.flatMap(({ slots }) => slots),
    tickets: all.flatMap(({ tickets }) => tickets),
    claims: Math.max(...all.map(({ claims }) => claims)),
  };
}

function busy(queue: string): GateError {
  return new GateError('busy', `too many requests of the queue ${queue} wait for the store on this node`, {
    value: queue,
  });
}
