import { describe, expect, test } from 'vitest';
import type { HeaderPairs, StoredRequest } from '../core/job.js';
import { storedPost } from '../core/job.kit.js';
import { eraseForgotten } from '../store/clear.js';
import { forget, openIdentity, signIn } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import type { OwnerRow } from '../store/rows.js';
import { StoreBench, T0 } from '../store/store.kit.js';
import { hideSecrets, revealSecrets } from '../transport/seal.js';
import { createSealingKeys } from './sealing-key.js';

const quiet = { tell: () => undefined, listen: () => () => undefined, close: () => undefined };

describe('the key of what was adopted', () => {
  const open = async () => {
    const database = openMemory();
    await openIdentity(database);
    const keys = createSealingKeys(database, quiet);
    const bench = new StoreBench(database);
    const seal = async (): Promise<StoredRequest> => {
      const { owner } = await openIdentity(database);
      const key = () => keys(owner, true);
      const headers: HeaderPairs = [['Authorization', 'Bearer guest']];
      const request = await hideSecrets({ ...storedPost(), headers }, { mode: 'seal', extra: [], key });
      await bench.enqueue({ request, owner });
      return request;
    };
    const allKeys = async (): Promise<CryptoKey[]> =>
      [...(database.snapshot().get('owners')?.values() ?? [])].flatMap((row) =>
        keysIn(row as unknown as OwnerRow),
      );
    const canBeOpened = async (request: StoredRequest): Promise<boolean> => {
      const tries = (await allKeys()).map((key) => revealSecrets(request, async () => [key]));
      return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
    };
    const become = (user: string | null) => signIn(database, { user, adopt: user !== null, now: T0 });
    const clear = async (user: string | null): Promise<void> => {
      await forget(database, user, T0);
      await eraseForgotten(database, T0);
    };
    const opens = async (request: StoredRequest): Promise<unknown> => {
      const { owner } = await openIdentity(database);
      return (await revealSecrets(request, () => keys(owner, true))).headers;
    };
    /** Nobody kept the key that it gave along, under its own number. */
    const asBefore = () =>
      database.run({ tables: ['owners'], mode: 'readwrite', durability: 'strict' }, async (tx) => {
        const [nobody, ann] = await tx.all('owners', { from: [0], to: [Number.POSITIVE_INFINITY] });
        const [cryptoKey] = Object.values(ann?.inherited ?? {});
        if (!nobody || !ann || !cryptoKey) throw new Error('nothing was adopted');
        tx.put('owners', { owner: nobody.owner, user: '', cryptoKey });
        tx.put('owners', { ...ann, inherited: { [nobody.owner]: cryptoKey } });
      });
    return { seal, canBeOpened, become, clear, opens, asBefore };
  };
  const keysIn = ({ cryptoKey, inherited = {}, retired = {} }: OwnerRow): CryptoKey[] => [
    ...(cryptoKey ? [cryptoKey] : []),
    ...Object.values(inherited),
    ...Object.values(retired),
  ];

  test('goes with whoever adopted it, and with what nobody had from before', async () => {
    const { seal, canBeOpened, become, clear } = await open();
    const request = await seal();
    await become('ann');
    expect(await canBeOpened(request)).toBe(true);
    await clear('ann');
    expect(await canBeOpened(request)).toBe(false);
  });

  test('is another one at each adoption, and each opens what it has sealed', async () => {
    const { seal, canBeOpened, become, clear, opens } = await open();
    const first = await seal();
    await become('ann');
    await become(null);
    const second = await seal();
    await become('ann');
    for (const request of [first, second])
      expect(await opens(request)).toEqual([['Authorization', 'Bearer guest']]);
    await become(null);
    const third = await seal();
    await become('bob');
    await clear('ann');
    expect(await Promise.all([first, second, third].map(canBeOpened))).toEqual([false, false, true]);
  });

  test('of a database that an earlier version has left goes as well', async () => {
    const { seal, canBeOpened, become, clear, asBefore } = await open();
    const request = await seal();
    await become('ann');
    await asBefore();
    expect(await canBeOpened(request)).toBe(true);
    await clear('ann');
    expect(await canBeOpened(request)).toBe(false);
  });
});
