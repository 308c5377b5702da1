const MOST_MS = 1000;
/** Of what was seen before, each observation leaves so much: some fifty later a peak is forgotten. */
const KEEPS = 0.95;

/**
 * How long a decision takes to come back from the store. An instant that is nearer would have passed by then. A decaying maximum: one that
 * is too small costs an instant, one that is too large a few ms of wait.
 */
export class Lead {
  #ms = 0;

  get ms(): number {
    return this.#ms;
  }

  observe(ms: number): void {
    this.#ms = Math.min(MOST_MS, Math.max(ms, this.#ms * KEEPS));
  }
}
