import { SluiceError } from '../core/errors.js';
import { registration } from './container.js';
import { answersAs, within } from './host-link.js';
import { type Due, keepTrying } from './presence.js';
import { type RegistrationRequest, register, requireScope, requireServiceWorkers } from './registration.js';
import type { Snapshots } from './snapshots.js';

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
  try {
    await new Control(requireServiceWorkers(), options, surroundings).follow();
  } catch (error) {
    surroundings.snapshots.setProblem('control', error as SluiceError);
  }
}

class Control {
  readonly #container: ServiceWorkerContainer;
  readonly #options: ControlOptions;
  readonly #surroundings: Surroundings;
  #isRegistered = false;
  /** Why the script is not registered. */
  #refusal: SluiceError | undefined;
  /** The controller is not ours. */
  #foreign: SluiceError | undefined;
  /** The script of the controller that has answered as ours. */
  #answered: string | undefined;
  #looks = 0;
  #onTried = (): void => undefined;
  #onAnswer = (): void => undefined;

  constructor(container: ServiceWorkerContainer, options: ControlOptions, surroundings: Surroundings) {
    this.#container = container;
    this.#options = options;
    this.#surroundings = surroundings;
  }

  async follow(): Promise<void> {
    const { signal } = this.#surroundings;
    const tried = new Promise<void>((resolve) => (this.#onTried = resolve));
    const answer = new Promise<void>((resolve) => (this.#onAnswer = resolve));
    const look = (): void => void this.#look();
    this.#container.addEventListener('controllerchange', look, { signal });
    // No event tells of what happened to a page in the back/forward cache.
    addEventListener('pageshow', look, { signal });
    look();
    void keepTrying(() => this.#register(), this.#surroundings);
    await tried;
    if (!this.#refusal || this.#container.controller)
      await within(CONTROLLED_MS, answer, 'it').catch(() => undefined);
    if (this.#options.serviceWorker === false) this.#isRegistered = (await registration()) !== undefined;
    this.#tell();
  }

  /** Answers whether there is nothing left to try. */
  async #register(): Promise<boolean> {
    const { serviceWorker: script, type, scope } = this.#options;
    if (script !== false) {
      const registering = register(this.#container, { script, type, scope });
      await within(REGISTERED_MS, registering, 'the script of the service worker')
        .catch((error: SluiceError) => {
          this.#refuse(error);
          return registering;
        })
        .then((found) => {
          this.#isRegistered = true;
          if (!this.#container.controller) requireScope(found.scope);
          this.#refuse(undefined);
        })
        .catch((error: SluiceError) => this.#refuse(error));
    }
    this.#onTried();
    return !this.#refusal || this.#refusal.code === 'script-scope';
  }

  #refuse(refusal: SluiceError | undefined): void {
    this.#refusal = refusal;
    this.#tell();
    if (refusal) this.#onTried();
  }

  /** A controller counts as ours once it has answered. */
  async #look(): Promise<void> {
    const look = ++this.#looks;
    const { controller } = this.#container;
    this.#tell();
    await keepTrying(async () => {
      const isOurs = !controller || (await answersAs(controller, this.#options.name));
      if (look !== this.#looks) return true;
      this.#foreign = isOurs ? undefined : foreignController(controller.scriptURL, this.#options.name);
      if (controller && isOurs) {
        this.#answered = controller.scriptURL;
        this.#onAnswer();
      }
      this.#tell();
      return isOurs;
    }, this.#surroundings);
  }

  #tell(): void {
    const script = this.#container.controller?.scriptURL;
    const controlled = script !== undefined && script === this.#answered;
    const isOurs = controlled || (this.#isRegistered && !this.#foreign && this.#refusal === undefined);
    this.#surroundings.snapshots.setControl({ controlled, isOurs, problem: this.#refusal ?? this.#foreign });
  }
}

function foreignController(script: string, name: string): SluiceError {
  const sentence =
    `${script} controls this page, and does not answer as the Sluice '${name}': plain requests pass by, sluice.fetch queues. ` +
    'A scope has one service worker: call installSluice() first of all in that script, or register it for another scope.';
  return new SluiceError('foreign-controller', sentence, { value: script });
}
