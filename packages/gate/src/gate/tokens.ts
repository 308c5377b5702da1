import type { SlotNumber } from '../core/schedule.js';
import type { HeldKey } from '../store/engine.js';
import type { Platform } from './platform.js';

/** 128 bits of the MAC, in hex. */
const MAC_LENGTH = 32;

/** Signs what callers bring back, so that the store need not remember it. */
export class Tokens {
  readonly #platform: Platform;
  readonly #secrets: readonly [string, ...string[]];

  /** @param secrets the first one signs, all of them are accepted */
  constructor(platform: Platform, secrets: readonly [string, ...string[]]) {
    this.#platform = platform;
    this.#secrets = secrets;
  }

  /** A number, bound to its queue and its caller: `v1.INSTANT.SERIAL.MAC`, the instant in microseconds, base 36. */
  async signSlot(queue: string, identity: string, { at, serial }: SlotNumber): Promise<string> {
    const payload = `v1.${Math.round(at * 1000).toString(36)}.${serial.toString(36)}`;
    return `${payload}.${await this.#mac(this.#secrets[0], ['slot', queue, identity, payload])}`;
  }

  /** Undefined: it was not signed here, or for another queue or caller. */
  async readSlot(queue: string, identity: string, token: string): Promise<SlotNumber | undefined> {
    const [, payload, at, serial, mac] =
      /^(v1\.([0-9a-z]{1,12})\.([0-9a-z]{1,11}))\.([0-9a-f]+)$/.exec(token) ?? [];
    if (!payload || !at || !serial || !mac) return undefined;
    if (!(await this.#isSigned(['slot', queue, identity, payload], mac))) return undefined;
    return { at: Number.parseInt(at, 36) / 1000, serial: Number.parseInt(serial, 36) };
  }

  /** Lets a delivery of the line pass this gate, for as long as its lease. */
  async signDelivery(held: HeldKey, until: number): Promise<string> {
    const payload = encodeURIComponent(JSON.stringify({ ...held, until }));
    return `${payload}.${await this.#mac(this.#secrets[0], ['delivery', payload])}`;
  }

  async readDelivery(token: string, now: number): Promise<HeldKey | undefined> {
    const [, payload, mac] = /^(.+)\.([0-9a-f]+)$/.exec(token) ?? [];
    if (!payload || !mac || !(await this.#isSigned(['delivery', payload], mac))) return undefined;
    const { until, ...held } = JSON.parse(decodeURIComponent(payload)) as HeldKey & { until: number };
    return now <= until ? held : undefined;
  }

  async #isSigned(parts: readonly string[], mac: string): Promise<boolean> {
    const macs = await Promise.all(this.#secrets.map((secret) => this.#mac(secret, parts)));
    return macs.filter((wanted) => isSame(wanted, mac)).length > 0;
  }

  async #mac(secret: string, parts: readonly string[]): Promise<string> {
    return (await this.#platform.mac(secret, JSON.stringify(parts))).slice(0, MAC_LENGTH);
  }
}

/** Takes as long wherever they differ: the time tells nothing of the MAC. */
function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let n = 0; n < a.length; n += 1) difference |= a.charCodeAt(n) ^ (b.charCodeAt(n) || 0);
  return difference === 0;
}
