const FIRST_CAPACITY = 1024;

/**
 * What happens next in simulated time: a binary heap over typed arrays, so that millions of events cost no garbage.
 * Events of the same instant come out in the order in which they went in: a run repeats exactly.
 */
export class EventHeap {
  /** The event that `pop` took last. */
  at = 0;
  kind = 0;
  ref = 0;

  #size = 0;
  #count = 0;
  #ats = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #refs = new Int32Array(FIRST_CAPACITY);

  get size(): number {
    return this.#size;
  }

  push(at: number, kind: number, ref: number): void {
    if (this.#size === this.#ats.length) this.#grow();
    const order = this.#count++;
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isBefore(at, order, parent)) break;
      this.#copy(parent, hole);
      hole = parent;
    }
    this.#put(hole, at, order, kind, ref);
  }

  /** Takes the earliest event into `at`, `kind` and `ref`; false if there is none. */
  pop(): boolean {
    if (this.#size === 0) return false;
    this.at = this.#ats[0] as number;
    this.kind = this.#kinds[0] as number;
    this.ref = this.#refs[0] as number;
    this.#size -= 1;
    if (this.#size > 0) this.#sink(this.#size);
    return true;
  }

  /** Moves the last event, from `last`, down from the top to its place. */
  #sink(last: number): void {
    const at = this.#ats[last] as number;
    const order = this.#orders[last] as number;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (
        right < this.#size &&
        this.#isBefore(this.#ats[right] as number, this.#orders[right] as number, child)
      )
        child = right;
      if (this.#isBefore(at, order, child)) break;
      this.#copy(child, hole);
      hole = child;
    }
    this.#put(hole, at, order, this.#kinds[last] as number, this.#refs[last] as number);
  }

  #isBefore(at: number, order: number, slot: number): boolean {
    const other = this.#ats[slot] as number;
    return at < other || (at === other && order < (this.#orders[slot] as number));
  }

  #copy(from: number, to: number): void {
    this.#put(
      to,
      this.#ats[from] as number,
      this.#orders[from] as number,
      this.#kinds[from] as number,
      this.#refs[from] as number,
    );
  }

  #put(slot: number, at: number, order: number, kind: number, ref: number): void {
    this.#ats[slot] = at;
    this.#orders[slot] = order;
    this.#kinds[slot] = kind;
    this.#refs[slot] = ref;
  }

  #grow(): void {
    const capacity = 2 * this.#ats.length;
    const ats = new Float64Array(capacity);
    const orders = new Float64Array(capacity);
    const kinds = new Uint8Array(capacity);
    const refs = new Int32Array(capacity);
    ats.set(this.#ats);
    orders.set(this.#orders);
    kinds.set(this.#kinds);
    refs.set(this.#refs);
    [this.#ats, this.#orders, this.#kinds, this.#refs] = [ats, orders, kinds, refs];
  }
}
