import type { QueueConfig } from '../../sluice/src/core/config.ts';
import type { Rate } from '../../sluice/src/core/policy.ts';
import { CANARY } from './canary.ts';
import { BASE } from './contexts.ts';
import type { Behaviour } from './service.ts';
import type { Stage } from './stage.ts';

/** What a few jobs, two tabs and the service worker go through, and what may come of it. */
export interface Scenario {
  name: string;
  jobs: 1 | 2 | 3;
  queue?: Partial<QueueConfig>;
  /** No rate is configured. */
  unpaced?: boolean;
  /** A rate of the destination, which a second queue, `others`, shares. */
  sharedRate?: Rate;
  /** Its `prepare` takes so long, and changes nothing. */
  prepareMs?: number;
  /** Default: every request is answered with 200. */
  service?: Behaviour;
  /** The service knows keys: whatever befalls a job, it is done once. */
  dedupes?: boolean;
  script: (stage: Stage) => Promise<void>;
  /** What somebody does at the end, so that all can come to rest. */
  heal?: (stage: Stage) => Promise<void>;
  /** A job may end as a dead letter. */
  mayDie?: boolean;
  /** A request may be refused. */
  mayRefuse?: boolean;
  /** A job may be sent under another key. */
  hasNewKeys?: boolean;
  /** A job may be forgotten with its user. */
  mayForget?: boolean;
  /** The site's storage may be cleared, at any step: all that was accepted before is gone. */
  mayBeCleared?: boolean;
  /** A canary is in what is sealed of each job, which can be read nowhere but at the service: a header, or everything. */
  canary?: 'authorization' | 'everywhere';
  /** No job may be sent twice. */
  neverRepeats?: boolean;
  /** The first answer asks for so much quiet. */
  quietMs?: number;
  /** How long the script may take, in simulated time. Default a minute. */
  scriptMs?: number;
  /** Time is set forward while engines change: the named exception of the pace. */
  breaksClock?: boolean;
  /** The page has none, and its workers are alone. */
  hasNoServiceWorker?: boolean;
  /** The worker of a page may end alone, and the page lives on. */
  workersEndAlone?: boolean;
  /** Views are looked at the end, and may be so old. */
  viewsMs?: number;
  /** The script of no worker comes, until `isWorkerMissing` of the stage is false. */
  isWorkerMissing?: boolean;
  /** The browser has no Web Locks, or refuses them. */
  hasNoLocks?: boolean;
  /** All broadcasts are lost: each context hears itself alone. */
  losesHints?: boolean;
  /** Nobody comes back: the browser alone wakes the service worker. */
  staysClosed?: boolean;
}

/** Where the jobs of a scenario go. */
export function urlOf({ canary }: Scenario): string {
  return `${BASE}api/orders${canary === 'everywhere' ? `?${CANARY}` : ''}`;
}

/** What a job says of who sends it, where it has a canary. */
export function authorizationOf(body: string): string {
  return `Bearer ${body} ${CANARY}`;
}
