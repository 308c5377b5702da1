import { isFinal } from '../core/answer.js';
import type { End } from '../core/key-row.js';
import { type Claim, claim, type Claimed } from '../core/line.js';
import type { StoredRequest } from '../core/line-job.js';
import { retryAt } from '../core/line-retry.js';
import type { LinePolicy } from '../core/queue-row.js';
import type { HeldKey } from '../store/engine.js';
import { Lead } from './lead.js';
import type { QueueParts, Service } from './queue-gate.js';
import { readAnswer } from './read-answer.js';
import { waitUntil } from './wait-until.js';

/** A node looks so often for jobs that others have left. */
const IDLE_MS = 1000;
/** After a transaction that failed. */
const BROKEN_MS = 500;
const NONE_TAKEN: Claimed = { claims: [], nextAt: undefined };

export interface LineParts extends QueueParts {
  readonly line: LinePolicy;
  /** Sends a job to the service. */
  deliver(request: StoredRequest, held: HeldKey): ReturnType<Service>;
  onEnd(ticket: string, end: End): void;
}

/** Drains the line of one queue, as one of the nodes. */
export class LineRunner {
  readonly #parts: LineParts;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #lead = new Lead();
  #wake: (() => void) | undefined;
  #isWoken = false;
  #isClosed = false;
  readonly #loop: Promise<void>;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#loop = this.#run();
  }

  /** There may be something to do. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Claims no more, and waits for what is in flight. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.wake();
    await this.#loop;
    await Promise.all(this.#inFlight);
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#isWoken = false;
      const waitMs = await this.#turn().catch(() => BROKEN_MS);
      if (!this.#isWoken && !this.#isClosed) await this.#sleep(waitMs);
    }
  }

  /** Claims what may leave now. Returns how long there is nothing more to do. */
  async #turn(): Promise<number> {
    const { engine, line } = this.#parts;
    const free = line.concurrency - this.#inFlight.size;
    if (free <= 0) return IDLE_MS;
    const { claims, nextAt } = await this.#claim(free);
    if (claims.length > 0) await this.#start(claims);
    return nextAt === undefined ? IDLE_MS : Math.max(0, nextAt - engine.now());
  }

  /** @throws GateError what was taken is given back */
  async #claim(free: number): Promise<Claimed> {
    const { committer, settler, platform, spec } = this.#parts;
    const leases = Array.from({ length: free }, () => platform.newId());
    let taken: Claimed = NONE_TAKEN;
    try {
      await committer.run({ claims: free }, (book) => {
        taken = claim(book, spec.policy, { leases, leadMs: this.#lead.ms });
      });
      return taken;
    } catch (error) {
      // It may have been committed. None of it was sent, and at the end of its lease it would count as unknown.
      await Promise.all(taken.claims.map((one) => settler.end({ ...this.#about(one), kind: 'released' })));
      throw error;
    }
  }

  async #start(claims: readonly Claim[]): Promise<void> {
    const { engine, spec } = this.#parts;
    // What cannot be read is given back, so that it does not wait for the end of its lease.
    const requests = await engine.requestsOf(spec.name, claims).catch((): StoredRequest[] => []);
    for (const { readAt } of claims) this.#lead.observe(engine.now() - readAt);
    claims.forEach((claimed, n) => {
      const working = this.#attempt(claimed, requests[n]).finally(() => {
        this.#inFlight.delete(working);
        this.wake();
      });
      this.#inFlight.add(working);
    });
  }

  async #attempt(claimed: Claim, request: StoredRequest | undefined): Promise<void> {
    const { settler, platform, engine, spec, onEnd } = this.#parts;
    const { identity, key, lease, ticket, at, marginMs } = claimed;
    const clock = (): number => engine.now();
    const waited = await waitUntil(at, marginMs, { platform, clock });
    const about = this.#about(claimed);
    const held = { queue: spec.name, identity, key, lease };
    const stopRenewing = settler.keep(held, spec.policy.leaseMs);
    const end: End =
      waited === 'now' && request
        ? { ...about, ...(await this.#outcome(claimed, request, held)) }
        : { ...about, kind: 'released' };
    await settler.end(end);
    stopRenewing();
    onEnd(ticket, end);
  }

  #about({ identity, key, lease }: Claim): Pick<End, 'identity' | 'key' | 'lease' | 'keepMs'> {
    return { identity, key, lease, keepMs: this.#parts.spec.policy.keepKeysMs };
  }

  async #outcome(claimed: Claim, request: StoredRequest, held: HeldKey): Promise<Outcome> {
    const { deliver, engine, platform, spec, line } = this.#parts;
    const isLast = claimed.attempts + 1 >= line.maxAttempts;
    const retry = (retryAfter: string | null): number =>
      retryAt(claimed.attempts, { now: engine.now(), random: platform.random(), retryAfter });
    try {
      const { stored, response } = await readAnswer(await deliver(request, held), spec.answerBytes);
      await response.body?.cancel();
      if (isFinal(stored.status)) return { kind: 'answered', answer: stored };
      if (isLast) return { kind: 'dead', answer: stored };
      return { kind: 'retry', notBefore: retry(response.headers.get('retry-after')) };
    } catch {
      if (isLast) return { kind: 'dead', answer: undefined };
      return { kind: 'retry', notBefore: retry(null) };
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
      const cancel = this.#parts.platform.after(ms, end);
      this.#wake = end;
    });
  }
}

type OutcomeOf<T> = T extends unknown ? Omit<T, 'identity' | 'key' | 'lease' | 'keepMs'> : never;
type Outcome = OutcomeOf<End>;
