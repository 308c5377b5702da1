import type { Mutant } from '../mutant.ts';
import { OF_DELIVERY } from './of-delivery.ts';
import { OF_HOSTS } from './of-hosts.ts';
import { OF_PAGES } from './of-pages.ts';
import { OF_PASSING } from './of-passing.ts';
import { OF_USERS } from './of-users.ts';

/** Bugs that queues have had. */
export const MUTANTS: readonly Mutant[] = [
  ...OF_DELIVERY,
  ...OF_PAGES,
  ...OF_HOSTS,
  ...OF_USERS,
  ...OF_PASSING,
];
