/** Runs asynchronous tasks one at a time, in the order in which they were added. A task that is added to an empty queue starts at once. */
export class SerialQueue {
  /** Settles with the last task, and never rejects; `undefined` while the queue is empty. */
  #last: Promise<void> | undefined;

  /** Runs `task` after every task added before it, and settles as `task` does. A task that fails does not stop the next one. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const running = this.#last === undefined ? start(task) : this.#last.then(task);
    this.#follow(running);
    return running;
  }

  /**
   * Adds a task that the caller runs itself, between `ready` and its call of `release`. The tasks added later wait until then.
   * `ready` is `undefined` when the caller may begin at once.
   */
  hold(): { readonly ready: Promise<void> | undefined; readonly release: () => void } {
    const held = Promise.withResolvers<void>();
    const ready = this.#last;
    this.#follow(held.promise);
    return { ready, release: held.resolve };
  }

  /** Resolves when every task added so far has ended; `undefined` when the queue is empty. */
  get pending(): Promise<void> | undefined {
    return this.#last;
  }

  #follow(task: Promise<unknown>): void {
    const onEnd = (): void => {
      if (this.#last === last) this.#last = undefined;
    };
    const last = task.then(onEnd, onEnd);
    this.#last = last;
  }
}

function start<T>(task: () => Promise<T>): Promise<T> {
  try {
    return task();
  } catch (error) {
    return Promise.reject(error);
  }
}
