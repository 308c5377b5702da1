import { isPassing } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import type { Answer } from '../core/job.js';
import type { JobView } from '../core/views.js';
import { openAnswer } from '../transport/seal-all.js';
import type { SealingKeys } from '../transport/seal.js';

/** A job as its user may see it: its answer in clear, or its status alone where that does not open. */
export async function openView(
  { view, owner }: { view: JobView; owner: Owner },
  sealingKey: SealingKeys,
): Promise<JobView> {
  const { answer, ticket } = view;
  if (!answer?.sealed) return view;
  const opened = openAnswer(answer, ticket, (isFresh) => sealingKey(owner, isFresh));
  return { ...view, answer: await opened.catch((error: unknown) => statusOf(answer, error)) };
}

/** One that does not open must not hide all the others of its list. */
function statusOf({ status }: Answer, error: unknown): Answer {
  if (isPassing(error)) throw error;
  return { status, statusText: '', headers: [], bodyOmitted: true };
}
