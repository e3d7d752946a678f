import { SharedReader, SharedWriter } from './shared-values.js';

/** Larger messages are sent through the message port. */
const SLOT_BYTES = 64 * 1024;

const STATE = 0;
const LISTENS = 1;

const EMPTY = 0;
const FILLED = 1;
const POSTED = 2;

/** The port message that wakes a sleeping event loop, so that it reads its slot. */
export const WAKE_UP = 'wake_up';

/** The memory between a {@link SlotSender} and its {@link SlotReceiver}. */
export interface SlotMemory {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly message: SharedArrayBuffer;
}

/** The memory of an empty slot whose receiver listens to its message port. */
export function newSlotMemory(): SlotMemory {
  const state = new Int32Array(new SharedArrayBuffer(8));
  state[LISTENS] = 1;
  return { state, message: new SharedArrayBuffer(SLOT_BYTES) };
}

/**
 * The sending end of a slot for one message between two threads. A small message is written to shared memory, where a receiver that polls finds it
 * within a microsecond. A receiver that listens to its message port is woken through the port. A message that does not fit is sent through it.
 */
export class SlotSender<Message extends object> {
  readonly #state: SlotMemory['state'];
  readonly #writer: SharedWriter;
  readonly #post: (message: Message | typeof WAKE_UP) => void;

  constructor({ state, message }: SlotMemory, post: (message: Message | typeof WAKE_UP) => void) {
    this.#state = state;
    this.#writer = new SharedWriter(message);
    this.#post = post;
  }

  /** Sends a message. The receiver must have taken the previous one. */
  send(message: Message): void {
    if (this.#writer.write(message)) this.#announce();
    else this.sendPosted(message);
  }

  /** Sends a message through the port, so that it arrives after all that was posted before. */
  sendPosted(message: Message): void {
    this.#post(message);
    Atomics.store(this.#state, STATE, POSTED);
  }

  /** The order of store and load matters: either the receiver finds the message after it began to listen, or this finds that it listens. */
  #announce(): void {
    Atomics.store(this.#state, STATE, FILLED);
    if (Atomics.load(this.#state, LISTENS) === 1) this.#post(WAKE_UP);
  }
}

/** The receiving end. */
export class SlotReceiver<Message extends object> {
  readonly #state: SlotMemory['state'];
  readonly #reader: SharedReader;

  constructor({ state, message }: SlotMemory) {
    this.#state = state;
    this.#reader = new SharedReader(message);
  }

  /** Takes the message out of the slot; `undefined` when shared memory holds none. */
  take(): Message | undefined {
    if (Atomics.load(this.#state, STATE) !== FILLED) return undefined;
    const message = this.#reader.read();
    Atomics.store(this.#state, STATE, EMPTY);
    // A sender writes only messages of this type.
    return message as Message;
  }

  /** Whether the last message was posted; it may have been received since. */
  get isPosted(): boolean {
    return Atomics.load(this.#state, STATE) === POSTED;
  }

  /** Records that the posted message was received. A next message that is already in the slot is kept. */
  clearPosted(): void {
    Atomics.compareExchange(this.#state, STATE, POSTED, EMPTY);
  }

  /** From now on the receiver must be woken through the port. Returns a message that arrived before the sender saw that. */
  listen(): Message | undefined {
    Atomics.store(this.#state, LISTENS, 1);
    return this.take();
  }

  /** From now on the receiver polls the slot and needs no wake-up. */
  watch(): void {
    Atomics.store(this.#state, LISTENS, 0);
  }
}
