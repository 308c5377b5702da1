import { readMeta, readOrCreateMeta } from '../store/meta.js';
import type { Database } from '../store/rows.js';
import type { World } from '../drain/world.js';

/** What is remembered of the queue outside of its database, since whoever clears one store may leave the other. */
interface Mark {
  born: string;
  depth: number;
}

/**
 * Tells a queue that vanished from one that never was: the database carries a name of its own, and localStorage remembers
 * that name and the last depth seen under it.
 *
 * @param depth to be remembered; undefined where nobody has looked yet
 * @returns the jobs that are gone, 0 where none are
 */
export async function findVanished(database: Database, name: string, depth?: number): Promise<number> {
  const born = (await readMeta(database, 'database'))?.born ?? (await baptise(database));
  const mark = readMark(name);
  const isSame = mark?.born === born;
  writeMark(name, { born, depth: depth ?? (isSame ? mark.depth : 0) });
  return mark && !isSame ? mark.depth : 0;
}

/** Remembers the depth, as long as the page lives. Each look is a transaction: a change that is a moment old will do. */
export function followDepth(
  { database, notify, clock }: Pick<World, 'database' | 'notify' | 'clock'>,
  { name, depth, tellLost }: { name: string; depth: () => number; tellLost: (lost: number) => void },
): void {
  let isComing = false;
  const look = (): void => {
    isComing = false;
    if (readMark(name)?.depth !== depth())
      findVanished(database, name, depth()).then(tellLost, () => undefined);
  };
  notify.listen(() => {
    if (!isComing) clock.at(clock.now() + LOOK_MS, look);
    isComing = true;
  });
}

const LOOK_MS = 1000;

async function baptise(database: Database): Promise<string> {
  return (await readOrCreateMeta<'database'>(database, { key: 'database', born: crypto.randomUUID() })).born;
}

function readMark(name: string): Mark | undefined {
  try {
    return (JSON.parse(localStorage.getItem(keyOf(name)) ?? 'null') as Mark | null) ?? undefined;
  } catch {
    // No storage here, or somebody else's value under our key: nothing is remembered.
    return undefined;
  }
}

function writeMark(name: string, mark: Mark): void {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(mark));
  } catch {
    // Full or forbidden: a loss then goes unreported, which is no reason to fail.
  }
}

function keyOf(name: string): string {
  return `sluice:${name}`;
}
