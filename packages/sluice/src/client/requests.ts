import { SluiceError, sentenceOf } from '../core/errors.js';
import type { Ticket } from '../core/job.js';
import type { Captured, EnqueueOptions, Host, Intake, Receipt, Refusal, Taken } from '../core/messages.js';
import { takePreference } from '../core/prefer.js';
import { NETWORK_ERROR, refusalParts, type ResponseParts } from '../core/receipt.js';
import type { World } from '../drain/world.js';
import { capture } from '../transport/capture.js';
import { send, toResponse } from '../transport/direct.js';
import { createAsks } from './asks.js';
import { createCancellations } from './cancellations.js';
import { within } from './host-link.js';
import type { LoadControls } from './load-controls.js';
import type { SluiceRequestInit } from './sluice.js';

/** Transactions for thousands of requests may take that long on a slow disk. */
const ENQUEUE_MS = 30_000;

/** Whoever takes requests for the page: its worker, or else the service worker. */
export type Desk = Pick<Host, 'fetch' | 'enqueue'>;

const NOT_TAKEN: Refusal = {
  status: 503,
  code: 'no-answer',
  title: 'Nobody takes requests',
  detail: 'no worker runs, and no service worker that this page can talk to.',
};

/** With neither of them there nobody knows the rules, and the app shall not be worse off than without us. */
export const NOBODY: Desk = {
  fetch: async () => ({ kind: 'broken', whenBroken: 'network', refusal: NOT_TAKEN }),
  enqueue: async (requests) => requests.map(() => ({ kind: 'refused', refusal: NOT_TAKEN })),
};

const TOO_LATE: Taken & Intake = {
  kind: 'refused',
  refusal: {
    status: 503,
    code: 'signed-out',
    title: 'The request could not be queued',
    detail: 'the user changed before it was stored. Ask again.',
  },
};

export interface Requests {
  /** The 202 of the queue, or the answer of the network where no rule names the request. */
  fetch(input: RequestInfo | URL, init: SluiceRequestInit): Promise<Response>;
  /** @throws SluiceError for the first request that is refused, or that no rule names; it carries the receipts of the others */
  enqueue(requests: readonly Request[], options: EnqueueOptions): Promise<Receipt[]>;
  /** Resolves once nothing that was asked before can be stored any more for whoever signs in next. */
  whenOver(): Promise<void>;
}

export interface RequestParts {
  desk: () => Promise<Desk>;
  controls: LoadControls;
  /** Has the service worker see to what was stored, should this page be gone before it is sent. */
  tellAccepted: () => void;
}

/** What a page hands over by itself: its worker knows the rules, and so does the service worker. */
export function createRequests(
  world: Pick<World, 'base' | 'database' | 'clock' | 'fetch' | 'notify'>,
  { desk, controls, tellAccepted }: RequestParts,
): Requests {
  const cancel = async (ticket: Ticket): Promise<unknown> => (await controls()).withdraw(ticket);
  const cancelOnAbort = createCancellations(world.notify, cancel);
  const asks = createAsks(world.clock);
  const submit = (request: Request, options: EnqueueOptions): Promise<Submitted> =>
    asks.run(async (own) => {
      const captured = await captureOf(request);
      const { fetch } = await desk();
      // Not handed over: to cancel it later may cancel what another caller has submitted as the same thing.
      request.signal.throwIfAborted();
      if (own.isLate) return { captured, intake: TOO_LATE };
      const intake = await within(ENQUEUE_MS, fetch(captured, options, own.at), 'the worker');
      if (intake.kind === 'accepted') tellAccepted();
      if (intake.kind !== 'broken' || intake.whenBroken === 'reject') return { captured, intake };
      // No row stands for it: who signs in next waits for its answer here, or has it ended.
      const { captured: bare } = takePreference(captured);
      const signal = AbortSignal.any([request.signal, own.late]);
      return { captured, intake, passed: await send(bare, world.fetch, signal) };
    });
  const submitAll = (requests: readonly Request[], options: EnqueueOptions): Promise<Taken[]> =>
    asks.run(async (own) => {
      const captured = await Promise.all(requests.map(captureOf));
      const { enqueue } = await desk();
      if (own.isLate) return captured.map(() => TOO_LATE);
      const taken = await within(ENQUEUE_MS, enqueue(captured, options, own.at), 'the worker');
      if (taken.some(({ kind }) => kind === 'accepted')) tellAccepted();
      return taken;
    });
  /** Stored it is, whether its answer can be waited for or not. */
  const held = (intake: Accepted, signal: AbortSignal): Promise<ResponseParts> => {
    const inTime = controls().then(({ answerInTime }) => answerInTime(intake));
    return unlessAborted(
      inTime.catch(() => intake.parts),
      signal,
    );
  };
  return {
    fetch: async (input, { queue, job = {}, ...init }) => {
      const request = new Request(input instanceof Request ? input : new URL(input, world.base), init);
      request.signal.throwIfAborted();
      const { intake, captured, passed } = await submit(
        request,
        queue === undefined ? job : { ...job, queue },
      );
      if (intake.kind === 'accepted') {
        await cancelOnAbort(intake.receipt.ticket, request.signal);
        const parts = intake.holdMs === 0 ? intake.parts : await held(intake, request.signal);
        if (parts.status === NETWORK_ERROR) throw notDelivered(parts);
        return toResponse(parts);
      }
      return passed ?? answerTo(intake, { captured, signal: request.signal }, { ...world, controls });
    },
    enqueue: async (requests, options) => receiptsOf(await submitAll(requests, options), requests),
    whenOver: asks.whenOver,
  };
}

