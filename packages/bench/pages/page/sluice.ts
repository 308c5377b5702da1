import { connect } from 'sluice/client';

const sluice = await connect(`/sluice.js${location.search}`);
performance.mark('connected');
const startBare = () => new Worker(new URL('../workers/bare.ts', import.meta.url), { type: 'module' });
const startBooks = () => new Worker(new URL('../workers/books.ts', import.meta.url), { type: 'module' });
Object.assign(globalThis, { sluice, startBare, startBooks });
