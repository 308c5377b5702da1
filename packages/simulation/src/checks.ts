import type { Job } from '../../sluice/src/core/job.ts';
import type { QueueRow } from '../../sluice/src/core/queue-row.ts';
import { DEFAULT_POLICY } from '../../sluice/src/core/policy.ts';
import { STEAL_AFTER_MS } from '../../sluice/src/drain/leadership.ts';
import type { Contents } from '../../sluice/src/store/memory.ts';
import { holdsCanary } from './canary.ts';
import type { Arrival, Service } from './service.ts';
import { REBOOT_MS, type Stage } from './stage.ts';
import { authorizationOf, urlOf } from './scenario.ts';
import type { Universe } from './universe.ts';

/** After every commit: each accepted job is in one place, and the counters tell the rows (I6, I11, I15). */
export function checkCounts(tables: Contents, universe: Universe): void {
  const rows = [...(tables.get('queues')?.values() ?? [])] as unknown as QueueRow[];
  const jobs = [...(tables.get('jobs')?.values() ?? [])] as unknown as Job[];
  for (const row of rows)
    checkRow(
      row,
      jobs.filter(({ queue }) => queue === row.name),
      universe,
    );
}

/** I21: after every commit, what is sealed stands nowhere in clear. */
export function checkSealed(tables: Contents, universe: Universe): void {
  if (!universe.hasCanary) return;
  for (const [table, rows] of tables) {
    if ([...rows.values()].some(holdsCanary))
      universe.fail('sealed', `${table} holds the canary, at step ${universe.steps}`);
  }
}

function checkRow({ counts, policy, inFlight }: QueueRow, jobs: readonly Job[], universe: Universe): void {
  const leased = jobs.filter(({ state }) => state.kind === 'leased');
  const waiting = jobs.filter(({ state }) => state.kind !== 'leased' && state.kind !== 'dead');
  const ended = counts.done + sum(counts.dead) + sum(counts.cancelled);
  const at = `at step ${universe.steps}`;
  if (counts.accepted !== counts.waiting + counts.leased + ended)
    universe.fail('conservation', `${JSON.stringify(counts)} ${at}`);
  if (counts.waiting !== waiting.length)
    universe.fail('conservation', `${counts.waiting} waiting, ${waiting.length} rows ${at}`);
  if (counts.leased !== leased.length)
    universe.fail('conservation', `${counts.leased} leased, ${leased.length} rows ${at}`);
  const sends = leased.filter(({ state }) => state.kind === 'leased' && !state.rides).length;
  if (sends > policy.concurrency) universe.fail('concurrency', `${sends} of ${policy.concurrency} ${at}`);
  if (sends !== inFlight) universe.fail('conservation', `${inFlight} in flight, ${sends} leases ${at}`);
  for (const { attempts, orphans, ticket } of jobs) {
    if (attempts > policy.maxAttempts)
      universe.fail('poison bound', `${ticket} has ${attempts} attempts ${at}`);
    if (orphans > policy.maxOrphans + 1)
      universe.fail('poison bound', `${ticket} has ${orphans} orphans ${at}`);
  }
}

/** At the end: what was promised to the page is kept, and nothing beyond it was done to the service. */
export function checkEnd(stage: Stage): void {
  checkReceipts(stage);
  checkServed(stage);
  checkRepeats(stage);
  checkRate(stage);
  checkInFlight(stage);
  checkOrder(stage);
  checkQuiet(stage);
  checkIdentity(stage);
  checkOpened(stage);
  checkPromises(stage);
}

