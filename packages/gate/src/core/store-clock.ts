/** After so long the best reading is forgotten, for clocks that drift. */
const REMEMBER_MS = 10_000;
/** A store's clock that stands further back has been set, or is another machine's. */
const SET_BACK_MS = 1000;

/**
 * What the store's clock shows, from readings that arrive over a network. The reading that took the shortest way back is the best one
 * (Cristian, 1989), so that the estimate is never ahead of the store by more than its clock drifts in ten seconds.
 */
export class StoreClock {
  #offsets: { best: number; since: number }[] = [];

  /** @param readAt what the store said @param localNow when that arrived, by a clock that never runs back */
  observe(readAt: number, localNow: number): void {
    const offset = readAt - localNow;
    const recent = this.#offsets.filter(({ best, since }) => {
      return localNow - since < 2 * REMEMBER_MS && offset > best - SET_BACK_MS;
    });
    const latest = recent.at(-1);
    if (latest && localNow - latest.since < REMEMBER_MS) latest.best = Math.max(latest.best, offset);
    else recent.push({ best: offset, since: localNow });
    this.#offsets = recent;
  }

  /** @throws RangeError before the first reading */
  at(localNow: number): number {
    if (this.#offsets.length === 0) throw new RangeError('the clock of the store was not read yet');
    return localNow + Math.max(...this.#offsets.map(({ best }) => best));
  }

  /** The local instant at which the store's clock shows `at`. */
  localOf(at: number, localNow: number): number {
    return localNow + at - this.at(localNow);
  }
}
