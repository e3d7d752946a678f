import type Sqlite from 'better-sqlite3';
import fc from 'fast-check';

/** A schema with triggers and conflict clauses, and work to do in it. All is SQL text without parameters. */
export interface RefusedProgram {
  readonly schema: readonly string[];
  readonly units: readonly Unit[];
}

/** The work of one caller. A `transaction` goes on after a failed statement, and commits. */
export interface Unit {
  readonly kind: 'single' | 'batch' | 'transaction';
  readonly statements: readonly string[];
}

/** What became of each unit, with what the tables hold in the end. */
export interface Observed {
  readonly units: readonly string[];
  readonly rows: Record<string, unknown>;
}

/** Runs the work of one caller; resolves with `done` or `failed` for a single or a batch, and for each statement of a transaction and its COMMIT. */
export type RunUnit = (unit: Unit) => Promise<string>;

const TABLES = ['t0', 't1', 't2'] as const;
const CONFLICTS = ['abort', 'fail', 'ignore', 'replace', 'rollback'] as const;
/** As SQL literals: a column that is not strict holds what its declared type is not. */
const DUMPED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    TABLES.map((name) => [name, `select id, quote(a) as a, quote(u) as u from ${name} order by id`]),
  ),
  log: 'select id, quote(x) as x from log order by id',
};

const table = fc.constantFrom(...TABLES);
const small = fc.integer({ min: 0, max: 12 });
const conflict = fc.option(fc.constantFrom(...CONFLICTS), { nil: undefined, freq: 2 });
const orConflict = conflict.map((how) => (how === undefined ? '' : ` or ${how}`));
const onConflict = conflict.map((how) => (how === undefined ? '' : ` on conflict ${how}`));

const createTable = fc
  .tuple(onConflict, onConflict, fc.boolean(), fc.boolean())
  .map(([key, unique, hasCheck, isStrict]) => (name: string): string => {
    const check = hasCheck ? ' check (a <> 7)' : '';
    return `create table ${name} (id integer primary key${key}, a integer${check}, u integer unique${unique})${isStrict ? ' strict' : ''}`;
  });

const raise = fc.constantFrom(
  'raise(ignore)',
  ...['abort', 'fail', 'rollback'].map((how) => `raise(${how}, 'refused')`),
);

/** Steps write only to later tables, so that triggers come to an end. */
const step = (on: number, row: 'new' | 'old'): fc.Arbitrary<string> => {
  const later = fc.constantFrom(...TABLES.slice(on + 1), 'log' as const);
  const write = fc.tuple(later, orConflict, small).map(([to, or, number]) => {
    if (to === 'log') return `insert into log (x) values ('${row} ' || ${row}.a)`;
    return number % 2 === 0
      ? `insert${or} into ${to} (a, u) values (${row}.a + ${number}, ${row}.a)`
      : `update${or} ${to} set a = a + ${row}.a, u = ${number} where id <= 2`;
  });
  const refusal = fc.tuple(raise, small).map(([how, n]) => `select ${how} where ${row}.a % 4 = ${n % 4}`);
  const overflow = fc.constant(
    `insert into log (x) select sum(n) from (select 1 as n union all select 9223372036854775807 where ${row}.a = 3)`,
  );
  return fc.oneof({ weight: 4, arbitrary: write }, { weight: 3, arbitrary: refusal }, overflow);
};

const trigger = fc
  .tuple(
    fc.nat({ max: 2 }),
    fc.constantFrom('before', 'after'),
    fc.constantFrom('insert', 'update', 'delete'),
  )
  .chain(([on, time, event]) =>
    fc.array(step(on, event === 'delete' ? 'old' : 'new'), { minLength: 1, maxLength: 3 }).map(
      (steps) =>
        (name: string): string =>
          `create trigger ${name} ${time} ${event} on ${TABLES[on]} begin ${steps.join('; ')}; end`,
    ),
  );

