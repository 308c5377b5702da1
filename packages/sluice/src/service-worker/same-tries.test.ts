import { expect, test } from 'vitest';
import { SameTries, type Thing, type Tried } from './same-tries.js';

const thing = (key: string): Thing => ({ key, owner: Promise.resolve(1) });
const bodyOf = async (tried: Tried): Promise<string> => (tried as Response).text();

test('what comes under a key while it is tried has the same answer, and the service hears of one', async () => {
  const same = new SameTries();
  let tries = 0;
  const work = async (): Promise<Response> => {
    tries += 1;
    await Promise.resolve();
    return new Response(`answer ${tries}`);
  };
  const both = await Promise.all([
    same.share(thing('k'), work),
    same.share(thing('k'), work),
    same.share(thing('other'), work),
  ]);
  expect(await Promise.all(both.map(bodyOf))).toEqual(['answer 2', 'answer 2', 'answer 2']);
  expect(tries).toBe(2);
  expect(await bodyOf(await same.share(thing('k'), work))).toBe('answer 3');
});

test('a try that fails fails for all, and the next is a try of its own', async () => {
  const same = new SameTries();
  const fails = () => Promise.reject(new Error('no'));
  const ends = await Promise.allSettled([same.share(thing('k'), fails), same.share(thing('k'), fails)]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await bodyOf(await same.share(thing('k'), async () => new Response('yes')))).toBe('yes');
});

test('without a key each is a try of its own', async () => {
  const same = new SameTries();
  let tries = 0;
  const work = async (): Promise<Response> => new Response(String((tries += 1)));
  await Promise.all([same.share(undefined, work), same.share(undefined, work)]);
  expect(tries).toBe(2);
});

test('two of somebody else are one try as well', async () => {
  const same = new SameTries();
  let tries = 0;
  const work = async (): Promise<Response> => new Response(String((tries += 1)));
  const answers = await Promise.all(
    [1, 2, 2].map((owner) => same.share({ key: 'k', owner: Promise.resolve(owner) }, work)),
  );
  expect(await Promise.all(answers.map(bodyOf))).toEqual(['1', '2', '2']);
});

test('nobody has the answer of somebody else, and where nobody knows who it is each is tried', async () => {
  const same = new SameTries();
  let tries = 0;
  const work = async (): Promise<Response> => new Response(String((tries += 1)));
  const owners = [1, 2, undefined];
  const answers = await Promise.all(
    owners.map((owner) => same.share({ key: 'k', owner: Promise.resolve(owner) }, work)),
  );
  expect(new Set(await Promise.all(answers.map(bodyOf))).size).toBe(3);
});
