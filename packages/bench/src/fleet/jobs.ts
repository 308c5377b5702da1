const NONE = -1;

/**
 * The jobs of all clients, by number, in typed arrays. A client has two lines, first in, first out: `fresh`, where a
 * rejected job goes back to the front, and `retries`, jobs that have failed and are due again.
 */
export class Jobs {
  count = 0;
  client: Int32Array;
  createdAt: Float64Array;
  sentAt: Float64Array;
  tries: Uint16Array;
  failures: Uint16Array;
  isPoison: Uint8Array;
  readonly fresh: Lines;
  readonly retries: Lines;

  constructor(capacity: number, clients: number) {
    this.client = new Int32Array(capacity);
    this.createdAt = new Float64Array(capacity);
    this.sentAt = new Float64Array(capacity);
    this.tries = new Uint16Array(capacity);
    this.failures = new Uint16Array(capacity);
    this.isPoison = new Uint8Array(capacity);
    const next = new Int32Array(capacity);
    this.fresh = new Lines(clients, next);
    this.retries = new Lines(clients, next);
  }

  add(client: number, now: number, isPoison: boolean): number {
    const job = this.count++;
    this.client[job] = client;
    this.createdAt[job] = now;
    this.isPoison[job] = isPoison ? 1 : 0;
    this.fresh.append(client, job);
    return job;
  }

  queued(client: number): number {
    return this.fresh.length(client) + this.retries.length(client);
  }
}

/** One linked list of jobs per client; a job is in one list at most, so the links are shared. */
export class Lines {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #lengths: Int32Array;
  readonly #next: Int32Array;

  constructor(clients: number, next: Int32Array) {
    this.#first = new Int32Array(clients).fill(NONE);
    this.#last = new Int32Array(clients).fill(NONE);
    this.#lengths = new Int32Array(clients);
    this.#next = next;
  }

  length(client: number): number {
    return this.#lengths[client] as number;
  }

  append(client: number, job: number): void {
    this.#next[job] = NONE;
    const last = this.#last[client] as number;
    if (last === NONE) this.#first[client] = job;
    else this.#next[last] = job;
    this.#last[client] = job;
    this.#lengths[client] = this.length(client) + 1;
  }

  putBack(client: number, job: number): void {
    if (this.length(client) === 0) return this.append(client, job);
    this.#next[job] = this.#first[client] as number;
    this.#first[client] = job;
    this.#lengths[client] = this.length(client) + 1;
  }

  take(client: number): number {
    const job = this.#first[client] as number;
    const next = this.#next[job] as number;
    this.#first[client] = next;
    if (next === NONE) this.#last[client] = NONE;
    this.#lengths[client] = this.length(client) - 1;
    return job;
  }
}
