/** The switch of the fragile service behind the demo. */
export type Health = 'up' | 'slow' | 'down';

const PATCHES: Record<Health, object> = {
  up: { fault: null },
  slow: { fault: { kind: 'delay', ms: 2000 } },
  down: { fault: { kind: 'reset' } },
};

export async function setHealth(health: Health): Promise<void> {
  const response = await fetch('/control', { method: 'POST', body: JSON.stringify(PATCHES[health]) });
  if (!response.ok) throw new Error(`the service refused: ${response.status}`);
}

/** What the service counted by itself. */
export interface ServiceState {
  duplicates: number;
  outcomes: Partial<Record<string, number>>;
  behaviour: { fault?: { kind: string } | null };
}

export async function readService(): Promise<ServiceState> {
  return (await fetch('/control')).json() as Promise<ServiceState>;
}

export function healthOf({ behaviour }: ServiceState): Health {
  const kind = behaviour.fault?.kind;
  if (kind === 'delay') return 'slow';
  return kind === 'reset' ? 'down' : 'up';
}
