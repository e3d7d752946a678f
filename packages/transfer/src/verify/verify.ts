import { basename } from 'node:path';
import { ConfigurationError } from '@sluice/core/errors';
import { auditPool } from '../audit/audit.js';
import { readingOf } from '../plan/planned-reading.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import { adoptTable, BOOKKEEPING, isData } from '../postgres/existing-schema.js';
import { PostgresSession } from '../postgres/session.js';
import { type PostgresTable, readPostgresTables } from '../postgres/tables.js';
import { ReaderPool } from '../reader/reader-pool.js';
import { type TableReading, unplannedReading } from '../reader/table-reading.js';
import { readState } from '../state/postgres-state.js';
import { locate } from './locate.js';
import { postgresSide, sqliteSide, type VerifySide } from './verify-side.js';
import { type VerifiedTable, verifyTable } from './verify-table.js';

export interface VerifyOptions {
  /** `sqlite:PATH`, a path, or `postgres://…`. */
  readonly source: string;
  readonly target: string;
  readonly targetSchema?: string | undefined;
  readonly exclude?: readonly string[];
  readonly onProgress?: (progress: { readonly table: string; readonly rows: number }) => void;
}

export interface VerifyReport {
  readonly isEqual: boolean;
  readonly tables: readonly VerifiedTable[];
  /** Tables that only one side has. */
  readonly missing: readonly { readonly table: string; readonly side: 'source' | 'target' }[];
}

/**
 * Compares two databases row by row. Each is in SQLite or PostgreSQL, and is read in one snapshot.
 *
 * @throws ConfigurationError when the types of a column cannot be compared.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const left = await openSide(options.source, options.targetSchema);
  try {
    const right = await openSide(options.target, options.targetSchema);
    try {
      return await compare(left, right, options);
    } finally {
      await right.close();
    }
  } finally {
    await left.close();
  }
}

type Side = VerifySide & {
  readonly close: () => Promise<void>;
} & (
    | { readonly kind: 'postgres'; readonly session: PostgresSession }
    | { readonly kind: 'sqlite'; readonly pool: ReaderPool; readonly path: string }
  );

async function openSide(place: string, schema: string | undefined): Promise<Side> {
  const located = locate(place);
  if (located.kind === 'sqlite') {
    const pool = await ReaderPool.open(located.path, 2);
    return { kind: 'sqlite', pool, path: located.path, ...sqliteSide(pool), close: () => pool.close() };
  }
  const session = await PostgresSession.connect(located.url, schema);
  await session.query('begin isolation level repeatable read, read only');
  return { kind: 'postgres', session, ...postgresSide(session), close: () => session.close() };
}

interface Readings {
  readonly tables: readonly TableReading[];
  readonly missing: VerifyReport['missing'];
}

async function compare(left: Side, right: Side, options: VerifyOptions): Promise<VerifyReport> {
  const { tables, missing } = await readingsOf(left, right, options.exclude ?? []);
  const results: VerifiedTable[] = [];
  for (const table of tables) {
    const onProgress = (rows: number): void => options.onProgress?.({ table: table.target, rows });
    results.push(await verifyTable(table, left, right, undefined, onProgress));
  }
  return {
    isEqual: missing.length === 0 && results.every(({ isEqual }) => isEqual),
    tables: results,
    missing,
  };
}

function readingsOf(left: Side, right: Side, exclude: readonly string[]): Promise<Readings> {
  if (left.kind === 'sqlite') {
    return right.kind === 'sqlite'
      ? sameFiles(left.pool, right.pool, exclude)
      : mixed(left, right, exclude, 'target');
  }
  return right.kind === 'sqlite'
    ? mixed(right, left, exclude, 'source')
    : sameServers(left.session, right.session, exclude);
}

/** Compares two SQLite files by storage class and value. */
async function sameFiles(left: ReaderPool, right: ReaderPool, exclude: readonly string[]): Promise<Readings> {
  const [one, other] = await Promise.all([left.readSchema(), right.readSchema()]);
  const pairs = pairUp(one.tables, other.tables, exclude);
  const tables = pairs.both.map(([table, same]): TableReading => {
    assertSameColumns(table.name, names(table.columns), names(same.columns));
    const keys = table.primaryKey;
    const columns = [...keys, ...names(table.columns).filter((name) => !keys.includes(name))];
    return unplannedReading(
      table.name,
      keys.length,
      columns.map((source) => ({ source, type: 'any', form: 'plain' })),
      table.rowidName,
    );
  });
  return { tables, missing: pairs.missing };
}