const row = fc.tuple(small, small).map(([a, u]) => `(${a}, ${u})`);
const statement = fc.oneof(
  fc
    .tuple(table, orConflict, fc.array(row, { minLength: 1, maxLength: 4 }))
    .map(([to, or, rows]) => `insert${or} into ${to} (a, u) values ${rows.join(', ')}`),
  fc
    .tuple(table, orConflict, small, small)
    .map(([to, or, a, from]) => `update${or} ${to} set a = a + ${a}, u = ${a} where id >= ${from}`),
  fc.tuple(table, small).map(([from, id]) => `delete from ${from} where id > ${id}`),
  fc.tuple(table, row).map(([to, values]) => `replace into ${to} (a, u) values ${values}`),
  fc
    .tuple(table, small)
    .map(([to, u]) => `insert into ${to} (a, u) values (1, ${u}) on conflict (u) do update set a = a + 1`),
  table.map((to) => `insert into ${to} (a) select 1 union all select 'x'`),
  table.map(
    (to) =>
      `insert into ${to} (a) select sum(n) from (select 1 as g, 5 as n union all select 2, 9223372036854775807 union all select 2, 1) group by g`,
  ),
);

const unit: fc.Arbitrary<Unit> = fc.record({
  kind: fc.constantFrom('single', 'single', 'single', 'batch', 'transaction'),
  statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
});

/** Random schemas whose triggers and constraints refuse statements at any depth, and work that meets them. */
export const refusedProgram: fc.Arbitrary<RefusedProgram> = fc
  .tuple(
    fc.array(createTable, { minLength: TABLES.length, maxLength: TABLES.length }),
    fc.array(trigger, { minLength: 0, maxLength: 4 }),
    fc.array(unit, { minLength: 2, maxLength: 12 }),
  )
  .map(([tables, triggers, units]) => ({
    schema: [
      ...[...TABLES, 'log'].map((name) => `drop table if exists ${name}`),
      'create table log (id integer primary key, x text)',
      ...tables.map((create, index) => create(TABLES[index] as string)),
      ...triggers.map((create, index) => create(`trigger_${index}`)),
    ],
    units: units.map(({ kind, statements }) => ({
      kind,
      statements: kind === 'single' ? statements.slice(0, 1) : statements,
    })),
  }));

/** Runs a program: a transaction by itself, everything else together with its neighbours. */
export async function observe(
  { units }: RefusedProgram,
  run: RunUnit,
  rows: (sql: string) => Promise<unknown>,
): Promise<Observed> {
  const outcomes: string[] = [];
  const together: Promise<string>[] = [];
  for (const each of units) {
    if (each.kind === 'transaction') outcomes.push(...(await Promise.all(together.splice(0))));
    together.push(run(each));
    if (each.kind === 'transaction') outcomes.push(...(await Promise.all(together.splice(0))));
  }
  outcomes.push(...(await Promise.all(together)));
  const dumped = Object.entries(DUMPED).map(async ([name, sql]) => [name, await rows(sql)] as const);
  return { units: outcomes, rows: Object.fromEntries(await Promise.all(dumped)) };
}

/** The model: one caller after the other on one connection, where whatever fails is undone whole. */
export function modelUnit(database: Sqlite.Database, { kind, statements }: Unit): string {
  const outcomes: string[] = [];
  database.exec('begin');
  for (const sql of statements) {
    const outcome = database.inTransaction ? modelStatement(database, sql) : 'failed';
    outcomes.push(outcome);
    if (outcome === 'failed' && kind !== 'transaction') break;
  }
  const isKept = database.inTransaction && (kind === 'transaction' || !outcomes.includes('failed'));
  if (database.inTransaction) database.exec(isKept ? 'commit' : 'rollback');
  const end = isKept ? 'done' : 'failed';
  return kind === 'transaction' ? [...outcomes, end].join(' ') : end;
}

function modelStatement(database: Sqlite.Database, sql: string): string {
  database.exec('savepoint model');
  try {
    database.prepare(sql).run();
    database.exec('release model');
    return 'done';
  } catch {
    if (database.inTransaction) database.exec('rollback to model; release model');
    return 'failed';
  }
}
