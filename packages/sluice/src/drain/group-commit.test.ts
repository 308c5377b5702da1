import { beforeEach, expect, test, vi } from 'vitest';
import { createGroupCommit } from './group-commit.js';

// The timers that it finds as it loads are those that it keeps.
vi.hoisted(() => vi.useFakeTimers());

let commits: { drafts: number[]; resolve: () => void; reject: (error: Error) => void }[];
const commit = (drafts: number[]): Promise<string[]> =>
  new Promise((resolve, reject) => {
    commits.push({ drafts, resolve: () => resolve(drafts.map((draft) => `answer ${draft}`)), reject });
  });

beforeEach(() => {
  commits = [];
});

test('commits a lone draft at once', () => {
  void createGroupCommit(commit).one(1);
  expect(commits.map(({ drafts }) => drafts)).toEqual([[1]]);
});

test('what arrives while a commit is under way shares the next one, and each gets its own answer', async () => {
  const { one: accept } = createGroupCommit(commit);
  const answers = [1, 2, 3].map(accept);
  commits[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(commits.map(({ drafts }) => drafts)).toEqual([[1], [2, 3]]);
  commits[1]?.resolve();
  expect(await Promise.all(answers)).toEqual(['answer 1', 'answer 2', 'answer 3']);
});

test('a lone draft that follows another does not linger', async () => {
  const { one: accept } = createGroupCommit(commit);
  void accept(1);
  commits[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  void accept(2);
  expect(commits).toHaveLength(2);
});

test('under load a commit waits a few milliseconds for company', async () => {
  const { one: accept } = createGroupCommit(commit);
  for (const draft of [1, 2, 3, 4]) void accept(draft);
  commits[0]?.resolve();
  await vi.advanceTimersByTimeAsync(2);
  for (const draft of [5, 6]) void accept(draft);
  expect(commits).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10);
  expect(commits[1]?.drafts).toEqual([2, 3, 4, 5, 6]);
});

test('a commit that fails fails those who shared it, and nobody after them', async () => {
  const { one: accept } = createGroupCommit(commit);
  const first = accept(1);
  const second = accept(2);
  commits[0]?.reject(new Error('quota'));
  await expect(first).rejects.toThrow('quota');
  await vi.advanceTimersByTimeAsync(0);
  commits[1]?.resolve();
  expect(await second).toBe('answer 2');
});

test('what is handed over in one go shares a commit, as far as one takes it', async () => {
  const answers = createGroupCommit(commit, 2).all([1, 2, 3]);
  expect(commits.map(({ drafts }) => drafts)).toEqual([[1, 2]]);
  commits[0]?.resolve();
  expect(await Promise.all(answers.slice(0, 2))).toEqual(['answer 1', 'answer 2']);
  await vi.advanceTimersByTimeAsync(10);
  commits[1]?.resolve();
  expect(await answers[2]).toBe('answer 3');
});
