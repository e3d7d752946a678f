import { fitDecimal, parseDecimal, TupleWriter, writeNumeric } from '@sluice/postgres-driver/copy';
import { describe, expect, it } from 'vitest';
import { writeShortDecimal } from './short-decimal.js';

describe('writeShortDecimal', () => {
  it('writes what the text of the number is written as, or nothing', () => {
    const short = new TupleWriter();
    const long = new TupleWriter();
    const hex = ({ buffer, position }: TupleWriter): string => buffer.toString('hex', 0, position);
    const different: unknown[] = [];
    let written = 0;
    for (const value of numbers()) {
      for (const [precision, scale] of [
        [12, 2],
        [6, 4],
        [15, 0],
        [38, 3],
        [2, 2],
      ] as const) {
        short.position = 0;
        long.position = 0;
        const digits = parseDecimal(String(value));
        const fitting = digits && fitDecimal(digits, precision, scale);
        if (fitting !== undefined) writeNumeric(long, fitting);
        const isWritten = writeShortDecimal(short, value, precision, scale);
        if (isWritten) written += 1;
        if (hex(short) !== (isWritten ? hex(long) : '')) different.push([value, precision, scale]);
      }
    }
    expect(different).toEqual([]);
    expect(written).toBeGreaterThan(10_000);
  });
});

function* numbers(): Generator<number> {
  yield* [
    0, -0, 1, -1, 0.1, 0.01, -0.01, 0.001, 1.005, 9999, 10_000, 10_000.01, 99_999_999.99, 1e14, 1e15, 1e21,
  ];
  yield* [0.1 + 0.2, 2 ** 53, 123_456_789.125, 4.35, 1.15, 5e-324, 1_000_000, 120_000_000, 0.0001, 0.00011];
  for (let index = 0; index < 5_000; index += 1) {
    const magnitude = 10 ** (index % 14);
    yield Math.round(Math.random() * magnitude) / 10 ** (index % 5);
    yield -Math.random() * magnitude;
    yield Math.round(Math.random() * magnitude) * 10_000;
  }
}
