import { isDeepStrictEqual } from 'node:util';
import { SluiceError, type Storage } from '@sluice/core';
import type { Kysely } from 'kysely';
import { buildQuery, type RandomDatabase, type RandomQuery } from './query.js';
import { Random } from './random.js';
import { randomQuery } from './random-query.js';
import { randomWrite } from './random-write.js';
import { simplerQueries, simplerWrites } from './shrink.js';
import { type RandomTable, randomTables } from './tables.js';
import { buildWrite, type RandomWrite } from './write.js';

/** Options of {@link checkQueries}. */
export interface CheckQueriesOptions {
  /** The storage whose answers are checked. Tables `t0` and `t1` in it are replaced. */
  readonly subject: Storage<RandomDatabase>;
  /** The storage whose answers are right. Tables `t0` and `t1` in it are replaced. */
  readonly judge: Storage<RandomDatabase>;
  /** The seed of the generator. The same seed makes the same tables and queries. */
  readonly seed: number;
  /** The number of queries. */
  readonly queries: number;
  /** No further query starts after this time, in milliseconds. Default: no limit. */
  readonly timeLimitMs?: number;
}

/** The result of {@link checkQueries}. */
export interface CheckedQueries {
  readonly queries: number;
  /** Queries with the same rows on both. */
  readonly same: number;
  /** Queries that the subject refuses and the judge answers, by the code of the error. */
  readonly refused: Readonly<Record<string, number>>;
  /** Queries that the judge refuses, by the code of the error; the subject may answer them. */
  readonly refusedByJudge: Readonly<Record<string, number>>;
  /** The first difference: the shortest query, its SQL, and the rows. */
  readonly difference?: string;
}

const QUERIES_OF_TABLES = 40;
const WRITES = 0.15;

type Statement = RandomQuery | RandomWrite;
const MAX_STEPS = 400;

/** Runs random plain queries, and statements that change a table, on two storages. Each gives the same rows on both, or is refused by one. A difference is shrunk to a short query. */
export async function checkQueries(options: CheckQueriesOptions): Promise<CheckedQueries> {
  const { judge, queries, seed, subject, timeLimitMs = Number.POSITIVE_INFINITY } = options;
  const until = performance.now() + timeLimitMs;
  const counts = { same: 0, refused: new Map<string, number>(), refusedByJudge: new Map<string, number>() };
  let done = 0;
  let difference: string | undefined;
  for (let block = 0; done < queries && difference === undefined && performance.now() < until; block += 1) {
    const random = new Random(seed + block * 7_919);
    const tables = randomTables(random);
    for (const storage of [subject, judge]) await createTables(storage, tables);
    for (let index = 0; index < QUERIES_OF_TABLES && done < queries && difference === undefined; index += 1) {
      const query = random.chance(WRITES) ? randomWrite(random, tables) : randomQuery(random, tables);
      const answers = await bothAnswers(options, query);
      count(counts, answers);
      done += 1;
      if (isDifferent(answers, query)) difference = await describe(options, query, tables);
    }
  }
  const { refused, refusedByJudge, same } = counts;
  return {
    queries: done,
    same,
    refused: Object.fromEntries(refused),
    refusedByJudge: Object.fromEntries(refusedByJudge),
    ...(difference === undefined ? {} : { difference }),
  };
}

async function createTables(storage: Storage<RandomDatabase>, tables: readonly RandomTable[]): Promise<void> {
  const { schema } = storage.kysely;
  for (const { name, columns, rows } of tables) {
    await schema.dropTable(name).ifExists().execute();
    let table = schema.createTable(name);
    for (const { name: column, declared } of columns)
      table = table.addColumn(column, declared as 'text', (made) =>
        column === 'id' ? made.primaryKey() : made,
      );
    await table.execute();
    await storage.repository(name, { key: 'id' } as never).insertMany(rows as never);
  }
}

type Answer = { readonly rows: readonly unknown[] } | { readonly error: unknown };

interface Answers {
  readonly subject: Answer;
  readonly judge: Answer;
}

async function bothAnswers(
  { judge, subject }: Pick<CheckQueriesOptions, 'judge' | 'subject'>,
  query: Statement,
): Promise<Answers> {
  const [left, right] = await Promise.all([answer(subject, query), answer(judge, query)]);
  return { subject: left, judge: right };
}

async function answer(storage: Storage<RandomDatabase>, query: Statement): Promise<Answer> {
  try {
    return { rows: isWrite(query) ? await undone(storage, query) : await rowsOf(storage.kysely, query) };
  } catch (error) {
    if (error instanceof SluiceError) return { error };
    throw error;
  }
}

/** The rows that a statement returns. It is rolled back. */
async function undone(storage: Storage<RandomDatabase>, write: RandomWrite): Promise<readonly unknown[]> {
  let rows: readonly unknown[] = [];
  const undo = storage.write(async (tx) => {
    rows = await buildWrite(tx.kysely, write).execute();
    throw UNDO;
  });
  await undo.catch((error: unknown) => {
    if (error !== UNDO) throw error;
  });
  return rows;
}