/** @throws SluiceError `request-unreadable` where its body was read before, or broke off */
async function captureOf(request: Request): Promise<Captured> {
  try {
    return await capture(request);
  } catch (cause) {
    request.signal.throwIfAborted();
    const sentence = `the body of this ${request.method} request does not read (${sentenceOf(cause)}). Make a new Request of it.`;
    throw new SluiceError('request-unreadable', sentence, { cause });
  }
}

/** As `fetch` rejects, with what is known besides. */
function notDelivered({ body }: ResponseParts): TypeError {
  const { code, detail } = JSON.parse(body as string) as Refusal;
  return new TypeError(`[sluice] ${code}: ${detail}`);
}

interface Submitted {
  captured: Captured;
  intake: Intake;
  /** The network's own answer, where nothing could be stored. */
  passed?: Response;
}

type Accepted = Extract<Intake, { kind: 'accepted' }>;

/** @throws what `signal` is aborted with before. Many may share one for as long as the page lives: it is let go of. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const life = new AbortController();
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { signal: life.signal }),
  );
  return Promise.race([promise, aborted]).finally(() => life.abort());
}

function answerTo(
  intake: Intake,
  { captured, signal }: { captured: Captured; signal: AbortSignal },
  { fetch, controls }: Pick<World, 'fetch'> & Pick<RequestParts, 'controls'>,
): Response | Promise<Response> {
  if (intake.kind === 'unmatched') return send(captured, fetch, signal);
  const { captured: bare } = takePreference(captured);
  if (intake.kind === 'direct') {
    const { refusal } = intake;
    const loaded = controls().catch(() => undefined);
    return loaded.then((known) => known?.passBy(intake, bare, signal) ?? toResponse(refusalParts(refusal)));
  }
  return toResponse(refusalParts((intake as { refusal: Refusal }).refusal));
}

function receiptsOf(taken: readonly Taken[], requests: readonly Request[]): Receipt[] {
  const receipts = taken.map((one) => (one.kind === 'accepted' ? one.receipt : undefined));
  const i = receipts.indexOf(undefined);
  if (i < 0) return receipts as Receipt[];
  const { method, url } = requests[i] as Request;
  const [code, detail] = whyNot(taken[i] as NotStored, `${method} ${url}`);
  throw new SluiceError(code, detail, { value: url, receipts });
}

type NotStored = Exclude<Taken, { kind: 'accepted' }>;

function whyNot(one: NotStored, request: string): [code: SluiceError['code'], detail: string] {
  if (one.kind === 'unmatched') return ['queue-unknown', `no queue matches ${request}. Name one: { queue }.`];
  const { code, detail } = one.refusal;
  return [code as SluiceError['code'], detail.replace(/^SluiceError: \[sluice\] [\w-]+: /, '')];
}
