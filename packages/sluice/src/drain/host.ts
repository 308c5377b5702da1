import { requireCaptured } from '../core/captured.js';
import { sentenceOf } from '../core/errors.js';
import type { JobOptions } from '../core/job-options.js';
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
    enqueue: (requests, { queue, ...asked }) => {
      const queues = requests.map((captured) => queue ?? matcher(factsOfCaptured(captured)));
      return enqueueMatched(intake, { requests, queues, asked });
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

async function enqueueMatched(
  intake: Runtime['intake'],
  { requests, queues, asked }: { requests: Captured[]; queues: (string | undefined)[]; asked: JobOptions },
): Promise<Intake[]> {
  const places = queues.flatMap((queue, i) => (queue === undefined ? [] : [{ queue, i }]));
  const answers = requests.map((): Intake => ({ kind: 'unmatched' }));
  const [only] = places;
  const matched = places.map(({ i }) => requests[i] as Captured);
  const taken =
    only && places.length === 1
      ? [await intake.accept(matched[0] as Captured, only.queue, { options: asked })]
      : await intake.acceptAll(
          matched,
          places.map(({ queue }) => queue),
          asked,
        );
  for (const [k, { i }] of places.entries()) answers[i] = taken[k] as Intake;
  return answers;
}

function factsOfCaptured(captured: Captured) {
  requireCaptured(captured);
  const { method, url, mode } = captured.request;
  return { method, url, mode, destination: '' };
}
