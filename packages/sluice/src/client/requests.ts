import { type SluiceError, sentenceOf } from '../core/errors.js';
import {
  type EnqueueOptions,
  type Handed,
  type HandedOver,
  PROTOCOL,
  type Receipt,
} from '../core/messages.js';
import type { HeaderPairs, Ticket } from '../core/job.js';
import type { ResponseParts } from '../core/receipt.js';
import { fault } from './advice.js';
import { type Ask, isNobody } from './ask.js';
import { within } from './line.js';
import type { SluiceRequestInit } from './sluice.js';
import type { PageWorld } from './world.js';

/** A body that does not come to its end must not keep a user from signing out. */
const BARRIER_MS = 5000;

export interface Requests {
  /** The 202 of the queue, or the answer of the network where no rule names the request. */
  fetch(input: RequestInfo | URL, init: SluiceRequestInit): Promise<Response>;
  /** @throws SluiceError for the first request that is refused, or that no rule names; it carries the receipts of the others */
  enqueue(requests: readonly Request[], options: EnqueueOptions): Promise<Receipt[]>;
  /** Resolves once nothing that was asked before can be stored any more for the user who signs in next. */
  whenOver(): Promise<void>;
}

export interface RequestParts {
  ask: Ask;
  /** Resolves once a job has ended. */
  ended: (ticket: Ticket) => Promise<unknown>;
  /** Has the service worker see to what was stored, should this page be gone before it is sent. */
  tellAccepted: () => void;
}

/** What a page hands over by itself: its host knows the rules. */
export function createRequests(
  { base, clock, fetch }: Pick<PageWorld, 'base' | 'clock' | 'fetch'>,
  { ask, ended, tellAccepted }: RequestParts,
): Requests {
  const underWay = new Map<Promise<unknown>, AbortController>();
  /** `at` tells the host whose it is: of the user who was signed in then. */
  const run = <T>(work: (at: number, late: AbortSignal) => Promise<T>): Promise<T> => {
    const late = new AbortController();
    const asked = work(clock.now(), late.signal).finally(() => underWay.delete(asked));
    underWay.set(asked, late);
    return asked;
  };
  const send = (
    { request, body }: HandedOver,
    headers: HeaderPairs,
    signal: AbortSignal,
  ): Promise<Response> => {
    // Marked as past the queue: the service worker would try the same again.
    const url = request.url.replace(/#.*|$/, '#sluice-direct');
    const content = body?.byteLength ? { body } : {};
    return fetch(new Request(url, { ...request, headers, signal, ...content } as RequestInit));
  };
  /** What is left to do once it is stored, or will not be. */
  const submit = (
    request: Request,
    options: EnqueueOptions,
    hasSignal: boolean,
  ): Promise<() => Promise<Response>> =>
    run(async (at, late) => {
      const { signal } = request;
      const handed = await read(request);
      // Not handed over: to cancel it later may cancel what another caller has submitted as the same thing.
      signal.throwIfAborted();
      const taken = await (ask('fetch', handed, options, at, PROTOCOL) as Promise<Handed>).catch(
        (error: SluiceError): Handed => {
          // Nobody knows the rules, and the app shall not be worse off than without us.
          if (isNobody(error)) return { isOurs: true };
          throw error;
        },
      );
      const { parts, wait, ticket, isStored, headers = handed.request.headers, isOurs } = taken;
      if (isStored) tellAccepted();
      if (!parts && !wait) {
        // No row stands for what is ours: the user who signs in next waits for its answer here, or has it ended.
        const sending = send(handed, headers, isOurs ? AbortSignal.any([signal, late]) : signal);
        if (isOurs) await sending;
        return () => sending;
      }
      return async () => {
        // Stored it is, whether its answer can be waited for or not.
        const answer = wait
          ? (ask('answer', wait, handed) as Promise<ResponseParts>).catch((error: unknown) => {
              if (parts) return parts;
              throw error;
            })
          : Promise.resolve(parts as ResponseParts);
        if (!ticket || !hasSignal) return toResponse(await answer);
        const over = isStored ? ended(ticket) : answer;
        return toResponse(await unlessAborted(answer, signal, over, () => ask('withdraw', ticket)));
      };
    });
  return {
    fetch: async (input, { queue, job = {}, ...init }) => {
      const request = new Request(input instanceof Request ? input : new URL(input, base), init);
      request.signal.throwIfAborted();
      const hasSignal = input instanceof Request || Boolean(init.signal);
      return (await submit(request, queue === undefined ? job : { ...job, queue }, hasSignal))();
    },
    enqueue: (requests, options) =>
      run(async (at) => {
        const handed = await Promise.all(requests.map(read));
        // Of a list that was not stored as a whole some may be.
        return ask('enqueue', handed, options, at, PROTOCOL).finally(tellAccepted) as Promise<Receipt[]>;
      }),
    whenOver: async () => {
      const before = [...underWay];
      const answered = Promise.allSettled(before.map(([asked]) => asked));
      await within(clock, BARRIER_MS, answered).catch(() => undefined);
      for (const [, late] of before) late.abort();
    },
  };
}

/**
 * Reads a request to its end. It is used up, as `fetch` uses one up.
 *
 * @throws SluiceError `request-unreadable` where its body was read before, or broke off
 */
async function read(given: Request): Promise<HandedOver> {
  const { url, method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, signal } =
    given;
  const request = { url, method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity };
  const headers = [...given.headers];
  try {
    return { request: { ...request, headers }, body: await given.arrayBuffer() };
  } catch (cause) {
    signal.throwIfAborted();
    throw fault(
      'request-unreadable',
      `the body of this ${method} request: ${sentenceOf(cause)}`,
      undefined,
      cause,
    );
  }
}

function toResponse(parts: ResponseParts): Response {
  if (parts.status === 0) throw new TypeError(parts.body as string);
  return new Response(parts.body, parts);
}

/**
 * An abort cancels what it is about, until that is `over`: a signal may be that of a whole page, handed to each fetch.
 *
 * @throws what `signal` is aborted with before
 */
function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  over: Promise<unknown> | undefined,
  cancel: () => Promise<unknown>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const life = new AbortController();
    const end = (): void => life.abort();
    over?.then(end, end);
    const abort = (): void =>
      void cancel()
        .catch(() => undefined)
        .then(() => reject(signal?.reason));
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { signal: life.signal });
    promise.then(resolve, reject);
  });
}
