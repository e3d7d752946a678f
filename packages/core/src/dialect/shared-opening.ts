/** Opens something for several users: once for all of them. The last one to leave closes it, and the next one opens it again. */
export class SharedOpening<T extends { close(): Promise<void> }> {
  readonly #open: () => Promise<T>;
  #opened: Promise<T> | undefined;
  #users = 0;

  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  /** Resolves with what is open. When it cannot be opened, nobody has entered, and the next one tries again. */
  async enter(): Promise<T> {
    this.#opened ??= this.#open();
    const opened = this.#opened;
    this.#users += 1;
    try {
      return await opened;
    } catch (error) {
      this.#users -= 1;
      if (this.#opened === opened) this.#opened = undefined;
      throw error;
    }
  }

  /** Resolves when the user has left; for the last one, when all is closed. */
  async leave(opened: T): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#opened = undefined;
    await opened.close();
  }
}
