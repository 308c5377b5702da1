import type { Mutant } from '../mutant.ts';

/** Bugs between a page and its host. */
export const OF_HOSTS: readonly Mutant[] = [
  {
    name: 'a call hangs as its host dies',
    file: 'client/line.ts',
    from: "    for (const reject of pending) reject(fault('host-gone', 'the worker ended before its answer'));\n",
    to: '',
    scenarios: ['the worker of a page ends in the middle of its calls'],
  },
  {
    name: 'a view misses the last change',
    file: 'host/page-news.ts',
    from: '    if (depth > 0) untils.push(now + LOOK_EVERY_MS);\n',
    to: '',
    scenarios: ['a page watches what another tab sends, and hears no hint'],
  },
  {
    name: 'a command resolves before its commit',
    file: 'host/commands.ts',
    from: '    notify.tell(await commandQueues(database, queue, { kind }, clock.now()));',
    to: '    void commandQueues(database, queue, { kind }, clock.now()).then((events) => notify.tell(events));',
    scenarios: ['a queue is paused before its job is due'],
  },
  {
    name: 'a worker that did not start is not started again',
    file: 'client/worker-link.ts',
    from: "      if (problem && (link.current || (problem as SluiceError).code === 'config-invalid')) return;\n",
    to: '      if (problem) return;\n',
    scenarios: ['the script of the worker is missing, and then it is there'],
  },
  {
    name: 'a service worker is no host',
    file: 'client/ask.ts',
    from: '    line ??= await toServiceWorker().catch(() => undefined);\n',
    to: '',
    scenarios: ['no worker of a page starts, and the service worker is its host'],
  },
];
