import type { Settlement } from '../core/attempt.js';
import { sentenceOf } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { Owner } from '../core/identity.js';
import type { QueuePolicy } from '../core/policy.js';
import type { QueueRow } from '../core/queue-row.js';
import type { Clock, Dispatch, Store, TurnReport, TurnRequest } from '../core/ports.js';
import { verdictOn } from '../core/verdict.js';
import type { Gate } from './gate.js';
import { createInFlight, type InFlight } from './in-flight.js';
import { createLead } from './lead.js';
import { createWaiter } from './waiter.js';

/** What a lane needs of the world. */
export interface LaneOptions {
  queue: string;
  engine: string;
  /** A lock proves that no other engine runs. */
  isAlone: boolean;
  store: Store;
  /** All lanes of an engine have one. */
  gate: Gate;
  dispatch: Dispatch;
  clock: Clock;
  /** In [0, 1). */
  chance: () => number;
  tell: (events: readonly SluiceEvent[]) => void;
  /** Told after each turn. */
  onWork: (work: LaneWork) => void;
  /** Told before a turn that finds another epoch of the clock. */
  onJump: (epoch: number) => void;
}

/** What is left to do. `nextAt` undefined: nothing, until something happens. */
export interface LaneWork {
  depth: number;
  /** As the last turn has left it; undefined where there is none. */
  row: QueueRow | undefined;
  inFlight: number;
  nextAt: number | undefined;
}

/** Longer each time: what a full disk refuses still lengthens the log of Chromium's database (docs/discoveries). */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** A turn sees another instant than the one before it: of a wait of zero that changes nothing there would be no end. */
const LEAST_WAIT_MS = 1;

