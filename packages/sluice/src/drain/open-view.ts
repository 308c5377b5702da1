import type { Owner } from '../core/identity.js';
import type { JobView } from '../core/views.js';
import { openAnswer } from '../transport/seal-all.js';
import type { SealingKeys } from '../transport/seal.js';

/** A job as its user may see it: its answer in clear. */
export async function openView(
  { view, owner }: { view: JobView; owner: Owner },
  sealingKey: SealingKeys,
): Promise<JobView> {
  if (!view.answer?.sealed) return view;
  return {
    ...view,
    answer: await openAnswer(view.answer, view.ticket, (isFresh) => sealingKey(owner, isFresh)),
  };
}
