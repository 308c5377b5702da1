/** One at a time of each ordering key. What is tried first stands in no store: nobody else could tell that it comes before. */
export class KeyTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` once all that came before under the same key has ended, however it has. */
  pass<T>(key: string | undefined, work: () => Promise<T>): Promise<T> {
    if (key === undefined) return work();
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    const forget = (): void => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    this.#last.set(key, turn);
    turn.then(forget, forget);
    return turn;
  }
}
