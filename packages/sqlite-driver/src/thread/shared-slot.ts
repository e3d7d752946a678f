import { SharedReader, SharedWriter } from './shared-values.js';

/** Larger messages go by message port. */
const SLOT_BYTES = 64 * 1024;

const STATE = 0;
const LISTENS = 1;

const EMPTY = 0;
const FILLED = 1;
const POSTED = 2;

/** Tells a thread whose event loop sleeps to look into its slot. */
export const KNOCK = 'knock';

/** The memory between a {@link SlotSender} and its {@link SlotReceiver}. */
export interface SlotMemory {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly message: SharedArrayBuffer;
}

/** The memory of a slot that nobody has sent through yet: its receiver listens. */
export function newSlotMemory(): SlotMemory {
  const state = new Int32Array(new SharedArrayBuffer(8));
  state[LISTENS] = 1;
  return { state, message: new SharedArrayBuffer(SLOT_BYTES) };
}

/**
 * The sending end of a place for one message between two threads. A small message is laid into shared memory, where a receiver that watches
 * finds it within a microsecond; it is woken by a message port only while it listens to one, and gets by it what does not fit.
 */
export class SlotSender<Message extends object> {
  readonly #state: SlotMemory['state'];
  readonly #writer: SharedWriter;
  readonly #post: (message: Message | typeof KNOCK) => void;

  constructor({ state, message }: SlotMemory, post: (message: Message | typeof KNOCK) => void) {
    this.#state = state;
    this.#writer = new SharedWriter(message);
    this.#post = post;
  }

  /** Sends a message. The one before it was taken. */
  send(message: Message): void {
    if (this.#writer.write(message)) this.#announce();
    else this.sendPosted(message);
  }

  /** Sends a message by port, behind all that was posted before. */
  sendPosted(message: Message): void {
    this.#post(message);
    Atomics.store(this.#state, STATE, POSTED);
  }

  /** Either the receiver sees the message after it began to listen, or this sees that it listens. */
  #announce(): void {
    Atomics.store(this.#state, STATE, FILLED);
    if (Atomics.load(this.#state, LISTENS) === 1) this.#post(KNOCK);
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

  /** The message that lies here, which it takes away. */
  take(): Message | undefined {
    if (Atomics.load(this.#state, STATE) !== FILLED) return undefined;
    const message = this.#reader.read();
    Atomics.store(this.#state, STATE, EMPTY);
    // Its sender takes no other.
    return message as Message;
  }

  /** Whether the message was posted, and perhaps received since. */
  get isPosted(): boolean {
    return Atomics.load(this.#state, STATE) === POSTED;
  }

  /** What was posted is received. The next message may be here already, and stays. */
  clearPosted(): void {
    Atomics.compareExchange(this.#state, STATE, POSTED, EMPTY);
  }

  /** From here on the receiver waits for its event loop. Gives the message that came before that was seen. */
  listen(): Message | undefined {
    Atomics.store(this.#state, LISTENS, 1);
    return this.take();
  }

  /** From here on the receiver looks here by itself. */
  watch(): void {
    Atomics.store(this.#state, LISTENS, 0);
  }
}
