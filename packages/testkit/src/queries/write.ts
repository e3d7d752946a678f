import { type Kysely, sql } from 'kysely';
import { buildExpression, type RandomExpression } from './expression.js';
import type { Builder } from './operations.js';
import type { RandomDatabase } from './query.js';

/** A random statement that changes a table, with what it returns. Columns of the table have its name before them. */
export interface RandomWrite {
  readonly kind: 'delete' | 'insert' | 'update';
  readonly table: string;
  /** The columns that get a value. An insert takes the rows from the table itself, with other keys. */
  readonly sets: readonly { readonly column: string; readonly value: RandomExpression }[];
  readonly where: RandomExpression | undefined;
  /** What is returned, as `x0`, `x1`, … after all columns of the table. */
  readonly selections: readonly RandomExpression[];
}

/** Added to the keys of the rows that an insert copies. */
const OTHER_KEYS = 1_000;

/** Kysely's builders for tables that are known at run time only. */
interface Statement {
  where(condition: (eb: unknown) => unknown): Statement;
  returning(selections: (eb: unknown) => readonly unknown[]): Statement;
  execute(): Promise<readonly unknown[]>;
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** Builds the statement. */
export function buildWrite(db: Kysely<RandomDatabase>, write: RandomWrite): Statement {
  const { kind, selections, table, where } = write;
  const changed =
    kind === 'insert' ? inserted(db, write) : kind === 'update' ? updated(db, write) : db.deleteFrom(table);
  const statement = changed as unknown as Statement;
  const found =
    where === undefined || kind === 'insert'
      ? statement
      : statement.where((eb) => buildExpression(eb as Builder, where));
  return found.returning((eb) => [
    `${table}.id`,
    ...write.sets.map(({ column }) => `${table}.${column}`),
    ...selections.map((each, index) =>
      (buildExpression(eb as Builder, each) as ReturnType<Builder['parens']>).as(`x${index}`),
    ),
  ]);
}

function updated(db: Kysely<RandomDatabase>, { sets, table }: RandomWrite): unknown {
  return db
    .updateTable(table)
    .set(
      (eb) =>
        Object.fromEntries(
          sets.map(({ column, value }) => [column, buildExpression(eb as Builder, value)]),
        ) as never,
    );
}

function inserted(db: Kysely<RandomDatabase>, { sets, table, where }: RandomWrite): unknown {
  const rows = db
    .selectFrom(table)
    .select((eb) => [
      eb(`${table}.id`, '+', sql.lit(OTHER_KEYS) as never).as('id'),
      ...sets.map(({ column, value }) =>
        (buildExpression(eb as Builder, value) as ReturnType<Builder['parens']>).as(column),
      ),
    ]);
  const found =
    where === undefined
      ? rows
      : rows.where((eb) => buildExpression(eb as unknown as Builder, where) as never);
  return db
    .insertInto(table)
    .columns(['id', ...sets.map(({ column }) => column)] as never)
    .expression(found as never);
}