/** Compares two PostgreSQL databases by the binary form of their values. The types must be equal. */
async function sameServers(
  left: PostgresSession,
  right: PostgresSession,
  exclude: readonly string[],
): Promise<Readings> {
  const [one, other] = await Promise.all([readPostgresTables(left), readPostgresTables(right)]);
  const pairs = pairUp(one, other, exclude);
  const tables = pairs.both.map(([table, same]) => {
    assertSameColumns(table.name, table.columns.map(describeColumn), same.columns.map(describeColumn));
    return postgresReading(table);
  });
  return { tables, missing: pairs.missing };
}

function describeColumn({ name, type }: PostgresTable['columns'][number]): string {
  return `${name} ${type}`;
}

function postgresReading({ name, columns, primaryKey }: PostgresTable): TableReading {
  const sorted = [
    ...primaryKey.flatMap((key) => columns.filter((column) => column.name === key)),
    ...columns.filter((column) => !primaryKey.includes(column.name)),
  ];
  return unplannedReading(
    name,
    primaryKey.length,
    sorted.map(({ name: source, type }) => ({ source, type, form: 'plain' })),
  );
}

/** Compares SQLite with PostgreSQL, by the plan of the transfer that made the target, or else by the types of PostgreSQL's columns. */
async function mixed(
  sqlite: Extract<Side, { kind: 'sqlite' }>,
  postgres: Extract<Side, { kind: 'postgres' }>,
  exclude: readonly string[],
  missingSide: 'source' | 'target',
): Promise<Readings> {
  const state = await readState(postgres.session);
  const existing = (await readPostgresTables(postgres.session)).filter(
    ({ name }) => !BOOKKEEPING.has(name) && !exclude.includes(name),
  );
  if (state !== undefined && state.plan.source.file === basename(sqlite.path)) {
    const planned = state.plan.tables.filter(({ source }) => !exclude.includes(source));
    const { tables } = await sqlite.pool.readSchema();
    const kept = tables.filter(({ name }) => !BOOKKEEPING.has(name) && !exclude.includes(name));
    return {
      tables: planned.map((table) => readingOf(state.plan, table)),
      missing: [
        ...onlyIn(
          kept,
          planned.map(({ source }) => source),
          missingSide,
        ),
        ...onlyIn(
          existing,
          planned.map(({ target }) => target),
          otherSide(missingSide),
        ),
      ],
    };
  }
  const { plan } = await auditPool(sqlite.pool, sqlite.path, { exclude });
  const data = plan.tables.filter(isData);
  const known = new Set(existing.map(({ name }) => name.toLowerCase()));
  const found = data.filter(({ target }) => known.has(target.toLowerCase()));
  const adopted: TransferPlan = {
    ...plan,
    policies: {},
    tables: found.map((table) => adoptTable(table, existing)),
  };
  return {
    tables: adopted.tables.map((table) => ({ ...readingOf(adopted, table), generatedCount: 0 })),
    missing: [
      ...onlyIn(
        data.map(({ target: name }) => ({ name })),
        found.map(({ target }) => target),
        missingSide,
      ),
      ...onlyIn(
        existing,
        adopted.tables.map(({ target }) => target),
        otherSide(missingSide),
      ),
    ],
  };
}

type MissingSide = VerifyReport['missing'][number]['side'];

function otherSide(side: MissingSide): MissingSide {
  return side === 'source' ? 'target' : 'source';
}

/** Tables that `side` does not have. */
function onlyIn(
  tables: readonly Named[],
  common: readonly string[],
  side: MissingSide,
): VerifyReport['missing'] {
  return tables.filter(({ name }) => !common.includes(name)).map(({ name }) => ({ table: name, side }));
}

interface Named {
  readonly name: string;
}

function pairUp<T extends Named>(
  left: readonly T[],
  right: readonly T[],
  exclude: readonly string[],
): { both: [T, T][]; missing: VerifyReport['missing'] } {
  const isKept = ({ name }: Named): boolean => !exclude.includes(name);
  const others = new Map(right.filter(isKept).map((table) => [table.name, table]));
  const both = left.filter(isKept).flatMap((table): [T, T][] => {
    const other = others.get(table.name);
    return other === undefined ? [] : [[table, other]];
  });
  const paired = new Set(both.map(([{ name }]) => name));
  const missing = [
    ...left
      .filter(isKept)
      .filter(({ name }) => !paired.has(name))
      .map(({ name }) => ({ table: name, side: 'target' as const })),
    ...[...others.keys()]
      .filter((name) => !paired.has(name))
      .map((name) => ({ table: name, side: 'source' as const })),
  ];
  return { both, missing };
}

function names(columns: readonly Named[]): string[] {
  return columns.map(({ name }) => name);
}

function assertSameColumns(table: string, left: readonly string[], right: readonly string[]): void {
  const difference = [...left, ...right].find((column) => !left.includes(column) || !right.includes(column));
  if (difference === undefined) return;
  throw new ConfigurationError(
    'invalid_configuration',
    `"${table}" has a column "${difference}" on one side only.`,
  );
}
