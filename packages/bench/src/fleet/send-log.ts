import {
  boundingSend,
  charge,
  FRESH_PACE,
  isFromAnotherClock,
  nextSendAt,
  type Pace,
  treatAsFull,
} from '../../../sluice/dist/core/pace.js';
import type { Rate } from '../../../sluice/dist/core/policy.js';

/** The configured window, kept by core/pace.ts with its log of sends, as a driver with a clock of its own keeps it. */
export class SendLog {
  pace: Pace = FRESH_PACE;
  readonly #log: number[] = [];
  readonly #rate: Required<Rate>;

  constructor(rate: Required<Rate>) {
    this.#rate = rate;
  }

  nextAt(now: number): number {
    const bound = boundingSend(this.pace, this.#rate);
    const boundAt = bound === undefined ? undefined : this.#log[bound];
    return nextSendAt(this.pace, this.#rate, { boundAt, now });
  }

  charge(at: number): void {
    this.#log[this.pace.n] = at;
    this.pace = charge(this.pace, this.#rate, { at });
  }

  /** A new engine takes over what is stored. */
  restart(now: number): void {
    if (isFromAnotherClock(this.pace, now)) this.pace = treatAsFull(this.pace, this.#rate, now);
  }
}
