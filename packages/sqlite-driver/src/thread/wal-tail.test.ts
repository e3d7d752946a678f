import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WalTail } from './wal-tail.js';

let folder: string;
let tail: WalTail;
let wal: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-wal-tail-'));
  wal = join(folder, 'a.db-wal');
  tail = new WalTail(join(folder, 'a.db'));
});

afterEach(() => {
  tail.close();
  rmSync(folder, { recursive: true });
});

test('a WAL that grows, or is written over, is not shorter', () => {
  writeFileSync(wal, Buffer.alloc(100));
  expect(tail.isShorter()).toBe(false);
  appendFileSync(wal, Buffer.alloc(1));
  expect(tail.isShorter()).toBe(false);
  writeFileSync(wal, Buffer.alloc(101, 1));
  expect(tail.isShorter()).toBe(false);
});

test('a byte less is noticed, however the WAL had grown', () => {
  writeFileSync(wal, Buffer.alloc(1));
  for (const grown of [1, 4_096, 65_536, 65_537, 1_000_000]) {
    appendFileSync(wal, Buffer.alloc(grown));
    for (let looks = 0; looks < 20; looks += 1) expect(tail.isShorter()).toBe(false);
    truncateSync(wal, statSync(wal).size - 1);
    expect(tail.isShorter(), `after it had grown by ${grown}`).toBe(true);
    tail.startAt(statSync(wal).size);
    expect(tail.isShorter()).toBe(false);
  }
});

test('an empty WAL, and one that is not there, are not shorter than nothing', () => {
  expect(tail.isShorter()).toBe(false);
  writeFileSync(wal, '');
  expect(tail.isShorter()).toBe(false);
  appendFileSync(wal, 'x');
  expect(tail.isShorter()).toBe(false);
  truncateSync(wal, 0);
  expect(tail.isShorter()).toBe(true);
});

test.runIf(process.platform === 'linux')('a look leaves the time of access as it was', () => {
  writeFileSync(wal, Buffer.alloc(100));
  utimesSync(wal, 1, 2);
  expect(tail.isShorter()).toBe(false);
  expect(statSync(wal).atimeMs).toBe(1000);
});
