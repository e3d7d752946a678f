import { addMs, bucket, datePart, durationMs, percentile } from '@sluice/core';
import { type Expression, type ExpressionBuilder, sql, ValueNode } from 'kysely';
import type { Random } from './random.js';
import type { QueryType } from './tables.js';

/** Kysely's builder for tables that are known at run time only. */
export type Builder = ExpressionBuilder<Record<string, Record<string, unknown>>, string>;
export type Operand = Expression<never>;

/** How an expression is made of others. */
export interface Operation {
  readonly name: string;
  readonly result: QueryType;
  readonly operands: readonly QueryType[];
  /** From which operand on a value of the caller may stand in the place of an expression. Default: none. */
  readonly values?: number;
  /** Something else that is chosen, such as an operator. */
  readonly choices?: readonly string[];
  readonly build: (eb: Builder, operands: readonly Operand[], choice: string) => Expression<unknown>;
}

const NUMBERS: readonly QueryType[] = ['integer', 'bigint', 'numeric', 'double precision'];
const ORDERED: readonly QueryType[] = [...NUMBERS, 'boolean', 'date', 'text', 'timestamptz', 'uuid', 'bytea'];
const COMPARED: readonly QueryType[] = [...ORDERED, 'jsonb'];
const ALL: readonly QueryType[] = [...COMPARED, 'json'];
const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const PARTS = ['year', 'quarter', 'month', 'day', 'dayOfWeek', 'dayOfYear'];

const at = (operands: readonly Operand[], index: number): Operand => operands[index] as Operand;
const binary = (eb: Builder, operands: readonly Operand[], operator: string): Expression<unknown> =>
  eb.parens(eb(at(operands, 0), operator as '=', at(operands, 1)) as never);
/** Mostly not by 0, for which PostgreSQL refuses the whole query. */
const divided = (eb: Builder, [a, b]: readonly Operand[], operator: string): Expression<unknown> =>
  binary(
    eb,
    [a as Operand, operator === '/' || operator === '%' ? notZero(eb, b) : (b as Operand)],
    operator,
  );
const notZero = (eb: Builder, operand: Operand | undefined): Operand =>
  operand === undefined || ValueNode.is(operand.toOperationNode())
    ? (operand as Operand)
    : (eb.fn('nullif', [operand as never, sql.lit(0) as never]) as Operand);

/** Operations of one result for each of several types. */
function each(types: readonly QueryType[], of: (type: QueryType) => Operation): readonly Operation[] {
  return types.map(of);
}

