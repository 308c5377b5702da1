import { type Host, PROTOCOL, SCHEMA, type Refusal } from '../core/messages.js';
import { giveBackPlace } from './give-back-place.js';
import type { Runtime } from './runtime.js';

/** Where an engine runs that can be asked to let go. */
export interface Sleeper {
  suspend(): Promise<void>;
  resume(): void;
}

/** What a page may ask of a worker or a service worker. */
export function createHost(runtime: Runtime, sleeper: Sleeper): Host {
  const { definition, intake, identity, matcher } = runtime;
  return {
    hello: async () => ({ protocol: PROTOCOL, schema: SCHEMA, name: definition.name, engine: runtime.id }),
    fetch: async (request, { queue, ...options }, askedAt) =>
      definition.enabled
        ? intake.accept(request, { queue, options, askedAt })
        : { kind: 'broken', whenBroken: 'network', refusal: SWITCHED_OFF },
    enqueue: async (requests, { queue, ...options }, askedAt) =>
      definition.enabled
        ? intake.acceptAll(requests, { queue, options, askedAt })
        : requests.map(() => ({ kind: 'refused', refusal: SWITCHED_OFF })),
    queueOf: async (url) => {
      const queues = METHODS.map((method) => matcher({ method, url, mode: 'cors', destination: '' }));
      return queues.find((queue) => queue !== undefined);
    },
    suspend: () => sleeper.suspend(),
    resume: async () => sleeper.resume(),
    refreshIdentity: () => identity.refresh(),
    passed: (pass, ended) => giveBackPlace(runtime, pass, ended),
  };
}

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'HEAD'];

const SWITCHED_OFF: Refusal = {
  status: 503,
  code: 'no-answer',
  title: 'Nobody takes requests',
  detail: 'the config says `enabled: false`. What is stored is still sent.',
};
