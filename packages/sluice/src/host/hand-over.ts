import { requireCaptured } from '../core/captured.js';
import { sentenceOf, SluiceError } from '../core/errors.js';
import type { StoredRequest, Ticket } from '../core/job.js';
import {
  type Captured,
  type EnqueueOptions,
  type Handed,
  type HandedOver,
  type Intake,
  PROTOCOL,
  type Receipt,
  type Refusal,
  type Taken,
} from '../core/messages.js';
import { takePreference } from '../core/prefer.js';
import { NETWORK_ERROR, refusalParts, type ResponseParts } from '../core/receipt.js';
import { giveBackPlace } from '../drain/give-back-place.js';
import { passBy } from '../drain/pass-by.js';
import { answerInTime } from '../drain/respond.js';
import type { Runtime } from '../drain/runtime.js';
import type { Watch } from '../drain/settled.js';
import { tidied } from '../transport/capture.js';

type Waited = NonNullable<Handed['wait']>;
type Direct = Extract<Intake, { kind: 'direct' }>;

/** What a page hands over by itself, and how it is answered. */
export interface HandOver {
  /**
   * One whose answer is waited for. `askedAt`: epoch ms at which the page began to read it. A page of another version keeps its
   * requests.
   */
  fetch(handed: HandedOver, options: EnqueueOptions, askedAt: number, protocol: number): Promise<Handed>;
  /** @throws SluiceError for the first that is refused, or that no rule names; it carries the receipts of the others */
  enqueue(
    handed: HandedOver[],
    options: EnqueueOptions,
    askedAt: number,
    protocol: number,
  ): Promise<Receipt[]>;
  /** The answer to what was to be waited for. */
  answer(wait: Waited, handed: HandedOver): Promise<ResponseParts>;
  /** The page wants no answer to a send past the queue any more. Whether there is such a send. */
  stopPassing(id: Ticket): boolean;
}

export function createHandOver(runtime: Runtime, watch: Watch): HandOver {
  const { definition, intake, clock } = runtime;
  const passing = new Map<string, AbortController>();
  const refusalFor = (protocol: number): Refusal | undefined =>
    protocol !== PROTOCOL ? OTHER_VERSION : definition.enabled ? undefined : SWITCHED_OFF;
  const pass = async (direct: Direct, handed: HandedOver): Promise<ResponseParts> => {
    const { captured } = takePreference(capturedOf(handed));
    const { id } = direct.turn.pass;
    const stop = new AbortController();
    passing.set(id, stop);
    const giveBack: Parameters<typeof passBy>[2]['giveBack'] = (place, ended) =>
      void giveBackPlace(runtime, place, ended);
    try {
      return await partsOf(await passBy(direct, captured, { ...runtime, giveBack, signal: stop.signal }));
    } catch (error) {
      return { status: NETWORK_ERROR, headers: [], body: sentenceOf(error) };
    } finally {
      passing.delete(id);
    }
  };
  return {
    fetch: async (handed, { queue, ...options }, askedAt, protocol) => {
      const captured = capturedOf(handed);
      const refusal = refusalFor(protocol);
      const taken: Intake = refusal
        ? { kind: 'broken', whenBroken: 'network', refusal }
        : await intake.accept(captured, { queue, options, askedAt });
      return handedOf(taken, captured, runtime);
    },
    enqueue: async (handed, { queue, ...options }, askedAt, protocol) => {
      const captured = handed.map(capturedOf);
      const refusal = refusalFor(protocol);
      const taken = refusal
        ? captured.map((): Taken => ({ kind: 'refused', refusal }))
        : await intake.acceptAll(captured, { queue, options, askedAt });
      return receiptsOf(taken, captured);
    },
    answer: async (wait, handed) =>
      wait.kind === 'direct' ? pass(wait, handed) : readable(await answerInTime({ clock, watch }, wait)),
    stopPassing: (id) => {
      passing.get(id)?.abort();
      return passing.has(id);
    },
  };
}

const SWITCHED_OFF: Refusal = {
  status: 503,
  code: 'no-answer',
  title: 'Nobody takes requests',
  detail: 'the config says `enabled: false`. What is stored is still sent.',
};

const OTHER_VERSION: Refusal = {
  ...SWITCHED_OFF,
  detail: 'page and worker are of different versions. Reload the page.',
};

/** @throws SluiceError `request-unreadable` */
function capturedOf(handed: HandedOver): Captured {
  requireCaptured(handed);
  return tidied(handed);
}

async function handedOf(intake: Intake, captured: Captured, runtime: Runtime): Promise<Handed> {
  const { request } = captured;
  switch (intake.kind) {
    case 'accepted': {
      const { receipt, holdMs } = intake;
      const parts = bodied(intake.parts);
      return { parts, ticket: receipt.ticket, isStored: true, ...(holdMs > 0 ? { wait: intake } : {}) };
    }
    case 'unmatched':
      return { headers: request.headers };
    case 'direct':
      if (isReadable(request)) return { wait: intake, ticket: intake.turn.pass.id };
      await giveBackPlace(runtime, intake.turn.pass, { end: UNSENT, sentAt: intake.turn.at });
      break;
    case 'broken':
      if (intake.whenBroken === 'network')
        return { headers: takePreference(captured).captured.request.headers, isOurs: true };
  }
  return { parts: refusalParts(intake.refusal) };
}

const UNSENT = { kind: 'unsent', why: 'stopped' } as const;

/** An answer that is hidden from scripts crosses to no other thread. */
function isReadable({ mode, redirect }: StoredRequest): boolean {
  return mode !== 'no-cors' && redirect !== 'manual';
}

/** Statuses that no Response with a body can have (Fetch, null body status). */
const WITHOUT_BODY = [204, 205, 304];

function bodied(parts: ResponseParts): ResponseParts {
  return WITHOUT_BODY.includes(parts.status) ? { ...parts, body: null } : parts;
}

/** Of what was not delivered the page is told why, in one sentence. */
function readable(parts: ResponseParts): ResponseParts {
  if (parts.status !== NETWORK_ERROR) return bodied(parts);
  const { code, detail } = JSON.parse(parts.body as string) as Refusal;
  return { ...parts, body: `[sluice] ${code}: ${detail}` };
}

async function partsOf(response: Response): Promise<ResponseParts> {
  const { status, statusText } = response;
  return bodied({ status, statusText, headers: [...response.headers], body: await response.arrayBuffer() });
}

function receiptsOf(taken: readonly Taken[], captured: readonly Captured[]): Receipt[] {
  const receipts = taken.map((one) => (one.kind === 'accepted' ? one.receipt : undefined));
  const i = receipts.indexOf(undefined);
  if (i < 0) return receipts as Receipt[];
  const { method, url } = (captured[i] as Captured).request;
  const [code, detail] = whyNot(taken[i] as NotStored, `${method} ${url}`);
  throw new SluiceError(code, detail, { value: url, receipts });
}

type NotStored = Exclude<Taken, { kind: 'accepted' }>;

function whyNot(one: NotStored, request: string): [code: SluiceError['code'], detail: string] {
  if (one.kind === 'unmatched') return ['queue-unknown', `no queue matches ${request}. Name one: { queue }.`];
  const { code, detail } = one.refusal;
  return [code as SluiceError['code'], detail.replace(/^SluiceError: \[sluice\] [\w-]+: /, '')];
}
