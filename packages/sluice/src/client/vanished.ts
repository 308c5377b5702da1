import { readMeta, readOrCreateMeta } from '../store/meta.js';
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
export async function findVanished(
  { database, chance }: Pick<World, 'database' | 'chance'>,
  name: string,
  depth?: number,
): Promise<number> {
  const standing = await readMeta(database, 'database');
  const candidate = { key: 'database', born: String(chance()) } as const;
  const { born } = standing ?? (await readOrCreateMeta<'database'>(database, candidate));
  const mark = readMark(name);
  const isSame = mark?.born === born;
  writeMark(name, { born, depth: depth ?? (isSame ? mark.depth : 0) });
  return mark && !isSame ? mark.depth : 0;
}

/**
 * Remembers the depth, as long as the page lives. Each look is a transaction: a change that is a moment old will do. Answers a
 * function that stops it.
 */
export function followDepth(
  world: Pick<World, 'database' | 'notify' | 'clock' | 'chance'>,
  { name, depth, tellLost }: { name: string; depth: () => number; tellLost: (lost: number) => void },
): () => void {
  const { notify, clock } = world;
  let callOff: (() => void) | undefined;
  const look = (): void => {
    callOff = undefined;
    if (readMark(name)?.depth !== depth()) findVanished(world, name, depth()).then(tellLost, () => undefined);
  };
  const stopListening = notify.listen(() => {
    callOff ??= clock.at(clock.now() + LOOK_MS, look);
  });
  return () => {
    stopListening();
    callOff?.();
  };
}

const LOOK_MS = 1000;

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