/**
 * The loop of one queue.
 *
 *   turn: settle what ended, claim what is due (one transaction) -> begin the sends claimed
 *     ^                                                                     |
 *     '------ wait for an instant, the end of a send, or a nudge <----------'
 *
 * It never throws: what storage refuses is told, kept and tried again.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #inFlight: InFlight;
  readonly #lead = createLead();
  readonly #waiter;
  readonly #turnStarts = new Map<string, number>();
  #mode: 'draining' | 'winding-down' | 'stopping' = 'draining';
  #ended: Settlement[] = [];
  #isHeld = false;
  #isSaturated = false;
  /** Whose jobs may be sent, as of the last turn. */
  #owner: Owner | undefined;
  /** Quiet was asked for after the turn that is under way had begun. */
  #asksForQuiet = false;
  #recover = true;
  /** The report of the last turn was lost: it may have committed. */
  #isUnsure = false;
  #turn = 0;
  #retryMs = FIRST_RETRY_MS;
  #durability: TurnReport['durability'] = 'relaxed';
  #epoch: number;
  readonly #loop: Promise<void>;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#waiter = createWaiter(options.clock);
    this.#epoch = options.clock.epoch();
    this.#inFlight = createInFlight({
      ...options,
      isHeld: ({ job }) => this.#isHeld || this.#mode === 'stopping' || job.owner !== this.#owner,
      onEnd: (settlement, claim) => this.#onEnd(settlement, claim.policy),
      onPrepared: ({ leaseId }) => this.#onPrepared(leaseId),
    });
    this.#loop = this.#run();
  }

  /** Look now. Remembered while a turn is under way. */
  nudge(): void {
    this.#waiter.wake();
  }

  /** A job was accepted. While it would change nothing, no turn is spent on it: each would hold up the next accept. */
  arrived(): void {
    if (!this.#isSaturated) this.nudge();
  }

  /** Somebody else is signed in: no send begins before the next turn has said whose may. */
  changeOwner(): void {
    this.#isHeld = this.#asksForQuiet = true;
    void this.#inFlight.check();
    this.nudge();
  }

  /** A cancellation was asked for, it is said: looks at the row, and stops the send if it is true. */
  checkCancelled(ticket: string): Promise<void> {
    return this.#inFlight.check(ticket);
  }

  /** Claims nothing more, but lets what is in flight end. */
  windDown(): void {
    if (this.#mode === 'draining') this.#mode = 'winding-down';
    this.nudge();
  }

  /** Stops what is in flight and settles it. Resolves when nothing of this lane runs any more. */
  stop(): Promise<void> {
    return this.#stop(() => this.#inFlight.abortAll());
  }

  /** The same, but what has begun goes on: somebody else waits for the answers. */
  leave(): Promise<void> {
    return this.#stop(() => this.#inFlight.leave());
  }

  #stop(end: () => void): Promise<void> {
    this.#mode = 'stopping';
    end();
    this.nudge();
    return this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#isOver()) {
      // It may be over by the time that it is let in.
      const nextAt = await this.#options.gate.pass(async () =>
        this.#isOver() ? undefined : this.#turnOnce(),
      );
      if (!this.#isOver()) await this.#waiter.until(nextAt);
    }
  }

  #isOver(): boolean {
    return this.#mode === 'stopping' && this.#inFlight.size === 0 && this.#ended.length === 0;
  }

  /** One turn; answers when the next is due without anybody's asking. */
  async #turnOnce(): Promise<number | undefined> {
    const { store, clock, chance, tell, onWork, onJump } = this.#options;
    const instant = { now: clock.now(), chance };
    const epoch = clock.epoch();
    if (epoch !== this.#epoch) onJump(epoch);
    const request = this.#nextRequest(epoch);
    try {
      const report = await store.turn(request, instant);
      this.#recover = this.#isUnsure = false;
      this.#retryMs = FIRST_RETRY_MS;
      this.#epoch = epoch;
      if (report) this.#take(report, instant.now);
      tell(report?.events ?? []);
      // What a clock has written that was set meanwhile is put right by the next turn.
      const nextAt = clock.epoch() === epoch ? notBefore(instant.now + LEAST_WAIT_MS, report) : clock.now();
      onWork({ depth: report?.depth ?? 0, row: report?.row, inFlight: this.#inFlight.size, nextAt });
      return nextAt;
    } catch (error) {
      this.#isUnsure = true;
      // Kept for the next turn; one that stops leaves them to the end of their leases.
      if (this.#mode !== 'stopping') this.#ended = [...request.settlements, ...this.#ended];
      tell([{ type: 'storage-failed', detail: sentenceOf(error) }]);
      const retryAt = clock.now() + this.#retryMs;
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
      return retryAt;
    }
  }

  #nextRequest(epoch: number): TurnRequest {
    const { queue, engine, isAlone } = this.#options;
    const settlements = this.#ended;
    this.#ended = [];
    const known = [...this.#inFlight.leases, ...settlements.map(({ leaseId }) => leaseId)];
    this.#asksForQuiet = false;
    // What arrives while a turn is under way may not be seen by it.
    this.#isSaturated = false;
    this.#turn += 1;
    return {
      queue,
      engine,
      settlements,
      held: known.length,
      ...(this.#isUnsure ? { known } : {}),
      clockJumped: epoch !== this.#epoch,
      maxClaims: this.#mode === 'draining' ? Number.POSITIVE_INFINITY : 0,
      leadMs: this.#lead.next(),
      recover: this.#recover,
      isAlone,
      turn: this.#turn,
      durability: this.#durability,
    };
  }

  #take({ claims, closed, saturated, durability, owner }: TurnReport, startedAt: number): void {
    this.#isSaturated = saturated;
    this.#durability = durability;
    this.#owner = owner;
    this.#isHeld = closed || this.#asksForQuiet;
    const firstAt = claims[0]?.sendAt ?? startedAt;
    for (const claim of claims) {
      // One that leaves later had so much more time: it says nothing of the lead that the first one needs.
      this.#turnStarts.set(claim.leaseId, startedAt + claim.sendAt - firstAt);
      this.#inFlight.begin(claim);
    }
    // The turn was under way as the engine let go.
    if (this.#mode === 'stopping') this.#inFlight.abortAll();
  }

  #onPrepared(leaseId: string): void {
    const startedAt = this.#turnStarts.get(leaseId);
    if (startedAt !== undefined) this.#lead.took(this.#options.clock.now() - startedAt);
  }

  /** The queue is held at once, not at the next turn: no send begins after the service asked for quiet. */
  #onEnd(settlement: Settlement, policy: QueuePolicy): void {
    this.#turnStarts.delete(settlement.leaseId);
    this.#ended.push(settlement);
    const { kind } = verdictOn(settlement.batch?.whole ?? settlement.end, policy);
    if (kind === 'freeze' || kind === 'sign-in') this.#isHeld = this.#asksForQuiet = true;
    this.nudge();
  }
}

function notBefore(at: number, report: TurnReport | undefined): number | undefined {
  return report?.nextAt === undefined ? undefined : Math.max(report.nextAt, at);
}
