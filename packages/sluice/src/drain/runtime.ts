import type { QueueDefinition, SluiceDefinition } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Dispatch, Store } from '../core/ports.js';
import { createMatcher, type Matcher } from '../core/match.js';

import { createStore } from '../store/store.js';
import { readOwner } from '../store/owners.js';
import { createDispatch, type DispatchOptions, followUp, type Sent } from '../transport/attempt.js';
import { dispatchBatches } from '../transport/batch.js';
import { newId } from '../transport/new-id.js';
import { type Prepared, type PrepareOptions, type Preparing, prepareRequest } from '../transport/prepare.js';
import { sealAnswers } from '../transport/sealed-answers.js';
import { withSignIn } from '../transport/sign-in.js';
import { openContext, type SealingKeys } from '../transport/seal.js';
import { Engine } from './engine.js';
import { createIntakeDesk, type IntakeDesk } from './intake.js';
import { rulesOf } from './rules.js';
import { createIdentitySource, type IdentitySource } from './identity-source.js';
import { createSealingKeys } from './sealing-key.js';
import { browserWorld, type World } from './world.js';

/** The parts of one context, put together: what a worker and a service worker have in common. */
export interface Runtime extends World {
  /** What the ids of its engines begin with. */
  id: string;
  definition: SluiceDefinition;
  /** The rules of the app, against the origin of the script that runs them. */
  matcher: Matcher;
  store: Store;
  intake: IntakeDesk;
  sealingKey: SealingKeys;
  identity: IdentitySource;
  /** Makes the request of a job whose body stands nowhere yet. */
  prepare(preparing: Preparing): Promise<Prepared>;
  /** Reads the answer to a send that is under way. */
  receive(sent: Sent): Dispatch;
  startEngine(seat: Seat): Engine;
}

export interface Seat {
  /** A lock proves that no other engine runs. */
  isAlone: boolean;
  /** Comes before its first turn, which gives back what engines before had under way. */
  begin?: () => Promise<unknown>;
}

export function createRuntime(asked: SluiceDefinition, world: World = browserWorld(asked.name)): Runtime {
  const queues = asked.queues.map((queue) => withSignIn(queue, world.base));
  const definition = { ...asked, queues };
  const id = newId();
  let engines = 0;
  const { database, notify, clock, chance } = world;
  const store = createStore(database, (queue) => rulesOf(definition, queue), { id, clock });
  // The one log line of the library: a rule that throws would otherwise let requests through unseen.
  const report = (error: unknown): void => console.error(sentenceOf(error));
  const matcher = createMatcher(queues, world.base, report);
  const sealingKey = createSealingKeys(database, notify);
  const identity = createIdentitySource(database, world);
  const preparing: PrepareOptions = {
    readBody: store.body,
    sealingKey,
    prepareOf: (queue) => queueOf(definition, queue)?.prepare,
    context: async (owner) => {
      const row = await readOwner(database, owner);
      return row?.context ? openContext(row.context, (await sealingKey(owner))[0]) : {};
    },
    clock,
    base: world.base,
  };
  const sending: DispatchOptions = {
    ...preparing,
    expectOf: (queue) => queueOf(definition, queue)?.expect,
    fetch: world.fetch,
  };
  const single = createDispatch(sending);
  const batched = dispatchBatches(single, {
    readBody: store.body,
    sealingKey,
    functionsOf: (queue) => queueOf(definition, queue)?.batch,
  });
  const dispatch = sealAnswers(batched, sealingKey);
  return {
    ...world,
    id,
    definition,
    store,
    identity,
    sealingKey,
    matcher,
    intake: createIntakeDesk({ ...world, definition, matcher, store, sealingKey, identity }),
    prepare: (one) => prepareRequest(one, preparing),
    receive: (sent) => sealAnswers(followUp(sent, sending), sealingKey),
    startEngine: ({ isAlone, begin }) => {
      engines += 1;
      database.rotateLog();
      return new Engine({
        id: `${id}/${engines}`,
        isAlone,
        ...(begin ? { begin } : {}),
        store,
        dispatch,
        clock,
        notify,
        chance,
      });
    },
  };
}

function queueOf({ queues }: SluiceDefinition, queue: string): QueueDefinition | undefined {
  return queues.find(({ name }) => name === queue);
}
