import type { Arrival } from './arrival.js';
import type { Fault } from './behaviour.js';

/** Answers, for each arrival in turn, the fault that hits it, and counts `times` down. */
export type FaultPlan = (arrival: Arrival) => Fault | undefined;

export function planFault(fault: Fault | undefined): FaultPlan {
  let left = fault?.times ?? Number.POSITIVE_INFINITY;
  return (arrival) => {
    if (!fault || left === 0 || (fault.match && !fault.match(arrival))) return undefined;
    left -= 1;
    return fault;
  };
}
