import { newSlotMemory, type SlotMemory } from './shared-slot.js';
import { SharedReader, SharedWriter } from './shared-values.js';
import type { PackedMembers } from './thread-protocol.js';

const STATE = 0;
/** Whether the thread sleeps on the slot and must be woken. */
const SLEEPS = 1;

/** The slot is empty, and no joiner is expected. */
const EMPTY = 0;
/** The slot is empty, and joiners are expected within a moment. */
const EXPECTED = 1;
/** The calling thread writes to the slot. */
const LOCKED = 2;
/** Joiners are in the slot. */
const FILLED = 3;
/** Joiners are in the message port, because they do not fit into the slot. */
const POSTED = 4;
/** The thread makes the COMMIT; later callers go to the next group. */
const CLOSED = 5;

/** How long the thread waits at most for joiners that are expected. */
const EXPECT_TIMEOUT_MS = 1;

/** How long it spins for them before it sleeps. */
const SPIN_MS = 0.05;

/** How many messages with joiners can be sent before the thread reads the first. */
const SLOTS = 8;

/** The memory of a thread's mailbox slots for late joiners. */
export function newMailboxSlots(): SlotMemory[] {
  return Array.from({ length: SLOTS }, () => {
    const memory = newSlotMemory();
    memory.state[SLEEPS] = 0;
    return memory;
  });
}

interface MailboxSlot<End> {
  readonly state: SlotMemory['state'];
  readonly end: End;
}

/**
 * The calling side of the mailbox through which late joiners enter a group commit that already runs. Until the group's COMMIT they cost no COMMIT
 * of their own; after it they go to the next group. Both sides use the slots in the same round-robin order.
 */
export class LateJoinerSender {
  readonly #slots: readonly MailboxSlot<SharedWriter>[];
  readonly #post: (members: PackedMembers) => void;
  #at = 0;
  /** The state of the current slot while it is empty. */
  #emptyState = EMPTY;

  constructor(slots: readonly SlotMemory[], post: (members: PackedMembers) => void) {
    this.#slots = slots.map(({ state, message }) => ({ state, end: new SharedWriter(message) }));
    this.#post = post;
  }

  /** Opens the current slot for the next group. */
  open(): void {
    Atomics.store(this.#slot.state, STATE, this.#emptyState);
  }

  /** Makes the thread wait for joiners, at most a millisecond, before its COMMIT. */
  expect(): void {
    this.#emptyState = EXPECTED;
    Atomics.compareExchange(this.#slot.state, STATE, EMPTY, EXPECTED);
  }

  /** Ends {@link LateJoinerSender.expect}: the thread no longer waits. */
  expectNone(): void {
    this.#emptyState = EMPTY;
    const { state } = this.#slot;
    if (Atomics.compareExchange(state, STATE, EXPECTED, EMPTY) === EXPECTED) wake(state);
  }

  /** Sends the members that `collect` returns. Does not call it when the COMMIT is under way, or the slot is still full. */
  offer(collect: () => PackedMembers | undefined): void {
    const { state, end } = this.#slot;
    const found = Atomics.load(state, STATE);
    if (found !== EMPTY && found !== EXPECTED) return;
    if (Atomics.compareExchange(state, STATE, found, LOCKED) !== found) return;
    const members = collect();
    const after = members === undefined ? this.#emptyState : this.#send(members, end);
    if (members !== undefined) this.#advance();
    Atomics.store(state, STATE, after);
    wake(state);
  }

  get #slot(): MailboxSlot<SharedWriter> {
    // In bounds: #at is taken modulo the number of slots.
    return this.#slots[this.#at] as MailboxSlot<SharedWriter>;
  }

  /** Moves to the next slot. Where joiners are expected, it marks that slot EXPECTED before the thread can reach it. */
  #advance(): void {
    this.#at = (this.#at + 1) % SLOTS;
    if (this.#emptyState === EXPECTED) this.expect();
  }

  #send(members: PackedMembers, writer: SharedWriter): number {
    if (writer.write(members)) return FILLED;
    this.#post(members);
    return POSTED;
  }
}

/** The thread's side of the mailbox. */
export class LateJoinerReceiver {
  readonly #slots: readonly MailboxSlot<SharedReader>[];
  readonly #receive: () => PackedMembers;
  #at = 0;

  constructor(slots: readonly SlotMemory[], receive: () => PackedMembers) {
    this.#slots = slots.map(({ state, message }) => ({ state, end: new SharedReader(message) }));
    this.#receive = receive;
  }

  /** Takes members that have joined since the last call. `undefined` when there are none; the mailbox is then closed. */
  take(): PackedMembers | undefined {
    // In bounds: #at is taken modulo the number of slots.
    const { state, end } = this.#slots[this.#at] as MailboxSlot<SharedReader>;
    const found = close(state);
    if (found === CLOSED) return undefined;
    // A sender writes only members.
    const members = found === FILLED ? (end.read() as PackedMembers) : this.#receive();
    Atomics.store(state, STATE, EMPTY);
    this.#at = (this.#at + 1) % SLOTS;
    return members;
  }
}

/** Waits for expected joiners, and for a sender that writes. If the slot is then empty, closes it; if it is full, returns its state. */
function close(state: SlotMemory['state']): typeof CLOSED | typeof FILLED | typeof POSTED {
  const since = performance.now();
  for (;;) {
    const found = Atomics.load(state, STATE);
    if (found === CLOSED || found === FILLED || found === POSTED) return found;
    const waitedMs = performance.now() - since;
    if (found === EMPTY || (found === EXPECTED && waitedMs >= EXPECT_TIMEOUT_MS)) {
      if (Atomics.compareExchange(state, STATE, found, CLOSED) === found) return CLOSED;
    } else if (waitedMs > SPIN_MS) {
      Atomics.store(state, SLEEPS, 1);
      Atomics.wait(state, STATE, found, EXPECT_TIMEOUT_MS);
      Atomics.store(state, SLEEPS, 0);
    }
  }
}

/** Notifies only a thread that sleeps: a notification without a waiter costs a tenth of a small write. */
function wake(state: SlotMemory['state']): void {
  if (Atomics.load(state, SLEEPS) === 1) Atomics.notify(state, STATE);
}
