import { expect, test, vi } from 'vitest';
import { isolated } from './isolated.js';

// What is uncaught would end the test as well: it is caught where a microtask would throw it.
test('what a listener throws is an uncaught error, and nobody else sees it', () => {
  const failure = new Error('of the app');
  const uncaught: (() => void)[] = [];
  const queue = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => void uncaught.push(task));
  isolated(() => {
    throw failure;
  })();
  queue.mockRestore();
  expect(uncaught).toHaveLength(1);
  expect(uncaught[0]).toThrow(failure);
});
