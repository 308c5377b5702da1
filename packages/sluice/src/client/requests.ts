import { SluiceError } from '../core/errors.js';
import type { Ticket } from '../core/job.js';
import type { Captured, EnqueueOptions, Host, Intake, Receipt, Refusal } from '../core/messages.js';
import { refusalParts } from '../core/receipt.js';
import type { World } from '../drain/world.js';
import { readMeta } from '../store/meta.js';
import { capture } from '../transport/capture.js';
import { direct, toResponse } from '../transport/direct.js';
import { rebuild } from '../transport/rebuild.js';
import { createCancellations } from './cancellations.js';
import { within } from './host-link.js';
import type { LoadControls } from './load-controls.js';
import type { SluiceRequestInit } from './sluice.js';

/** Transactions for thousands of requests may take that long on a slow disk. */
const ENQUEUE_MS = 30_000;

/** Whoever enqueues for the page: its worker, or else the service worker. */
export type Desk = Pick<Host, 'enqueue'>;

/** With neither of them there nobody knows the rules, and the app shall not be worse off than without us. */
export const NOBODY: Desk = { enqueue: async (requests) => requests.map(() => NOT_TAKEN) };

const NOT_TAKEN: Intake = {
  kind: 'broken',
  whenBroken: 'network',
  refusal: {
    status: 503,
    code: 'no-answer',
    title: 'Nobody takes requests',
    detail: 'no worker runs, and no service worker controls this page.',
  },
};

export interface Requests {
  /** The 202 of the queue, or the answer of the network where no rule names the request. */
  fetch(input: RequestInfo | URL, init: SluiceRequestInit): Promise<Response>;
  /** @throws SluiceError for the first request that is refused, or that no rule names */
  enqueue(requests: readonly Request[], options: EnqueueOptions): Promise<Receipt[]>;
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
  const cancel = async (ticket: Ticket): Promise<unknown> => (await controls()).cancel(ticket);
  const cancelOnAbort = createCancellations(world.notify, cancel);
  async function ask(captured: Captured[], options: EnqueueOptions): Promise<Intake[]> {
    const { enqueue } = await desk();
    const intakes = await within(ENQUEUE_MS, enqueue(captured, options), 'the worker');
    if (intakes.some(({ kind }) => kind === 'accepted')) tellAccepted();
    return intakes;
  }
  return {
    fetch: async (input, { queue, job = {}, ...init }) => {
      const request = new Request(input instanceof Request ? input : new URL(input, world.base), init);
      request.signal.throwIfAborted();
      const captured = await capture(request);
      const [intake] = await ask([captured], queue === undefined ? job : { ...job, queue });
      if (intake?.kind === 'accepted') {
        await cancelOnAbort(intake.receipt.ticket, request.signal);
        return toResponse(intake.holdMs === 0 ? intake.parts : await (await controls()).answerInTime(intake));
      }
      return answerTo(intake as Intake, { captured, signal: request.signal }, world);
    },
    enqueue: async (requests, options) => {
      const captured = await Promise.all(requests.map((request) => capture(request)));
      const intakes = await ask(captured, options);
      return intakes.map((intake, i) => receiptOf(intake, requests[i] as Request));
    },
  };
}

function answerTo(
  intake: Intake,
  { captured, signal }: { captured: Captured; signal: AbortSignal },
  world: Pick<World, 'database' | 'clock' | 'fetch'>,
): Response | Promise<Response> {
  if (intake.kind === 'direct') {
    const currentOwner = async () => (await readMeta(world.database, 'identity'))?.owner;
    return direct(intake, captured, { ...world, currentOwner });
  }
  const isNetworks =
    intake.kind === 'unmatched' || (intake.kind === 'broken' && intake.whenBroken === 'network');
  if (isNetworks) {
    // Marked as a replay: the service worker of a controlled page would otherwise try the same again.
    const request = rebuild(captured.request, captured.body);
    // Any init resets the referrer of a request (Fetch, "new Request", step 12): it has to be said again.
    const { referrer, referrerPolicy } = request;
    return world.fetch(request, { signal, referrer, referrerPolicy });
  }
  return toResponse(refusalParts((intake as { refusal: Refusal }).refusal));
}

function receiptOf(intake: Intake, { method, url }: Request): Receipt {
  if (intake.kind === 'accepted') return intake.receipt;
  if (intake.kind === 'unmatched') {
    throw new SluiceError('queue-unknown', `no queue matches ${method} ${url}. Name one: { queue }.`, {
      value: url,
    });
  }
  const { code, detail } = intake.refusal;
  throw new SluiceError(
    code as SluiceError['code'],
    detail.replace(/^SluiceError: \[sluice\] [\w-]+: /, ''),
    {
      value: url,
    },
  );
}
