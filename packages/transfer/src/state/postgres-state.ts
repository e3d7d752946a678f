import { HashSums } from '../hash/hash-sums.js';
import type { TransferPlan, Untranslated } from '../plan/transfer-plan.js';
import type { PostgresSession } from '../postgres/session.js';
import {
  createQuarantineSql,
  QUARANTINE_COLUMNS,
  type QuarantinedRow,
  quarantineValues,
} from './quarantine-table.js';
import type { TableProgress } from './table-progress.js';

/** The schema beside the data that holds the state of a transfer and the rows in quarantine. */
const STATE_SCHEMA = 'sluice_transfer';

const QUARANTINE = `${STATE_SCHEMA}.quarantine`;

const CREATE = `
  create schema ${STATE_SCHEMA};
  create table ${STATE_SCHEMA}.transfer (
    only_one boolean primary key default true check (only_one), plan json not null, state text not null,
    started_at timestamptz not null default now(), finished_at timestamptz);
  create table ${STATE_SCHEMA}.progress (
    table_name text primary key, copied_rows bigint not null, quarantined bigint not null, converted bigint not null,
    sums bytea, copied_at timestamptz not null default now());
  create table ${STATE_SCHEMA}.step (object text primary key, sql text not null, refusal text);
  ${createQuarantineSql(QUARANTINE, 'json')}`;

/** COPY for the rows in quarantine. */
export const COPY_QUARANTINE_SQL: string = `copy ${QUARANTINE} (${QUARANTINE_COLUMNS}) from stdin (format binary)`;

export interface TransferState {
  readonly plan: TransferPlan;
  readonly isFinished: boolean;
  /** By name in the target. */
  readonly tables: ReadonlyMap<string, TableProgress>;
  /** As {@link readSteps} gives them. */
  readonly steps: ReadonlyMap<string, string | null>;
}

/** Reads the state of a transfer into this database; `undefined` without one. */
export async function readState(session: PostgresSession): Promise<TransferState | undefined> {
  const exists = await session.query(`select 1 from pg_namespace where nspname = '${STATE_SCHEMA}'`);
  if (exists.length === 0) return undefined;
  const [transfer] = await session.query<{ plan: TransferPlan; state: string }>(
    `select plan, state from ${STATE_SCHEMA}.transfer`,
  );
  if (transfer === undefined) return undefined;
  return {
    plan: transfer.plan,
    isFinished: transfer.state === 'finished',
    tables: await readProgress(session),
    steps: await readSteps(session),
  };
}

async function readProgress(session: PostgresSession): Promise<Map<string, TableProgress>> {
  const rows = await session.query<
    Record<'converted' | 'copied_rows' | 'quarantined' | 'table_name', string> & { sums: Buffer | null }
  >(`select * from ${STATE_SCHEMA}.progress`);
  return new Map(
    rows.map((row) => [
      row.table_name,
      {
        rows: Number(row.copied_rows),
        quarantined: Number(row.quarantined),
        converted: Number(row.converted),
        sums: row.sums === null ? undefined : HashSums.fromBytes(row.sums),
      },
    ]),
  );
}

/** Reads the statements that were run, each with the server's refusal, or `null`. */
export async function readSteps(session: PostgresSession): Promise<Map<string, string | null>> {
  const rows = await session.query<{ object: string; refusal: string | null }>(
    `select object, refusal from ${STATE_SCHEMA}.step`,
  );
  return new Map(rows.map(({ object, refusal }) => [object, refusal]));
}

/** Reads the statements that the server refused. */
export async function readRefusals(session: PostgresSession): Promise<Untranslated[]> {
  const rows = await session.query<{ object: string; sql: string; refusal: string }>(
    `select object, sql, refusal from ${STATE_SCHEMA}.step where refusal is not null order by object`,
  );
  return rows.map(({ object, sql, refusal }) => ({
    object,
    sql,
    reason: `PostgreSQL refuses it: ${refusal}`,
  }));
}

/** Begins a transfer; call it inside a transaction. */
export async function createState(session: PostgresSession, plan: TransferPlan): Promise<void> {
  await session.query(`drop schema if exists ${STATE_SCHEMA} cascade; ${CREATE}`);
  await session.query(`insert into ${STATE_SCHEMA}.transfer (plan, state) values ($1, 'copying')`, [
    JSON.stringify(plan),
  ]);
}

/** Writes one row into quarantine. Call it in the transaction that copies its table. */
export async function recordQuarantined(session: PostgresSession, row: QuarantinedRow): Promise<void> {
  await session.query(
    `insert into ${QUARANTINE} (${QUARANTINE_COLUMNS}) values ($1, $2, $3, $4, $5)`,
    quarantineValues(row),
  );
}

/** Records that a table is copied. Call it in the transaction that copies it. */
export async function recordTable(
  session: PostgresSession,
  table: string,
  progress: TableProgress,
): Promise<void> {
  const { rows, quarantined, converted, sums } = progress;
  await session.query(
    `insert into ${STATE_SCHEMA}.progress (table_name, copied_rows, quarantined, converted, sums) values ($1, $2, $3, $4, $5)`,
    [table, rows, quarantined, converted, sums?.toBytes() ?? null],
  );
}

/** Deletes the record of a table. Delete its rows in the same transaction. */
export async function forgetTable(session: PostgresSession, table: string): Promise<void> {
  await session.query(`delete from ${STATE_SCHEMA}.progress where table_name = $1`, [table]);
  await session.query(`delete from ${QUARANTINE} where table_name = $1`, [table]);
}

/** Runs a statement and records it, with the refusal of the server if it refuses it. Call it in a transaction. */
export async function runStep(session: PostgresSession, object: string, sql: string): Promise<void> {
  const refusal = await session.attempt(sql);
  await recordStep(session, object, sql, refusal?.message ?? null);
}

/** Records that a statement was run, with the refusal of the server if it refused it. */
export async function recordStep(
  session: PostgresSession,
  object: string,
  sql: string,
  refusal: string | null,
): Promise<void> {
  await session.query(
    `insert into ${STATE_SCHEMA}.step values ($1, $2, $3) on conflict (object) do update set refusal = excluded.refusal`,
    [object, sql, refusal],
  );
}

/** Deletes the record of statements that are to be run again. */
export async function forgetSteps(session: PostgresSession, objects: readonly string[]): Promise<void> {
  await session.query(`delete from ${STATE_SCHEMA}.step where object = any($1)`, [objects]);
}

/** Records the end of the transfer. Its commit waits for the disk, and so for all commits before it. */
export async function finishState(session: PostgresSession): Promise<void> {
  await session.query(`set synchronous_commit = on`);
  await session.query(`update ${STATE_SCHEMA}.transfer set state = 'finished', finished_at = now()`);
}
