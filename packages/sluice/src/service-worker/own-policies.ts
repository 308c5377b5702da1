import { policiesOf } from '../core/config.js';
import type { Runtime } from '../drain/runtime.js';
import { arePolicies, writePolicies } from '../store/policies.js';

type Owner = Pick<Runtime, 'database' | 'definition' | 'notify'>;

interface Event {
  waitUntil(work: Promise<unknown>): void;
}

/** At activation: the active service worker owns the policies. */
export async function writeOwnPolicies({ database, definition, notify }: Owner): Promise<void> {
  try {
    await writePolicies(database, policiesOf(definition), { overwrite: true });
    notify.tell(definition.queues.map(({ name }) => ({ type: 'nudged', queue: name })));
  } catch {
    // Storage that fails must not keep the app from its service worker; the next enqueue tells.
  }
}

/**
 * Makes up for an activation in which storage failed or the browser stopped us: once in each life, with the first event that only
 * an active service worker gets.
 */
export function createPolicyCheck(owner: Owner): (event: Event) => void {
  let isChecked = false;
  return (event) => {
    if (isChecked) return;
    isChecked = true;
    event.waitUntil(check(owner));
  };
}

async function check(owner: Owner): Promise<void> {
  const areOurs = await arePolicies(owner.database, policiesOf(owner.definition)).catch(() => true);
  if (!areOurs) await writeOwnPolicies(owner);
}
