import type { Ticket } from '../core/job.js';
import type { Settlement } from '../core/attempt.js';
import type { SluiceEvent } from '../core/events.js';
import type { AttemptControl, Claim } from '../core/ports.js';
import { createInFlight } from '../drain/in-flight.js';
import type { Runtime } from '../drain/runtime.js';
import { isUnderWay, type Leaving, releaseLeases } from '../store/lease-commands.js';
import type { Carriable } from '../transport/replay.js';
import { sleepUntil } from '../transport/sleep-until.js';

/** What is carried of a fetch event. */
export interface CarriedEvent {
  request: Request;
  respondWith(answer: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

interface Send {
  request: Request;
  /** A copy; undefined: it went to the worker alone. */
  answer: Promise<Response | undefined>;
  stop: AbortController;
  timedOut: AbortSignal;
  /** Its page was left: nobody but us waits for the answer. */
  isLeft: boolean;
}

/** A browser ends an event that lasts longer: Firefox after some 60 s. */
const LONGEST_MS = 45_000;

/** The policy of our own script may forbid what that of the worker allows: after a failure workers send by themselves for so long. */
const PASSING_MS = 60_000;

/** A fetch that a worker began right before its page was left may take so long to come here. */
const ON_ITS_WAY_MS = 100;

/** How often the job of a send that takes long is looked at. */
const LOOK_MS = 3000;

/** So long an answer is kept beside its page: the worker has stored by then how it ended. */
const KEPT_MS = 5000;

/** Of a larger answer there is no copy while its page is there. */
const KEPT_BYTES = 65_536;

/**
 * Makes the sends of the workers of pages. A worker ends with its page, and the browser drops what it has under way, which the
 * service may have done: it would be sent again. What is sent from here goes on, and its answer settles the job.
 */
export class Carrier {
  readonly #runtime: Runtime;
  readonly #sends = new Map<Ticket, Send>();
  #engines = 0;
  #passesUntil = Number.NEGATIVE_INFINITY;
  /** Jobs whose answers are waited for here. */
  readonly #finishing = new Set<Ticket>();
  /** Told of what may have been recalled. */
  readonly #checks = new Set<() => unknown>();
  /** Engines whose pages were left, when, and what ends the wait for what they have just sent. */
  readonly #left = new Map<string, { leftAt: number; hurry: AbortController }>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    runtime.notify.listen((events) => {
      for (const event of events) if (SETTLED.has(event.type) && 'ticket' in event) this.#drop(event.ticket);
      if (events.some(({ type }) => type === 'identified' || type === 'aborting')) this.#check();
    });
  }

  /** What takes longer than an event may last is left to the browser. */
  carry(event: CarriedEvent, { ticket, timeoutMs }: Carriable): void {
    const { clock, fetch } = this.#runtime;
    if (timeoutMs > LONGEST_MS || clock.now() < this.#passesUntil) return;
    const { request } = event;
    const [stop, timeout] = [new AbortController(), new AbortController()];
    const callOff = clock.at(clock.now() + timeoutMs, () => timeout.abort());
    // Any init resets the referrer of a request.
    const { referrer, referrerPolicy } = request;
    const signal = AbortSignal.any([stop.signal, timeout.signal]);
    const response = fetch(request, { signal, referrer, referrerPolicy });
    const answer = response.then((whole) => copyOf(whole, send));
    response.catch(() => {
      if (!signal.aborted) this.#passesUntil = clock.now() + PASSING_MS;
    });
    const send: Send = { request, answer, stop, timedOut: timeout.signal, isLeft: false };
    this.#sends.set(ticket, send);
    event.respondWith(answer.then(() => response));
    request.signal.addEventListener('abort', () => void this.#stopUnlessWanted(ticket, send));
    const over = answer.catch(() => undefined).finally(callOff);
    event.waitUntil(over);
    void this.#lookAfter(ticket, send, over);
    void this.#dropLater(ticket, send);
  }

  /** The page of that engine was left. What it has just sent may be on its way to here. */
  async leave(engine: string): Promise<Carrying> {
    const { clock } = this.#runtime;
    const [leftAt, hurry] = [clock.now(), new AbortController()];
    this.#left.set(engine, { leftAt, hurry });
    await sleepUntil(clock, leftAt + ON_ITS_WAY_MS, hurry.signal);
    return this.#left.delete(engine) ? this.#carryOn({ engine, leftAt }) : { ended: Promise.resolve() };
  }

  /** Another engine is about to lead: all that is under way here is that of engines before. */
  async takeSeat(): Promise<Carrying> {
    const left = [...this.#left].map(([engine, { leftAt }]) => ({ engine, leftAt }));
    for (const { hurry } of this.#left.values()) hurry.abort();
    this.#left.clear();
    const leaving = this.#sends.size > 0 ? [...left, {}] : left;
    const carrying = await Promise.all(leaving.map((one) => this.#carryOn(one)));
    return { ended: Promise.all(carrying.map(({ ended }) => ended)) };
  }

  async #carryOn(leaving: Pick<Leaving, 'engine' | 'leftAt'>): Promise<Carrying> {
    const { id, database, clock, notify } = this.#runtime;
    const by = `${id}/carrier-${(this.#engines += 1)}`;
    const carried = { tickets: new Set(this.#sends.keys()), by };
    const { events, claims } = await releaseLeases(database, { ...leaving, now: clock.now(), carried });
    notify.tell(events);
    return { ended: Promise.all(claims.map((claim) => this.#finish(claim, by))) };
  }

  #finish(claim: Claim, by: string): Promise<void> {
    const { store, clock } = this.#runtime;
    const { ticket } = claim.job;
    const send = this.#sends.get(ticket);
    if (send) send.isLeft = true;
    this.#finishing.add(ticket);
    return new Promise((resolve) => {
      const inFlight = createInFlight({
        store,
        clock,
        dispatch: (_, control) => this.#receive(claim, { send, control }),
        isHeld: () => false,
        onPrepared: () => undefined,
        onEnd: (settlement) => {
          this.#checks.delete(inFlight.check);
          this.#finishing.delete(ticket);
          resolve(this.#settle(settlement, { claim, by }));
        },
      });
      this.#checks.add(inFlight.check);
      inFlight.begin(claim);
    });
  }

  async #receive(
    claim: Claim,
    { send, control }: { send: Send | undefined; control: AttemptControl },
  ): ReturnType<ReturnType<Runtime['receive']>> {
    if (!send) return { kind: 'aborted' };
    const { request, stop, timedOut } = send;
    control.signal.addEventListener('abort', () => stop.abort());
    // One that has failed fails below.
    const isLost = await send.answer.then(
      (answer) => !answer || answer.bodyUsed,
      () => false,
    );
    if (isLost) return { kind: 'aborted' };
    const fetch = (): Promise<Response> => send.answer as Promise<Response>;
    return this.#runtime.receive({ request, timedOut, fetch })(claim, control);
  }

  /** What storage refuses is given back at the end of the lease. */
  async #settle(settlement: Settlement, { claim, by }: { claim: Claim; by: string }): Promise<void> {
    const { store, clock, chance, notify } = this.#runtime;
    const { queue } = claim.job;
    const request = {
      queue,
      engine: by,
      settlements: [settlement],
      held: 1,
      maxClaims: 0,
      leadMs: 0,
      recover: false,
      isAlone: false,
      clockJumped: false,
      turn: 1,
      durability: claim.policy.repeat === 'never' ? 'strict' : 'relaxed',
    } as const;
    const report = await store.turn(request, { now: clock.now(), chance }).catch(() => undefined);
    notify.tell([...(report?.events ?? []), { type: 'nudged', queue }]);
  }

  /** Its worker wants no answer any more, or has ended with its page: then the answer is wanted all the same. */
  async #stopUnlessWanted(ticket: Ticket, { stop }: Send): Promise<void> {
    const isWanted = await isUnderWay(this.#runtime.database, ticket).catch(() => true);
    if (!isWanted) stop.abort();
  }

  /** Words get lost: what was recalled is found out all the same. */
  async #lookAfter(ticket: Ticket, send: Send, over: Promise<unknown>): Promise<void> {
    const { clock } = this.#runtime;
    const end = new AbortController();
    void over.then(() => end.abort());
    while (!end.signal.aborted) {
      await sleepUntil(clock, clock.now() + LOOK_MS, end.signal);
      if (!end.signal.aborted && !send.isLeft) await this.#stopUnlessWanted(ticket, send);
    }
  }

  #check(): void {
    for (const check of this.#checks) check();
    for (const [ticket, send] of this.#sends) if (!send.isLeft) void this.#stopUnlessWanted(ticket, send);
  }

  async #dropLater(ticket: Ticket, send: Send): Promise<void> {
    const { clock } = this.#runtime;
    await send.answer.catch(() => undefined);
    await sleepUntil(clock, clock.now() + KEPT_MS);
    if (this.#sends.get(ticket) === send) this.#drop(ticket);
  }

  /** Its job has been settled, or nobody has asked for its answer. */
  #drop(ticket: Ticket): void {
    const send = this.#sends.get(ticket);
    if (!send || this.#finishing.has(ticket)) return;
    this.#sends.delete(ticket);
    void send.answer.then((answer) => answer?.body?.cancel()).catch(() => undefined);
  }
}

const SETTLED = new Set<SluiceEvent['type']>(['done', 'dead', 'nacked', 'returned', 'cancelled']);

/** What an engine had under way goes on. */
export interface Carrying {
  /** Resolves once all of it has ended. */
  ended: Promise<unknown>;
}

/** Of what may be large, one that is given up once it is. */
function copyOf(whole: Response, { isLeft }: Pick<Send, 'isLeft'>): Response | undefined {
  const length = whole.headers.get('content-length');
  if (isLeft || !whole.body) return whole.clone();
  if (length !== null) return Number(length) <= KEPT_BYTES ? whole.clone() : undefined;
  const [copy, measured] = [whole.clone(), whole.clone()];
  void measure(measured, copy);
  return copy;
}

async function measure(measured: Response, copy: Response): Promise<void> {
  const reader = measured.body?.getReader();
  if (!reader) return;
  for (let bytes = 0; bytes <= KEPT_BYTES; ) {
    const { done, value } = await reader.read().catch(() => OVER);
    if (done) return;
    bytes += value.byteLength;
  }
  void reader.cancel().catch(() => undefined);
  void copy.body?.cancel().catch(() => undefined);
}

const OVER = { done: true, value: undefined } as const;
