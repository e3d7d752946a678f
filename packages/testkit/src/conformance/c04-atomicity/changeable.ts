import fc from 'fast-check';
import type { ColumnDataType } from 'kysely';

/** A value that its caller can change after a call. */
export interface Changeable {
  readonly type: ColumnDataType;
  /** Makes an equal value each time. */
  readonly make: () => unknown;
  readonly change: (value: never) => void;
  /** What is read when it was stored as it was made. */
  readonly read: unknown;
}

export function bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(values);
}

const CHANGEABLE_BYTES: fc.Arbitrary<Changeable> = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 40 })
  .chain((values) => {
    const plain = { type: 'bytea', read: bytes(values) } as const;
    return fc.constantFrom<Changeable>(
      { ...plain, make: () => bytes(values), change: (value: Uint8Array) => void value.fill(7) },
      { ...plain, make: () => Buffer.from(values), change: (value: Buffer) => void value.fill(7) },
      {
        ...plain,
        // A part of a larger buffer, as a stream gives it.
        make: () => bytes([9, ...values, 9]).subarray(1, -1),
        change: (value: Uint8Array) => void new Uint8Array(value.buffer).fill(7),
      },
    );
  });

const CHANGEABLE_DATE: fc.Arbitrary<Changeable> = fc.integer({ min: 0, max: 4e12 }).map((ms) => ({
  type: 'timestamptz',
  make: () => new Date(ms),
  change: (value: Date) => void value.setTime(ms + 1000),
  read: new Date(ms),
}));

const CHANGEABLE_OBJECT: fc.Arbitrary<Changeable> = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.array(fc.integer()), { minKeys: 1 })
  .map((members) => ({
    type: 'jsonb',
    make: () => structuredClone({ ...members }),
    change: (value: Record<string, number[]>) => {
      for (const list of Object.values(value)) list.push(7);
      value.added = [];
    },
    read: { ...members },
  }));

const CHANGEABLE_LIST: fc.Arbitrary<Changeable> = fc
  .array(fc.string({ unit: 'grapheme-ascii' }))
  .map((members) => ({
    type: 'json',
    make: () => [...members],
    change: (value: string[]) => void value.push('added'),
    read: [...members],
  }));

/** Values of every kind that can be changed. */
export const CHANGEABLE: fc.Arbitrary<Changeable> = fc.oneof(
  CHANGEABLE_BYTES,
  CHANGEABLE_DATE,
  CHANGEABLE_OBJECT,
  CHANGEABLE_LIST,
);
