import { expect, test } from 'vitest';
import { SluiceError } from '../core/errors.js';
import type { JobView } from '../core/views.js';
import { createSealingKey } from '../transport/cipher.js';
import { sealAnswer } from '../transport/seal-all.js';
import { openView } from './open-view.js';

const cryptoKey = await createSealingKey();
const key = async () => [cryptoKey] as const;
const clear = { status: 422, statusText: 'No', headers: [], body: new ArrayBuffer(4), bodyOmitted: false };
const viewOf = async (sealedFor: string): Promise<JobView> =>
  ({ ticket: 'orders.1.n', answer: await sealAnswer(clear, sealedFor, key) }) as unknown as JobView;

test('an answer is shown in clear', async () => {
  const view = await viewOf('orders.1.n');
  expect((await openView({ view, owner: 1 }, key)).answer).toEqual(clear);
});

test('one that does not open is shown by its status', async () => {
  const view = await viewOf('orders.2.n');
  const status = { status: 422, statusText: '', headers: [], bodyOmitted: true };
  expect((await openView({ view, owner: 1 }, key)).answer).toEqual(status);
});

test('storage that fails for a moment is said', async () => {
  const failing = () => Promise.reject(new SluiceError('storage-failed', 'disk'));
  const view = await viewOf('orders.1.n');
  await expect(openView({ view, owner: 1 }, failing)).rejects.toMatchObject({ code: 'storage-failed' });
});
