import { type Mortal, never, type Universe } from './universe.ts';

/** One request that reached the service, or left for it. */
export interface Arrival {
  key: string;
  body: string;
  url: string;
  authorization: string | null;
  /** Whose cookies it went with. */
  session: string;
  /** True time of the send. */
  sentAt: number;
  /** True time of the arrival; undefined: it was lost on the way. */
  arrivedAt: number | undefined;
  status: number;
  /** True time at which its answer came. */
  answeredAt: number | undefined;
  /** True time at which it was over for the browser: answered, failed or aborted. */
  endedAt: number | undefined;
  /** The context that sent it; what it had under way ends with it. */
  sender: Mortal;
  /** The service knew its key, and did nothing. */
  isRepeat: boolean;
  /** The engine that has asked for it waits for no answer any more. */
  isLetGo: boolean;
}

/** How the service takes the nth request (from 0) that reaches it. */
export type Behaviour = (n: number, body: string) => Reaction;

export interface Answer {
  kind: 'answer';
  status: number;
  headers?: Record<string, string>;
  body?: string;
  ms?: number;
  /** The request was redirected there, by a 302 that made a read of it: nothing was done, and the page there answers. */
  redirectedTo?: string;
}

export type Reaction =
  | Answer
  /** Lost on the way there. */
  | { kind: 'drop' }
  /** Done, and the answer is lost. */
  | { kind: 'lose-answer' }
  /** Done, and never answered. */
  | { kind: 'hang' };

interface Known {
  reaction: Reaction;
  /** It is under way until then. */
  untilAt: number;
}

const DONE: Answer = { kind: 'answer', status: 200 };

const OUTSTANDING: Reaction = {
  kind: 'answer',
  status: 409,
  headers: { 'Content-Type': 'application/problem+json' },
  body: JSON.stringify({ title: 'A request is outstanding for this Idempotency-Key' }),
};

const TRANSIT_MS = [2, 20] as const;

/** The service. It answers whatever comes; what it should have been spared is for the checkers to say. */
export class Service {
  readonly arrivals: Arrival[] = [];
  behaviour: Behaviour;
  /** Knows a key again, and answers as before, or 409 while the first is under way (draft-ietf-httpapi-idempotency-key-header). */
  dedupes = false;
  isDown = false;
  /** Whose cookies the browser has; '' for nobody's. */
  session = '';
  readonly #universe: Universe;
  readonly #known = new Map<string, Known>();
  readonly #arrivalOf = new WeakMap<Request, Arrival>();
  #n = 0;

  constructor(universe: Universe, behaviour: Behaviour) {
    this.#universe = universe;
    this.behaviour = behaviour;
  }

  /** The answer may come to a context that sends in the place of an engine, after that engine has let go. */
  letGo(request: Request): void {
    const arrival = this.#arrivalOf.get(request);
    if (arrival) arrival.isLetGo = true;
  }

  async fetch(actor: Mortal, request: Request, signal: AbortSignal | undefined): Promise<Response> {
    const universe = this.#universe;
    if (!actor.isAlive) return never();
    const step = universe.step(actor, 'send');
    if (step.strike('before') === 'gone') return never();
    const key = request.headers.get('Idempotency-Key') ?? 'none';
    const sentAt = universe.timeline.now;
    const arrival: Arrival = {
      key,
      body: '',
      // A fragment is never on the wire.
      url: request.url.replace(/#.*/, ''),
      authorization: request.headers.get('Authorization'),
      session: this.session,
      sentAt,
      arrivedAt: undefined,
      status: 0,
      answeredAt: undefined,
      endedAt: undefined,
      sender: actor,
      isRepeat: false,
      isLetGo: false,
    };
    this.arrivals.push(arrival);
    this.#arrivalOf.set(request, arrival);
    arrival.body = await request.clone().text();
    universe.trace(`send ${arrival.body}`);
    await universe.timeline.after(universe.between(...TRANSIT_MS));
    const reaction = this.#reactionTo(arrival);
    if (reaction.kind !== 'drop') this.#take(arrival, reaction);
    const isAborted = new Promise<never>((_, reject) => {
      const fail = (): void => reject(new DOMException('aborted', 'AbortError'));
      if (signal?.aborted) fail();
      signal?.addEventListener('abort', fail);
    });
    isAborted.catch(() => undefined);
    const answer = this.#answer(reaction);
    answer.catch(() => undefined);
    const response = await Promise.race([answer, isAborted]).catch(async (error: unknown) => {
      arrival.endedAt = universe.timeline.now;
      await actor.whenAwake();
      if (!actor.isAlive) return never();
      throw error;
    });
    await actor.whenAwake();
    arrival.answeredAt = arrival.endedAt = universe.timeline.now;
    return step.strike('after') === 'gone' || !actor.isAlive ? never() : response;
  }

  #reactionTo(arrival: Arrival): Reaction {
    if (this.isDown) return { kind: 'drop' };
    const { now } = this.#universe.timeline;
    const known = this.dedupes ? this.#known.get(arrival.key) : undefined;
    arrival.isRepeat = known !== undefined;
    if (known) return known.untilAt > now ? OUTSTANDING : known.reaction;
    const reaction = this.behaviour(this.#n++, arrival.body);
    const isDone = reaction.kind !== 'drop' && statusOf(reaction) < 300;
    if (isDone) {
      const { ms = 0, ...first } = reaction.kind === 'answer' ? reaction : DONE;
      this.#known.set(arrival.key, { reaction: first, untilAt: now + ms });
    }
    return reaction;
  }

  #take(arrival: Arrival, reaction: Exclude<Reaction, { kind: 'drop' }>): void {
    arrival.arrivedAt = this.#universe.timeline.now;
    arrival.status = statusOf(reaction);
  }

  async #answer(reaction: Reaction): Promise<Response> {
    if (reaction.kind === 'hang') return never();
    const { timeline } = this.#universe;
    await timeline.after(
      this.#universe.between(...TRANSIT_MS) + (reaction.kind === 'answer' ? (reaction.ms ?? 0) : 0),
    );
    if (reaction.kind !== 'answer') throw new TypeError('network error');
    return responseOf(reaction);
  }
}

/** To the request itself: what a redirect leads to says nothing of it. */
function statusOf(reaction: Exclude<Reaction, { kind: 'drop' }>): number {
  if (reaction.kind !== 'answer') return 200;
  return reaction.redirectedTo === undefined ? reaction.status : 302;
}

function responseOf({ body, status, headers = {}, redirectedTo }: Answer): Response {
  const response = new Response(body ?? null, { status, headers });
  return redirectedTo === undefined ? response : ledTo(response, redirectedTo);
}

/** No script can make such an answer; a copy of it says the same. */
function ledTo(response: Response, url: string): Response {
  const clone = (): Response => ledTo(Response.prototype.clone.call(response), url);
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: true },
    clone: { value: clone },
  });
}
