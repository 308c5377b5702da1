import { type Admission, type Arrival, admit, idOf } from '../core/admission.js';
import { isFinal, type StoredAnswer } from '../core/answer.js';
import type { Book } from '../core/book.js';
import type { QueueSpec } from '../core/config.js';
import { GateError } from '../core/errors.js';
import type { Committer } from '../store/committer.js';
import type { Engine, HeldKey } from '../store/engine.js';
import { type Answers, refusalFor } from './answers.js';
import { Lead } from './lead.js';
import { NumberCap } from './number-cap.js';
import type { Platform } from './platform.js';
import { problem, retryAfter } from './problems.js';
import { readAnswer } from './read-answer.js';
import type { Settler } from './settler.js';
import { waitUntil } from './wait-until.js';

/** The service, or what stands between the gate and the service. */
export type Service = (request: Request) => Response | Promise<Response>;

/** A request whose body was read. */
export interface Incoming {
  readonly request: Request;
  /** Aborted when its caller leaves. */
  readonly signal: () => AbortSignal;
  readonly arrival: Omit<Arrival, 'id' | 'mayTakeNumber' | 'leadMs'>;
}

/** What the parts of one queue share. */
export interface QueueParts {
  readonly spec: QueueSpec;
  readonly engine: Engine;
  readonly committer: Committer;
  readonly settler: Settler;
  readonly platform: Platform;
  readonly answers: Answers;
  /** Remembers whose key a request holds, for `once`. */
  hold(request: Request, held: HeldKey): void;
  /** A job has come into the line. */
  onAccepted(): void;
}

/** A node that misses its instants has too much to do. */
const BUSY_MS = 2000;
/** An instant that was missed is asked for anew, as often as this. */
const MAX_TRIES = 20;

/** Requests of one queue, on one node. */
export class QueueGate {
  readonly #parts: QueueParts;
  readonly #cap = new NumberCap();
  readonly #lead = new Lead();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  async pass(incoming: Incoming, service: Service): Promise<Response> {
    const id = this.#parts.platform.newId();
    const arrival = { ...incoming.arrival, id, mayTakeNumber: true, leadMs: 0 };
    try {
      return await this.#passAs(arrival, incoming, service);
    } catch (error) {
      if (!(error instanceof GateError)) throw error;
      // Whether it was admitted is not known: it was not sent, so that its key is free in either case.
      if (error.code === 'store-unreachable') void this.#release(arrival);
      return refusalFor(error);
    }
  }

  async #passAs(arrival: Arrival, { request, signal }: Incoming, service: Service): Promise<Response> {
    const { platform, engine, answers, spec } = this.#parts;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const admission = await this.#admit(arrival).catch((error: unknown) => {
        // It holds its key since the try before.
        if (tries > 0) void this.#release(arrival);
        throw error;
      });
      if (admission.kind !== 'send') {
        if (tries > 0 && admission.kind !== 'accepted') await this.#release(arrival);
        return answers.answerTo(spec.name, arrival.identity, admission, engine.now());
      }
      const clock = (): number => engine.now();
      this.#lead.observe(clock() - admission.readAt);
      const wait = { platform, clock, signal };
      const waited = await waitUntil(admission.at, admission.marginMs, wait);
      if (waited === 'now') return this.#send(arrival, request, service);
      if (waited === 'aborted') break;
    }
    await this.#release(arrival);
    return problem('busy', { headers: retryAfter(BUSY_MS) });
  }

  async #admit(arrival: Arrival): Promise<Admission> {
    const { committer, onAccepted } = this.#parts;
    const { slot } = arrival;
    const reads = { keys: [idOf(arrival)], slots: slot ? [slot.serial] : [] };
    const admission = await committer.run(reads, (book) => this.#decide(book, arrival));
    if (admission.kind === 'accepted') onAccepted();
    return admission;
  }

  /** Numbers are counted where decisions stand in a row: many requests at once are no way around the cap. */
  #decide(book: Book, arrival: Arrival): Admission {
    const { identity } = arrival;
    const mayTakeNumber = this.#cap.mayTake(identity, book.now);
    const admission = admit(
      book,
      { ...arrival, mayTakeNumber, leadMs: this.#lead.ms },
      this.#parts.spec.policy,
    );
    if (admission.kind === 'number') this.#cap.took(identity, admission.number.at);
    return admission;
  }

  async #send(arrival: Arrival, request: Request, service: Service): Promise<Response> {
    const { spec, settler, hold } = this.#parts;
    if (arrival.key === undefined) return service(request);
    const held = { queue: spec.name, identity: arrival.identity, key: arrival.key, lease: arrival.id };
    hold(request, held);
    const stopRenewing = settler.keep(held, spec.policy.leaseMs);
    try {
      const { stored, response } = await readAnswer(await service(request), spec.answerBytes);
      await this.#settle(held, stored);
      return response;
    } catch (error) {
      await this.#release(arrival);
      throw error;
    } finally {
      stopRenewing();
    }
  }

  /** Before the caller has the answer: a repeat must find it. */
  async #settle(held: HeldKey, answer: StoredAnswer): Promise<void> {
    const { settler, spec } = this.#parts;
    const { identity, key, lease } = held;
    const end = { identity, key, lease, keepMs: spec.policy.keepKeysMs };
    if (isFinal(answer.status)) await settler.end({ ...end, kind: 'answered', answer });
    else await settler.end({ ...end, kind: 'released' });
  }

  async #release({ identity, key, id }: Arrival): Promise<void> {
    if (key === undefined) return;
    const { settler, spec } = this.#parts;
    await settler.end({ identity, key, lease: id, keepMs: spec.policy.keepKeysMs, kind: 'released' });
  }
}
