import { expect, test } from 'vitest';
import { FluidService } from './fluid.js';

const shape = { capacity: 100, queueMs: 500, rejectionCost: 0.1 };

test('an idle service takes 1/C for a request, and queues the next behind it', () => {
  const service = new FluidService(shape);
  expect(service.arrive(0)).toMatchObject({ status: 200, at: 10 });
  expect(service.arrive(0)).toMatchObject({ status: 200, at: 20 });
  expect(service.arrive(1000)).toMatchObject({ status: 200, at: 1010 });
});

test('beyond half a second of queue a request is rejected at once', () => {
  const service = new FluidService(shape);
  const statuses = Array.from({ length: 60 }, () => service.arrive(0).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(51);
  expect(service.arrive(0)).toMatchObject({ status: 429, at: 0 });
});

test('rejections cost work of their own', () => {
  const service = new FluidService(shape);
  for (let i = 0; i < 51 + 1000; i++) service.arrive(0);
  expect(service.arrive(1000).status).toBe(429);
  expect(service.arrive(1100).status).toBe(200);
});

test('nothing answers while the share is 0, and a lower share serves slower', () => {
  const steps = [
    { at: 100, share: 0 },
    { at: 200, share: 0.5 },
  ];
  const service = new FluidService({ ...shape, steps });
  expect(service.arrive(150)).toMatchObject({ status: 0, at: 150 });
  expect(service.arrive(300)).toMatchObject({ status: 200, at: 320 });
});

test('work that a step interrupts goes on at the new pace', () => {
  const service = new FluidService({ ...shape, steps: [{ at: 5, share: 0.5 }] });
  expect(service.arrive(0).at).toBe(15);
});
