import type { World } from '../drain/world.js';
import { readMeta, readOrCreateMeta } from '../store/meta.js';

/** What a page remembers of the queue outside of its database, since an app or a browser that clears one store may leave the other. */
interface Mark {
  born: string;
  depth: number;
}

/**
 * Tells a queue that vanished from one that never was: the database carries a name of its own, and the page remembers that name and
 * the last depth seen under it.
 *
 * @returns what the page is to remember from now on, and the jobs that are gone, 0 where none are
 */
export async function lostOf(
  { database, chance }: Pick<World, 'database' | 'chance'>,
  remembered: string | null,
  depth: number,
): Promise<{ mark: string; lost: number }> {
  const before = parse(remembered);
  const standing = await readMeta(database, 'database');
  const candidate = { key: 'database', born: String(chance()) } as const;
  const { born } = standing ?? (await readOrCreateMeta<'database'>(database, candidate));
  const lost = before && before.born !== born ? before.depth : 0;
  return { mark: JSON.stringify({ born, depth } satisfies Mark), lost };
}

/** The depth that a page remembers. */
export function depthIn(remembered: string | null): number | undefined {
  return parse(remembered)?.depth;
}

function parse(text: string | null): Mark | undefined {
  try {
    return (JSON.parse(text ?? 'null') as Mark | null) ?? undefined;
  } catch {
    // Somebody else's value under our key.
    return undefined;
  }
}
