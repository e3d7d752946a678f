import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedReader, type SharedValue, SharedWriter } from './shared-values.js';

function pair(bytes: number): { writer: SharedWriter; reader: SharedReader } {
  const memory = new SharedArrayBuffer(bytes);
  return { writer: new SharedWriter(memory), reader: new SharedReader(memory) };
}

const value = fc.letrec<{ value: SharedValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<SharedValue>(
      undefined,
      null,
      true,
      false,
      0,
      -0,
      Number.NaN,
      Infinity,
      2 ** 31,
      -(2 ** 31),
    ),
    fc.double(),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom('sql', 'kind', 'names'), fc.string()).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).value;

test('messages arrive as they were sent, one after the other', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ sql: value, parameters: value }, { noNullPrototype: true }), { maxLength: 10 }),
      (messages) => {
        const { writer, reader } = pair(1 << 20);
        for (const message of messages) {
          expect(writer.write(message)).toBe(true);
          expect(reader.read()).toStrictEqual(message);
        }
      },
    ),
  );
});

test('a message that does not fit is refused, and leaves nothing behind that the next one relies on', () => {
  const { writer, reader } = pair(200);
  expect(writer.write({ sql: 'select 1', parameters: ['x'.repeat(300)] })).toBe(false);
  expect(writer.write({ sql: 'select 1', parameters: [1] })).toBe(true);
  expect(reader.read()).toStrictEqual({ sql: 'select 1', parameters: [1] });
});

test('whatever fits, both sides know the same texts', () => {
  const text = fc.string({ maxLength: 40 });
  const message = fc.record(
    { sql: text, names: fc.array(text, { maxLength: 4 }), body: fc.string({ maxLength: 60 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), (messages) => {
      const { writer, reader } = pair(250);
      for (const sent of messages) if (writer.write(sent)) expect(reader.read()).toStrictEqual(sent);
    }),
  );
});

test('more texts than are remembered are sent all the same', () => {
  const { writer, reader } = pair(1000);
  for (let index = 0; index < 5000; index += 1) {
    const message = { sql: `select ${index % 3000}` };
    expect(writer.write(message)).toBe(true);
    expect(reader.read()).toStrictEqual(message);
  }
});

test('a bigint beyond 64 bits is left to the other way', () => {
  expect(pair(100).writer.write({ parameters: [2n ** 63n] })).toBe(false);
});

test('a text that is no Unicode is sent as SQLite would store it', () => {
  const { writer, reader } = pair(100);
  expect(writer.write({ parameters: ['\ud800'] })).toBe(true);
  expect(reader.read()).toStrictEqual({ parameters: ['\ufffd'] });
});
