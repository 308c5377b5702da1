import { type Controller, type ControllerMaker, kindOf, type Outcome } from './controller.js';
import { EventHeap } from './event-heap.js';
import { Jobs } from './jobs.js';
import { between, logNormal, randomOf } from './random.js';
import { RunRecord } from './record.js';
import {
  BASE_LATENCY_MS,
  ROUND_TRIP,
  type Scenario,
  sharesOf,
  TIMEOUT_MS,
  TRANSPORT_CAP,
} from './scenario.js';
import type { Reply, Service } from './services/service.js';

const BEGIN = 0;
const LOOK = 1;
const REACH_SERVICE = 2;
const REPLY = 3;
const DUE = 4;
const NEW_JOB = 5;

/** A controller that sends nothing and names no instant is asked again after so long. */
const ASK_AGAIN_MS = 1000;

const TIMED_OUT: Reply = { status: 0, at: 0, headers: [] };

/** Runs a fleet through a scenario: discrete events, exact instants, one stream of chance. */
export function simulate(scenario: Scenario, make: ControllerMaker, seed: number): RunRecord {
  return new Fleet(scenario, make, seed).run();
}

class Fleet {
  readonly #scenario: Scenario;
  readonly #random: () => number;
  readonly #service: Service;
  readonly #events = new EventHeap();
  readonly #record = new RunRecord();
  readonly #jobs: Jobs;
  readonly #controllers: Controller[] = [];
  readonly #roundTripMs: Float64Array;
  readonly #inFlight: Int32Array;
  readonly #lookAt: Float64Array;
  readonly #replies = new Map<number, Reply>();

  constructor(scenario: Scenario, make: ControllerMaker, seed: number) {
    const { clients, arrivals } = scenario;
    this.#scenario = scenario;
    this.#random = randomOf(seed);
    this.#service = scenario.service();
    const streamed = arrivals ? (2 * arrivals.perSecond * (arrivals.untilMs - arrivals.fromMs)) / 1000 : 0;
    this.#jobs = new Jobs(Math.ceil(scenario.backlog + clients + streamed + 100), clients);
    this.#roundTripMs = new Float64Array(clients);
    this.#inFlight = new Int32Array(clients);
    this.#lookAt = new Float64Array(clients).fill(Infinity);
    for (let client = 0; client < clients; client++) this.#enrol(client, make);
    this.#shareBacklog();
    if (arrivals) this.#nextArrival(arrivals.fromMs);
  }

  run(): RunRecord {
    const events = this.#events;
    while (events.pop() && events.at <= this.#scenario.untilMs && !this.#record.isCapped) {
      this.#step(events.at, events.kind, events.ref);
    }
    this.#record.jobs = this.#jobs.count;
    return this.#record;
  }

  #enrol(client: number, make: ControllerMaker): void {
    const { offlineMs, spreadMs } = this.#scenario;
    const controller = make(this.#random);
    if (offlineMs > 0) controller.connectivity?.(-offlineMs, 'offline');
    this.#controllers.push(controller);
    this.#roundTripMs[client] = logNormal(ROUND_TRIP.medianMs, ROUND_TRIP.sigma, this.#random);
    this.#events.push(between(0, spreadMs, this.#random), BEGIN, client);
  }

  #shareBacklog(): void {
    const { clients, backlog } = this.#scenario;
    const shares = sharesOf(backlog, clients, this.#random);
    for (const [client, jobs] of shares.entries()) {
      for (let i = 0; i < jobs; i++) this.#addJob(client, 0);
    }
  }

