/** Lets pieces of work go through one at a time, in the order in which they came. One that finds nobody before it begins at once. */
export class Turns {
  /** Settles, and never rejects, with the last piece of work; empty when that is over. */
  #last: Promise<void> | undefined;

  /** Does `work` after all that came before it. Its failure is its caller's alone. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last === undefined ? begin(work) : this.#last.then(work);
    this.#follow(turn);
    return turn;
  }

  /** Keeps what comes later waiting until the function it gives is called; `before` is what itself must wait for. */
  hold(): { readonly before: Promise<void> | undefined; readonly end: () => void } {
    const turn = Promise.withResolvers<void>();
    const before = this.#last;
    this.#follow(turn.promise);
    return { before, end: turn.resolve };
  }

  /** Settles when all that came so far is over; `undefined` when it is. */
  get last(): Promise<void> | undefined {
    return this.#last;
  }

  #follow(turn: Promise<unknown>): void {
    const over = (): void => {
      if (this.#last === last) this.#last = undefined;
    };
    const last = turn.then(over, over);
    this.#last = last;
  }
}

function begin<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}
