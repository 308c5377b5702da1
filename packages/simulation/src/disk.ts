import { SluiceError } from '../../sluice/src/core/errors.ts';
import { openMemory } from '../../sluice/src/store/memory.ts';
import { type Database, KEY_PATHS, type Plan, type Table, type Tx } from '../../sluice/src/store/rows.ts';
import { checkCounts, checkSealed } from './checks.ts';
import { type Mortal, never, type Universe } from './universe.ts';

/** A commit of a transaction takes so long. */
const RELAXED_MS = [0.2, 1.5] as const;
const STRICT_MS = [1, 6] as const;

/**
 * The IndexedDB of the origin. A kill keeps what was committed; a loss of power keeps what was flushed: everything up to the
 * last strict commit, as the browser writes one log.
 */
export class Disk {
  readonly #universe: Universe;
  readonly #memory = openMemory();
  readonly #empty = this.#memory.snapshot();
  #flushed = this.#empty;

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  losePower(): void {
    this.#memory.restore(this.#flushed);
  }

  clear(): void {
    this.#flushed = this.#empty;
    this.#memory.restore(this.#empty);
  }

  /** As the checkers see it. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#memory.run({ tables: EVERY_TABLE, mode: 'readonly', durability: 'relaxed' }, work);
  }

  /** The connection of one context. */
  connect(actor: Mortal): Database {
    return {
      run: (plan, work) => this.#run(actor, plan, work),
      close: () => undefined,
      abandon: () => undefined,
      rotateLog: () => undefined,
    };
  }

  async #run<T>(actor: Mortal, plan: Plan, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (!actor.isAlive) return never();
    const universe = this.#universe;
    const step = universe.step(actor, labelOf(plan));
    const [low, high] = plan.durability === 'strict' && plan.mode === 'readwrite' ? STRICT_MS : RELAXED_MS;
    await universe.timeline.after(universe.between(0, low));
    let result: T;
    try {
      result = await this.#memory.run(plan, async (tx) => {
        const done = await work(tx);
        if (plan.mode === 'readwrite' && step.strike('before') !== 'go') throw aborted();
        if (!actor.isAlive) throw aborted();
        return done;
      });
    } catch (error) {
      if (!actor.isAlive) return never();
      throw error;
    }
    if (plan.mode === 'readwrite') {
      if (plan.durability === 'strict') this.#flushed = this.#memory.snapshot();
      checkCounts(this.#memory.snapshot(), universe);
      checkSealed(this.#memory.snapshot(), universe);
      const struck = step.strike('after');
      if (struck === 'gone') return never();
      // The connection is lost between the commit and the word of it.
      if (struck === 'abort')
        throw new SluiceError('storage-unsure', 'a fault has lost the word of the commit');
    }
    await universe.timeline.after(universe.between(low, high));
    await actor.whenAwake();
    return actor.isAlive ? result : never();
  }
}

/** As `indexed-db.ts` tells it. */
function aborted(): SluiceError {
  return new SluiceError('storage-failed', 'a fault has aborted the transaction');
}

const EVERY_TABLE = Object.keys(KEY_PATHS) as Table[];

/** What it is for shows in what it opens. */
function labelOf({ name, tables, mode, durability }: Plan): string {
  if (name !== undefined) return name;
  if (mode === 'readonly') return `read:${tables.join('+')}`;
  if (tables.includes('sends')) return 'turn';
  if (tables.includes('meta') && tables.includes('jobs')) return 'sign-in';
  return `write:${durability}:${tables.join('+')}`;
}
