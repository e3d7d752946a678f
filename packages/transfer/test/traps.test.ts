import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { auditFile, parsePolicies, transfer } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { KEY_TRAPS } from './traps/key-traps.js';
import { SCHEMA_TRAPS } from './traps/schema-traps.js';
import type { Trap } from './traps/trap.js';
import { VALUE_TRAPS } from './traps/value-traps.js';

const TRAPS = [...VALUE_TRAPS, ...KEY_TRAPS, ...SCHEMA_TRAPS].toSorted(
  (left, right) => left.number - right.number,
);

describe.each(TRAPS)('trap $number: $name', (trap) => {
  it('is found, and is moved or refused as it should be', async () => {
    const source = await build(trap);
    const audit = await auditFile(source);
    for (const expected of trap.finds ?? [])
      expect(audit.findings).toContainEqual(expect.objectContaining(expected));
    const target = await temporaryPostgresUrl();
    if (trap.isRefused === true) await expectRefusal(source, target);
    if (trap.isRefused !== true || trap.policies !== undefined) await expectMove(trap, source, target);
  });
});

async function build({ build: make }: Trap): Promise<string> {
  const path = await temporarySqlitePath();
  const database = new Sqlite(path);
  if (typeof make === 'string') database.exec(make);
  else make(database);
  database.close();
  return path;
}

async function expectRefusal(source: string, target: string): Promise<void> {
  const report = await transfer({ source, target });
  expect(report.outcome).toBe('refused');
  const left = await queryValues(
    target,
    `select count(*)::int from pg_class where relnamespace::regnamespace::text in ('public', 'sluice_transfer')`,
  );
  expect(left).toEqual([[0]]);
}

async function expectMove(trap: Trap, source: string, target: string): Promise<void> {
  const report = await transfer({ source, target, policies: parsePolicies(trap.policies ?? []) });
  expect(
    report.findings.filter(({ severity, settledBy }) => severity === 'problem' && settledBy === undefined),
  ).toEqual([]);
  expect(report.verified.filter(({ isEqual }) => !isEqual)).toEqual([]);
  expect(report.outcome).toBe('done');
  const listed = report.untranslated.map(({ object }) => object);
  expect(listed.toSorted()).toEqual([...(trap.lists ?? [])].toSorted());
  for (const { sql } of report.untranslated) expect(sql).not.toBe('');
  expect(report.tables.reduce((sum, { quarantined }) => sum + quarantined, 0)).toBe(trap.quarantined ?? 0);
  const names = report.plan.tables.map((table) => table.target);
  for (const { sql, rows } of trap.gives ?? []) {
    expect(await queryValues(target, sql.replace(/"[^"]*_HASH"/, `"${names[0]}"`)), sql).toEqual(rows);
  }
  for (const sql of trap.refuses ?? []) await expect(queryValues(target, sql), sql).rejects.toThrow();
}
