/** A clock that stands still until it is moved, for code that takes its time from a function. */
export interface TestClock {
  /** The time now, as a new Date. */
  now(): Date;
  /** Moves the clock, backwards as well, as clocks of machines do. */
  advance(ms: number): void;
  /** Sets the clock. */
  set(time: Date): void;
}

/** A clock that begins at `start`. Default: 2024-01-01T00:00:00Z. */
export function testClock(start: Date = new Date('2024-01-01T00:00:00Z')): TestClock {
  let time = start.getTime();
  return {
    now: () => new Date(time),
    advance: (ms) => {
      time += ms;
    },
    set: (to) => {
      time = to.getTime();
    },
  };
}
