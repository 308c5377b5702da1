/** Numbers that one caller may have at a time, of one node. */
const MAX_NUMBERS = 100;
/** Callers that are remembered: a bound to the memory of the node. */
const MAX_CALLERS = 10_000;

/** Counts the numbers of each caller, so that one who keeps asking does not push all others back. */
export class NumberCap {
  /** Instants of the numbers that are out. */
  readonly #byCaller = new Map<string, number[]>();

  /** Callers that are not told apart have the empty identity, and no cap. */
  mayTake(identity: string, now: number): boolean {
    if (identity === '') return true;
    const open = (this.#byCaller.get(identity) ?? []).filter((at) => at > now);
    if (open.length > 0) this.#byCaller.set(identity, open);
    else this.#byCaller.delete(identity);
    return open.length < MAX_NUMBERS;
  }

  took(identity: string, at: number): void {
    if (identity === '') return;
    const known = this.#byCaller.get(identity) ?? [];
    if (!known.includes(at)) known.push(at);
    // Callers stand in the order in which they last took one.
    this.#byCaller.delete(identity);
    this.#byCaller.set(identity, known);
    if (this.#byCaller.size <= MAX_CALLERS) return;
    const [longestAgo] = this.#byCaller.keys();
    if (longestAgo !== undefined) this.#byCaller.delete(longestAgo);
  }
}
