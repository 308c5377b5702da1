import type { KeyState } from '../core/key-row.js';
import type { Engine, FoundEntry } from '../store/engine.js';
import type { Platform } from './platform.js';
import { problem, retryAfter } from './problems.js';
import { answerAgain } from './read-answer.js';

const MOST_WAIT_MS = 30_000;
/** A job that another node ends is found by looking. All that wait share one look. */
const LOOK_MS = 500;

/** Answers what callers ask after a ticket (Azure's Asynchronous Request-Reply pattern). */
export class StatusDesk {
  readonly #engine: Engine;
  readonly #platform: Platform;
  /** Callers that wait for the end of a job. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #cancelLook: (() => void) | undefined;

  constructor(engine: Engine, platform: Platform) {
    this.#engine = engine;
    this.#platform = platform;
  }

  /** A ticket of another caller is answered as one that does not exist. */
  async answer(
    ticket: string,
    identity: string,
    request: Request,
    signal: () => AbortSignal,
  ): Promise<Response> {
    const first = await this.#look(ticket, identity);
    if (!first) return problem('ticket-unknown');
    const waitMs = isOpen(first.row.state) ? waitOf(request.headers.get('prefer')) : 0;
    if (waitMs === 0) return this.#responseTo(first);
    await this.#waitFor(ticket, waitMs, signal());
    const entry = await this.#look(ticket, identity);
    return entry ? this.#responseTo(entry) : problem('ticket-unknown');
  }

  /** A job has ended on this node. */
  ended(ticket: string): void {
    for (const resolve of this.#waiting.get(ticket) ?? []) resolve();
  }

  close(): void {
    this.#cancelLook?.();
    for (const ticket of this.#waiting.keys()) this.ended(ticket);
  }

  async #look(ticket: string, identity: string): Promise<FoundEntry | undefined> {
    const [entry] = await this.#engine.look([ticket]);
    return entry?.identity === identity ? entry : undefined;
  }

  #responseTo({ row }: FoundEntry): Response {
    const fields = { 'sluice-state': row.state, 'cache-control': 'no-store' };
    if (isOpen(row.state)) {
      const waitMs = Math.max(row.job?.at ?? 0, row.job?.notBefore ?? 0) - this.#engine.now();
      return new Response(null, { status: 202, headers: { ...fields, ...retryAfter(waitMs) } });
    }
    if (row.state === 'unknown') return problem('outcome-unknown', { headers: fields });
    if (!row.answer) return problem('dead-letter', { headers: fields });
    if (!row.answer.body) return problem('answer-not-kept', { headers: fields });
    return answerAgain(row.answer, fields);
  }

  #waitFor(ticket: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(ticket) ?? new Set();
      this.#waiting.set(ticket, waiters);
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        waiters.delete(end);
        if (waiters.size === 0) this.#waiting.delete(ticket);
        resolve();
      };
      const cancel = this.#platform.after(ms, end);
      signal.addEventListener('abort', end);
      waiters.add(end);
      this.#lookLater();
    });
  }

  #lookLater(): void {
    if (this.#waiting.size === 0) return;
    this.#cancelLook ??= this.#platform.after(LOOK_MS, () => void this.#lookForAll());
  }

  async #lookForAll(): Promise<void> {
    const tickets = [...this.#waiting.keys()];
    // A store that is gone is asked again, until the callers' time is over.
    const found = await this.#engine.look(tickets).catch(() => []);
    for (const entry of found) {
      if (entry?.row.job && !isOpen(entry.row.state)) this.ended(entry.row.job.ticket);
    }
    this.#cancelLook = undefined;
    this.#lookLater();
  }
}

function isOpen(state: KeyState): boolean {
  return state === 'waiting' || state === 'running';
}

/** RFC 7240, 4.3: `wait=20`, in seconds. */
function waitOf(prefer: string | null): number {
  const seconds = Number(/(?:^|[,;\s])wait="?(\d{1,6})"?/i.exec(prefer ?? '')?.[1] ?? 0);
  return Math.min(seconds * 1000, MOST_WAIT_MS);
}
