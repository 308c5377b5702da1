import type { Scenario } from '../scenario.ts';
import { OF_ANSWERS } from './answers.ts';
import { OF_BATCHES } from './batches.ts';
import { OF_CHANGES } from './changes.ts';
import { OF_CLOCKS } from './clocks.ts';
import { OF_HOSTS } from './hosts.ts';
import { OF_JOBS } from './jobs.ts';
import { OF_PASSING } from './passing.ts';
import { OF_SEALED } from './sealed.ts';
import { OF_SERVICE } from './service.ts';
import { OF_TABS } from './tabs.ts';
import { OF_USERS } from './users.ts';
import { OF_VERSIONS } from './versions.ts';

/** Everything that a job of Sluice may go through, small enough to break it at each of its steps. */
export const SCENARIOS: readonly Scenario[] = [
  ...OF_SERVICE,
  ...OF_TABS,
  ...OF_CLOCKS,
  ...OF_JOBS,
  ...OF_BATCHES,
  ...OF_CHANGES,
  ...OF_USERS,
  ...OF_PASSING,
  ...OF_SEALED,
  ...OF_ANSWERS,
  ...OF_VERSIONS,
  ...OF_HOSTS,
];
