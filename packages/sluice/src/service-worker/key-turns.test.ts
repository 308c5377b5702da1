import { expect, test } from 'vitest';
import { KeyTurns } from './key-turns.js';

test('of one key one runs at a time, in the order in which they came, also after one that fails', async () => {
  const turns = new KeyTurns();
  const seen: string[] = [];
  const run = (name: string) => async (): Promise<void> => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    if (name === 'a') throw new Error('a fails');
  };
  const a = turns.pass('k', run('a'));
  await Promise.allSettled([a, turns.pass('k', run('b')), turns.pass('k', run('c'))]);
  await expect(a).rejects.toThrow('a fails');
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('another key, or none, waits for nobody', async () => {
  const turns = new KeyTurns();
  void turns.pass('k', () => new Promise(() => undefined));
  expect(await turns.pass('other', async () => 'here')).toBe('here');
  expect(await turns.pass(undefined, async () => 'here')).toBe('here');
});
