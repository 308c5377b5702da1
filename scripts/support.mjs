import { readFileSync, writeFileSync } from 'node:fs';
import { readPlaywright } from './report.mjs';
import { ROOT } from './run.mjs';

/** What users ask for, and the end-to-end test that shows whether an engine does it. */
const ROWS = [
  ['intercepts `fetch`', 'a burst of 500 reaches the service at its own pace, all of it, once'],
  ['intercepts `sendBeacon`', 'sendBeacon is queued like any other request'],
  ['intercepts `fetch` with `keepalive`', 'a fetch with keepalive is queued like any other request'],
  ['intercepts synchronous XHR', 'a synchronous XHR is queued like any other request'],
  [
    'intercepts forms that are sent by navigation',
    'a form that is sent by navigation is taken where the queue asks for it, and leads to its page',
  ],
  [
    'tells the answer of the service after a reload',
    'settled gives the real status, headers and body, also after a reload',
  ],
  ['keeps one pace over all tabs', 'five tabs at once share one queue and one rate'],
  [
    'goes on when the leading tab is closed in mid-send',
    'when the leading tab is closed in mid-send, another takes over at once and loses nothing',
  ],
  ['goes on when the leading tab crashes', 'crashed in mid-send is followed by another tab'],
  [
    'goes on when the service worker is killed',
    'a service worker killed in mid-drain is started again and loses nothing',
  ],
  [
    'goes on when the whole browser is killed',
    'SIGKILL of the whole browser in mid-enqueue, ten times, loses no receipt and repeats no verdict',
  ],
  ['drains with no page open', 'drains with no page open, although the service worker was killed'],
  [
    'holds nothing while its page is in the back/forward cache',
    'a page that is kept for its return holds nothing against others, and goes on when it is back',
  ],
  [
    'queues on a page that was reloaded past the cache, by `sluice.fetch`',
    'a hard-reloaded page is not controlled: sluice.fetch queues all the same',
  ],
  [
    'keeps the jobs of one user from another',
    'what one user queued offline is not sent under the next, and is sent when its user is back',
  ],
  ['survives an update in mid-queue', 'an update in mid-queue loses nothing, and reloads nobody'],
  [
    'tells that its storage was cleared',
    'a queue that was cleared behind us is reported at the next visit, with what was in it',
  ],
  [
    'works under a strict `Content-Security-Policy`',
    'it works under a policy that allows scripts and connections of its own origin alone',
  ],
  [
    'lets unmatched requests go past the service worker',
    'what no rule names goes past the service worker, and so does the page itself',
  ],
];
const ENGINES = [
  ['chromium', 'Chromium'],
  ['firefox', 'Firefox'],
  ['webkit', 'WebKitGTK'],
];
const MARKS = ['<!-- support -->', '<!-- /support -->'];

/** The table, from the report of a run of all end-to-end tests. @throws Error for a row without its test */
export function supportTable(report) {
  const specs = JSON.parse(readFileSync(report, 'utf8')).suites.flatMap(specsOf);
  const lines = ROWS.map(([what, title]) => {
    const tests = specs.filter((spec) => spec.title === title).flatMap((spec) => spec.tests);
    if (tests.length === 0) throw new Error(`no end-to-end test is called '${title}'`);
    const cells = ENGINES.map(([engine]) => cellOf(tests.find(({ projectName }) => projectName === engine)));
    return `| ${[what, ...cells].join(' | ')} |`;
  });
  const head = ['', ...ENGINES.map(([, name]) => name)];
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...lines].join('\n');
}

function specsOf(suite) {
  return [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
}

function cellOf(test) {
  if (!test) return 'not tried';
  if (test.status === 'expected') return 'yes';
  const reason = test.annotations.find(({ type }) => type === 'skip')?.description;
  return reason ? `– ${reason}` : 'no';
}

/**
 * Puts the table in its place in the README. Answers whether that changed anything.
 *
 * @throws Error for a run that failed, and leaves the README as it is: a fault of today is no lack of an engine
 */
export function writeSupport(report) {
  if (readPlaywright(report).failures.length > 0)
    throw new Error('the end-to-end tests have failed: the support table of the README stays as it is');
  const file = `${ROOT}/README.md`;
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(MARKS[0]) + MARKS[0].length, text.indexOf(MARKS[1])];
  const changed = `${text.slice(0, from)}\n\n${supportTable(report)}\n\n${text.slice(to)}`;
  writeFileSync(file, changed);
  return changed !== text;
}

/** `npm run support`: after `npm test`, or after all of `npm run test:e2e`. */
if (process.argv[1] === import.meta.filename) {
  console.log(
    writeSupport(`${ROOT}/.reports/e2e.json`) ? 'README.md has changed' : 'README.md stands as it was',
  );
}
