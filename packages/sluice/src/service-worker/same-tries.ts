import type { Intake } from '../core/messages.js';

/** What became of a try: the service's answer, or how the request was stored. */
export type Tried = Response | Intake;

interface Waiting {
  resolve: (tried: Tried) => void;
  reject: (error: unknown) => void;
}

/** What is the same thing as a request that is being tried shares its end: a double click is one order. */
export class SameTries {
  readonly #waiting = new Map<string, Waiting[]>();

  share(key: string | undefined, work: () => Promise<Tried>): Promise<Tried> {
    if (key === undefined) return work();
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key);
      if (waiting) return void waiting.push({ resolve, reject });
      this.#waiting.set(key, []);
      work().then(
        (tried) => {
          // Each copy is made before anybody reads the original.
          for (const other of this.#take(key))
            other.resolve(tried instanceof Response ? tried.clone() : tried);
          resolve(tried);
        },
        (error: unknown) => {
          for (const one of [...this.#take(key), { reject }]) one.reject(error);
        },
      );
    });
  }

  #take(key: string): Waiting[] {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return waiting;
  }
}
