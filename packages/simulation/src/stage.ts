import type { QueueConfig, SluiceDefinition } from '../../sluice/src/core/config.ts';
import type { JobOptions } from '../../sluice/src/core/job-options.ts';
import { readTicket } from '../../sluice/src/core/receipt.ts';
import { depthOf } from '../../sluice/src/core/queue-row.ts';
import { viewOfJob, viewOfResult } from '../../sluice/src/core/views.ts';
import { EVERYTHING } from '../../sluice/src/store/rows.ts';
import { Browser } from './contexts.ts';
import { definitionOf } from './definition.ts';
import { Disk } from './disk.ts';
import { authorizationOf, type Scenario, urlOf } from './scenario.ts';
import { Service } from './service.ts';
import { ServiceWorkerRun } from './service-worker.ts';
import { SyncScheduler } from './sync.ts';
import { Tab } from './tab.ts';
import { never, type Universe } from './universe.ts';

/** What a script acts on: one browser, one service, and the notes that the checkers need. */
export class Stage {
  readonly universe: Universe;
  readonly scenario: Scenario;
  readonly service: Service;
  readonly browser: Browser;
  readonly sync: SyncScheduler;
  /** `life`: how often storage had been cleared as it was submitted. */
  readonly receipts: { ticket: string; body: string; life: number }[] = [];
  /** Bodies that the service is said to have taken, by an answer of its own. */
  readonly served: { body: string; at: number }[] = [];
  readonly bodies: string[] = [];
  /** Bodies of one ordering key, as they were accepted. */
  readonly ordered: string[] = [];
  /** What must hold at the end since a page has heard of it: each answers what was wrong. */
  readonly promises: (() => string | undefined)[] = [];
  /** How each job ended, or stands; `orphaned` is dead for that reason. */
  readonly ends = new Map<string, string>();
  /** The script of no worker comes, as long as this is so. */
  isWorkerMissing: boolean;
  lostPower = false;
  life = 0;
  readonly #disk: Disk;
  #definition: SluiceDefinition;
  #serviceWorker: ServiceWorkerRun | undefined;
  #names = 0;

