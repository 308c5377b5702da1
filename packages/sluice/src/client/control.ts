import type { SluiceError } from '../core/errors.js';
import { fault } from './advice.js';
import { registration, serviceWorkers } from './container.js';
import { lineTo, within } from './line.js';
import { type Due, keepTrying } from './presence.js';
import { type RegistrationRequest, register } from './registration.js';
import type { Snapshots } from './snapshots.js';
import { pageClock } from './world.js';

export interface ControlOptions extends Omit<RegistrationRequest, 'script'> {
  name: string;
  serviceWorker: RegistrationRequest['script'] | false;
}

export interface Surroundings {
  snapshots: Snapshots;
  due: Due;
  /** Aborts when the page lets go. */
  signal: AbortSignal;
}

const CONTROLLED_MS = 3000;

/** A network that takes the request and never answers holds nothing up for longer. What comes after all is taken all the same. */
const REGISTERED_MS = 10_000;

/**
 * Registers the service worker, and keeps `controlled`, `mode`, `wake` and the problem true from then on: a script may come late, and
 * another service worker may take the page over. Resolves once the page is controlled, or need not wait for it any longer.
 */
export async function followControl(options: ControlOptions, surroundings: Surroundings): Promise<void> {
  const { name, serviceWorker: script, type, scope } = options;
  const { snapshots, signal } = surroundings;
  const container = serviceWorkers();
  if (!container)
    return snapshots.setProblem('control', fault('insecure-context', `this page is of ${origin}`, origin));
  let isRegistered = false;
  /** Why the script is not registered. */
  let refusal: SluiceError | undefined;
  /** The controller is not ours. */
  let foreign: SluiceError | undefined;
  /** The script of the controller that has answered as ours. */
  let answered: string | undefined;
  let looks = 0;
  let onTried = (): void => undefined;
  let onAnswer = (): void => undefined;
  const tried = new Promise<void>((resolve) => (onTried = resolve));
  const answer = new Promise<void>((resolve) => (onAnswer = resolve));

  const tell = (): void => {
    const controller = container.controller?.scriptURL;
    const controlled = controller !== undefined && controller === answered;
    const isOurs = controlled || (isRegistered && !foreign && !refusal);
    snapshots.setControl(controlled, isOurs, refusal ?? foreign);
  };
  const refuse = (error?: SluiceError): void => {
    refusal = error;
    tell();
    if (error) onTried();
  };
  /** A controller counts as ours once it has answered. */
  const look = (): void => {
    const own = (looks += 1);
    const { controller } = container;
    tell();
    void keepTrying(async () => {
      // Of whatever version.
      const line = controller && (await lineTo(controller, name, pageClock).catch(() => undefined));
      line?.close();
      if (own !== looks) return true;
      const isOurs = !controller || line;
      foreign = isOurs
        ? undefined
        : fault('foreign-controller', `${controller.scriptURL} controls this page`, controller.scriptURL);
      if (line) {
        answered = controller?.scriptURL;
        onAnswer();
      }
      tell();
      return !foreign;
    }, surroundings);
  };
  /** Resolves with whether there is nothing left to try. */
  const tryToRegister = async (): Promise<boolean> => {
    if (script !== false) {
      const registering = register(container, { script, type, scope }).then(() => {
        isRegistered = true;
        refuse();
      }, refuse);
      await within(pageClock, REGISTERED_MS, registering).catch((late: SluiceError) => {
        refuse(late);
        return registering;
      });
    }
    onTried();
    return !refusal || refusal.code === 'script-scope';
  };
  container.addEventListener('controllerchange', look, { signal });
  // No event tells of what happened to a page in the back/forward cache.
  addEventListener('pageshow', look, { signal });
  look();
  void keepTrying(tryToRegister, surroundings);
  await tried;
  if (!refusal || container.controller) await within(pageClock, CONTROLLED_MS, answer).catch(() => undefined);
  if (script === false) isRegistered = (await registration()) !== undefined;
  tell();
}
