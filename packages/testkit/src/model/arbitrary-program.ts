import fc from 'fast-check';
import type { ModelAction, ModelCall, ModelCondition, ModelStep, ModelUnit, NewRow } from './program.js';

// Few ids and names, so that a program uses the same rows repeatedly.
const id = fc.integer({ min: 1, max: 6 });
const name = fc.constantFrom(null, 'a', 'A', 'ab', 'b', 'é', '🌊', '\uFFFF');
const amount = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(2_147_483_647, -2_147_483_648),
);
const row: fc.Arbitrary<NewRow> = fc.record({ id, name, amount });

const where: fc.Arbitrary<ModelCondition> = fc.oneof(
  fc.record({ amountAtLeast: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ nameIsNull: fc.boolean() }),
  fc.record({ nameStartsWith: fc.constantFrom('a', 'A', '', '🌊') }),
  fc.constant({ everything: true } as const),
);

const call: fc.Arbitrary<ModelCall> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), row }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('insertMany' as const), rows: fc.array(row, { maxLength: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('upsert' as const), row }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      id,
      patch: fc.oneof(fc.record({ name }), fc.record({ amount }), fc.record({ name, amount })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('updateMany' as const), where, amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteMany' as const), where }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('count' as const), where }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('find' as const),
      where,
      orderBy: fc.constantFrom('amount' as const, 'name' as const),
      direction: fc.constantFrom('asc' as const, 'desc' as const),
      limit: fc.integer({ min: 0, max: 5 }),
    }),
  },
);

const fails = fc.oneof(
  { weight: 3, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);

const { action } = fc.letrec<{ action: ModelAction }>((tie) => ({
  action: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'savepoint' },
    { weight: 5, arbitrary: call },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('savepoint' as const),
        actions: fc.array(tie('action'), { maxLength: 3 }),
        fails,
      }),
    },
  ),
}));

/** Generates a call, or a transaction of a few of `actions`. */
function unitOf(actions: fc.Arbitrary<ModelAction>): fc.Arbitrary<ModelUnit> {
  const write = fc.record({
    do: fc.constant('write' as const),
    actions: fc.array(actions, { maxLength: 5 }),
    fails,
  });
  return fc.oneof({ weight: 3, arbitrary: call }, { weight: 2, arbitrary: write });
}

const unit = unitOf(action);

/** Without savepoints: PostgreSQL does not check a violation that is caught in a savepoint for conflicts (see the contract, C3). */
const concurrentUnit = unitOf(call);

const step: fc.Arbitrary<ModelStep> = fc.oneof(
  { weight: 12, arbitrary: unit },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      units: fc.array(concurrentUnit, { minLength: 2, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('migrate' as const),
      to: fc.constantFrom(1 as const, 2 as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' } as const) },
);

/** Generates random programs. A failing program is shrunk to a shorter one. */
export const arbitraryProgram: fc.Arbitrary<ModelStep[]> = fc.array(step, { maxLength: 12 });
