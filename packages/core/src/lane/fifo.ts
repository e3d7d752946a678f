/** How many slots at the front may be empty before the array is compacted. */
const MAX_EMPTY_SLOTS = 1024;

/**
 * A first-in-first-out queue that can remove any of its items.
 *
 * It is an array instead of a Set because of V8's garbage collector. When a Set grows or shrinks, V8 makes a new table, and the old table keeps
 * its items and a pointer to the new one. If an old table reaches the old generation, it keeps alive every item added since, until the next full
 * collection. With 64 writers this cost a seventh of the throughput.
 */
export class Fifo<T extends object> {
  #slots: (T | undefined)[] = [];
  /** The position of the first slot. */
  #firstPosition = 0;
  /** The index of the first item in `#slots`. */
  #head = 0;
  #size = 0;

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** The oldest item; `undefined` when the queue is empty. */
  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  /** Adds an item at the end and returns its position, for {@link Fifo.remove}. Positions are never reused. */
  add(item: T): number {
    this.#size += 1;
    return this.#firstPosition + this.#slots.push(item) - 1;
  }

  /** Removes the item at `position`. Returns false when it was removed before. */
  remove(position: number): boolean {
    const slot = position - this.#firstPosition;
    if (this.#slots[slot] === undefined) return false;
    this.#slots[slot] = undefined;
    this.#size -= 1;
    if (slot === this.#head) this.#advance();
    return true;
  }

  /** A copy of all items, oldest first. */
  items(): T[] {
    return this.#slots.filter((item) => item !== undefined);
  }

  #advance(): void {
    const { length } = this.#slots;
    while (this.#head < length && this.#slots[this.#head] === undefined) this.#head += 1;
    if (this.#head < length && (this.#head < MAX_EMPTY_SLOTS || this.#head * 2 < length)) return;
    this.#slots = this.#slots.slice(this.#head);
    this.#firstPosition += this.#head;
    this.#head = 0;
  }
}
