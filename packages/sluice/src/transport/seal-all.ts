import type { Answer, Stored, StoredRequest } from '../core/job.js';
import type { JobOptions } from '../core/job-options.js';
import type { QueuePolicy } from '../core/policy.js';
import { fingerprint, openBody, openSealed, sealBody, sealValue } from './cipher.js';
import { hideSecrets, type HideOptions, type Key, openWith, revealSecrets } from './seal.js';

/** What names the place of a job: its seal opens nowhere else. */
export interface Place {
  idempotencyKey: string;
}

/** What a policy says of how requests stand in storage. */
export type Hiding = Pick<QueuePolicy, 'seal' | 'secrets' | 'secretHeaders'>;

/** The request as it may stand in storage. */
export async function hideStored(
  { request, body }: Stored,
  { seal, secrets: mode, secretHeaders: extra }: Hiding,
  { key, isRewritten, ...place }: Place & Pick<HideOptions, 'key' | 'isRewritten'>,
): Promise<Stored> {
  const isSealed = seal === 'all';
  const kept =
    isSealed && mode === 'seal' ? request : await hideSecrets(request, { mode, extra, key, isRewritten });
  return isSealed ? sealAll({ request: kept, body }, place, key) : { request: kept, body };
}

/** The request and its body, sealed as a whole. Its origin stays: the rate of a destination goes by it. */
export async function sealAll(
  { request, body }: Stored,
  { idempotencyKey }: Place,
  key: Key,
): Promise<Stored> {
  const { url, headers, secrets, referrer, integrity, ...rest } = request;
  const [cryptoKey] = await key();
  const hidden = { url, headers, secrets, referrer, integrity };
  const sealed = await sealValue(hidden, cryptoKey, boundTo(request, { idempotencyKey }));
  return {
    request: {
      ...rest,
      url: `${new URL(url).origin}/`,
      headers: [],
      referrer: 'about:client',
      integrity: '',
      secrets: { kind: 'sealed-all', ...sealed },
    },
    body: body && (await sealBody(body, cryptoKey, idempotencyKey)),
  };
}

/** What was stored, in clear, however it was sealed. @throws SluiceError `request-unreadable` */
export async function openStored({ request, body }: Stored, place: Place, key: Key): Promise<Stored> {
  const { secrets } = request;
  if (secrets.kind !== 'sealed-all') return { request: await revealSecrets(request, key), body };
  return openWith(key, async (one) => {
    const hidden = await openSealed(secrets, one, boundTo(request, place));
    return {
      request: { ...request, ...(hidden as StoredRequest) },
      body: body && (await openBody(body, one, place.idempotencyKey)),
    };
  });
}

/** What stands in clear beside a seal, and must not be another when it opens. */
function boundTo(request: StoredRequest, { idempotencyKey }: Place): string {
  const { method, url, mode, credentials, cache, redirect, referrerPolicy } = request;
  const { origin } = new URL(url);
  return JSON.stringify([idempotencyKey, origin, method, mode, credentials, cache, redirect, referrerPolicy]);
}

export async function sealAnswer(answer: Answer, ticket: string, key: Key): Promise<Answer> {
  const { status, body, bodyOmitted, ...head } = answer;
  const [cryptoKey] = await key();
  const sealed = await sealValue(head, cryptoKey, ticket);
  const hidden = body ? { body: await sealBody(body, cryptoKey, ticket) } : {};
  return { status, statusText: '', headers: [], bodyOmitted, sealed, ...hidden };
}

/** @throws SluiceError `request-unreadable` */
export async function openAnswer(
  { sealed, body, ...answer }: Answer,
  ticket: string,
  key: Key,
): Promise<Answer> {
  if (!sealed) return { ...answer, ...(body ? { body } : {}) };
  return openWith(key, async (one) => {
    const head = (await openSealed(sealed, one, ticket)) as Pick<
      Answer,
      'statusText' | 'headers' | 'url' | 'redirected'
    >;
    const content = body ? { body: await openBody(body, one, ticket) } : {};
    return { ...answer, ...head, ...content };
  });
}

/** Keys that are only ever compared become fingerprints. */
export async function hideKeys(options: JobOptions): Promise<JobOptions> {
  const hidden: JobOptions = { ...options };
  for (const name of ['orderingKey', 'dedupeKey', 'fairnessKey'] as const) {
    const value = options[name];
    if (value !== undefined) hidden[name] = await fingerprint(value);
  }
  return hidden;
}
