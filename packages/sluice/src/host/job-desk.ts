import type { Ticket } from '../core/job.js';
import { createGroupCommit } from '../drain/group-commit.js';
import type { World } from '../drain/world.js';
import { commandJobs, type JobAnswer, type JobCommand } from '../store/job-commands.js';
import { type Known, readTicketed } from '../store/query.js';

/** Takes what is asked of single jobs. */
export interface JobDesk {
  /** @throws SluiceError `state-conflict` */
  apply<T>(command: JobCommand<T>): Promise<T>;
  look(ticket: Ticket): Promise<Known>;
}

/** Jobs that one transaction takes at most. */
const MOST_AT_ONCE = 100;

/**
 * An app redrives, cancels or looks at thousands of jobs in one go, each by itself: a transaction for each would hold up every
 * send and every receipt until the last of them, and so would one for all.
 */
export function createJobDesk({
  database,
  notify,
  clock,
}: Pick<World, 'database' | 'notify' | 'clock'>): JobDesk {
  const commits = createGroupCommit(async (commands: JobCommand<unknown>[]) => {
    const { answers, events } = await commandJobs(database, commands, clock.now());
    notify.tell(events);
    return answers;
  }, MOST_AT_ONCE);
  return {
    apply: async <T>(command: JobCommand<T>) => {
      const answer = (await commits.one(command)) as JobAnswer<T>;
      if (answer.kind === 'refused') throw answer.error;
      return answer.value;
    },
    look: createGroupCommit((tickets: Ticket[]) => readTicketed(database, tickets), MOST_AT_ONCE).one,
  };
}
