import type { HeaderPairs, Stored, StoredRequest, Ticket } from '../core/job.js';
import { checkSize } from '../drain/draft.js';
import { conflict, type Edit, NO_SUCH_JOB } from '../store/job-commands.js';
import { readStored } from '../store/query.js';
import type { Rekey } from '../store/redrive.js';
import type { Database } from '../store/rows.js';
import { newKey, rekeyed, unquoted } from '../transport/idempotency.js';
import { bytesOfBody } from '../transport/intake-facts.js';
import { requireSendable } from '../transport/rebuild.js';
import { isSecret, type Key, type SealingKeys } from '../transport/seal.js';
import { type Hiding, hideStored, openStored } from '../transport/seal-all.js';

/** What is changed of a stored request; what is left out stays. */
export interface StoredChange {
  url?: string;
  headers?: HeaderPairs | Record<string, string>;
  body?: string | ArrayBuffer;
}

export interface EditContext {
  database: Database;
  sealingKey: SealingKeys;
  /** Relative URLs resolve against it. */
  base: string;
}

/** A stored request with a change, hidden as one that is captured. @throws SluiceError `state-conflict`, `body-too-large` */
export async function makeEdit(ticket: Ticket, change: StoredChange, context: EditContext): Promise<Edit> {
  const standing = await readStored(context.database, ticket);
  if (!standing) throw conflict(ticket, NO_SUCH_JOB);
  const { job, body, policy } = standing;
  const { idempotency } = policy;
  const key: Key = (isFresh) => context.sealingKey(job.owner, isFresh);
  const clear = await openStored({ request: job.request, body }, job, key);
  const hiding = hidingOf(job.request, clear.request, policy);
  const given = new Headers(change.headers).get(idempotency.header);
  const idempotencyKey = given === null ? newKey() : unquoted(given);
  const { request, body: content } = apply(clear, change, { ...hiding, base: context.base });
  // What stays was let in, by whatever rule held then.
  if (change.body !== undefined) checkSize(content, job.queue, policy);
  const headers = given === null ? rekeyed(request.headers, idempotencyKey, idempotency) : request.headers;
  const changed = { request: { ...request, headers }, body: content };
  const { secrets } = job.request;
  const isRewritten = job.after !== undefined || (secrets.kind === 'sealed' && secrets.scope !== undefined);
  requireSendable(changed);
  const stored = await hideStored(changed, hiding, { idempotencyKey, isRewritten, key });
  return { ...stored, idempotencyKey, previousKey: job.idempotencyKey };
}

/** The same request under a key of its own. */
export const rekey: Rekey = ({ request, idempotencyKey: previousKey }, idempotency) => {
  if (request.secrets.kind === 'sealed-all') return undefined;
  const idempotencyKey = newKey();
  const headers = rekeyed(request.headers, idempotencyKey, idempotency);
  return { request: { ...request, headers }, idempotencyKey, previousKey };
};

/** As the queue says, but nothing that was hidden before comes to stand in clear. */
function hidingOf(
  stored: StoredRequest,
  clear: StoredRequest,
  // An older version of the app has written less.
  { seal = 'secrets', secrets, secretHeaders = [] }: Partial<Hiding>,
): Hiding {
  const isSealed = stored.secrets.kind === 'sealed-all';
  const dropped = clear.secrets.kind === 'dropped' ? clear.secrets.names : [];
  const shown = new Set((isSealed ? clear : stored).headers.map(([name]) => name));
  const sealed = clear.headers.map(([name]) => name).filter((name) => !shown.has(name));
  return {
    seal: isSealed ? 'all' : seal,
    secrets: secrets ?? (dropped.length > 0 ? 'drop' : 'seal'),
    secretHeaders: [...secretHeaders, ...dropped, ...sealed],
  };
}

function apply(
  { request, body }: Stored,
  { url, headers, body: content }: StoredChange,
  { secretHeaders, base }: Pick<Hiding, 'secretHeaders'> & Pick<EditContext, 'base'>,
): Stored {
  const secrets = request.headers.filter(([name]) => isSecret(name, secretHeaders));
  return {
    request: {
      ...request,
      ...(url === undefined ? {} : { url: new URL(url, base).href }),
      ...(headers === undefined ? {} : { headers: withSecrets([...new Headers(headers)], secrets) }),
    },
    body: content === undefined ? body : bytesOfBody(content),
  };
}

/** Secrets stay, unless they are given anew. */
function withSecrets(headers: HeaderPairs, secrets: HeaderPairs): HeaderPairs {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  return [...headers, ...secrets.filter(([name]) => !given.has(name.toLowerCase()))];
}
