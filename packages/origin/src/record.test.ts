import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { type ArrivalRecord, countByOutcome, createRecord } from './record.js';

const REQUEST = {
  method: 'GET',
  url: '/api/a',
  headers: { 'x-tags': ['a', 'b'] },
} as unknown as IncomingMessage;

/** Takes one arrival through its stages. */
function visit(record: ArrivalRecord): void {
  const arrival = record.receive(REQUEST);
  record.complete(arrival);
  record.settle(arrival, 'accepted', 200);
}

test('tells each listener of the stages it asked for, in their order', () => {
  const record = createRecord();
  const heard: string[] = [];
  record.on(['receipt', 'end'], ({ n, outcome }) => heard.push(`${n} ${outcome}`));
  record.on(['body'], ({ n }) => heard.push(`${n} read`));
  visit(record);
  visit(record);
  expect(heard).toEqual(['1 waiting', '1 read', '1 accepted', '2 waiting', '2 read', '2 accepted']);
});

test('tells a listener that was given twice until both of its subscriptions end', () => {
  const record = createRecord();
  const heard: number[] = [];
  const listener = ({ n }: { n: number }) => void heard.push(n);
  const stopFirst = record.on(['receipt'], listener);
  const stopSecond = record.on(['receipt'], listener);
  visit(record);
  stopFirst();
  visit(record);
  stopSecond();
  visit(record);
  expect(heard).toEqual([1, 1, 2]);
});

test('joins the values of a repeated header', () => {
  expect(createRecord().receive(REQUEST).headers).toEqual({ 'x-tags': 'a, b' });
});

test('has an instant of the answer only where one left', () => {
  const record = createRecord();
  const arrival = record.receive(REQUEST);
  record.settle(arrival, 'dropped');
  expect(arrival).toMatchObject({ outcome: 'dropped', status: undefined, answeredAt: undefined });
});

test('counts by outcome, with zeros', () => {
  const record = createRecord();
  visit(record);
  record.receive(REQUEST);
  const none = { duplicate: 0, rejected: 0, dropped: 0, reset: 0 };
  expect(countByOutcome(record.arrivals)).toEqual({ ...none, accepted: 1, waiting: 1 });
});
