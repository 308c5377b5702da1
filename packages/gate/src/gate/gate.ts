import { checkPatch, invalid, isMatch, type QueueConfig, type QueueSpec, specOf } from '../core/config.js';
import { GateError } from '../core/errors.js';
import { readKey } from '../core/key.js';
import type { KeyState } from '../core/key-row.js';
import { redrive, resolve } from '../core/line.js';
import { type StoredRequest, storedHeaders } from '../core/line-job.js';
import type { PolicyPatch, QueueRow } from '../core/queue-row.js';
import { Committer } from '../store/committer.js';
import type { HeldKey } from '../store/engine.js';
import { Answers, refusalFor } from './answers.js';
import type { Gate, GateOptions, KnownRequest, Listed, QueueCounts } from './api.js';
import { exposed } from './cors.js';
import { LineRunner } from './line-runner.js';
import { PLATFORM, type Platform } from './platform.js';
import { problem } from './problems.js';
import { type Incoming, QueueGate, type QueueParts, type Service } from './queue-gate.js';
import { fingerprintOf, readBody, withBody } from './read-request.js';
import { Settler } from './settler.js';
import { StatusDesk } from './status.js';
import { Sweeper } from './sweeper.js';
import { Tokens } from './tokens.js';

const MIN_SECRET = 32;
const MAX_IDENTITY = 255;
/** Marks what this gate sends to the service itself. */
const DELIVERY = 'sluice-delivery';

/**
 * Opens the store, and makes a gate on it.
 *
 * @throws GateError `config-invalid`, `store-unfit`, `store-unreachable`
 */
export async function createGate<Tx, const Q extends string>(
  options: GateOptions<Tx, Q>,
): Promise<Gate<Tx, Q>> {
  const specs = Object.entries<QueueConfig>(options.queues).map(([name, config]) => specOf(name, config));
  if (specs.length === 0) throw invalid('queues', {}, 'at least one queue');
  const secrets = typeof options.secret === 'string' ? ([options.secret] as const) : options.secret;
  if (!secrets?.[0] || secrets.some((secret) => secret.length < MIN_SECRET))
    throw invalid('secret', 'not shown', `${MIN_SECRET} characters or more, the same on all nodes`);
  const needsDeliver = specs.find(({ policy }) => policy.line !== null);
  if (needsDeliver && !options.deliver)
    throw invalid('deliver', undefined, `a function, since the queue ${needsDeliver.name} has a line`);
  await options.store.open(specs.map(({ name }) => name));
  return new TheGate(options, specs, [...secrets] as [string, ...string[]]);
}

/** One queue of a gate. */
interface Lane {
  readonly spec: QueueSpec;
  readonly committer: Committer;
  readonly settler: Settler;
  readonly gate: QueueGate;
  readonly runner: LineRunner | undefined;
}

class TheGate<Tx, Q extends string> implements Gate<Tx, Q> {
  readonly #options: GateOptions<Tx, Q>;
  readonly #platform: Platform;
  readonly #tokens: Tokens;
  readonly #statusPath: string;
  readonly #status: StatusDesk;
  readonly #answers: Answers;
  readonly #sweeper: Sweeper;
  readonly #lanes = new Map<string, Lane>();
  readonly #known = new WeakMap<object, { identity: string; held: HeldKey | undefined }>();

  constructor(options: GateOptions<Tx, Q>, specs: readonly QueueSpec[], secrets: [string, ...string[]]) {
    this.#options = options;
    this.#platform = options.platform ?? PLATFORM;
    this.#tokens = new Tokens(this.#platform, secrets);
    this.#statusPath = options.statusPath ?? '/sluice-jobs/';
    this.#status = new StatusDesk(options.store, this.#platform);
    this.#answers = new Answers(this.#tokens, this.#statusPath);
    for (const spec of specs) this.#lanes.set(spec.name, this.#laneOf(spec));
    this.#sweeper = new Sweeper(options.store, [...this.#lanes.keys()], this.#platform);
  }

  maxBodyBytes(method: string, url: URL): number | undefined {
    return this.#isStatus(method, url) ? 0 : this.#laneFor(method, url)?.spec.bodyBytes;
  }

