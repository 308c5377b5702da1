import { contract } from './engine.contract.js';
import { memory } from './memory.js';

contract(async () => ({ engine: memory(), queue: 'orders' }));
