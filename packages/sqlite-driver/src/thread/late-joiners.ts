import { newSlotMemory, type SlotMemory } from './shared-slot.js';
import { SharedReader, SharedWriter } from './shared-values.js';
import type { PackedMembers } from './thread-protocol.js';

const STATE = 0;
/** Whether the thread sleeps before the door, and has to be woken. */
const SLEEPS = 1;

/** Nobody is at the door of the group that runs. */
const OPEN = 0;
/** Members are likely to come in a moment. */
const EXPECTED = 1;
/** The calling thread stands in the door. */
const HELD = 2;
/** Members lie here, or in the message port. */
const FILLED = 3;
const POSTED = 4;
/** COMMIT is under way. */
const CLOSED = 5;

/** How long the thread waits at most for members that are expected. */
const PATIENCE_MS = 1;

/** How long it watches for them before it sleeps. */
const SPIN_MS = 0.05;

/** So many times can members be let in before the thread looks. */
const DOORS = 8;

/** The memory of the doors of a thread. */
export function newDoors(): SlotMemory[] {
  return Array.from({ length: DOORS }, () => {
    const memory = newSlotMemory();
    memory.state[SLEEPS] = 0;
    return memory;
  });
}

interface Door<End> {
  readonly state: SlotMemory['state'];
  readonly end: End;
}

/**
 * The calling side of the doors through which members join a group that already runs: until its COMMIT, they cost it no COMMIT of their own.
 * Whoever comes a moment too late goes with the next group. Both sides go from door to door, round and round.
 */
export class LateSender {
  readonly #doors: readonly Door<SharedWriter>[];
  readonly #post: (members: PackedMembers) => void;
  #at = 0;
  /** What the door at hand is while nobody is at it. */
  #free = OPEN;

  constructor(doors: readonly SlotMemory[], post: (members: PackedMembers) => void) {
    this.#doors = doors.map(({ state, message }) => ({ state, end: new SharedWriter(message) }));
    this.#post = post;
  }

  /** Opens the door for the next group. */
  open(): void {
    Atomics.store(this.#door.state, STATE, this.#free);
  }

  /** Has the thread wait for members, at most a millisecond, before it closes the door. */
  expect(): void {
    this.#free = EXPECTED;
    Atomics.compareExchange(this.#door.state, STATE, OPEN, EXPECTED);
  }

  /** No more are expected. */
  expectNone(): void {
    this.#free = OPEN;
    const { state } = this.#door;
    if (Atomics.compareExchange(state, STATE, EXPECTED, OPEN) === EXPECTED) wake(state);
  }

  /** Lets in what `collect` gives, unless the door is closed, or those before are still in it: then it is not called. */
  offer(collect: () => PackedMembers | undefined): void {
    const { state, end } = this.#door;
    const found = Atomics.load(state, STATE);
    if (found !== OPEN && found !== EXPECTED) return;
    if (Atomics.compareExchange(state, STATE, found, HELD) !== found) return;
    const members = collect();
    const after = members === undefined ? this.#free : this.#send(members, end);
    if (members !== undefined) this.#goOn();
    Atomics.store(state, STATE, after);
    wake(state);
  }

  get #door(): Door<SharedWriter> {
    // In bounds: there are as many.
    return this.#doors[this.#at] as Door<SharedWriter>;
  }

  /** What holds for this door holds for the next one, before the thread comes to it. */
  #goOn(): void {
    this.#at = (this.#at + 1) % DOORS;
    if (this.#free === EXPECTED) this.expect();
  }

  #send(members: PackedMembers, writer: SharedWriter): number {
    if (writer.write(members)) return FILLED;
    this.#post(members);
    return POSTED;
  }
}

/** The thread's side of the doors. */
export class LateReceiver {
  readonly #doors: readonly Door<SharedReader>[];
  readonly #receive: () => PackedMembers;
  #at = 0;

  constructor(doors: readonly SlotMemory[], receive: () => PackedMembers) {
    this.#doors = doors.map(({ state, message }) => ({ state, end: new SharedReader(message) }));
    this.#receive = receive;
  }

  /** Members that have come since; `undefined` when there are none, and none will come any more. */
  take(): PackedMembers | undefined {
    // In bounds: there are as many.
    const { state, end } = this.#doors[this.#at] as Door<SharedReader>;
    const found = close(state);
    if (found === CLOSED) return undefined;
    // A sender takes nothing else.
    const members = found === FILLED ? (end.read() as PackedMembers) : this.#receive();
    Atomics.store(state, STATE, OPEN);
    this.#at = (this.#at + 1) % DOORS;
    return members;
  }
}

/** Closes the door, unless somebody is in it: once those who are expected have come, or not. */
function close(state: SlotMemory['state']): typeof CLOSED | typeof FILLED | typeof POSTED {
  const since = performance.now();
  for (;;) {
    const found = Atomics.load(state, STATE);
    if (found === CLOSED || found === FILLED || found === POSTED) return found;
    const waitedMs = performance.now() - since;
    if (found === OPEN || (found === EXPECTED && waitedMs >= PATIENCE_MS)) {
      if (Atomics.compareExchange(state, STATE, found, CLOSED) === found) return CLOSED;
    } else if (waitedMs > SPIN_MS) {
      Atomics.store(state, SLEEPS, 1);
      Atomics.wait(state, STATE, found, PATIENCE_MS);
      Atomics.store(state, SLEEPS, 0);
    }
  }
}

/** A call that wakes nobody costs a tenth of a small write. */
function wake(state: SlotMemory['state']): void {
  if (Atomics.load(state, SLEEPS) === 1) Atomics.notify(state, STATE);
}
