import type { ControllerMaker, Headers } from '../controller.js';
import { simulate } from '../fleet.js';
import { reconnectBurst } from '../scenario.js';
import { type Summary, summaryOf } from '../summary.js';
import { atLeast, atMost, type Goal } from './goal.js';

type Hint = (now: number) => Headers;

/** G4 to G6: a fleet returns at once. */
export const crowdGoals = (sluice: ControllerMaker): Goal[] => [
  {
    name: 'G4',
    measure(seed) {
      const { t95, rejected, peak } = returning(sluice, seed, { clients: 1000 });
      return [
        atMost('1,000 clients: 95 % done after, x ideal', 1.1, t95),
        atMost('1,000 clients: rejected', 0.08, rejected),
        atMost('1,000 clients: busiest second, x capacity', 1.6, peak),
      ];
    },
  },
  {
    name: 'G5',
    measure(seed) {
      const { t95, rejected, peak } = returning(sluice, seed, { clients: 10_000 });
      const dear = returning(sluice, seed, { clients: 10_000, rejectionCost: 0.3 });
      return [
        atMost('10,000 clients: 95 % done after, x ideal', 1.35, t95),
        atMost('10,000 clients: rejected', 0.3, rejected),
        atMost('10,000 clients: busiest second, x capacity', 2.6, peak),
        atLeast('10,000 clients, a rejection costs 0.3: goodput', 0.7, dear.goodput),
      ];
    },
  },
  {
    name: 'G6',
    isLarge: true,
    measure(seed) {
      const ticketed = returning(sluice, seed, { clients: 100_000, hint: tickets(800) });
      const constant = returning(sluice, seed, { clients: 100_000, hint: () => [['retry-after', '5']] });
      return [
        atMost('100,000 clients, Retry-After as a ticket: rejected', 0.55, ticketed.rejected),
        atMost('100,000 clients, Retry-After as a ticket: all done after, x ideal', 1.5, ticketed.t100),
        atMost('100,000 clients, Retry-After 5: 95 % done after, x ideal', 1.4, constant.t95),
      ];
    },
  },
];

interface Crowd {
  clients: number;
  rejectionCost?: number;
  hint?: Hint;
}

function returning(sluice: ControllerMaker, seed: number, { clients, ...shape }: Crowd): Summary {
  const scenario = reconnectBurst(clients, shape);
  return summaryOf(simulate(scenario, sluice, seed), scenario);
}

/** A rejection tells when the next free slot is, `perSecond` of them. */
function tickets(perSecond: number): Hint {
  let slotAt = 0;
  return (now) => {
    slotAt = Math.max(now, slotAt) + 1000 / perSecond;
    return [['retry-after', ((slotAt - now) / 1000).toFixed(2)]];
  };
}