/** The operations on scalars. */
export const OPERATIONS: readonly Operation[] = [
  ...each(ALL, (type) => ({
    name: 'coalesce',
    result: type,
    operands: [type, type],
    values: 1,
    build: (eb, [a, b]) => eb.fn.coalesce(a as never, b as never),
  })),
  ...each(COMPARED, (type) => ({
    name: 'nullif',
    result: type,
    operands: [type, type],
    values: 1,
    build: (eb, operands) => eb.fn('nullif', operands as never),
  })),
  ...each(
    ORDERED.filter((type) => type !== 'uuid'),
    (type) => ({
      name: 'extreme',
      result: type,
      operands: [type, type, type],
      values: 1,
      choices: ['greatest', 'least'],
      build: (eb, operands, choice) => eb.fn(choice, operands as never),
    }),
  ),
  ...each(ALL, (type) => ({
    name: 'case',
    result: type,
    operands: ['boolean', type, type],
    values: 2,
    build: (eb, [when, a, b]) =>
      eb
        .case()
        .when(when as never)
        .then(a as Operand)
        .else(b as Operand)
        .end(),
  })),
  ...each(COMPARED, (type) => ({
    name: 'simple case',
    result: 'text',
    operands: [type, type],
    values: 1,
    build: (eb, [value, when]) =>
      eb
        .case(value as never)
        .when(when as never)
        .then(sql.lit('yes'))
        .else(sql.lit('no'))
        .end(),
  })),
  ...each(ORDERED, (type) => ({
    name: 'compare',
    result: 'boolean',
    operands: [type, type],
    values: 1,
    choices: ['=', '!=', '<', '<=', '>', '>=', 'is distinct from', 'is not distinct from'],
    build: binary,
  })),
  {
    name: 'compare json',
    result: 'boolean',
    operands: ['jsonb', 'jsonb'],
    values: 1,
    choices: ['=', '!=', '<'],
    build: binary,
  },
  ...each(['integer', 'bigint', 'numeric'], (type) => ({
    name: 'compare numbers',
    result: 'boolean',
    operands: [type, type === 'numeric' ? 'double precision' : 'numeric'],
    choices: ['=', '<', '>='],
    build: binary,
  })),
  ...each(COMPARED, (type) => ({
    name: 'in',
    result: 'boolean',
    operands: [type, type, type],
    values: 1,
    choices: ['in', 'not in'],
    build: (eb, [a, ...list], choice) => eb.parens(eb(a as never, choice as 'in', list as never)),
  })),
  ...each(ORDERED, (type) => ({
    name: 'between',
    result: 'boolean',
    operands: [type, type, type],
    values: 1,
    build: (eb, [a, b, c]) => eb.parens(eb.between(a as never, b as never, c as never)),
  })),
  ...each(ALL, (type) => ({
    name: 'is null',
    result: 'boolean',
    operands: [type],
    choices: ['is', 'is not'],
    build: (eb, [a], choice) => eb.parens(eb(a as never, choice as 'is', null)),
  })),
  {
    name: 'tuple',
    result: 'boolean',
    operands: ['numeric', 'timestamptz', 'numeric', 'timestamptz'],
    build: (eb, [a, b, c, d]) =>
      eb.parens(
        eb(eb.tuple(a as Operand, b as Operand), 'in', [eb.tuple(c as Operand, d as Operand)] as never),
      ),
  },
  {
    name: 'logic',
    result: 'boolean',
    operands: ['boolean', 'boolean'],
    choices: ['and', 'or'],
    build: (eb, operands, choice) =>
      eb.parens(choice === 'and' ? eb.and(operands as never) : eb.or(operands as never)),
  },
  { name: 'not', result: 'boolean', operands: ['boolean'], build: (eb, [a]) => eb.not(a as never) },
  ...each(NUMBERS, (type) => ({
    name: 'arithmetic',
    result: type,
    operands: [type, type],
    values: 1,
    choices: ['+', '-', '*', '/'],
    build: divided,
  })),
  ...each(['integer', 'bigint', 'numeric'], (type) => ({
    name: 'remainder',
    result: type,
    operands: [type, type],
    values: 1,
    choices: ['%'],
    build: divided,
  })),
  {
    name: 'mixed arithmetic',
    result: 'numeric',
    operands: ['numeric', 'integer'],
    choices: ['+', '-', '*', '/', '%'],
    build: divided,
  },
  {
    name: 'double arithmetic',
    result: 'double precision',
    operands: ['numeric', 'double precision'],
    choices: ['+', '-', '*'],
    build: binary,
  },
  ...each(['integer', 'numeric', 'double precision'], (type) => ({
    name: 'negative',
    result: type,
    operands: [type],
    build: (eb, [a]) => eb.parens(eb.neg(a as never)),
  })),
  {
    name: 'like',
    result: 'boolean',
    operands: ['text', 'text'],
    values: 1,
    choices: ['like', 'not like', 'ilike', 'not ilike'],
    build: binary,
  },
  ...each(['text', 'integer', 'numeric', 'date', 'uuid', 'bigint', 'timestamptz', 'boolean'], (type) => ({
    name: 'concatenate',
    result: 'text',
    operands: ['text', type],
    choices: ['||', 'concat'],
    build: (eb, operands, choice) =>
      choice === 'concat' ? eb.fn('concat', operands as never) : binary(eb, operands, choice),
  })),
  {
    name: 'text function',
    result: 'text',
    operands: ['text'],
    choices: ['lower', 'upper', 'trim', 'ltrim', 'rtrim'],
    build: (eb, operands, choice) => eb.fn(choice, operands as never),
  },
  ...each(NUMBERS, (type) => ({
    name: 'number of a text',
    result: type,
    operands: [type],
    choices: type === 'numeric' ? ['numeric', 'numeric(14, 2)'] : [type],
    build: (eb, [a], choice) => eb.cast(eb.cast(a as never, 'text'), choice as 'numeric'),
  })),
  {
    name: 'part of text',
    result: 'text',
    operands: ['text', 'integer'],
    build: (eb, [a]) => eb.fn('substr', [a as never, eb.lit(1), eb.lit(2)]),
  },
  {
    name: 'replace',
    result: 'text',
    operands: ['text', 'text', 'text'],
    values: 1,
    build: (eb, operands) => eb.fn('replace', operands as never),
  },
  {
    name: 'length',
    result: 'integer',
    operands: ['text'],
    choices: ['length', 'octet_length'],
    build: (eb, operands, choice) => eb.fn(choice, operands as never),
  },
  {
    name: 'length of bytes',
    result: 'integer',
    operands: ['bytea'],
    build: (eb, operands) => eb.fn('length', operands as never),
  },
  ...casts(),
  {
    name: 'bucket',
    result: 'timestamptz',
    operands: ['timestamptz'],
    choices: UNITS,
    build: (_eb, [a], choice) => bucket(choice as 'day', a as never),
  },
  ...each(['timestamptz', 'date'], (type) => ({
    name: 'date part',
    result: 'integer',
    operands: [type],
    choices: PARTS,
    build: (_eb, [a], choice) => datePart(choice as 'day', a as never),
  })),
  {
    name: 'add time',
    result: 'timestamptz',
    operands: ['timestamptz', 'integer'],
    build: (_eb, [a, b]) => addMs(a as never, b as never),
  },
  {
    name: 'duration',
    result: 'bigint',
    operands: ['timestamptz', 'timestamptz'],
    values: 1,
    build: (_eb, [a, b]) => durationMs(a as never, b as never),
  },
];

