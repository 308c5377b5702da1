interface Event {
  at: number;
  order: number;
  run: () => void;
}

/** True time, and what happens at which instant. One thread: an event ends, with all that it set off, before the next. */
export class Timeline {
  #now = 1_700_000_000_000;
  #order = 0;
  #events: Event[] = [];

  get now(): number {
    return this.#now;
  }

  /** Answers a function that calls it off. */
  at(at: number, run: () => void): () => void {
    const event = { at: Math.max(at, this.#now), order: this.#order++, run };
    this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  }

  after(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + ms, resolve));
  }

  /** Runs what falls due until `until`, or until `isOver` says so. */
  async run(until: number, isOver: () => boolean = () => false): Promise<void> {
    await rest();
    while (!isOver()) {
      const next = this.#takeNext(until);
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await rest();
    }
    if (!isOver()) this.#now = until;
  }

  #takeNext(until: number): Event | undefined {
    let first: Event | undefined;
    for (const event of this.#events) {
      if (!first || event.at < first.at || (event.at === first.at && event.order < first.order))
        first = event;
    }
    if (!first || first.at > until) return undefined;
    this.#events = this.#events.filter((event) => event !== first);
    return first;
  }
}

/** Everything here awaits microtasks alone; a body that is read takes a few turns of the event loop. */
async function rest(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
