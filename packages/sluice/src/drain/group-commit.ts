/** Kept, should the tests of an app replace it: they move the clock of `sluice/testing`, which is another. */
const { setTimeout } = globalThis;

/** What is under way, and what waits for the next commit. */
interface Waiting<D, A> {
  draft: D;
  resolve: (answer: A) => void;
  reject: (error: unknown) => void;
}

export interface GroupCommit<D, A> {
  one(draft: D): Promise<A>;
  /** Handed over in one go, they share a commit as far as it is large enough. */
  all(drafts: readonly D[]): Promise<A>[];
}

/** Under load, and only then, a commit waits so long for company: arrivals come a millisecond apart. */
const LINGER_MS = 6;

/** Arrivals per commit from which on there is load. */
const LOAD = 3;

/** Drafts that one commit takes at most by default: what comes later waits for it, and a list in smaller parts takes longer. */
const LARGEST = 2048;

/**
 * Group commit: what arrives while a commit is under way shares the next one. The cost of accepting is the fixed cost of
 * a transaction (and its flush to disk), so that sharing it is what makes a burst cheap. Alone, nobody waits.
 *
 * @param commit answers one for one, in order
 */
export function createGroupCommit<D, A>(
  commit: (drafts: D[]) => Promise<A[]>,
  largest: number = LARGEST,
): GroupCommit<D, A> {
  let waiting: Waiting<D, A>[] = [];
  let isCommitting = false;

  async function commitOnce(batch: Waiting<D, A>[]): Promise<void> {
    try {
      const answers = await commit(batch.map(({ draft }) => draft));
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as A);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function commitAll(): Promise<void> {
    isCommitting = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, largest);
      waiting = waiting.slice(largest);
      await commitOnce(batch);
      if (batch.length >= LOAD || waiting.length >= LOAD) await linger();
    }
    isCommitting = false;
  }

  const all = (drafts: readonly D[]): Promise<A>[] => {
    const answers = drafts.map(
      (draft) =>
        new Promise<A>((resolve, reject) => {
          waiting.push({ draft, resolve, reject });
        }),
    );
    if (!isCommitting) void commitAll();
    return answers;
  };
  return { one: (draft) => all([draft])[0] as Promise<A>, all };
}

function linger(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LINGER_MS));
}