function casts(): readonly Operation[] {
  const known: readonly (readonly [QueryType, QueryType, readonly string[]])[] = [
    ['integer', 'numeric', ['numeric', 'numeric(12, 3)']],
    ['integer', 'bigint', ['bigint']],
    ['integer', 'double precision', ['double precision']],
    ['integer', 'text', ['text']],
    ['numeric', 'integer', ['integer', 'bigint']],
    ['numeric', 'numeric', ['numeric(12, 1)', 'numeric(20, 4)']],
    ['numeric', 'text', ['text']],
    ['numeric', 'double precision', ['double precision']],
    ['bigint', 'text', ['text']],
    ['date', 'text', ['text']],
    ['boolean', 'integer', ['integer']],
    ['boolean', 'text', ['text']],
    ['timestamptz', 'text', ['text']],
    ['jsonb', 'text', ['text']],
    ['uuid', 'text', ['text']],
  ];
  return known.map(([from, result, choices]) => ({
    name: 'cast',
    result,
    operands: [from],
    choices,
    build: (eb, [a], choice) => eb.cast(a as never, choice as 'text'),
  }));
}

/** The aggregates. Each may get a condition: the last operand, as its FILTER. */
export const AGGREGATES: readonly Operation[] = [
  ...each(NUMBERS, (type) => ({
    name: 'sum',
    result: type === 'double precision' ? type : 'numeric',
    operands: [type, 'boolean'],
    choices: ['sum', 'avg', 'sum filter', 'sum distinct'],
    build: (eb, [a, when], choice) => {
      const [name = 'sum', how] = choice.split(' ');
      const call = eb.fn.agg<never>(name, [a as never]);
      return how === 'filter' ? call.filterWhere(when as never) : how === 'distinct' ? call.distinct() : call;
    },
  })),
  ...each(
    ORDERED.filter((type) => type !== 'boolean' && type !== 'uuid'),
    (type) => ({
      name: 'extreme of rows',
      result: type,
      operands: [type, 'boolean'],
      choices: ['min', 'max', 'max filter'],
      build: (eb, [a, when], choice) => {
        const [name = 'min', how] = choice.split(' ');
        const call = eb.fn.agg<never>(name, [a as never]);
        return how === 'filter' ? call.filterWhere(when as never) : call;
      },
    }),
  ),
  ...each(ORDERED, (type) => ({
    name: 'percentile',
    result: type,
    operands: [type],
    choices: ['0', '0.25', '0.5', '0.95', '1'],
    build: (_eb, [a], choice) => percentile(Number(choice), a as never),
  })),
  ...each(COMPARED, (type) => ({
    name: 'count',
    result: 'bigint',
    operands: [type],
    choices: ['all', 'distinct'],
    build: (eb, [a], choice) => {
      const call = eb.fn.count(a as never);
      return choice === 'distinct' ? call.distinct() : call;
    },
  })),
  {
    name: 'joined texts',
    result: 'text',
    operands: ['text'],
    build: (eb, [a]) => eb.fn.agg('string_agg', [a as never, sql.lit('|')]).orderBy(a as never),
  },
];

/** One of the operation's choices. */
export function randomChoice(random: Random, { choices }: Operation): string {
  return choices === undefined ? '' : random.pick(choices);
}
