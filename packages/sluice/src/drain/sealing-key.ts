import { readMeta, readOrCreateMeta } from '../store/meta.js';
import type { Database } from '../store/rows.js';
import { createSealingKey } from '../transport/seal.js';

/** The one key of the app, made by whoever needs it first. It cannot leave the browser. */
export function createSealingKeySource(database: Database): () => Promise<CryptoKey> {
  let known: Promise<CryptoKey> | undefined;
  return () => {
    known ??= loadKey(database).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

async function loadKey(database: Database): Promise<CryptoKey> {
  const standing = await readMeta(database, 'sealing-key');
  if (standing) return standing.cryptoKey;
  const candidate = { key: 'sealing-key' as const, cryptoKey: await createSealingKey() };
  return (await readOrCreateMeta<'sealing-key'>(database, candidate)).cryptoKey;
}
