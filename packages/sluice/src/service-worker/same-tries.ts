import type { Owner } from '../core/identity.js';
import type { Intake } from '../core/messages.js';

/** What became of a try: the service's answer, or how the request was stored. */
export type Tried = Response | Intake;

/** A thing that is tried, and by whom; undefined where nobody knows. */
export interface Thing {
  key: string;
  owner: Promise<Owner | undefined>;
}

interface Waiting {
  resolve: (tried: Tried) => void;
  reject: (error: unknown) => void;
}

/** What is the same thing as a request that is being tried shares its end: a double click is one order. */
export class SameTries {
  readonly #underWay = new Map<string, { thing: Thing; waiting: Waiting[] }>();

  /** Begins `work` at once, unless the same is under way: then it is done only if that was somebody else's. */
  async share(thing: Thing | undefined, work: () => Promise<Tried>): Promise<Tried> {
    if (thing === undefined) return work();
    const first = this.#underWay.get(thing.key);
    if (!first) return this.#begin(thing, work);
    const tried = await new Promise<Tried>((resolve, reject) => first.waiting.push({ resolve, reject }));
    const [own, theirs] = await Promise.all([thing.owner, first.thing.owner]);
    if (own === undefined || theirs === undefined) return work();
    return own === theirs ? tried : this.share(thing, work);
  }

  async #begin(thing: Thing, work: () => Promise<Tried>): Promise<Tried> {
    const waiting: Waiting[] = [];
    this.#underWay.set(thing.key, { thing, waiting });
    try {
      const tried = await work();
      // Each copy is made before anybody reads the original.
      for (const { resolve } of waiting) resolve(tried instanceof Response ? tried.clone() : tried);
      return tried;
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      throw error;
    } finally {
      this.#underWay.delete(thing.key);
    }
  }
}
