import { backoffMs } from '../../../sluice/dist/core/backoff.js';
import { budgetAfter } from '../../../sluice/dist/core/flow/budget.js';
import { decide } from '../../../sluice/dist/core/flow/decide.js';
import { event } from '../../../sluice/dist/core/flow/event.js';
import { hintOf } from '../../../sluice/dist/core/flow/hints.js';
import { observe } from '../../../sluice/dist/core/flow/observe.js';
import { sent } from '../../../sluice/dist/core/flow/sent.js';
import { type Flow, type FlowConfig, newFlow } from '../../../sluice/dist/core/flow/state.js';
import { DEFAULT_POLICY, flowConfigOf, type Rate } from '../../../sluice/dist/core/policy.js';
import type { Controller, ControllerMaker, Decision, Outcome, View } from './controller.js';
import { SendLog } from './send-log.js';

/** What a queue without a `rate` has. */
export const DEFAULT_FLOW: FlowConfig = flowConfigOf(DEFAULT_POLICY);

/** Ours, by the product's own functions: the flow alone. */
export function sluice(over: Partial<FlowConfig> = {}): ControllerMaker {
  const config = { ...DEFAULT_FLOW, ...over };
  return (random) => new Sluice(config, random);
}

/** Ours under a configured rate: the flow and the log of sends, whichever is later. */
export function pacedSluice(rate: Required<Rate>, over: Partial<FlowConfig> = {}): ControllerMaker {
  const config = { ...flowConfigOf({ ...DEFAULT_POLICY, rate }), ...over };
  return (random) => {
    const flow = new Sluice(config, random);
    const log = new SendLog(rate);
    return {
      decide(now, view): Decision {
        const decision = flow.decide(now, view);
        if (decision.kind !== 'send') return decision;
        const at = log.nextAt(now);
        return at > now ? { kind: 'wait', until: at } : { ...decision, n: 1 };
      },
      sent(now, sends) {
        flow.sent(now, sends);
        log.charge(now);
      },
      observe: (now, outcome, inFlight) => flow.observe(now, outcome, inFlight),
      requeue: (outcome, tries) => flow.requeue(outcome, tries),
      connectivity: (now, kind) => flow.connectivity(now, kind),
    };
  };
}

class Sluice implements Required<Controller> {
  #flow: Flow;
  readonly #config: FlowConfig;
  readonly #random: () => number;

  constructor(config: FlowConfig, random: () => number) {
    this.#flow = newFlow();
    this.#config = config;
    this.#random = random;
  }

  decide(now: number, view: View): Decision {
    return decide(this.#flow, this.#config, now, view);
  }

  sent(now: number, { n, retries }: { n: number; retries: number }): void {
    if (retries > 0) this.#flow = { ...this.#flow, budget: budgetAfter(this.#flow, now, { sent: retries }) };
    this.#flow = sent(this.#flow, this.#config, now, n, this.#random);
  }

  observe(now: number, outcome: Outcome, inFlight: number): void {
    const { kind, status, headers, sentAt, rttMs, isFirstTry } = outcome;
    const hint = headers.length > 0 ? hintOf(status, headers, now) : undefined;
    const endsRetry = kind === 'accepted' && !isFirstTry;
    const told = { kind, sentAt, rttMs, endsRetry, ...(hint ? { hint } : {}) };
    this.#flow = observe(this.#flow, this.#config, now, told, inFlight, this.#random);
  }

  /** A rejection costs a job nothing; a failure costs it a backoff; in an outage it is the queue that waits. */
  requeue({ kind }: Outcome, tries: number): number {
    if (kind === 'rejected') return 0;
    const isQueueWaiting = kind === 'outage' && this.#flow.phase.kind === 'probe';
    return backoffMs(isQueueWaiting ? 1 : tries, DEFAULT_POLICY.backoff, this.#random());
  }

  connectivity(now: number, kind: 'online' | 'offline'): void {
    this.#flow = event(this.#flow, now, kind, this.#random);
  }
}