/** I1 to I3: each receipt that reached a page ends, and what is called done was done. */
function checkReceipts({ universe, receipts, ends, service, scenario, life }: Stage): void {
  for (const { ticket, body, life: own } of receipts) {
    const end = ends.get(ticket);
    const served = service.arrivals.filter(
      (arrival) => isOf(arrival, body) && arrival.arrivedAt !== undefined,
    );
    if (end === undefined && (scenario.mayForget || own < life)) continue;
    if (end === undefined) universe.fail('never lost', `${body} (${ticket}) is not known any more`);
    // Who was signed in is cleared, too: what comes before the app says it again is nobody's, and waits for nobody.
    if (end === 'waiting' && scenario.mayBeCleared && life > 0) continue;
    if (end === 'waiting' || end === 'leased')
      universe.fail('liveness', `${body} (${ticket}) is still ${end}`);
    if (end === 'done' && !served.some(({ status }) => status < 300))
      universe.fail('done is done', `${body} never arrived`);
    // So many engines lost with it are what the bound on poisoned jobs is for.
    const isPoison = end === 'orphaned' && universe.strikes > DEFAULT_POLICY.maxOrphans;
    const isDead = end === 'dead' || (end === 'orphaned' && !isPoison);
    if (isDead && !scenario.mayDie) universe.fail('never lost', `${body} (${ticket}) is dead`);
  }
}

/** Whoever heard the service's own answer may throw the request away. */
function checkServed({ universe, served, service }: Stage): void {
  for (const { body, at } of served) {
    const own = service.arrivals.filter((one) => isOf(one, body) && one.status < 300);
    const isTaken = own.some(({ arrivedAt = Number.POSITIVE_INFINITY }) => arrivedAt <= at);
    if (!isTaken) universe.fail('done is done', `${body} was answered, and had not arrived`);
  }
}

/** I4, I5, I9: one key for all sends of a job, and no more of them than faults and lost answers account for. */
function checkRepeats({ universe, service, bodies, scenario }: Stage): void {
  for (const body of bodies) {
    const own = service.arrivals.filter((arrival) => isOurs(arrival) && isOf(arrival, body));
    const keys = new Set(own.map(({ key }) => key));
    if (keys.size > 1 && !scenario.hasNewKeys)
      universe.fail('one key', `${body} went under ${[...keys].join(', ')}`);
    const verdicts = own.filter(({ arrivedAt, status }) => arrivedAt !== undefined && isFinal(status)).length;
    const unheard = own.filter((arrival) => arrival.arrivedAt !== undefined && isUnheard(arrival));
    const allowed = 1 + universe.strikes + unheard.length + (scenario.hasNewKeys ? 1 : 0);
    if (verdicts > allowed)
      universe.fail('once a verdict', `${body} had ${verdicts} final answers, ${allowed} allowed`);
    const done = own.filter(
      ({ arrivedAt, status, isRepeat }) => arrivedAt !== undefined && status < 300 && !isRepeat,
    );
    if (scenario.dedupes && done.length > 1)
      universe.fail('done once', `${body} was done ${done.length} times`);
    if (scenario.neverRepeats && own.length > 1)
      universe.fail('never repeated', `${body} was sent ${own.length} times`);
  }
}

/** I12: in any window of `perMs`, by true time, over all contexts. */
function checkRate({ universe, service, rate, scenario, lostPower }: Stage): void {
  if (!rate || scenario.breaksClock) return;
  // The named exception: what was sent right before a loss of power is not remembered, and a reboot takes shorter.
  if (lostPower && rate.perMs > REBOOT_MS) return;
  const counted = universe.strikes === 0 ? service.arrivals : service.arrivals.filter(isOurs);
  const sends = counted.map(({ sentAt }) => sentAt);
  for (const at of sends) {
    const inWindow = sends.filter((other) => other >= at && other < at + rate.perMs).length;
    if (inWindow > rate.limit)
      universe.fail('rate', `${inWindow} of ${rate.limit} within ${rate.perMs} ms from ${at}`);
  }
}

