/**
 * What core may know of the platform: two pure globals, where an uncaught error goes, and the names of three types that it only hands
 * on.
 * Everything else (clock, chance, network, storage, DOM) reaches core as an argument.
 */
declare class URL {
  static canParse(url: string): boolean;
  constructor(url: string, base?: string);
  readonly href: string;
  readonly searchParams: { set(name: string, value: string): void };
  readonly origin: string;
}

declare class URLPattern {
  constructor(pattern: string, base?: string);
  test(url: string): boolean;
}

declare function queueMicrotask(callback: () => void): void;

interface Request {}
interface Response {}
interface AbortSignal {}