  #addJob(client: number, now: number): void {
    const { poisonShare } = this.#scenario;
    this.#record.created.add(now);
    this.#jobs.add(client, now, poisonShare !== undefined && this.#random() < poisonShare);
  }

  #step(now: number, kind: number, ref: number): void {
    if (kind === BEGIN) this.#begin(now, ref);
    else if (kind === LOOK) this.#look(now, ref);
    else if (kind === REACH_SERVICE) this.#reachService(now, ref);
    else if (kind === REPLY) this.#reply(now, ref);
    else if (kind === DUE) this.#due(now, ref);
    else this.#newJob(now);
  }

  #begin(now: number, client: number): void {
    if (this.#scenario.offlineMs > 0) this.#controllerOf(client).connectivity?.(now, 'online');
    this.#sendWhatMay(now, client);
  }

  /** A look that was put off or brought forward since is no longer the one that counts. */
  #look(now: number, client: number): void {
    if (this.#lookAt[client] !== now) return;
    this.#lookAt[client] = Infinity;
    this.#sendWhatMay(now, client);
  }

  #newJob(now: number): void {
    const { arrivals, clients } = this.#scenario;
    const client = Math.floor(this.#random() * clients);
    this.#addJob(client, now);
    this.#sendWhatMay(now, client);
    if (arrivals && now < arrivals.untilMs) this.#nextArrival(now);
  }

  #nextArrival(now: number): void {
    const perMs = (this.#scenario.arrivals?.perSecond ?? 0) / 1000;
    this.#events.push(now - Math.log(1 - this.#random()) / perMs, NEW_JOB, 0);
  }

  #sendWhatMay(now: number, client: number): void {
    const controller = this.#controllerOf(client);
    for (;;) {
      const queued = this.#jobs.queued(client);
      if (queued === 0) return;
      const retriesDue = this.#jobs.retries.length(client);
      const inFlight = this.#inFlight[client] as number;
      const decision = controller.decide(now, { queued, retriesDue, inFlight });
      if (decision.kind === 'hold') return;
      if (decision.kind === 'wait') return this.#lookLater(Math.max(decision.until, now + 0.01), client);
      if (inFlight >= TRANSPORT_CAP) return;
      const n = Math.min(decision.n, TRANSPORT_CAP - inFlight);
      if (!this.#send(now, client, n, decision.maxRetries)) {
        return this.#lookLater(now + ASK_AGAIN_MS, client);
      }
    }
  }

  #lookLater(at: number, client: number): void {
    if (this.#lookAt[client] === at) return;
    this.#lookAt[client] = at;
    this.#events.push(at, LOOK, client);
  }

  /** Retries first, as many as may, then fresh jobs. */
  #send(now: number, client: number, n: number, maxRetries: number): boolean {
    const { retries, fresh } = this.#jobs;
    const retried = Math.min(n, maxRetries, retries.length(client));
    const begun = Math.min(n - retried, fresh.length(client));
    for (let i = 0; i < retried; i++) this.#depart(now, client, retries.take(client));
    for (let i = 0; i < begun; i++) this.#depart(now, client, fresh.take(client));
    if (retried + begun === 0) return false;
    this.#controllerOf(client).sent(now, { n: retried + begun, retries: retried });
    return true;
  }

  #depart(now: number, client: number, job: number): void {
    const { tries, sentAt, createdAt } = this.#jobs;
    if (tries[job] === 0) this.#record.firstTryDelayMs.push(now - (createdAt[job] as number));
    tries[job] = (tries[job] as number) + 1;
    sentAt[job] = now;
    this.#inFlight[client] = (this.#inFlight[client] as number) + 1;
    this.#events.push(now + (this.#roundTripMs[client] as number) / 2, REACH_SERVICE, job);
  }

  #reachService(now: number, job: number): void {
    this.#record.arrivals.add(now);
    if (this.#record.arrivals.total >= this.#scenario.maxSends) this.#record.isCapped = true;
    const reply = this.#answerTo(now, job);
    const latencyMs = between(BASE_LATENCY_MS.min, BASE_LATENCY_MS.max, this.#random);
    const repliedAt = reply.at + latencyMs + (this.#roundTripMs[this.#clientOf(job)] as number) / 2;
    const timeoutAt = (this.#jobs.sentAt[job] as number) + TIMEOUT_MS;
    this.#replies.set(job, repliedAt <= timeoutAt ? reply : TIMED_OUT);
    this.#events.push(Math.min(repliedAt, timeoutAt), REPLY, job);
  }

  #answerTo(now: number, job: number): Reply {
    const reply = this.#service.arrive(now);
    const isFault = reply.status === 200 && this.#jobs.isPoison[job] === 1;
    return isFault ? { ...reply, status: 500 } : reply;
  }

  #reply(now: number, job: number): void {
    const client = this.#clientOf(job);
    const reply = this.#replies.get(job) as Reply;
    this.#replies.delete(job);
    if (reply === TIMED_OUT) this.#record.timeouts += 1;
    const outcome = this.#outcomeOf(now, job, reply);
    const inFlight = (this.#inFlight[client] as number) - 1;
    this.#inFlight[client] = inFlight;
    this.#controllerOf(client).observe(now, outcome, inFlight);
    if (outcome.kind === 'accepted') this.#record.accept(now, outcome.rttMs);
    else this.#refuse(now, job, outcome);
    this.#sendWhatMay(now, client);
  }

  #outcomeOf(now: number, job: number, { status, headers }: Reply): Outcome {
    const sentAt = this.#jobs.sentAt[job] as number;
    const isFirstTry = this.#jobs.failures[job] === 0;
    return { kind: kindOf(status), status, headers, sentAt, rttMs: now - sentAt, isFirstTry };
  }

  #refuse(now: number, job: number, outcome: Outcome): void {
    if (outcome.kind === 'rejected') this.#record.rejected.add(now);
    else if (this.#isGivenUp(job)) {
      this.#record.givenUp += 1;
      return this.#record.end(now);
    }
    const delay = this.#controllerOf(this.#clientOf(job)).requeue(outcome, this.#jobs.tries[job] as number);
    if (delay === 'lost') {
      this.#record.lost += 1;
      this.#record.end(now);
    } else if (delay > 0) this.#events.push(now + delay, DUE, job);
    else this.#putBack(job);
  }

  #isGivenUp(job: number): boolean {
    const failures = (this.#jobs.failures[job] as number) + 1;
    this.#jobs.failures[job] = failures;
    return failures >= (this.#scenario.maxAttempts ?? Infinity);
  }

  #putBack(job: number): void {
    const client = this.#clientOf(job);
    if (this.#jobs.failures[job] === 0) this.#jobs.fresh.putBack(client, job);
    else this.#jobs.retries.append(client, job);
  }

  #due(now: number, job: number): void {
    this.#putBack(job);
    this.#sendWhatMay(now, this.#clientOf(job));
  }

  #clientOf(job: number): number {
    return this.#jobs.client[job] as number;
  }

  #controllerOf(client: number): Controller {
    return this.#controllers[client] as Controller;
  }
}