/** I14: without a fault, by true time, over all contexts and all ways out. What is no job's has no lease. */
function checkInFlight({ universe, service, concurrency }: Stage): void {
  if (universe.strikes > 0) return;
  const ended = service.arrivals.filter(({ endedAt, sender }) => endedAt !== undefined || sender.isAlive);
  for (const { sentAt } of ended) {
    const underWay = ended.filter(
      (other) => other.sentAt <= sentAt && (other.endedAt ?? Number.POSITIVE_INFINITY) > sentAt,
    );
    if (underWay.length > concurrency)
      universe.fail('concurrency', `${underWay.length} of ${concurrency} in flight at ${sentAt}`);
  }
}

/** I13: within an ordering key a job is sent only after the one before it has ended. */
function checkOrder({ universe, service, ordered, lostPower }: Stage): void {
  if (lostPower) return;
  for (const [i, first] of ordered.entries()) {
    for (const second of ordered.slice(i + 1)) {
      const lastOfFirst = Math.max(...sendsOf(service, first));
      const firstOfSecond = Math.min(...sendsOf(service, second));
      if (lastOfFirst > firstOfSecond) universe.fail('order', `${second} went before ${first} had ended`);
    }
  }
}

/** No send begins after a freeze was committed, and before it ends. */
function checkQuiet({ universe, service, scenario }: Stage): void {
  const [asked] = service.arrivals;
  if (scenario.quietMs === undefined || universe.strikes > 0 || asked?.answeredAt === undefined) return;
  const until = asked.answeredAt + scenario.quietMs;
  const early = service.arrivals.filter(
    ({ sentAt }) => sentAt > (asked.answeredAt ?? 0) + COMMIT_MS && sentAt < until,
  );
  if (early.length > 0) universe.fail('quiet', `${early.length} sends while the service had asked for quiet`);
}

/** I20: what a user has submitted goes with that user's cookies, and no other's. */
function checkIdentity({ universe, service }: Stage): void {
  const counted = universe.strikes === 0 ? service.arrivals : service.arrivals.filter(isOurs);
  for (const { body, session } of counted) {
    const user = /^(ann|bob)/.exec(body)?.[0];
    if (user !== undefined && user !== session)
      universe.fail('identity', `${body} went with the cookies of ${session || 'nobody'}`);
  }
}

/** What somebody has changed, and heard that it was. */
function checkPromises({ universe, promises }: Stage): void {
  for (const wrong of promises.map((promise) => promise())) if (wrong) universe.fail('heard', wrong);
}

/** I27: what was sealed comes out as it went in. */
function checkOpened({ universe, service, scenario }: Stage): void {
  if (scenario.canary === undefined) return;
  for (const { body, url, authorization } of service.arrivals) {
    // What was edited says more.
    const [submitted = ''] = body.split(' ');
    if (authorization !== authorizationOf(submitted) || url !== urlOf(scenario))
      universe.fail('opened', `${body} came to ${url} with ${authorization}`);
  }
}

/** From the answer to the commit of what it says. */
const COMMIT_MS = 20;

/** Lost, or heard once others had reason to give its sender up. */
function isUnheard({ sentAt, isLetGo, answeredAt = Number.POSITIVE_INFINITY }: Arrival): boolean {
  return isLetGo || answeredAt - sentAt > STEAL_AFTER_MS;
}

/** After such an answer nothing is sent again. */
function isFinal(status: number): boolean {
  return status < 300 || status === 422;
}

function sendsOf({ arrivals }: Service, body: string): number[] {
  return arrivals.filter((one) => isOurs(one) && isOf(one, body)).map(({ sentAt }) => sentAt);
}

/** Where storage failed, the request was let through as if there were no Sluice: without a key. */
function isOurs({ key }: Arrival): boolean {
  return key !== 'none';
}

function isOf({ body }: Arrival, wanted: string): boolean {
  return body.split(' ').includes(wanted);
}

function sum(byReason: Partial<Record<string, number>>): number {
  return Object.values(byReason).reduce<number>((total, n) => total + (n ?? 0), 0);
}
