import { randomOf } from '../../bench/src/fleet/random.ts';
import { Timeline } from './timeline.ts';

/** Where a fault may strike: before a call has had its effect, or after it, before anybody hears of it. */
export type When = 'before' | 'after';

/** What befalls the context that makes a call; `clear`: the storage of the site, under all of them. */
export type FaultKind = 'kill' | 'kill-browser' | 'power-loss' | 'freeze' | 'abort' | 'clear';

export interface Fault {
  /** The number of the call, from 0. */
  step: number;
  when: When;
  kind: FaultKind;
}

/** A context of the browser, as far as a fault is concerned. */
export interface Mortal {
  readonly name: string;
  readonly isAlive: boolean;
  kill(): void;
  freeze(ms: number): void;
  /** Resolves once it is not frozen. */
  whenAwake(): Promise<void>;
}

/** A call that has a fault is never answered. A promise of its own each: one for all would keep whoever waits for it. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Hundreds of them come between two other calls of a leader that waits. */
const HEARTBEAT = 'write:relaxed:meta';

/** One run: its time, its chance, its faults, and the trace of all calls. */
export class Universe {
  readonly timeline = new Timeline();
  readonly chance: () => number;
  /** How often each fault struck at each kind of call. */
  readonly coverage = new Map<string, number>();
  /** What was wrong. */
  readonly failures: string[] = [];
  /** All that is stored and told is searched for a canary. */
  hasCanary = false;
  /** Faults are over: what is left is to prove that all comes to rest. */
  isHealing = false;
  /** Kills and aborts so far, of those that can make a send repeat. */
  strikes = 0;
  steps = 0;
  /** The numbers of those that have an effect: where a fault may strike. Of heartbeats that follow one another, the first. */
  readonly effects: number[] = [];
  #lastEffect = '';
  /** Those that struck, planned or by chance: as a plan they strike again. */
  readonly struck: Fault[] = [];
  onBrowserKilled: (isPowerLost: boolean) => void = () => undefined;
  onStorageCleared: () => void = () => undefined;
  readonly #faults: readonly Fault[];
  readonly #faultRate: number;
  /** Of its own, so that a run goes on as before where one fault of it is left out. */
  readonly #faultChance: () => number;
  #hash = 0x811c9dc5;
  #ids = 0;

  constructor(
    seed: number,
    { faults = [], faultRate = 0 }: { faults?: readonly Fault[]; faultRate?: number },
  ) {
    this.chance = randomOf(seed);
    this.#faultChance = randomOf(~seed);
    this.#faults = faults;
    this.#faultRate = faultRate;
  }

  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** In place of the platform's: one seed, one trace. */
  uuid(): `${string}-${string}-${string}-${string}-${string}` {
    const hex = (this.#ids++).toString(16).padStart(12, '0');
    const noise = Math.floor(this.chance() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    return `${noise}-0000-4000-8000-${hex}`;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.chance();
  }

  trace(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    }
    if (process.env['TRACE']) console.log(`${Math.round(this.timeline.now % 1e9)} ${text}`);
  }

  fail(invariant: string, detail: string): void {
    this.failures.push(`${invariant}: ${detail}`);
  }

  /** One call of one context. Answers whether the caller lives, and may go on. */
  step(actor: Mortal, label: string): { strike(when: When): 'go' | 'gone' | 'abort' } {
    const number = this.steps++;
    this.trace(`${number} ${actor.name} ${label}`);
    return { strike: (when) => this.#strike(actor, label, { number, when }) };
  }

  #strike(
    actor: Mortal,
    label: string,
    { number, when }: { number: number; when: When },
  ): 'go' | 'gone' | 'abort' {
    if (!actor.isAlive) return 'gone';
    if (when === 'before' && !this.isHealing) this.#noteEffect(number, label);
    const kind = this.#faultAt(number, { when, label });
    if (!kind) return 'go';
    const name = `${kind} ${when} ${label.split(' ')[0]}`;
    this.coverage.set(name, (this.coverage.get(name) ?? 0) + 1);
    this.trace(`! ${name}`);
    this.strikes += 1;
    this.struck.push({ step: number, when, kind });
    switch (kind) {
      case 'abort':
        return 'abort';
      case 'clear':
        this.onStorageCleared();
        return 'abort';
      case 'freeze':
        actor.freeze(this.between(1000, 40_000));
        return 'go';
      case 'kill':
        actor.kill();
        return 'gone';
      default:
        this.onBrowserKilled(kind === 'power-loss');
        return 'gone';
    }
  }

  #noteEffect(number: number, label: string): void {
    if (label !== HEARTBEAT || this.#lastEffect !== HEARTBEAT) this.effects.push(number);
    this.#lastEffect = label;
  }

  #faultAt(step: number, { when, label }: { when: When; label: string }): FaultKind | undefined {
    if (this.isHealing) return undefined;
    const planned = this.#faults.find((fault) => fault.step === step && fault.when === when);
    if (planned) return planned.kind;
    const rate = label === HEARTBEAT ? this.#faultRate / 100 : this.#faultRate;
    if (rate === 0 || this.#faultChance() >= rate) return undefined;
    const kinds: FaultKind[] = ['kill', 'kill', 'kill-browser', 'power-loss', 'freeze', 'abort'];
    return kinds[Math.floor(this.#faultChance() * kinds.length)];
  }
}
