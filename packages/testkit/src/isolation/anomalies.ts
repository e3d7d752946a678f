import { type Session, type Step, seen } from './session.js';

/** The anomalies under the names of the literature, as Hermitage tests them (https://github.com/ept/hermitage). */
export const ANOMALY_NAMES = [
  'G0',
  'G1a',
  'G1b',
  'G1c',
  'OTV',
  'PMP',
  'P4',
  'G-single',
  'G2-item',
  'G2',
] as const;

/** Name of an anomaly. */
export type AnomalyName = (typeof ANOMALY_NAMES)[number];

/** The sessions and results that a scenario uses. */
export interface ScenarioContext {
  /** Begins a session that writes. */
  writer(): Session;
  /** Begins a session that only reads. */
  reader(): Session;
  /** Returns the values of rows 1 and 2 after all sessions have ended. */
  finalValues(): Promise<readonly (number | undefined)[]>;
  /** Waits for a step that waits for no lock. It does not wait if writers run one at a time and an earlier one is still open. */
  done(step: Step<unknown>): Promise<void>;
}

/** An interleaving of sessions. It returns whether the anomaly occurred. */
export interface Scenario {
  readonly title: string;
  occurs(context: ScenarioContext): Promise<boolean>;
}

/** Rows 1 and 2 hold 10 and 20 when a scenario begins. */
export const ANOMALIES: Readonly<Record<AnomalyName, Scenario>> = {
  G0: {
    title: 'dirty write: rows written by two transactions mix',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.writer()];
      await context.done(first.update(1, 11));
      second.update(1, 12);
      await context.done(first.update(2, 21));
      await first.commit();
      second.update(2, 22);
      await second.commit();
      const [one, two] = await context.finalValues();
      return !((one === 11 && two === 21) || (one === 12 && two === 22));
    },
  },
  G1a: {
    title: 'aborted read: what is rolled back is seen',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.reader()];
      await context.done(first.update(1, 101));
      const before = await seen(second.read(1));
      await first.rollback();
      const after = await seen(second.read(1));
      await second.commit();
      return before === 101 || after === 101;
    },
  },
  G1b: {
    title: 'intermediate read: a value that was overwritten before the commit is seen',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.reader()];
      await context.done(first.update(1, 101));
      const before = await seen(second.read(1));
      await context.done(first.update(1, 11));
      await first.commit();
      const after = await seen(second.read(1));
      await second.commit();
      return before === 101 || after === 101;
    },
  },
  G1c: {
    title: 'circular flow: two transactions see each other',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.writer()];
      await context.done(first.update(1, 11));
      await context.done(second.update(2, 22));
      const two = first.read(2);
      const one = second.read(1);
      await context.done(two);
      await first.commit();
      await second.commit();
      const bothCommitted = first.hasCommitted && second.hasCommitted;
      return bothCommitted && (await seen(two)) === 22 && (await seen(one)) === 11;
    },
  },
  OTV: {
    title: 'observed transaction vanishes: of a transaction that is overwritten, part is seen and then gone',
    occurs: async (context) => {
      const [first, second, third] = [context.writer(), context.writer(), context.reader()];
      await context.done(first.update(1, 11));
      await context.done(first.update(2, 19));
      second.update(1, 12);
      await first.commit();
      const one = await seen(third.read(1));
      second.update(2, 18);
      const two = await seen(third.read(2));
      await second.commit();
      const twoAgain = await seen(third.read(2));
      const oneAgain = await seen(third.read(1));
      await third.commit();
      // A row that the second transaction wrote was read together with a row that only the first one wrote.
      return (one === 12 && two === 19) || (twoAgain === 18 && oneAgain === 11);
    },
  },
  PMP: {
    title: 'predicate many preceders: a row comes into a condition that was read before',
    occurs: async (context) => {
      const [first, second] = [context.reader(), context.writer()];
      const before = await seen(first.findMultiples(3));
      second.insert(3, 30);
      await second.commit();
      const after = await seen(first.findMultiples(3));
      await first.commit();
      return first.hasCommitted && before?.length === 0 && after?.length !== 0;
    },
  },
  P4: {
    title: 'lost update: both read a row and then write it',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.writer()];
      await context.done(first.read(1));
      const read = second.read(1);
      await context.done(read);
      await context.done(first.update(1, 11));
      second.update(1, 11);
      await first.commit();
      await second.commit();
      return first.hasCommitted && second.hasCommitted && (await seen(read)) === 10;
    },
  },
  'G-single': {
    title: 'read skew: one row is read from before a transaction, another from after it',
    occurs: async (context) => {
      const [first, second] = [context.reader(), context.writer()];
      const one = await seen(first.read(1));
      second.update(1, 12);
      second.update(2, 18);
      await second.commit();
      const two = await seen(first.read(2));
      await first.commit();
      return one === 10 && two === 18;
    },
  },
  'G2-item': {
    title: 'write skew: both read both rows, each writes another',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.writer()];
      await context.done(first.read(1));
      await context.done(first.read(2));
      const one = second.read(1);
      await context.done(one);
      await context.done(second.read(2));
      await context.done(first.update(1, 11));
      second.update(2, 21);
      await first.commit();
      await second.commit();
      return first.hasCommitted && second.hasCommitted && (await seen(one)) === 10;
    },
  },
  G2: {
    title: 'predicate skew: both find no row and each inserts one',
    occurs: async (context) => {
      const [first, second] = [context.writer(), context.writer()];
      const found = [first.findMultiples(3), second.findMultiples(3)] as const;
      await context.done(found[0]);
      await context.done(found[1]);
      await context.done(first.insert(3, 30));
      second.insert(4, 42);
      await first.commit();
      await second.commit();
      const bothEmpty = (await seen(found[0]))?.length === 0 && (await seen(found[1]))?.length === 0;
      return first.hasCommitted && second.hasCommitted && bothEmpty;
    },
  },
};
