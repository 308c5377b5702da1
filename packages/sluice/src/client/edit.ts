import { SluiceError } from '../core/errors.js';
import type { HeaderPairs, Job, Stored, StoredRequest, Ticket } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import { conflict, type Edit, NO_SUCH_JOB } from '../store/job-commands.js';
import { readStored } from '../store/query.js';
import type { Rekey } from '../store/redrive.js';
import type { Database } from '../store/rows.js';
import { newKey, rekeyed, unquoted } from '../transport/idempotency.js';
import { bytesOfBody } from '../transport/intake-facts.js';
import { hideSecrets, isSecret, type Key, type SealingKeys } from '../transport/seal.js';
import { openStored, sealAll } from '../transport/seal-all.js';
import type { JobChange } from './sluice.js';

export interface EditContext {
  database: Database;
  sealingKey: SealingKeys;
  /** Relative URLs resolve against it. */
  base: string;
}

/** A stored request with a change, hidden as it was before. @throws SluiceError `state-conflict`, `body-too-large` */
export async function makeEdit(ticket: Ticket, change: JobChange, context: EditContext): Promise<Edit> {
  const standing = await readStored(context.database, ticket);
  if (!standing) throw conflict(ticket, NO_SUCH_JOB);
  const { job, body, policy } = standing;
  const { idempotency } = policy;
  const key: Key = (isFresh) => context.sealingKey(job.owner, isFresh);
  const clear = await openStored({ request: job.request, body }, job, key);
  const given = new Headers(change.headers).get(idempotency.header);
  const idempotencyKey = given === null ? newKey() : unquoted(given);
  const { request, body: content } = apply(clear, change, { job, base: context.base });
  // What stays was let in, by whatever rule held then.
  if (change.body !== undefined) checkSize(content, job.queue, policy);
  const headers = given === null ? rekeyed(request.headers, idempotencyKey, idempotency) : request.headers;
  const changed = { request: { ...request, headers }, body: content };
  const stored = await hideAgain(changed, { job, idempotencyKey, key, header: idempotency.header });
  return { ...stored, idempotencyKey, previousKey: job.idempotencyKey };
}

/** The same request under a key of its own. */
export const rekey: Rekey = ({ request, idempotencyKey: previousKey }, idempotency) => {
  if (request.secrets.kind === 'sealed-all') return undefined;
  const idempotencyKey = newKey();
  const headers = rekeyed(request.headers, idempotencyKey, idempotency);
  return { request: { ...request, headers }, idempotencyKey, previousKey };
};

function apply(
  { request, body }: Stored,
  { url, headers, body: content }: JobChange,
  { job, base }: { job: Job; base: string },
): Stored {
  const secrets = request.headers.filter(([name]) => !job.request.headers.some(([clear]) => clear === name));
  return {
    request: {
      ...request,
      ...(url === undefined ? {} : { url: new URL(url, base).href }),
      ...(headers === undefined ? {} : { headers: withSecrets([...new Headers(headers)], secrets) }),
    },
    body: content === undefined ? body : bytesOfBody(content),
  };
}

function checkSize(body: ArrayBuffer | undefined, queue: string, { maxBodyBytes }: QueuePolicy): void {
  const bytes = body?.byteLength ?? 0;
  if (bytes <= maxBodyBytes) return;
  const sentence = `a body of ${bytes} bytes is more than maxBodyBytes of queue '${queue}' allows, ${maxBodyBytes}.`;
  throw new SluiceError('body-too-large', sentence, { value: bytes });
}

/** Secrets stay, unless they are given anew. */
function withSecrets(headers: HeaderPairs, secrets: HeaderPairs): HeaderPairs {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  return [...headers, ...secrets.filter(([name]) => !given.has(name.toLowerCase()))];
}

async function hideAgain(
  changed: Stored,
  { job, idempotencyKey, key, header }: { job: Job; idempotencyKey: string; key: Key; header: string },
): Promise<Stored> {
  const { body } = changed;
  const request = withoutDropped(changed.request);
  if (job.request.secrets.kind === 'sealed-all') return sealAll({ request, body }, { idempotencyKey }, key);
  // An idempotency key is no secret, and has to be found again.
  const shown = new Set(
    [header, ...job.request.headers.map(([name]) => name)].map((name) => name.toLowerCase()),
  );
  // Which headers the queue keeps secret is not known here: whatever did not stand in clear before does not now.
  const unseen = request.headers.map(([name]) => name).filter((name) => !shown.has(name.toLowerCase()));
  return { request: await hideSecrets(request, { mode: 'seal', extra: unseen, key }), body };
}

/** Where secrets were dropped as it was captured, they are dropped as it is edited. */
function withoutDropped(request: StoredRequest): StoredRequest {
  const { secrets, headers } = request;
  if (secrets.kind !== 'dropped') return request;
  return { ...request, headers: headers.filter(([name]) => !isSecret(name, secrets.names)) };
}
