import { type Session, type Step, seen } from './session.js';

/** The anomalies by their names in the literature, as Hermitage tests them (https://github.com/ept/hermitage). */
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

/** One of them. */
export type AnomalyName = (typeof ANOMALY_NAMES)[number];

/** What a scenario plays with. */
export interface Stage {
  /** Begins a session that writes. */
  writer(): Session;
  /** Begins a session that only reads. */
  reader(): Session;
  /** The values of rows 1 and 2, when all is over. */
  finalValues(): Promise<readonly (number | undefined)[]>;
  /** Waits for a step that waits for no lock, unless writers run one at a time and an earlier one is still open. */
  done(step: Step<unknown>): Promise<void>;
}

/** An interleaving, and whether the anomaly occurred in it. */
export interface Scenario {
  readonly title: string;
  occurs(stage: Stage): Promise<boolean>;
}

/** Rows 1 and 2 hold 10 and 20 when a scenario begins. */
export const ANOMALIES: Readonly<Record<AnomalyName, Scenario>> = {
  G0: {
    title: 'dirty write: rows written by two transactions mix',
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.writer()];
      await stage.done(first.update(1, 11));
      second.update(1, 12);
      await stage.done(first.update(2, 21));
      await first.commit();
      second.update(2, 22);
      await second.commit();
      const [one, two] = await stage.finalValues();
      return !((one === 11 && two === 21) || (one === 12 && two === 22));
    },
  },
  G1a: {
    title: 'aborted read: what is rolled back is seen',
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.reader()];
      await stage.done(first.update(1, 101));
      const before = await seen(second.read(1));
      await first.rollback();
      const after = await seen(second.read(1));
      await second.commit();
      return before === 101 || after === 101;
    },
  },
  G1b: {
    title: 'intermediate read: a value that was overwritten before the commit is seen',
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.reader()];
      await stage.done(first.update(1, 101));
      const before = await seen(second.read(1));
      await stage.done(first.update(1, 11));
      await first.commit();
      const after = await seen(second.read(1));
      await second.commit();
      return before === 101 || after === 101;
    },
  },
  G1c: {
    title: 'circular flow: two transactions see each other',
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.writer()];
      await stage.done(first.update(1, 11));
      await stage.done(second.update(2, 22));
      const two = first.read(2);
      const one = second.read(1);
      await stage.done(two);
      await first.commit();
      await second.commit();
      const bothCommitted = first.hasCommitted && second.hasCommitted;
      return bothCommitted && (await seen(two)) === 22 && (await seen(one)) === 11;
    },
  },
  OTV: {
    title: 'observed transaction vanishes: of a transaction that is overwritten, part is seen and then gone',
    occurs: async (stage) => {
      const [first, second, third] = [stage.writer(), stage.writer(), stage.reader()];
      await stage.done(first.update(1, 11));
      await stage.done(first.update(2, 19));
      second.update(1, 12);
      await first.commit();
      const one = await seen(third.read(1));
      second.update(2, 18);
      const two = await seen(third.read(2));
      await second.commit();
      const twoAgain = await seen(third.read(2));
      const oneAgain = await seen(third.read(1));
      await third.commit();
      // What was seen of the second must not come with what only the first wrote.
      return (one === 12 && two === 19) || (twoAgain === 18 && oneAgain === 11);
    },
  },
  PMP: {
    title: 'predicate many preceders: a row comes into a condition that was read before',
    occurs: async (stage) => {
      const [first, second] = [stage.reader(), stage.writer()];
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
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.writer()];
      await stage.done(first.read(1));
      const read = second.read(1);
      await stage.done(read);
      await stage.done(first.update(1, 11));
      second.update(1, 11);
      await first.commit();
      await second.commit();
      return first.hasCommitted && second.hasCommitted && (await seen(read)) === 10;
    },
  },
  'G-single': {
    title: 'read skew: one row is read from before a transaction, another from after it',
    occurs: async (stage) => {
      const [first, second] = [stage.reader(), stage.writer()];
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
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.writer()];
      await stage.done(first.read(1));
      await stage.done(first.read(2));
      const one = second.read(1);
      await stage.done(one);
      await stage.done(second.read(2));
      await stage.done(first.update(1, 11));
      second.update(2, 21);
      await first.commit();
      await second.commit();
      return first.hasCommitted && second.hasCommitted && (await seen(one)) === 10;
    },
  },
  G2: {
    title: 'predicate skew: both find no row and each inserts one',
    occurs: async (stage) => {
      const [first, second] = [stage.writer(), stage.writer()];
      const found = [first.findMultiples(3), second.findMultiples(3)] as const;
      await stage.done(found[0]);
      await stage.done(found[1]);
      await stage.done(first.insert(3, 30));
      second.insert(4, 42);
      await first.commit();
      await second.commit();
      const bothEmpty = (await seen(found[0]))?.length === 0 && (await seen(found[1]))?.length === 0;
      return first.hasCommitted && second.hasCommitted && bothEmpty;
    },
  },
};
