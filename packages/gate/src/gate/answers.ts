import type { Admission } from '../core/admission.js';
import type { GateError } from '../core/errors.js';
import type { SlotNumber } from '../core/schedule.js';
import { type ProblemCode, problem, retryAfter } from './problems.js';
import { answerAgain } from './read-answer.js';
import type { Tokens } from './tokens.js';

/** When a caller may look again whether an outstanding request has ended. */
const OUTSTANDING_MS = 1000;
/** When a queue that is paused, or a store that is gone, is worth another try. */
const PAUSED_MS = 30_000;
const BROKEN_MS = 2000;
/** Without a number: beyond the horizon, or over the cap of one caller. */
const BEYOND_MS = 60_000;

type Refusal = Exclude<Admission, { kind: 'send' }>;

/** Answers of the gate itself, for what is not sent. */
export class Answers {
  readonly #tokens: Tokens;
  readonly #statusPath: string;

  constructor(tokens: Tokens, statusPath: string) {
    this.#tokens = tokens;
    this.#statusPath = statusPath;
  }

  async answerTo(queue: string, identity: string, admission: Refusal, now: number): Promise<Response> {
    switch (admission.kind) {
      case 'replay':
        if (!admission.answer.body) return problem('answer-not-kept');
        return answerAgain(admission.answer, { 'idempotency-replayed': 'true' });
      case 'accepted':
        return this.accepted(admission.ticket, admission.at - now);
      case 'number':
        return this.#numbered(queue, identity, admission.number, now);
      case 'beyond':
        return problem('slow-down', { headers: retryAfter(BEYOND_MS) });
      case 'outstanding':
        return problem('key-outstanding', { headers: retryAfter(OUTSTANDING_MS) });
      case 'paused':
        return problem('paused', { headers: retryAfter(PAUSED_MS) });
      default:
        return problem(CODES[admission.kind]);
    }
  }

  /** RFC 9110, 15.3.3, and RFC 7240, 3. */
  accepted(ticket: string, waitMs: number): Response {
    return new Response(null, {
      status: 202,
      headers: {
        location: `${this.#statusPath}${ticket}`,
        'sluice-ticket': ticket,
        'preference-applied': 'respond-async',
        'cache-control': 'no-store',
        ...retryAfter(waitMs),
      },
    });
  }

  /**
   * 429 with the number, its exact distance, and the same in standard fields: Retry-After, and `RateLimit`
   * (draft-ietf-httpapi-ratelimit-headers-10), whose `t` is of the same instant.
   */
  async #numbered(queue: string, identity: string, number: SlotNumber, now: number): Promise<Response> {
    const waitMs = Math.max(0, number.at - now);
    const token = await this.#tokens.signSlot(queue, identity, number);
    const after = retryAfter(waitMs);
    const headers = {
      ...after,
      ratelimit: `"${queue}";r=0;t=${after['retry-after']}`,
      'sluice-slot': `"${token}";ms=${Math.ceil(waitMs)}`,
    };
    return problem('slow-down', { headers });
  }
}

const CODES: Record<'mismatch' | 'unknown' | 'dead', ProblemCode> = {
  mismatch: 'key-reused',
  unknown: 'outcome-unknown',
  dead: 'dead-letter',
};

/** @throws the error itself, where it is none of a store */
export function refusalFor(error: GateError): Response {
  if (error.code === 'busy') return problem('busy', { headers: retryAfter(BROKEN_MS) });
  if (error.code === 'store-unreachable')
    return problem('store-unreachable', { headers: retryAfter(BROKEN_MS) });
  throw error;
}
