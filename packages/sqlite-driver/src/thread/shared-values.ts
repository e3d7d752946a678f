/** The values that a message between threads may contain. */
export type SharedValue =
  | SharedValue[]
  | Uint8Array
  | bigint
  | boolean
  | number
  | string
  | null
  | undefined
  | { readonly [key: string]: SharedValue };

/** The tag byte of each value. */
const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const INTEGER = 4;
const DOUBLE = 5;
const BIGINT = 6;
const TEXT = 7;
const BYTES = 8;
const ARRAY = 9;
const OBJECT = 10;
/** A text by its number in the dictionary, and a text that both sides add to the dictionary. */
const KNOWN = 11;
const LEARNT = 12;

/** Most texts in the dictionary that both sides keep. */
const MAX_KNOWN = 2000;

/** Longer texts are not added to the dictionary. */
const MAX_KNOWN_LENGTH = 4000;

/** Properties whose texts repeat and are worth an entry in the dictionary. */
const REPEATED = new Set(['kind', 'layout', 'names', 'op', 'sql', 'types']);

const INT64_LIMIT = 2n ** 63n;

/** Thrown when a value does not fit; caught in {@link SharedWriter.write}. */
const NO_ROOM = new Error('The message does not fit into the shared memory.');

/**
 * Writes messages to memory that another thread reads, one at a time. Structured cloning can send any value, but takes several times as long for
 * the small messages of a single statement. Keys of objects and texts of statements are written once and then as a number from a dictionary.
 * Therefore each writer needs one reader of its own that reads every message.
 */
export class SharedWriter {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #known = new Map<string, number>();
  readonly #learnt: string[] = [];
  #at = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#bytes = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  /** Writes a message. False when it does not fit; the reader must then not read. */
  write(message: object): boolean {
    this.#at = 0;
    this.#learnt.length = 0;
    try {
      this.#value(message as SharedValue, false);
      return true;
    } catch (error) {
      if (error !== NO_ROOM) throw error;
      // The reader will not see these texts.
      for (const text of this.#learnt) this.#known.delete(text);
      return false;
    }
  }

  #value(value: SharedValue, isRepeated: boolean): void {
    switch (typeof value) {
      case 'string':
        if (isRepeated) this.#repeated(value);
        else this.#text(TEXT, value);
        break;
      case 'number':
        this.#number(value);
        break;
      case 'bigint':
        this.#bigint(value);
        break;
      case 'object':
        if (value === null) this.#tag(NULL);
        else this.#object(value, isRepeated);
        break;
      case 'boolean':
        this.#tag(value ? TRUE : FALSE);
        break;
      default:
        this.#tag(UNDEFINED);
    }
  }

  #object(value: Exclude<SharedValue & object, null>, isRepeated: boolean): void {
    if (Array.isArray(value)) {
      this.#count(ARRAY, value.length);
      for (let index = 0; index < value.length; index += 1) this.#value(value[index], isRepeated);
    } else if (value instanceof Uint8Array) {
      this.#count(BYTES, value.length);
      this.#reserve(value.length);
      this.#bytes.set(value, this.#at);
      this.#at += value.length;
    } else {
      const keys = Object.keys(value);
      this.#count(OBJECT, keys.length);
      for (const key of keys) {
        this.#repeated(key);
        this.#value(value[key], REPEATED.has(key));
      }
    }
  }

  #number(value: number): void {
    const isInteger = (value | 0) === value && !Object.is(value, -0);
    this.#reserve(9);
    this.#bytes[this.#at] = isInteger ? INTEGER : DOUBLE;
    if (isInteger) this.#view.setInt32(this.#at + 1, value, true);
    else this.#view.setFloat64(this.#at + 1, value, true);
    this.#at += isInteger ? 5 : 9;
  }

  #bigint(value: bigint): void {
    if (value < -INT64_LIMIT || value >= INT64_LIMIT) throw NO_ROOM;
    this.#reserve(9);
    this.#bytes[this.#at] = BIGINT;
    this.#view.setBigInt64(this.#at + 1, value, true);
    this.#at += 9;
  }

  #repeated(value: string): void {
    const index = this.#known.get(value);
    if (index !== undefined) {
      this.#count(KNOWN, index);
    } else if (this.#known.size < MAX_KNOWN && value.length < MAX_KNOWN_LENGTH) {
      this.#known.set(value, this.#known.size);
      this.#learnt.push(value);
      this.#text(LEARNT, value);
    } else {
      this.#text(TEXT, value);
    }
  }

  #text(tag: number, value: string): void {
    this.#reserve(5 + value.length * 3);
    const from = this.#at + 5;
    const length = this.#bytes.write(value, from, 'utf8');
    this.#count(tag, length);
    this.#at = from + length;
  }

  #count(tag: number, count: number): void {
    this.#reserve(5);
    this.#bytes[this.#at] = tag;
    this.#view.setUint32(this.#at + 1, count, true);
    this.#at += 5;
  }

  #tag(tag: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = tag;
    this.#at += 1;
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) throw NO_ROOM;
  }
}

/** Reads the messages of a {@link SharedWriter}. The values are copies, independent of the memory. */
export class SharedReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #known: string[] = [];
  #at = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#bytes = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  /** Reads the message. Call it exactly once for each message. */
  read(): object {
    this.#at = 0;
    // A writer accepts only objects.
    return this.#value() as object;
  }

  #value(): SharedValue {
    const tag = this.#bytes[this.#at];
    this.#at += 1;
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case INTEGER:
        this.#at += 4;
        return this.#view.getInt32(this.#at - 4, true);
      case DOUBLE:
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8, true);
      case BIGINT:
        this.#at += 8;
        return this.#view.getBigInt64(this.#at - 8, true);
      case BYTES:
        return new Uint8Array(this.#slice());
      case ARRAY:
        return this.#array(this.#count());
      case OBJECT:
        return this.#object(this.#count());
      default:
        return this.#textOf(tag);
    }
  }

  #textOf(tag: number | undefined): string {
    const size = this.#count();
    if (tag === KNOWN) return this.#known[size] ?? '';
    const text = this.#bytes.toString('utf8', this.#at, this.#at + size);
    this.#at += size;
    if (tag === LEARNT) this.#known.push(text);
    return text;
  }

  #array(length: number): SharedValue[] {
    const values: SharedValue[] = [];
    for (let index = 0; index < length; index += 1) values.push(this.#value());
    return values;
  }

  #object(size: number): { readonly [key: string]: SharedValue } {
    const object: Record<string, SharedValue> = {};
    for (let index = 0; index < size; index += 1) {
      // A writer writes a text before each value.
      const key = this.#value() as string;
      object[key] = this.#value();
    }
    return object;
  }

  #slice(): Buffer {
    const length = this.#count();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #count(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }
}
