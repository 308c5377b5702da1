import { requireCaptured } from '../core/captured.js';
import { sentenceOf } from '../core/errors.js';
import { createMatcher, type Matcher } from '../core/match.js';
import { type Captured, type Host, type Intake, PROTOCOL, SCHEMA } from '../core/messages.js';
import type { Runtime } from './runtime.js';

/** Where an engine runs that can be asked to let go. */
export interface Sleeper {
  suspend(): Promise<void>;
  resume(): void;
}

/** What a page may ask of a worker or a service worker. */
export function createHost(runtime: Runtime, sleeper: Sleeper): Host {
  const { definition, intake, identity } = runtime;
  const matcher = createOwnMatcher(runtime);
  return {
    hello: async () => ({ protocol: PROTOCOL, schema: SCHEMA, name: definition.name, engine: runtime.id }),
    enqueue: async (requests, { queue, ...asked }) => {
      if (!definition.enabled) return requests.map(() => SWITCHED_OFF);
      const queues = requests.map((captured) => queue ?? matcher(factsOfCaptured(captured)));
      const matched = requests.filter((_, i) => queues[i] !== undefined);
      const named = queues.filter((name) => name !== undefined);
      const taken = (await intake.acceptAll(matched, named, asked)).values();
      return queues.map((name) => (name === undefined ? UNMATCHED : (taken.next().value as Intake)));
    },
    queueOf: async (url) => {
      const queues = METHODS.map((method) => matcher({ method, url, mode: 'cors', destination: '' }));
      return queues.find((queue) => queue !== undefined);
    },
    suspend: () => sleeper.suspend(),
    resume: async () => sleeper.resume(),
    refreshIdentity: () => identity.refresh(),
  };
}

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'HEAD'];

/** The rules of the app, against the origin of the script that runs them. */
export function createOwnMatcher({ definition, base }: Pick<Runtime, 'definition' | 'base'>): Matcher {
  // The one log line of the library: a rule that throws would otherwise let requests through unseen.
  const report = (error: unknown): void => console.error(sentenceOf(error));
  return createMatcher(definition.queues, base, report);
}

const UNMATCHED: Intake = { kind: 'unmatched' };

const SWITCHED_OFF: Intake = {
  kind: 'broken',
  whenBroken: 'network',
  refusal: {
    status: 503,
    code: 'no-answer',
    title: 'Nobody takes requests',
    detail: 'the config says `enabled: false`. What is stored is still sent.',
  },
};

function factsOfCaptured(captured: Captured) {
  requireCaptured(captured);
  const { method, url, mode } = captured.request;
  return { method, url, mode, destination: '' };
}
