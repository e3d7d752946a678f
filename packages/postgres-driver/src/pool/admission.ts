import { type Lane, type Lease, TimeoutError, WaitingQueue, type WaitOptions } from '@sluice/core';

/** From this attempt on a writer waits until it is alone. */
const ALONE_FROM_ATTEMPT = 3;

/** How long it waits for that before it goes on among the others: one of them may be waiting for what comes after it. */
const PATIENCE_MS = 2000;

/** How long it then keeps the others out, for the same reason. */
const LONGEST_ALONE_MS = 30_000;

/** What a writer waits with. */
export interface AdmissionOptions extends WaitOptions {
  /** From 1. */
  readonly attempt?: number | undefined;
  /** Waits for a lock of its own, for as long as it takes, and is neither held up nor waited for here. */
  readonly isSchemaChange?: boolean | undefined;
}

/** A writer that waits at the gate. */
interface Entrant {
  readonly isAlone: boolean;
  readonly enter: () => void;
}

/**
 * Lets the writers of this process through to the pool's lane together, and one that conflicts undid again and again alone: however busy the
 * short writers are, a long one gets through. First come, first served; what is held up holds no connection.
 */
export class PostgresAdmission {
  readonly #lane: Lane;
  readonly #waiting: WaitingQueue<Entrant>;
  #inside = 0;
  /** Who is alone inside. */
  #alone: Entrant | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(lane: Lane, queueLimit: number) {
    this.#lane = lane;
    this.#waiting = new WaitingQueue({ name: 'the writers of this process', limit: queueLimit });
  }

  /**
   * Waits for the lane, and for the others where it is to be alone.
   *
   * @throws as {@link Lane.acquire}.
   */
  async acquire(options: AdmissionOptions = {}): Promise<Lease> {
    const { attempt = 1, isSchemaChange = false } = options;
    if (isSchemaChange) return this.#lane.acquire(options);
    if (attempt < ALONE_FROM_ATTEMPT) return this.#acquireAmongOthers(options);
    const since = performance.now();
    const leave = await this.#enterAlone(options);
    return leave === undefined
      ? this.#acquireAmongOthers(options)
      : this.#acquireInside(options, since, leave);
  }

  /** Resolves when nobody is inside or waits for it; from then on the lane alone has callers. */
  async empty(): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** The lane first: while nobody waits to be alone, that is all. */
  async #acquireAmongOthers(options: AdmissionOptions): Promise<Lease> {
    const since = performance.now();
    const lease = await this.#lane.acquire(options);
    const leave = (): void => this.#leave();
    if (this.#alone === undefined && this.#waiting.size === 0) {
      this.#inside += 1;
      return withRelease(lease, since, leave);
    }
    lease.release();
    await this.#wait(false, options);
    return this.#acquireInside(options, since, leave);
  }

  /** Whoever was held up has been the next already. */
  async #acquireInside(options: AdmissionOptions, since: number, leave: () => void): Promise<Lease> {
    try {
      return withRelease(await this.#lane.acquire({ ...options, priority: 'high' }), since, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Gives what ends being alone; `undefined` when the patience was over before it began. */
  async #enterAlone(options: AdmissionOptions): Promise<(() => void) | undefined> {
    const { deadline = Number.POSITIVE_INFINITY } = options;
    const patience = performance.now() + PATIENCE_MS;
    let entrant: Entrant;
    try {
      entrant = await this.#wait(true, { ...options, deadline: Math.min(deadline, patience) });
    } catch (error) {
      if (error instanceof TimeoutError && patience < deadline) return undefined;
      throw error;
    }
    const timer = setTimeout(() => this.#letOthersIn(entrant), LONGEST_ALONE_MS);
    timer.unref();
    return () => {
      clearTimeout(timer);
      this.#letOthersIn(entrant);
    };
  }

  #wait(isAlone: boolean, options: AdmissionOptions): Promise<Entrant> {
    return new Promise((resolve, reject) => {
      const entrant: Entrant = { isAlone, enter: () => resolve(entrant) };
      this.#waiting.enqueue(entrant, options, (error) => {
        reject(error);
        this.#serve();
      });
      this.#serve();
    });
  }

  #leave(): void {
    this.#inside -= 1;
    this.#serve();
  }

  #letOthersIn(entrant: Entrant): void {
    if (this.#alone !== entrant) return;
    this.#alone = undefined;
    this.#serve();
  }

  #serve(): void {
    for (;;) {
      const next = this.#waiting.dequeue(({ isAlone }) => this.#mayEnter(isAlone));
      if (next === undefined) break;
      if (next.item.isAlone) this.#alone = next.item;
      else this.#inside += 1;
      next.item.enter();
    }
    if (this.#isEmpty) this.#onEmpty?.();
  }

  get #isEmpty(): boolean {
    return this.#inside === 0 && this.#alone === undefined && this.#waiting.size === 0;
  }

  #mayEnter(isAlone: boolean): boolean {
    return this.#alone === undefined && (!isAlone || this.#inside === 0);
  }
}

function withRelease(lease: Lease, since: number, leave: () => void): Lease {
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    lease.release();
    leave();
  };
  return { waitedMs: performance.now() - since, release };
}
