import type { AttemptEnd } from '../core/attempt.js';
import type { Captured, Intake } from '../core/messages.js';
import { isInTime } from '../core/pace.js';
import type { PassId } from '../core/pass.js';
import type { DirectTurn, PassEnd } from '../core/ports.js';
import { refusalParts } from '../core/receipt.js';
import { mayPass } from '../store/passes.js';
import { headOf } from '../transport/answer.js';
import { send, toResponse } from '../transport/direct.js';
import { failureOf } from '../transport/failure.js';
import { rebuild } from '../transport/rebuild.js';
import { sleepUntilSend } from '../transport/sleep-until.js';
import type { IdentitySource } from './identity-source.js';
import type { World } from './world.js';

export interface PassingBy extends Pick<World, 'database' | 'clock' | 'fetch' | 'base'> {
  identity: IdentitySource;
  /** Ends the wait and the send. */
  signal?: AbortSignal;
  /** Told of the end of the send, whose place is free then. */
  giveBack: (pass: PassId, ended: PassEnd) => void;
}

/** Sends a request that a full queue has let through, at the instant that it was charged for or not at all. */
export function passBy(
  { turn, owner, refusal }: Extract<Intake, { kind: 'direct' }>,
  captured: Captured,
  world: PassingBy,
): Promise<Response> {
  return world.identity.during(owner, async (signedOut) => {
    const over = AbortSignal.any([signedOut, ...(world.signal ? [world.signal] : [])]);
    const { end, response, error } = await sendInTurn(turn, captured, world, over);
    world.giveBack(turn.pass, { end, sentAt: turn.at });
    if (error !== undefined) throw error;
    return response ?? toResponse(refusalParts(refusal));
  });
}

interface Passed {
  end: AttemptEnd;
  response?: Response;
  error?: unknown;
}

async function sendInTurn(
  turn: DirectTurn,
  captured: Captured,
  world: PassingBy,
  over: AbortSignal,
): Promise<Passed> {
  const { database, clock, fetch } = world;
  const tooLong = new AbortController();
  const callOff = clock.at(turn.until, () => tooLong.abort());
  let isSent = false;
  try {
    await sleepUntilSend(clock, turn.at, over);
    over.throwIfAborted();
    const isOpen = await mayPass(database, turn.pass, clock.now());
    if (!isOpen || !isInTime(clock.now(), turn)) return { end: UNSENT };
    over.throwIfAborted();
    isSent = true;
    const response = await send(captured, fetch, AbortSignal.any([over, tooLong.signal]));
    return { end: headOf({ response, judged: undefined, led: undefined }, clock.now()), response };
  } catch (error) {
    if (!isSent) return { end: UNSENT, error };
    if (over.aborted) return { end: { kind: 'aborted' }, error };
    if (tooLong.signal.aborted) return { end: { kind: 'timeout' }, error };
    return { end: await failureOf(error, rebuild(captured.request, captured.body), world), error };
  } finally {
    callOff();
  }
}

const UNSENT: AttemptEnd = { kind: 'unsent', why: 'stopped' };