  async handle(request: Request, service: Service, known: KnownRequest = {}): Promise<Response> {
    const url = new URL(request.url);
    if (this.#isStatus(request.method, url))
      return exposed(
        request,
        await this.#answerStatus(request, url.pathname.slice(this.#statusPath.length), known),
      );
    const lane = this.#laneFor(request.method, url);
    if (!lane) return service(request);
    const delivery = request.headers.get(DELIVERY);
    const held = delivery === null ? undefined : await this.#tokens.readDelivery(delivery, Date.now());
    if (held?.queue === lane.spec.name) {
      this.#hold(request, held);
      return service(request);
    }
    return exposed(request, await this.#pass(lane, request, service, known));
  }

  async once<T>(request: object, work: (tx: Tx) => Promise<T>): Promise<T> {
    const known = this.#known.get(request);
    if (!known)
      throw new GateError(
        'key-not-held',
        'this request did not come through the gate: give `once` the one that the service was given',
      );
    const text = await this.#options.store.once(known.held, async (tx) =>
      JSON.stringify({ value: await work(tx) }),
    );
    return (JSON.parse(text) as { value: T }).value;
  }

  link(request: Request, other: object): void {
    const known = this.#known.get(request);
    if (known) this.#known.set(other, known);
  }

  identityOf(request: object): string | undefined {
    return this.#known.get(request)?.identity;
  }

  async counts(queue: Q): Promise<QueueCounts> {
    const { jobs, bytes, accepted } = await this.#lane(queue).committer.run(
      {},
      (book): QueueRow => book.queue,
    );
    return { ...(await this.#options.store.counts(queue)), accepted, inLine: jobs, bytes };
  }

  async list({
    queue,
    state,
    limit = 100,
  }: {
    queue: Q;
    state: KeyState;
    limit?: number;
  }): Promise<Listed[]> {
    const entries = await this.#options.store.list(queue, state, limit);
    return entries.map(({ identity, key, row }) => ({
      identity,
      key,
      state: row.state,
      ticket: row.job?.ticket,
      status: row.answer?.status,
    }));
  }

  async redrive(ticket: string): Promise<void> {
    const [entry] = await this.#options.store.look([ticket]);
    const lane = entry && this.#lanes.get(entry.queue);
    const isDone = await lane?.committer.run({ tickets: [ticket] }, (book) => redrive(book, ticket));
    if (!isDone) throw unknownRequest('no dead or unknown job has this ticket', ticket);
    lane?.runner?.wake();
  }

  async resolve(
    { queue, identity, key }: { queue: Q; identity: string; key: string },
    how: 'done' | 'not-done',
  ): Promise<void> {
    const { committer, spec } = this.#lane(queue);
    const id = { identity, key };
    const decide = committer.run({ keys: [id] }, (book) => resolve(book, id, how, spec.policy.keepKeysMs));
    if (!(await decide)) throw unknownRequest('no key of this caller has an unknown outcome', key);
  }

  pause(queue: Q): Promise<void> {
    return this.#change(queue, (row) => ({ ...row, isPaused: true }));
  }

  resume(queue: Q): Promise<void> {
    return this.#change(queue, (row) => ({ ...row, isPaused: false }));
  }

  async setPolicy(queue: Q, patch: PolicyPatch): Promise<void> {
    checkPatch(queue, patch);
    await this.#change(queue, (row) => ({ ...row, patch: { ...row.patch, ...patch } }));
  }

  async close(): Promise<void> {
    this.#sweeper.close();
    this.#status.close();
    for (const { runner, settler } of this.#lanes.values()) {
      await runner?.close();
      await settler.close();
    }
  }

  async #change(queue: Q, change: (row: QueueRow) => QueueRow): Promise<void> {
    const { committer, runner } = this.#lane(queue);
    await committer.run({}, (book) => {
      book.queue = change(book.queue);
    });
    runner?.wake();
  }

  #isStatus(method: string, { pathname }: URL): boolean {
    return method === 'GET' && pathname.startsWith(this.#statusPath);
  }

  #laneFor(method: string, url: URL): Lane | undefined {
    return [...this.#lanes.values()].find(({ spec }) => isMatch(spec.match, method, url));
  }

  #lane(queue: string): Lane {
    const lane = this.#lanes.get(queue);
    if (!lane) throw invalid('queue', queue, [...this.#lanes.keys()].join(', '));
    return lane;
  }

  #laneOf(spec: QueueSpec): Lane {
    const { store: engine, maxWaiting = 10_000 } = this.#options;
    const committer = new Committer(engine, spec.name, maxWaiting);
    const settler = new Settler(committer, this.#platform);
    const parts: QueueParts = {
      spec,
      engine,
      committer,
      settler,
      platform: this.#platform,
      answers: this.#answers,
      hold: (request, held) => this.#hold(request, held),
      onAccepted: () => this.#lanes.get(spec.name)?.runner?.wake(),
    };
    return { spec, committer, settler, gate: new QueueGate(parts), runner: this.#runnerOf(parts) };
  }

  #runnerOf(parts: QueueParts): LineRunner | undefined {
    const { line } = parts.spec.policy;
    if (!line) return undefined;
    return new LineRunner({
      ...parts,
      line,
      deliver: (request, held) => this.#deliver(request, held, parts.spec),
      onEnd: (ticket) => this.#status.ended(ticket),
    });
  }

  async #deliver(stored: StoredRequest, held: HeldKey, { policy }: QueueSpec): Promise<Response> {
    const { method, url, headers, body } = stored;
    const token = await this.#tokens.signDelivery(held, Date.now() + policy.leaseMs);
    const hasBody = body.byteLength > 0 && method !== 'GET' && method !== 'HEAD';
    const request = new Request(url, {
      method,
      headers: [...headers.map(([name, value]): [string, string] => [name, value]), [DELIVERY, token]],
      ...(hasBody && { body: body as BodyInit }),
    });
    this.#hold(request, held);
    const { deliver } = this.#options;
    if (!deliver) throw invalid('deliver', undefined, 'a function');
    return deliver(request);
  }

  #hold(request: Request, held: HeldKey): void {
    this.#known.set(request, { identity: held.identity, held });
  }

