import { policiesOf } from '../core/config.js';
import { seatPath } from '../core/receipt.js';
import { commandQueues, type QueueCommand } from '../store/control.js';
import { readQueues } from '../store/queues.js';
import { writePolicies } from '../store/policies.js';
import { holdSeat } from '../drain/leadership.js';
import type { Runtime } from '../drain/runtime.js';

/** A service worker that has to start takes its time. */
const SEAT_MS = 2000;

/** The engine's seat in a Web Worker: waits for the lock, drains while it has it, and begins again. */
export class Drainer {
  readonly #runtime: Runtime;
  #awake = new AbortController();
  #seat: Promise<void> = Promise.resolve();
  #hasBegun = false;
  #isLeft = false;
  #isControlled = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Once the page has said hello: what an engine of its earlier life held has been let go of by then. */
  begin(isControlled: boolean): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { database, definition } = this.#runtime;
    // Only where there is none: policy belongs to the service worker. Storage that fails is told by the engine.
    void writePolicies(database, policiesOf(definition), { overwrite: false }).catch(() => undefined);
    addEventListener('online', () => void this.#tell({ kind: 'online', chance: this.#runtime.chance }));
    addEventListener('offline', () => void this.#tell({ kind: 'offline' }));
    this.resume(isControlled);
  }

  /** @param isControlled the service worker makes its sends */
  resume(isControlled: boolean): void {
    this.#isControlled = isControlled;
    if (this.#awake.signal.aborted) this.#awake = new AbortController();
    this.#seat = this.#takeSeats(this.#awake.signal);
  }

  /**
   * Lets go of the lock and of the database: a page that keeps either cannot enter the back/forward cache.
   *
   * @param isLeft the service worker carries what is under way
   */
  async suspend(isLeft = false): Promise<void> {
    this.#isLeft = isLeft;
    this.#awake.abort();
    await this.#seat;
    this.#runtime.database.close();
  }

  async #takeSeats(signal: AbortSignal): Promise<void> {
    const options = { ...this.#runtime, lockName: this.#runtime.definition.name, signal };
    while (!signal.aborted) {
      let hasLed = false;
      const isAlone = options.locks !== undefined;
      await holdSeat(options, (lost) => {
        hasLed = true;
        return this.#lead(AbortSignal.any([lost, signal]), isAlone);
      });
      // A browser that blocks site data refuses the lock, each time at once: then leases alone keep engines apart.
      if (!hasLed) options.locks = undefined;
    }
  }

  async #lead(over: AbortSignal, isAlone: boolean): Promise<void> {
    const begin = (): Promise<unknown> => this.#askForSeat();
    const engine = this.#runtime.startEngine({ isAlone, begin });
    this.#runtime.notify.tell([{ type: 'leading', host: 'worker' }]);
    if (!over.aborted) await new Promise((resolve) => over.addEventListener('abort', resolve));
    await (this.#isLeft ? engine.leave() : engine.stop());
  }

  /** What engines before have under way in the service worker goes on there: it is not to be sent again. */
  async #askForSeat(): Promise<void> {
    const { database, definition, base, clock, fetch } = this.#runtime;
    const rows = await readQueues(database);
    if (!this.#isControlled || !rows.some(({ counts }) => counts.leased > 0)) return;
    const tooLong = new AbortController();
    const callOff = clock.at(clock.now() + SEAT_MS, () => tooLong.abort());
    const asked = new Request(new URL(seatPath(definition.name), base));
    await fetch(asked, { signal: tooLong.signal }).finally(callOff);
  }

  async #tell(command: QueueCommand): Promise<void> {
    const { database, notify, clock } = this.#runtime;
    notify.tell(await commandQueues(database, undefined, command, clock.now()).catch(() => []));
  }
}
