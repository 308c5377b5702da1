import { isSluiceError } from '../../../sluice/src/core/errors.ts';
import { urlOf } from '../scenario.ts';
import type { Answer, Reaction } from '../service.ts';
import type { Stage } from '../stage.ts';
import type { Tab } from '../tab.ts';

export const answer = (status: number, headers: Record<string, string> = {}, body?: string): Answer => ({
  kind: 'answer',
  status,
  headers,
  ...(body === undefined ? {} : { body }),
});

/** The first `count` requests are taken so, and all others well. */
export const first =
  (count: number, reaction: Reaction) =>
  (n: number): Reaction =>
    n < count ? reaction : answer(200);

export const submitOne = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  await stage.after(20);
  await stage.submit(tab, 'a');
};

export const submitTwo = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  await stage.after(20);
  await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
};

/** Somebody says so, over and over: a page that froze may hear of a refusal only late. */
export const tryAgain = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  for (let i = 0; i < 20; i++) {
    await stage.after(5000);
    await tab.sluice.nudge();
  }
};

/** Two tabs, of which the first leads. */
export const twoTabs = async (stage: Stage): Promise<ReturnType<Stage['openTab']>[]> => {
  const leader = stage.openTab();
  await stage.after(20);
  const other = stage.openTab();
  await stage.after(20);
  return [leader, other];
};

/** By `sluice.enqueue`, all at once. What is refused leaves the receipts of the others, which are as good. */
export async function enqueueAll(stage: Stage, { sluice }: Tab, bodies: readonly string[]): Promise<void> {
  const { life } = stage;
  stage.bodies.push(...bodies);
  const requests = bodies.map((body) => new Request(urlOf(stage.scenario), { method: 'POST', body }));
  const receipts = await sluice.enqueue(requests).catch((error: unknown) => {
    if (isSluiceError(error) && error.receipts) return error.receipts;
    throw error;
  });
  for (const [i, body] of bodies.entries()) {
    const receipt = receipts[i];
    if (receipt) stage.receipts.push({ ticket: receipt.ticket, body, life });
  }
}
