import type { Mutant } from '../mutant.ts';

/** Bugs in whose jobs are sent, and in who can read them. */
export const OF_USERS: readonly Mutant[] = [
  {
    name: 'signed in again, and nobody looks',
    file: 'store/control.ts',
    from: 'NO_CHANCE), ...signedIn(row) };',
    to: 'NO_CHANCE) };',
    scenarios: ['nobody is signed in'],
  },
  {
    name: 'whoever is signed in gets what another has submitted',
    file: 'store/identity.ts',
    from: 'return { owner, ...signedIn(row),',
    to: 'return { awaitsSignIn: false,',
    scenarios: ['one user leaves, another comes'],
  },
  {
    name: 'the owner is read at the commit, not at the capture',
    file: 'store/enqueue.ts',
    from: 'await accept(ledger, draft)',
    to: 'await accept(ledger, { ...draft, owner: row.owner })',
    scenarios: ['one user leaves, another comes'],
  },
  {
    name: 'a straggler of a user who was forgotten is stored',
    file: 'store/enqueue.ts',
    from: '?.user !== undefined;',
    to: ' !== null;',
    scenarios: ['a user is forgotten'],
  },
  {
    name: 'an answer stands in clear',
    file: 'transport/sealed-answers.ts',
    from: "if (claim.policy.seal !== 'all') return end;",
    to: 'if (claim.leaseId) return end;',
    scenarios: ['all is sealed'],
  },
  {
    name: 'whoever adopts what is sealed gets no key to it',
    file: 'store/identity.ts',
    from: '  if (!cryptoKey) return;\n',
    to: '  return;\n',
    scenarios: ['all is sealed, and a guest signs in'],
  },
  {
    name: 'nobody goes on with an erasure',
    file: 'drain/engine.ts',
    from: '    void this.#erase();\n',
    to: '',
    scenarios: ['all is sealed, and its user is forgotten'],
  },
  {
    name: 'a secret header is stored in clear',
    file: 'transport/seal.ts',
    from: '  if (secret.length === 0) return request;',
    to: '  return request;',
    scenarios: ['secret headers are sealed'],
  },
  {
    name: 'an older token that is refused holds the queue for a newer one',
    file: 'core/settle.ts',
    from: ' && settlement.credentials === credentials',
    to: '',
    scenarios: ['a token is renewed while the older one is refused'],
  },
  {
    name: 'what is edited stands in clear',
    file: 'client/edit.ts',
    from: "if (secrets.kind === 'sealed-all') return",
    to: 'if (!secrets) return',
    scenarios: ['a sealed job is edited while it waits'],
  },
  {
    name: 'a part of a batch is refused, and its queue goes on',
    file: 'core/settle.ts',
    from: 'return { flow, awaitsSignIn, batchMax };',
    to: 'return { flow, awaitsSignIn: row.awaitsSignIn, batchMax };',
    scenarios: ['a batch of which one has nobody signed in'],
  },
];
