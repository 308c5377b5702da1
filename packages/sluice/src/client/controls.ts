import type { Captured, Intake } from '../core/messages.js';
import type { ResponseParts } from '../core/receipt.js';
import { createIdentitySource } from '../drain/identity-source.js';
import { type PassingBy, passBy } from '../drain/pass-by.js';
import { answerInTime } from '../drain/respond.js';
import { createSealingKeys } from '../drain/sealing-key.js';
import { Watch } from '../drain/settled.js';
import type { World } from '../drain/world.js';
import { releaseLeases } from '../store/lease-commands.js';
import { checkArguments } from './arguments.js';
import { type Commands, createCommands } from './commands.js';
import { createIdentify } from './identify.js';
import type { Sluice } from './sluice.js';

export { passBarrier } from './barrier.js';

/** What a page asks for now and then, and not to be up: a chunk of its own. */
export interface Controls extends Commands, Pick<Sluice, 'identify' | 'clear' | 'settled'> {
  answerInTime(accepted: Extract<Intake, { kind: 'accepted' }>): Promise<ResponseParts>;
  /** Sends what a full queue lets through. */
  passBy(
    intake: Extract<Intake, { kind: 'direct' }>,
    captured: Captured,
    signal: AbortSignal,
  ): Promise<Response>;
  /** An engine of this page has ended without a word. */
  releaseLeases(engine: string): Promise<void>;
}

export type ControlsWorld = Pick<World, 'database' | 'notify' | 'clock' | 'chance' | 'fetch' | 'base'> &
  Pick<PassingBy, 'giveBack'> & {
    barrier: () => Promise<void>;
    /** Aborts when the page lets go. */
    closing: AbortSignal;
  };

export function createControls(world: ControlsWorld): Controls {
  const { database, notify, clock } = world;
  const watching = { ...world, sealingKey: createSealingKeys(database, notify) };
  const identity = createIdentitySource(database, { notify, clock });
  const watch = new Watch(watching);
  world.closing.addEventListener('abort', () => watch.close());
  return checked({
    ...createCommands(watching),
    ...createIdentify(world),
    settled: (ticket) => watch.settled(ticket),
    passBy: (intake, captured, signal) => passBy(intake, captured, { ...world, identity, signal }),
    answerInTime: (accepted) => answerInTime({ clock, watch }, accepted),
    releaseLeases: async (engine) => notify.tell(await releaseLeases(database, engine, clock.now())),
  });
}

/** Each call rejects an argument that its type does not allow. */
function checked(controls: Controls): Controls {
  const entries = Object.entries(controls).map(([call, run]) => {
    const member = async (...args: unknown[]): Promise<unknown> => {
      checkArguments(call, args);
      return (run as (...args: unknown[]) => unknown)(...args);
    };
    return [call, member];
  });
  return Object.fromEntries(entries) as Controls;
}
