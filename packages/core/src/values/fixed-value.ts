/**
 * A copy of `value` that does not change when the caller changes what it gave: bytes, Dates, arrays and plain objects are copied, to any depth. Anything
 * else is returned as it is: values that cannot change, functions, and instances of other classes, such as Kysely's expressions.
 */
export function fixedValue<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (!isContainer(value)) return emptyCopy(value) as T;
  const copies = new Map<object, object>();
  const open: Members[] = [];
  const copied = (member: unknown): unknown => {
    if (typeof member !== 'object' || member === null) return member;
    const known = copies.get(member);
    if (known !== undefined) return known;
    const copy = emptyCopy(member);
    copies.set(member, copy);
    if (copy !== member && isContainer(member)) open.push({ of: member, copy });
    return copy;
  };
  const result = copied(value);
  // A loop and no recursion: what comes from a request may be nested deeper than the stack.
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [key, member] of Object.entries(next.of)) define(next.copy, key, copied(member));
  }
  return result as T;
}

/** As {@link fixedValue}, for one of many rows: fast where its values cannot change. */
export function fixedRow<T>(row: T): T {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return row;
  const copy = { ...row };
  for (const key in copy) {
    const value = copy[key];
    if (typeof value === 'object' && value !== null) define(copy, key, fixedValue(value));
  }
  return copy;
}

/** A container whose members are still to be copied. */
interface Members {
  readonly of: object;
  readonly copy: object;
}

/** The bytes of a value, with memory of its own and the class of the given ones. */
export function copyOfBytes(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  return Buffer.isBuffer(bytes) ? Buffer.from(copy.buffer) : copy;
}

/** The copy, of a container without its members; `value` itself when it is not copied. */
function emptyCopy(value: object): object {
  if (value instanceof Uint8Array) return copyOfBytes(value);
  if (value instanceof Date) return new Date(value);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return structuredClone(value);
  if (!isContainer(value)) return value;
  return Array.isArray(value) ? new Array(value.length) : Object.create(Object.getPrototypeOf(value));
}

function isContainer(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Sets an own property, also when its name is `__proto__`. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}