  constructor(universe: Universe, scenario: Scenario) {
    this.universe = universe;
    this.scenario = scenario;
    this.isWorkerMissing = scenario.isWorkerMissing ?? false;
    universe.hasCanary = scenario.canary !== undefined;
    this.service = new Service(universe, scenario.service ?? (() => ({ kind: 'answer', status: 200 })));
    this.service.dedupes = scenario.dedupes ?? false;
    this.#disk = new Disk(universe);
    this.browser = new Browser(universe, {
      disk: this.#disk,
      service: this.service,
      hasLocks: !scenario.hasNoLocks,
      losesHints: scenario.losesHints ?? false,
    });
    this.sync = new SyncScheduler(universe, () => this.#wakeServiceWorker());
    this.#definition = definitionOf(scenario, universe.timeline);
    universe.onBrowserKilled = (isPowerLost) => {
      this.browser.kill();
      if (!isPowerLost) return;
      this.#disk.losePower();
      this.lostPower = true;
      this.sync.isUpAt = universe.timeline.now + REBOOT_MS;
    };
    universe.onStorageCleared = () => this.clearStorage();
  }

  get rate(): { limit: number; perMs: number } | undefined {
    return this.scenario.sharedRate ?? this.#definition.queues[0]?.policy.rate ?? undefined;
  }

  get concurrency(): number {
    const queues = this.#definition.queues.map(({ policy }) => policy.concurrency);
    return queues.reduce((sum, own) => sum + own, 0);
  }

  after(ms: number): Promise<void> {
    return this.universe.timeline.after(ms);
  }

  /** @param isControlled false: it was reloaded past its service worker, which it cannot ask */
  openTab(isControlled = true): Tab {
    const { hasNoServiceWorker } = this.scenario;
    if (!hasNoServiceWorker && !this.#serviceWorker) this.#activate();
    return new Tab(this.browser, `tab ${this.#names++}`, {
      definition: this.#definition,
      serviceWorker: () => (hasNoServiceWorker ? undefined : this.#wakeServiceWorker()),
      isControlled,
      workersEndAlone: this.scenario.workersEndAlone ?? false,
      isWorkerMissing: () => this.isWorkerMissing,
    });
  }

  /** Another version, whose service worker takes over at once. The one before lives on until its events have ended. */
  deploy(change: Partial<QueueConfig>): void {
    this.#definition = definitionOf(this.scenario, this.universe.timeline, change);
    this.#serviceWorker = undefined;
    this.#activate();
  }

  closeTab(tab: Tab): void {
    if (!tab.isAlive) return;
    tab.close();
    if (!this.scenario.hasNoServiceWorker && tab.engine !== '')
      this.#wakeServiceWorker().engineLeft(tab.engine);
  }

  /** As browsers do with one that has nothing to do; the next event starts another. */
  stopServiceWorker(): void {
    this.#serviceWorker?.kill();
  }

  /** The next page comes some time after it was asked for. */
  async leave(tab: Tab): Promise<void> {
    tab.failSends();
    await this.after(300);
    this.closeTab(tab);
  }

  /** A plain `fetch` of a page, which the service worker takes. Answers the ticket that the page has heard. */
  async submit(tab: Tab, body: string, { uploadMs = 0 }: { uploadMs?: number } = {}): Promise<string> {
    if (!tab.isAlive) return never();
    const { life } = this;
    this.bodies.push(body);
    const content = uploadMs > 0 ? this.#slowly(body, uploadMs) : body;
    const init = { ...this.#post(body), body: content, duplex: 'half' };
    const request = new Request(urlOf(this.scenario), init);
    return this.#heard(tab, { body, life }, await this.#wakeServiceWorker().fetch(request));
  }

  /** By `sluice.fetch`, with options. */
  async ask(tab: Tab, body: string, options: JobOptions = {}, url = urlOf(this.scenario)): Promise<string> {
    if (!tab.isAlive) return never();
    const { life } = this;
    this.bodies.push(body);
    if (options.orderingKey !== undefined) this.ordered.push(body);
    const answer = await tab.sluice.fetch(url, { ...this.#post(body), job: options });
    return this.#heard(tab, { body, life }, answer);
  }

  #post(body: string): RequestInit {
    const post = { method: 'POST', body };
    const hasCanary = this.scenario.canary !== undefined;
    return hasCanary ? { ...post, headers: { Authorization: authorizationOf(body) } } : post;
  }

  /** As an app does: the cookies first, then the word. Somebody else, if there is one, is signed out before. */
  async signIn(tab: Tab, user: string): Promise<void> {
    if (!tab.isAlive) return never();
    if (this.service.session !== user) await this.signOut(tab);
    this.service.session = user;
    await tab.sluice.identify(user);
    if (!tab.isAlive) return never();
  }

  /** The word first: nothing of theirs may leave with other cookies. */
  async signOut(tab: Tab): Promise<void> {
    await tab.sluice.identify(null);
    if (!tab.isAlive) return never();
    this.service.session = '';
  }

  /** Until nothing is left to do for whoever is signed in. */
  async untilDone(): Promise<void> {
    const until = this.universe.timeline.now + PATIENCE_MS;
    while (this.universe.timeline.now < until && (await this.#depth()) > 0) await this.after(2000);
  }

  /** Rows of users who were forgotten, and what may be left of their own: a key, say. */
  orphans(): Promise<number> {
    return this.#disk.read(async (tx) => {
      const every = { from: [0], to: [Number.POSITIVE_INFINITY] };
      const owners = await tx.all('owners', every);
      const known = new Set(owners.filter(({ user }) => user !== undefined).map(({ owner }) => owner));
      const range = { from: ['orders'], to: ['others', Number.POSITIVE_INFINITY] };
      const rows = [...(await tx.all('jobs', range)), ...(await tx.all('results', range)), ...owners];
      return rows.filter(({ owner }) => !known.has(owner)).length;
    });
  }

  /** As `Clear-Site-Data: "storage"` does it: each context loses its connection, and meets an empty database at its next use. */
  clearStorage(): void {
    this.#disk.clear();
    this.life += 1;
    for (const context of this.browser.contexts) context.loseConnection();
  }

  /** Everybody sees another time of day from now on. */
  setWallClock(byMs: number): void {
    this.browser.setWall(this.browser.wallOffsetMs + byMs);
  }

  /** Faults are over. Somebody visits the app once more, or nobody does and the browser wakes the service worker. */
  async heal(): Promise<void> {
    this.universe.isHealing = true;
    await this.#checkStranded();
    if (this.lostPower) await this.after(REBOOT_MS);
    this.service.isDown = false;
    for (const context of this.browser.contexts) context.thaw();
    if (!this.scenario.staysClosed || !this.sync.isRegistered) this.openTab();
    await this.scenario.heal?.(this);
    const { timeline } = this.universe;
    const until = timeline.now + PATIENCE_MS;
    while (timeline.now < until) {
      await timeline.run(timeline.now + 2000);
      if ((await this.#depth()) + (await this.orphans()) === 0) break;
    }
    await timeline.run(timeline.now + (this.scenario.viewsMs ?? 0));
    await this.#noteEnds();
    if ((await this.orphans()) > 0)
      this.universe.fail('forgotten', 'rows are left of a user who was cleared');
  }

  /** I30: with jobs there, somebody leads, or the browser has been asked to wake the service worker. */
  async #checkStranded(): Promise<void> {
    if (!this.scenario.staysClosed || this.receipts.length === 0 || (await this.#depth()) === 0) return;
    if (this.universe.strikes === 0 && !this.sync.isRegistered)
      this.universe.fail('never stranded', 'nobody will come');
  }

  /** The body of a request may come long after its event. */
  #slowly(body: string, ms: number): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: async (controller) => {
        await this.after(ms);
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
  }

  /** What a page is told is a promise: by a receipt, that it will be sent; by an answer of the service, that it was. */
  #heard(
    tab: Tab,
    { body, life }: { body: string; life: number },
    response: Response,
  ): string | Promise<string> {
    if (!tab.isAlive) return never();
    const ticket = readTicket(response);
    if (ticket !== undefined) this.receipts.push({ ticket, body, life });
    // Let through where storage failed, an app sees by itself that it was redirected.
    else if (response.ok && !response.redirected) this.served.push({ body, at: this.universe.timeline.now });
    else if (!response.ok && this.universe.strikes === 0 && !this.scenario.mayRefuse)
      this.universe.fail('accepts', `${body}: ${response.status}`);
    return ticket ?? '';
  }

  #activate(): void {
    this.#wakeServiceWorker()
      .activate(this.#definition)
      .catch(() => undefined);
  }

  #wakeServiceWorker(): ServiceWorkerRun {
    if (!this.#serviceWorker?.isAlive) {
      const name = `service worker ${this.#names++}`;
      this.#serviceWorker = new ServiceWorkerRun(this.browser, name, {
        definition: this.#definition,
        sync: this.sync,
      });
    }
    return this.#serviceWorker;
  }

  #depth(): Promise<number> {
    return this.#disk.read(async (tx) => {
      const rows = await tx.all('queues', EVERYTHING);
      return rows.reduce((sum, row) => sum + depthOf(row), 0);
    });
  }

  #noteEnds(): Promise<void> {
    return this.#disk.read(async (tx) => {
      const range = { from: ['orders'], to: ['others', Number.POSITIVE_INFINITY] };
      for (const { ticket, ...job } of (await tx.all('jobs', range)).map(viewOfJob))
        this.ends.set(ticket, job.state === 'dead' && job.reason === 'orphaned' ? 'orphaned' : job.state);
      for (const result of await tx.all('results', range))
        this.ends.set(result.ticket, viewOfResult(result).state);
    });
  }
}

/** A machine without power is not back before. */
export const REBOOT_MS = 20_000;

/** Long enough for the last of three attempts of Background Sync. */
const PATIENCE_MS = 3 * 3_600_000;
