import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, Row } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { freePort, until } from '@sluice/testkit/driver-tests';
import { type PostgresServer, startPostgresServer } from '@sluice/testkit/postgres-server';
import { afterAll } from 'vitest';
import { stop } from './own-process.js';

/** A primary with one streaming standby. Both are of this machine, because the standby begins as a copy of the primary's folder. */
export interface Pair {
  readonly primary: PostgresServer;
  /** Where the standby answers; the database is the primary's first one. */
  readonly standbyUrl: string;
  /** Keeps the standby from applying what it receives, or lets it go on. */
  holdReplay(isHeld: boolean): Promise<void>;
  stopStandby(): Promise<void>;
}

const cleanUps: (() => Promise<void> | void)[] = [];

afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts the pair for this test file, always from the npm package's binaries. */
export async function startPair(): Promise<Pair> {
  const primary = await startPostgresServer({ source: 'embedded' });
  cleanUps.push(() => primary.stop());
  const folder = mkdtempSync(join(tmpdir(), 'sluice-standby-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  const binaries = await copyPrimary(primary, data);
  const port = await freePort();
  const log = join(folder, 'standby.log');
  const standby = startStandby(join(binaries, 'postgres'), data, port, log);
  cleanUps.push(() => stop(standby));
  const url = new URL(primary.url);
  url.port = String(port);
  const standbyUrl = url.href;
  await until(async () => {
    if (standby.exitCode !== null)
      throw new Error(`The standby does not start: ${readFileSync(log, 'utf8')}`);
    return answers(standbyUrl);
  });
  return {
    primary,
    standbyUrl,
    holdReplay: (isHeld) =>
      withDatabase(standbyUrl, async (database) => {
        await query(database, `select pg_wal_replay_${isHeld ? 'pause' : 'resume'}()`);
        if (!isHeld) return;
        const state = 'select pg_get_wal_replay_pause_state() as state';
        await until(async () => (await query(database, state))[0]?.state === 'paused');
      }),
    stopStandby: () => stop(standby),
  };
}

/** Copies a running primary under its own protection, and tells where its programs are. */
async function copyPrimary(primary: PostgresServer, data: string): Promise<string> {
  return withDatabase(primary.url, async (database) => {
    const [facts] = await query(
      database,
      `select current_setting('data_directory') as folder, (select setting from pg_config where name = 'BINDIR') as binaries`,
    );
    const source = String(facts?.folder);
    const transaction = await database.begin({ access: 'write', isolation: 'read committed' });
    const run = (sql: string): Promise<{ rows: Row[] }> =>
      transaction.execute({ sql, parameters: [], access: 'unknown' }, {});
    await run(`select pg_backup_start('standby', true)`);
    execFileSync('cp', ['-a', source, data]);
    const { rows } = await run('select labelfile from pg_backup_stop(false)');
    await transaction.commit();
    rmSync(join(data, 'postmaster.pid'), { force: true });
    rmSync(join(data, 'postmaster.opts'), { force: true });
    writeFileSync(join(data, 'backup_label'), String(rows[0]?.labelfile));
    writeFileSync(join(data, 'standby.signal'), '');
    // A standby must have room for whatever the primary has.
    const settings = await query(
      database,
      `select name || ' = ' || setting as line from pg_settings where name in ('max_connections', 'max_wal_senders', 'max_worker_processes',
        'max_prepared_transactions', 'max_locks_per_transaction')`,
    );
    for (const { line } of settings) appendFileSync(join(data, 'postgresql.auto.conf'), `${String(line)}\n`);
    const { hostname, port, username, password } = new URL(primary.url);
    const primaryAt = `host=${hostname} port=${port} user=${username} password=${password}`;
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${primaryAt}'\n`);
    const { uid, gid } = statSync(source);
    execFileSync('chown', ['-R', `${uid}:${gid}`, data, join(data, '..')]);
    return String(facts?.binaries);
  });
}

/** As the owner of the folder, whoever runs the tests. */
function startStandby(program: string, data: string, port: number, log: string): ChildProcess {
  const { uid, gid } = statSync(data);
  const account = process.getuid?.() === 0 ? { uid, gid } : {};
  const output = openSync(log, 'a');
  const flags = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'hot_standby=on'];
  return spawn(program, flags, {
    ...account,
    cwd: data,
    stdio: ['ignore', output, output],
    env: { ...process.env, LC_ALL: 'C' },
  });
}

function answers(url: string): Promise<boolean> {
  return withDatabase(url, async (database) => {
    const rows = await query(database, 'select 1 as one from pg_stat_wal_receiver');
    return rows.length === 1;
  }).catch(() => false);
}

async function query(database: Database, sql: string): Promise<Row[]> {
  return (await database.execute({ sql, parameters: [], access: 'read' }, {})).rows;
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await postgres({ poolSize: 2, connectTimeoutMs: 1000 }).open(url);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