const UNDO = new Error('undo');

function rowsOf(db: Kysely<RandomDatabase>, query: RandomQuery): Promise<readonly unknown[]> {
  return buildQuery(db, query).execute();
}

function isWrite(query: Statement): query is RandomWrite {
  return 'sets' in query;
}

/**
 * Different rows. The order of a JSON object's keys, which jsonb does not keep, the sign of zero, and which of equal numerics stands for a group or is the greatest
 * do not count. Rows that differ only in JSON, which has no order, or in the scale of a numeric, come in any order.
 */
function isDifferent({ judge, subject }: Answers, query: Statement): boolean {
  if (!('rows' in judge) || !('rows' in subject)) return false;
  const isPicked = !isWrite(query) && /"(?:max|min|percentile|subquery)\b|"groups":\[\{/.test(printed(query));
  const [left, right] = [subject.rows, judge.rows].map((rows) =>
    rows.map((row) => comparable(isPicked ? withoutScale(row, query as RandomQuery) : row)),
  );
  if (isDeepStrictEqual(left, right)) return false;
  if (isWrite(query)) return !isDeepStrictEqual(left?.toSorted(), right?.toSorted());
  const [leftKeys, rightKeys] = [subject.rows, judge.rows].map((rows) =>
    rows.map((row) => orderOf(row, query)),
  );
  if (!isDeepStrictEqual(leftKeys, rightKeys)) return true;
  return (
    query.limit === undefined &&
    query.offset === undefined &&
    !isDeepStrictEqual(left?.toSorted(), right?.toSorted())
  );
}

/** What the order of a row is certain of. */
function orderOf(row: unknown, query: RandomQuery): string {
  return printed(
    withoutScale(row, query).map((value, index) => (isJson(query.selections[index]?.type) ? null : value)),
  );
}

/** The values of a row, with numerics that are equal in the same form. */
function withoutScale(row: unknown, { selections }: RandomQuery): unknown[] {
  return Object.values(row as object).map((value: unknown, index) => {
    const isDecimal =
      selections[index]?.type === 'numeric' && typeof value === 'string' && value.includes('.');
    return isDecimal ? value.replace(/\.?0+$/, '') : value;
  });
}

function isJson(type: string | undefined): boolean {
  return type === 'json' || type === 'jsonb';
}

function comparable(row: unknown): string {
  return printed(row, (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function count(
  counts: {
    same: number;
    readonly refused: Map<string, number>;
    readonly refusedByJudge: Map<string, number>;
  },
  { judge, subject }: Answers,
): void {
  const add = (codes: Map<string, number>, error: unknown): void => {
    const code = error instanceof SluiceError ? error.code : 'unknown';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  };
  if ('error' in judge) add(counts.refusedByJudge, judge.error);
  else if ('error' in subject) add(counts.refused, subject.error);
  else counts.same += 1;
}

async function describe(
  options: CheckQueriesOptions,
  found: Statement,
  tables: readonly RandomTable[],
): Promise<string> {
  const query = await shortest(options, found);
  const { judge, subject } = await bothAnswers(options, query);
  const compiled = compile(options.judge, query);
  return [
    `seed ${options.seed}`,
    compiled.sql,
    printed(compiled.parameters),
    `subject: ${printed(subject)}`,
    `subject's SQL: ${compile(options.subject, query).sql}`,
    `judge:   ${printed(judge)}`,
    ...tables.map(
      ({ name, columns, rows }) =>
        `${name}: ${columns.map((column) => `${column.name} ${column.declared}`).join(', ')}\n${rows.map((row) => printed(row)).join('\n')}`,
    ),
  ].join('\n');
}

function compile(
  { kysely }: Storage<RandomDatabase>,
  query: Statement,
): { readonly sql: string; readonly parameters: readonly unknown[] } {
  return (isWrite(query) ? buildWrite(kysely, query) : buildQuery(kysely, query)).compile();
}

async function shortest(options: CheckQueriesOptions, found: Statement): Promise<Statement> {
  let current = found;
  let steps = 0;
  for (let isSimpler = true; isSimpler && steps < MAX_STEPS; ) {
    isSimpler = false;
    for (const simpler of isWrite(current) ? simplerWrites(current) : simplerQueries(current)) {
      steps += 1;
      if (steps > MAX_STEPS) break;
      if (!isDifferent(await bothAnswers(options, simpler), simpler)) continue;
      current = simpler;
      isSimpler = true;
      break;
    }
  }
  return current;
}

function printed(value: unknown, change: (member: unknown) => unknown = (member) => member): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'bigint' || (typeof member === 'number' && !Number.isFinite(member)))
      return `${member}n`;
    // The last digits of a double depend on the order of additions.
    if (typeof member === 'number' && !Number.isInteger(member)) return Number(member.toPrecision(12));
    if (member instanceof Uint8Array) return `\\x${Buffer.from(member).toString('hex')}`;
    return member instanceof Error ? member.message : change(member);
  });
}
