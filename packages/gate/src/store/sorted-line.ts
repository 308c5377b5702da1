import type { KeyEntry } from '../core/book.js';
import { textOfId } from '../core/key-row.js';

/** Waiting jobs in the order of their instants. Most are added at the end and taken from the start. */
export class SortedLine {
  readonly #entries: KeyEntry[] = [];

  add(entry: KeyEntry): void {
    this.#entries.splice(this.#placeOf(entry), 0, entry);
  }

  remove(entry: KeyEntry): void {
    const place = this.#placeOf(entry);
    if (this.#entries[place] && textOfId(this.#entries[place]) === textOfId(entry))
      this.#entries.splice(place, 1);
  }

  /** The first ones that may leave now. */
  due(now: number, max: number): KeyEntry[] {
    const due: KeyEntry[] = [];
    for (const entry of this.#entries) {
      if (due.length >= max) break;
      if ((entry.row.job?.notBefore ?? 0) <= now) due.push(entry);
    }
    return due;
  }

  /** The first place whose entry does not come before this one. */
  #placeOf(entry: KeyEntry): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#entries[middle];
      if (other && comesBefore(other, entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function comesBefore(a: KeyEntry, b: KeyEntry): boolean {
  const difference = (a.row.job?.at ?? 0) - (b.row.job?.at ?? 0);
  return difference === 0 ? textOfId(a) < textOfId(b) : difference < 0;
}
