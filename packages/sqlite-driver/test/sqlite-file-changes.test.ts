import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FILE_FAULTS, type FileFault, until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from './opened-database.js';
import { type Entry, LedgerProcess } from './processes/ledger.js';

const ROUNDS = Number(process.env.SLUICE_FILE_FAULT_ROUNDS ?? 2 * FILE_FAULTS.length);
const run = promisify(execFile);

/** What a round found, beside what it must not find. */
interface Figures {
  acknowledged: number;
  refused: number;
  unknown: number;
  unknownButKept: number;
  /** Acknowledged while another tool closed the file, which it then deleted the WAL of: the fault's own loss. */
  lostInTheFault: number;
}

/**
 * Two processes write; the files change under them; a third opens what is there and writes, while the two go on and are closed. Whatever it is, no
 * process may damage what another has committed, nor acknowledge what nobody will find.
 */
describe('the file changes under two processes that write to it', () => {
  let ours: [LedgerProcess, LedgerProcess];
  let later: LedgerProcess;
  const figures: Figures = { acknowledged: 0, refused: 0, unknown: 0, unknownButKept: 0, lostInTheFault: 0 };
  beforeEach(() => {
    ours = [new LedgerProcess(), new LedgerProcess()];
    later = new LedgerProcess();
  });
  afterEach(async () => {
    await Promise.all([...ours, later].map((child) => child.end()));
  });
  const both = (command: Parameters<LedgerProcess['do']>[0]): Promise<unknown> =>
    Promise.all(ours.map((child) => child.do(command)));

  for (const [index, fault] of FILE_FAULTS.entries()) {
    const rounds = Math.ceil((ROUNDS - index) / FILE_FAULTS.length);
    test(`${fault.name}, ${rounds} times: nothing is lost or mixed`, {
      timeout: 60_000 + rounds * 10_000,
    }, async () => {
      for (let round = 0; round < rounds; round += 1) await play(fault, round);
      if (process.env.SLUICE_FILE_FAULT_ROUNDS !== undefined)
        console.log(`${rounds} rounds, and all so far:`, figures);
    });
  }

  async function play(fault: FileFault, round: number): Promise<void> {
    const path = join(await temporaryFolder(), 'app.db');
    for (const child of [...ours, later]) child.begin();
    for (const child of ours) await child.do(`open ${path}`);
    await both('write');
    await Promise.all(ours.map((child) => child.until(() => child.count('acknowledged') >= 20)));
    const { began, ended } = await inject(fault, path, round);
    const stopped = await goOn(fault, ended);
    const isUsable = fault.leaves !== 'damaged';
    if (fault.keepsIndex) await leave(stopped);
    if (isUsable) {
      await later.do(`open ${path}`);
      await later.do('write');
      await later.until(() => later.count('acknowledged') >= 10);
    }
    const before = isUsable ? undefined : statSync(path);
    if (!fault.keepsIndex) await leave(stopped);
    if (!isUsable) {
      expect(statSync(path)).toMatchObject({ size: before?.size, mtimeMs: before?.mtimeMs });
      return;
    }
    await later.until(() => later.count('acknowledged') >= 20);
    await later.do('pause');
    await later.do('close');
    judge(fault, path, began, ended);
  }

  /** Both are asked how they are, and closed. */
  async function leave(stopped: readonly LedgerProcess[]): Promise<void> {
    await both('pause');
    await both('health');
    await both('close');
    for (const child of stopped)
      expect([child.told('health'), child.told('read')]).toStrictEqual(['false', 'file_changed']);
  }

  async function inject(
    fault: FileFault,
    path: string,
    round: number,
  ): Promise<{ began: bigint; ended: bigint }> {
    if (fault.needsQuiet) {
      await both('pause');
      await copyBack(path);
    }
    const began = process.hrtime.bigint();
    await fault.inject({
      path,
      useOtherTool: () => useOtherTool(path, round),
      readInProcesses: async () => void (await both('readFile')),
    });
    const ended = process.hrtime.bigint();
    if (fault.needsQuiet) await both('write');
    return { began, ended };
  }

  /** Lets both go on. Returns those that stopped; where they may do either, one may have been in the midst of a transaction. */
  async function goOn({ expects }: FileFault, ended: bigint): Promise<readonly LedgerProcess[]> {
    const isStopped = (child: LedgerProcess): boolean => child.count('refused', ended) > 0;
    await Promise.all(
      ours.map(async (child) => {
        const isEnough = (): boolean => expects !== 'stop' && child.count('acknowledged', ended) >= 20;
        await child.until(() => isStopped(child) || isEnough());
      }),
    );
    const stopped = ours.filter(isStopped);
    if (expects !== 'stop_or_go_on') expect(stopped).toHaveLength(expects === 'stop' ? 2 : 0);
    return stopped;
  }

  function judge(fault: FileFault, path: string, began: bigint, ended: bigint): void {
    const file = new Sqlite(path);
    expect(file.pragma('integrity_check', { simple: true })).toBe('ok');
    const stored = new Set(file.prepare<unknown[], string>('select key from item').pluck().all());
    file.close();
    const entries = ours.flatMap((child) => child.entries);
    const isLost = ({ kind, key }: Entry): boolean => kind === 'acknowledged' && !stored.has(key);
    const lost = entries.filter(isLost);
    const inTheFault = lost.filter(({ called, answered }) => called <= ended && answered >= began);
    if (fault.leaves === 'all') expect(lost).toStrictEqual(inTheFault);
    else expect(lost.filter(({ called }) => called > ended)).toStrictEqual([]);
    if (fault.needsQuiet) expect(inTheFault).toStrictEqual([]);
    expect(later.entries.filter(isLost)).toStrictEqual([]);
    expect(entries.filter(({ kind, key }) => kind === 'refused' && stored.has(key))).toStrictEqual([]);
    expect(new Set(entries.filter(({ kind }) => kind === 'refused').map(({ code }) => code))).toSatisfy(
      (codes: Set<string>) => [...codes].every((code) => code === 'file_changed'),
    );
    count([...entries, ...later.entries], stored, inTheFault.length);
  }

  function count(entries: readonly Entry[], stored: ReadonlySet<string>, lostInTheFault: number): void {
    for (const { kind, key } of entries) {
      figures[kind] += 1;
      if (kind === 'unknown' && stored.has(key)) figures.unknownButKept += 1;
    }
    figures.lostInTheFault += lostInTheFault;
  }
});

/** Copies the whole WAL into the file, while nobody writes. A checkpoint of the processes themselves may be under way. */
async function copyBack(path: string): Promise<void> {
  const file = new Sqlite(path, { timeout: 10_000 });
  await until(() => {
    const [state] = file.pragma('wal_checkpoint(passive)') as {
      busy: number;
      log: number;
      checkpointed: number;
    }[];
    return state?.busy === 0 && state.checkpointed === state.log;
  });
  file.close();
}

const READ = `import sqlite3, sys
c = sqlite3.connect(sys.argv[1], timeout=10)
c.execute("select count(*) from sqlite_schema").fetchone()
c.close()`;

/** Python's SQLite, where there is one, is older than ours: it deletes the WAL of processes that lost their locks, which newer ones notice. */
async function useOtherTool(path: string, round: number): Promise<void> {
  if (round % 2 === 0 && existsSync('/usr/bin/python3')) await run('/usr/bin/python3', ['-c', READ, path]);
  else await run(process.execPath, [fileURLToPath(new URL('processes/use-once.mjs', import.meta.url)), path]);
}
