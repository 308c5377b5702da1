import { checkEnd } from './checks.ts';
import { cipherOf } from './cipher.ts';
import type { Scenario } from './scenario.ts';
import { Stage } from './stage.ts';
import { type Fault, Universe } from './universe.ts';

export interface RunOptions {
  seed: number;
  faults?: readonly Fault[];
  /** The share of calls that a fault strikes by chance. */
  faultRate?: number;
}

export interface RunResult {
  failures: string[];
  steps: number;
  /** The numbers of the calls at which a fault can strike. */
  effects: readonly number[];
  /** The faults that struck. */
  struck: readonly Fault[];
  traceHash: string;
  coverage: Map<string, number>;
}

/** The script, with its faults; then no more of them, and all must come to rest. */
const SCRIPT_MS = 60_000;

/** One scenario under one seed and one plan of faults: the same in, the same out. */
export async function run(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const universe = new Universe(options.seed, options);
  const restorePlatform = replacePlatform(universe);
  try {
    const stage = new Stage(universe, scenario);
    const script = scenario.script(stage).catch((error: unknown) => {
      // A call of a page that a fault has struck may fail; without one, none may.
      if (universe.strikes === 0) universe.fail('script', String(error));
    });
    let isOver = false;
    void script.then(() => (isOver = true));
    const { timeline } = universe;
    await timeline.run(timeline.now + (scenario.scriptMs ?? SCRIPT_MS), () => isOver);
    await timeline.run(timeline.now + 1000);
    await healed(stage);
    checkEnd(stage);
  } finally {
    restorePlatform();
  }
  const { failures, steps, effects, struck, traceHash, coverage } = universe;
  return { failures, steps, effects, struck, traceHash, coverage };
}

/** Time goes on until it has. */
async function healed(stage: Stage): Promise<void> {
  const { universe } = stage;
  const { timeline } = universe;
  const state = { isHealed: false };
  const healing = stage.heal().catch((error: unknown) => universe.fail('heals', String(error)));
  void healing.then(() => (state.isHealed = true));
  while (!state.isHealed) await timeline.run(timeline.now + 1000, () => state.isHealed);
}

/**
 * Ids, keys and nonces by the seed; a cipher that takes no turn of the event loop, as the platform's would; and signals of several
 * that Node 20 does not keep for ever once they are aborted, and with them the whole universe.
 */
function replacePlatform(universe: Universe): () => void {
  const { any } = AbortSignal;
  const platform = globalThis.crypto;
  const crypto = { ...cipherOf(universe), randomUUID: () => universe.uuid() };
  AbortSignal.any = anyOf;
  Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
  return () => {
    AbortSignal.any = any;
    Object.defineProperty(globalThis, 'crypto', { value: platform, configurable: true });
  };
}

function anyOf(signals: Iterable<AbortSignal>): AbortSignal {
  const first = new AbortController();
  for (const signal of signals) {
    const abort = (): void => first.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return first.signal;
}
