import { SluiceError } from '../core/errors.js';
import type { Sluice } from './sluice.js';

/** A connection that several parts of a page share: the last handle that is closed ends it. */
export interface Shared {
  handle(): Promise<Sluice>;
}

/** @param onOver no new handle may be had: it fails, or is about to end */
export function share(opening: Promise<Sluice>, onOver: () => void): Shared {
  let open = 0;
  const close = async (sluice: Sluice): Promise<void> => {
    open -= 1;
    if (open > 0) return;
    onOver();
    await sluice.close();
  };
  opening.catch(onOver);
  return {
    handle: () => {
      open += 1;
      return opening.then((sluice) => handleOn(sluice, () => close(sluice)));
    },
  };
}

/** The same members, and a `close` of its own, after which this handle hears nothing and asks for nothing. */
function handleOn(sluice: Sluice, end: () => Promise<void>): Sluice {
  const stops = new Set<() => void>();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    if (closed) return closed;
    for (const stop of stops) stop();
    closed = end();
    return closed;
  };
  const asking = (ask: Member): Member => {
    return (...args) => (closed ? Promise.reject(closedError()) : ask(...args));
  };
  const listening = (listen: Member): Member => {
    return (...args) => {
      const stop = closed ? () => undefined : (listen(...args) as () => void);
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    };
  };
  const members: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(sluice);
  for (const [name, member] of Object.entries(members)) {
    if (typeof member.value !== 'function' || name === 'snapshot') continue;
    const wrap = name === 'subscribe' || name === 'on' ? listening : asking;
    member.value = name === 'close' ? close : wrap(member.value as Member);
  }
  return Object.defineProperties({}, members) as Sluice;
}

type Member = (...args: never[]) => unknown;

function closedError(): SluiceError {
  return new SluiceError('closed', 'this connection was closed. Call connect() again.');
}
