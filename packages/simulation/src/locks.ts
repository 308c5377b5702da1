import { type Mortal, never, type Universe } from './universe.ts';

interface Held {
  owner: Mortal;
  lose: () => void;
}

interface Waiting {
  owner: Mortal;
  grant: () => void;
}

/** Freeing the lock of a context that is gone takes the browser so long. */
const RELEASE_MS = [5, 30] as const;

/** Web Locks, as far as they are used: exclusive, `ifAvailable`, `steal`, `signal`, and the list of who waits. */
export class LockTable {
  readonly #universe: Universe;
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  releaseAllOf(owner: Mortal): void {
    for (const [name, waiting] of this.#waiting) {
      this.#waiting.set(
        name,
        waiting.filter((one) => one.owner !== owner),
      );
    }
    for (const [name, held] of this.#held) {
      if (held.owner !== owner) continue;
      const { timeline } = this.#universe;
      timeline.at(timeline.now + this.#universe.between(...RELEASE_MS), () => this.#release(name, held));
    }
  }

  managerOf(owner: Mortal): LockManager {
    const request = async (
      name: string,
      options: LockOptions | ((lock: Lock) => unknown),
      callback?: (lock: Lock | null) => unknown,
    ): Promise<unknown> => {
      const { ifAvailable, steal, signal } = typeof options === 'function' ? {} : options;
      const use = (callback ?? options) as (lock: Lock | null) => unknown;
      if (!owner.isAlive) return never();
      this.#universe.step(owner, 'lock');
      if (ifAvailable && this.#held.has(name)) return use(null);
      if (steal) this.#held.get(name)?.lose();
      if (steal) this.#held.delete(name);
      if (this.#held.has(name)) await this.#wait(name, owner, signal);
      return this.#hold(name, owner, use);
    };
    const query = async (): Promise<LockManagerSnapshot> => ({
      held: [...this.#held.keys()].map((name) => ({ name })),
      pending: [...this.#waiting].flatMap(([name, waiting]) => waiting.map(() => ({ name }))),
    });
    return { request, query } as LockManager;
  }

  #wait(name: string, owner: Mortal, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const one = { owner, grant: resolve };
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, [...waiting, one]);
      signal?.addEventListener('abort', () => {
        const others = this.#waiting.get(name) ?? [];
        if (!others.includes(one)) return;
        this.#waiting.set(
          name,
          others.filter((other) => other !== one),
        );
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  }

  async #hold(name: string, owner: Mortal, use: (lock: Lock) => unknown): Promise<unknown> {
    const held: Held = { owner, lose: () => undefined };
    const lost = new Promise<never>((_, reject) => {
      // A frozen page hears of it once it thaws.
      held.lose = () => void owner.whenAwake().then(() => reject(new DOMException('stolen', 'AbortError')));
    });
    lost.catch(() => undefined);
    this.#held.set(name, held);
    const using = Promise.resolve(use({ name, mode: 'exclusive' }));
    try {
      return await Promise.race([using, lost]);
    } finally {
      if (owner.isAlive) this.#release(name, held);
    }
  }

  #release(name: string, held: Held): void {
    if (this.#held.get(name) !== held) return;
    this.#held.delete(name);
    const [next, ...others] = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, others);
    next?.grant();
  }
}
