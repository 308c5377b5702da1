import type { QueueConfig } from '../../../sluice/src/core/config.ts';
import type { Scenario } from '../scenario.ts';
import type { Behaviour } from '../service.ts';
import type { Stage } from '../stage.ts';
import { answer, tryAgain } from './parts.ts';

const BATCHED = {
  batch: {
    max: 3,
    maxBytes: 1000,
    waitMs: 100,
    combine: (requests) => ({ body: requests.map(({ text }) => text()).join(' ') }),
    split: ({ text }) =>
      text()
        .split(' ')
        .map((status) => ({ status: Number(status) })),
  },
} satisfies Partial<QueueConfig>;

/** Such requests find one of their jobs so; whatever comes alone, and all others, are taken well. */
const oneSo =
  (name: string, status: number, isSuch: (n: number) => boolean): Behaviour =>
  (n, body) => {
    const statusOf = (one: string): number => (isSuch(n) && one === name ? status : 200);
    return answer(200, {}, body.split(' ').map(statusOf).join(' '));
  };

const atFirst = (n: number): boolean => n === 0;

const submitThree = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  await stage.after(20);
  await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
};

/** Several jobs in one request: each has its own part of the answer. */
export const OF_BATCHES: readonly Scenario[] = [
  {
    name: 'a batch of three',
    jobs: 3,
    hasNewKeys: true,
    queue: BATCHED,
    service: oneSo('none', 200, atFirst),
    script: submitThree,
  },
  {
    name: 'a batch of which one fails',
    jobs: 3,
    hasNewKeys: true,
    queue: BATCHED,
    service: oneSo('b', 503, atFirst),
    script: submitThree,
  },
  {
    name: 'a batch of which one is refused',
    jobs: 3,
    hasNewKeys: true,
    mayDie: true,
    queue: BATCHED,
    service: oneSo('b', 422, atFirst),
    script: submitThree,
  },
  {
    name: 'a batch of which one is too much',
    jobs: 3,
    hasNewKeys: true,
    queue: BATCHED,
    service: oneSo('b', 429, atFirst),
    script: submitThree,
  },
  {
    name: 'a batch of which one has nobody signed in',
    jobs: 3,
    hasNewKeys: true,
    queue: BATCHED,
    service: oneSo('b', 401, () => true),
    script: async (stage) => {
      const { universe, service } = stage;
      await submitThree(stage);
      await stage.after(5000);
      const sends = service.arrivals.length;
      if (universe.strikes === 0 && sends > 1) universe.fail('held', `${sends} sends with nobody signed in`);
    },
    heal: async (stage) => {
      stage.service.behaviour = oneSo('none', 200, () => true);
      await tryAgain(stage);
    },
  },
  {
    name: 'a batch that cannot be taken apart',
    jobs: 3,
    hasNewKeys: true,
    queue: BATCHED,
    service: (n, body) => answer(200, {}, n === 0 ? '200' : body.replaceAll(/\S+/g, '200')),
    script: submitThree,
  },
];