  async #answerStatus(request: Request, ticket: string, { signal }: KnownRequest): Promise<Response> {
    try {
      const left = signal ?? (() => request.signal);
      return await this.#status.answer(ticket, await this.#identity(request), request, left);
    } catch (error) {
      if (error instanceof GateError) return refusalFor(error);
      throw error;
    }
  }

  async #pass(
    { spec, gate }: Lane,
    request: Request,
    service: Service,
    known: KnownRequest,
  ): Promise<Response> {
    const sent =
      spec.idempotency === 'off'
        ? { kind: 'none' as const }
        : readKey(request.headers.get('idempotency-key'));
    if (sent.kind === 'odd') return problem('key-odd', { detail: sent.why });
    if (sent.kind === 'none' && spec.idempotency === 'required') return problem('key-missing');
    const identity = await this.#identity(request);
    const body = known.body ?? (await readBody(request, spec.bodyBytes)) ?? 'too-large';
    if (body === 'too-large')
      return problem('body-too-large', { detail: `more than ${spec.bodyBytes} bytes` });
    const passed = known.body ? request : withBody(request, body);
    this.#known.set(passed, { identity, held: undefined });
    const key = sent.kind === 'key' ? sent.key : undefined;
    const fingerprint = key === undefined ? '' : await fingerprintOf(this.#platform, request, body);
    const arrival: Incoming['arrival'] = {
      identity,
      key,
      fingerprint,
      slot: await this.#slotOf(spec.name, identity, request),
      request: consents(request) && spec.policy.line ? storedOf(request, body) : undefined,
    };
    return gate.pass({ request: passed, arrival, signal: known.signal ?? (() => request.signal) }, service);
  }

  async #slotOf(queue: string, identity: string, { headers }: Request): Promise<Incoming['arrival']['slot']> {
    const token = /^\s*"([^"]*)"/.exec(headers.get('sluice-slot') ?? '')?.[1];
    return token === undefined ? undefined : this.#tokens.readSlot(queue, identity, token);
  }

  /** @throws GateError `config-invalid` where the option has returned what cannot be stored */
  async #identity(request: Request): Promise<string> {
    const identity = await this.#options.identity(request);
    if (typeof identity === 'string' && identity.length <= MAX_IDENTITY && !identity.includes('\0'))
      return identity;
    // It may be a token by mistake, which must not stand in a log.
    const shown = typeof identity === 'string' ? `${identity.length} characters` : typeof identity;
    throw invalid(
      'what identity() returned',
      shown,
      `a string of ${MAX_IDENTITY} characters at most, without NUL`,
    );
  }
}

/** RFC 7240, 4.1: without it a caller could take the 202 for the service's answer. */
function consents({ headers }: Request): boolean {
  return /(?:^|[,;\s])respond-async(?:$|[,;\s])/i.test(headers.get('prefer') ?? '');
}

function storedOf({ method, url, headers }: Request, body: Uint8Array): StoredRequest {
  return { method, url, headers: storedHeaders(headers), body };
}

function unknownRequest(sentence: string, value: string): GateError {
  return new GateError('unknown-request', sentence, { value });
}
