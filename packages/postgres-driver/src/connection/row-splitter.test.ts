import { describe, expect, it } from 'vitest';
import { readInteger } from '../values/data-row.js';
import { RowSplitter } from './row-splitter.js';

function message(letter: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(letter, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function row(...values: (string | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(values.length);
  const parts = values.map((value) => {
    const bytes = Buffer.from(value ?? '');
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return message('D', Buffer.concat([count, ...parts]));
}

const OTHER = message('C', Buffer.from('SELECT 2\0'));
const READY = message('Z', Buffer.from('I'));

/** What comes out, in order, when `bytes` come in pieces of `size`. */
function split(bytes: Buffer, size: number): unknown[] {
  const out: unknown[] = [];
  const splitter = new RowSplitter(
    ({ fields }) => out.push(fields),
    (others) => out.push(others.toString('latin1')),
  );
  for (let at = 0; at < bytes.length; at += size) splitter.take(bytes.subarray(at, at + size));
  return out;
}

describe('RowSplitter', () => {
  const sent = Buffer.concat([OTHER, row('1', null, ''), row('ü€😀', 'x'.repeat(300), null), OTHER, READY]);
  const rows = [
    ['1', null, ''],
    ['ü€😀', 'x'.repeat(300), null],
  ];

  it('takes rows out and leaves the others in their order', () => {
    const others = Buffer.concat([OTHER, READY]).toString('latin1');
    expect(split(sent, sent.length)).toEqual([OTHER.toString('latin1'), ...rows, others]);
  });

  it('does so wherever the bytes are cut', () => {
    for (let size = 1; size < sent.length; size += 1) {
      const out = split(sent, size);
      expect(out.filter((each) => typeof each !== 'string')).toEqual(rows);
      expect(out.filter((each) => typeof each === 'string').join('')).toBe(
        Buffer.concat([OTHER, OTHER, READY]).toString('latin1'),
      );
    }
  });
});

describe('readInteger', () => {
  it.each(['0', '7', '-1', '2147483647', '-2147483648', '4294967295'])('reads %s', (text) => {
    expect(readInteger(Buffer.from(`x${text}y`), 1, 1 + text.length)).toBe(Number(text));
  });
});
