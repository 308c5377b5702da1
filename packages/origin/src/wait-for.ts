import { OriginError } from './errors.js';
import { type ArrivalRecord, countByOutcome } from './record.js';

/** Waits for what the record shows. */
interface Waits {
  /**
   * Resolves once `holds`; asks again after every stage of an arrival, once per turn of the event loop.
   *
   * @throws OriginError `wait-expired` after `timeoutMs`, with the counts by outcome; `closed`
   */
  until(holds: () => boolean, timeoutMs: number): Promise<void>;
  /** Ends every wait. */
  close(): void;
}

export function createWaits(record: ArrivalRecord): Waits {
  const open = new Set<() => void>();
  const until = (holds: () => boolean, timeoutMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let asked: NodeJS.Immediate | undefined;
      const end = (settle: () => void): void => {
        unsubscribe();
        clearTimeout(timer);
        clearImmediate(asked);
        open.delete(close);
        settle();
      };
      const ask = (): void => {
        asked = undefined;
        try {
          if (holds()) end(resolve);
        } catch (error) {
          end(() => reject(error));
        }
      };
      const close = (): void =>
        end(() => reject(new OriginError('closed', `The origin was closed. ${seen(record)}`)));
      const expire = (): void =>
        end(() => reject(new OriginError('wait-expired', `Not so after ${timeoutMs} ms. ${seen(record)}`)));

      const timer = setTimeout(expire, timeoutMs);
      const unsubscribe = record.on(['receipt', 'body', 'end'], () => {
        asked ??= setImmediate(ask);
      });
      open.add(close);
      ask();
    });
  return {
    until,
    close: () => {
      for (const close of open) close();
    },
  };
}

function seen({ arrivals }: ArrivalRecord): string {
  const counts = Object.entries(countByOutcome(arrivals))
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`);
  const last = arrivals.at(-1);
  return last
    ? `The origin saw ${arrivals.length} arrivals: ${counts.join(', ')}; the last: ${last.method} ${last.url}.`
    : 'The origin saw no arrival.';
}
