import type { Headers } from '../controller.js';
import { NO_HEADERS, type Reply, type Service } from './service.js';

/** Capacity from an instant on, as a share of the full one; 0: nothing answers. */
export interface CapacityStep {
  at: number;
  share: number;
}

export interface FluidShape {
  /** Requests a second at full capacity. */
  capacity: number;
  /** The longest queue, as time at the capacity of the moment; beyond it the answer is a fast 429. */
  queueMs: number;
  /** What a rejection costs, as a share of a served request. */
  rejectionCost: number;
  steps?: readonly CapacityStep[];
  /** Headers of a rejection at `now`. */
  hint?: (now: number) => Headers;
}

/** A service as a fluid queue: first in, first out, bounded, `capacity` requests a second; rejections cost work too. */
export class FluidService implements Service {
  /** Requests' worth of work that waits. */
  #work = 0;
  #now = 0;

  readonly #shape: FluidShape;

  constructor(shape: FluidShape) {
    this.#shape = shape;
  }

  arrive(now: number): Reply {
    this.#advance(now);
    const share = this.#shareAt(now);
    if (share === 0) return { status: 0, at: now, headers: NO_HEADERS };
    const mostWork = (this.#shape.capacity * share * this.#shape.queueMs) / 1000;
    if (this.#work <= mostWork) return this.#serve(now);
    this.#work += this.#shape.rejectionCost;
    return { status: 429, at: now, headers: this.#shape.hint?.(now) ?? NO_HEADERS };
  }

  #serve(now: number): Reply {
    this.#work += 1;
    return { status: 200, at: this.#whenDone(now, this.#work), headers: NO_HEADERS };
  }

  #advance(now: number): void {
    let from = this.#now;
    while (from < now && this.#work > 0) {
      const to = Math.min(now, this.#nextStepAt(from));
      this.#work = Math.max(
        0,
        this.#work - (this.#shape.capacity * this.#shareAt(from) * (to - from)) / 1000,
      );
      from = to;
    }
    this.#now = now;
  }

  #whenDone(now: number, work: number): number {
    let from = now;
    let left = work;
    for (;;) {
      const perMs = (this.#shape.capacity * this.#shareAt(from)) / 1000;
      const to = this.#nextStepAt(from);
      if (left <= perMs * (to - from)) return from + left / perMs;
      left -= perMs * (to - from);
      from = to;
    }
  }

  #shareAt(now: number): number {
    let share = 1;
    for (const step of this.#shape.steps ?? []) if (step.at <= now) share = step.share;
    return share;
  }

  #nextStepAt(now: number): number {
    return this.#shape.steps?.find((step) => step.at > now)?.at ?? Infinity;
  }
}
