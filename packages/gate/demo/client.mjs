/** How long a client waits that was told nothing. */
const RETRY_MS = 300;

/**
 * One order of one client, repeated with its key until it is answered. A client of a gate keeps its number; any other waits as Retry-After
 * says.
 *
 * @param {string} key
 * @param {() => string} nextNode the URL of a node
 * @returns {Promise<number>} how many requests it took
 */
export async function order(key, nextNode) {
  let slot;
  for (let requests = 1; ; requests += 1) {
    const answer = await post(nextNode(), key, slot?.token);
    if (answer?.status === 201) return requests;
    slot = slotOf(answer);
    const seconds = Number(answer?.headers.get('retry-after') ?? 0);
    await pause(slot?.ms ?? (seconds > 0 ? seconds * 1000 : RETRY_MS));
  }
}

function post(node, key, token) {
  const headers = { 'idempotency-key': key, ...(token && { 'sluice-slot': token }) };
  return fetch(`${node}/orders`, { method: 'POST', headers }).catch(() => undefined);
}

/** `Sluice-Slot: "v1.…";ms=37250` */
function slotOf(answer) {
  const [, token, ms] = /^("[^"]+");ms=(\d+)$/.exec(answer?.headers.get('sluice-slot') ?? '') ?? [];
  return token && { token, ms: Number(ms) };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
