import { expect, test } from 'vitest';
import { requireScope, scopeOf } from './context.js';

const scope = (name: string): object => ({ [Symbol.toStringTag]: name });

test('knows a scope by its kind', () => {
  expect(
    ['ServiceWorkerGlobalScope', 'DedicatedWorkerGlobalScope', 'Window', 'SharedWorkerGlobalScope'].map(
      (name) => scopeOf(scope(name)),
    ),
  ).toEqual(['service-worker', 'worker', 'window', 'other']);
});

test('an entry in the wrong place says where it is and where it belongs', () => {
  expect(() => requireScope('installSluice()', 'service-worker', scope('Window'))).toThrow(
    /wrong-context: installSluice\(\) was called in a window scope and belongs in a service-worker scope/,
  );
  expect(() => requireScope('startDrainer()', 'worker', scope('DedicatedWorkerGlobalScope'))).not.toThrow();
});
