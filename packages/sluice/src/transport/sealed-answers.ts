import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { Claim, Dispatch } from '../core/ports.js';
import type { Key, SealingKeys } from './seal.js';
import { sealAnswer } from './seal-all.js';

/** A dispatch whose answers are sealed before they come near the store, where their queue seals all. */
export function sealAnswers(dispatch: Dispatch, sealingKey: SealingKeys): Dispatch {
  return async (claim, control) => {
    const end = await dispatch(claim, control);
    if (claim.policy.seal !== 'all') return end;
    try {
      return await sealed(end, claim, sealingKey);
    } catch {
      // Whoever it was for was cleared meanwhile: nobody is there to read it, and nothing may stand in clear.
      return end.kind === 'parts' ? { ...end, parts: end.parts.map(emptied) } : emptied(end);
    }
  };
}

async function sealed(
  end: DispatchEnd,
  { job, riders }: Claim,
  sealingKey: SealingKeys,
): Promise<DispatchEnd> {
  const key: Key = (isFresh) => sealingKey(job.owner, isFresh);
  const seal = async (one: AttemptEnd, ticket: string): Promise<AttemptEnd> =>
    one.kind === 'answer' ? { ...one, answer: await sealAnswer(one.answer, ticket, key) } : one;
  // A seal belongs to its job: what befell all of them is sealed once for each.
  const jobs = [job, ...riders.map((rider) => rider.job)];
  const { whole, parts } = end.kind === 'parts' ? end : { whole: end, parts: jobs.map(() => end) };
  const sealedParts = parts.map((part, i) => seal(part, jobs[i]?.ticket ?? ''));
  return { kind: 'parts', whole: emptied(whole), parts: await Promise.all(sealedParts) };
}

/** What became of it, without what was said. */
function emptied(end: AttemptEnd): AttemptEnd {
  if (end.kind !== 'answer') return end;
  const { status } = end.answer;
  return { ...end, answer: { status, statusText: '', headers: [], bodyOmitted: true } };
}
