import type { GroupMember, PackedMembers, PackedStatements, ThreadStatement } from './thread-protocol.js';

/** Packs statements for sending them to a thread. */
export function packStatements(statements: readonly ThreadStatement[]): PackedStatements {
  const indexes = new Map<string, number>();
  const texts: PackedStatements['texts'][number][] = [];
  const which = statements.map(({ sql, isShort = false, isCounted = false, schemaVersion }) => {
    let index = indexes.get(sql);
    if (index === undefined || texts[index]?.schemaVersion !== schemaVersion) {
      index = texts.push({ sql, isShort, isCounted, schemaVersion }) - 1;
      indexes.set(sql, index);
    }
    return index;
  });
  return { texts, which, parameters: statements.map(({ parameters }) => parameters) };
}

/** Reverses {@link packStatements}. */
export function unpackStatements({ texts, which, parameters }: PackedStatements): ThreadStatement[] {
  return which.map((text, index) => ({ sql: '', ...texts[text], parameters: parameters[index] ?? [] }));
}

/** Packs the members of a group. */
export function packMembers(members: readonly GroupMember[]): PackedMembers {
  const statements = packStatements(members.flat() as ThreadStatement[]);
  if (!members.some(isBatch)) return { statements };
  return { statements, sizes: members.map((member) => (isBatch(member) ? member.length : undefined)) };
}

/** Reverses {@link packMembers}. */
export function unpackMembers({ statements, sizes }: PackedMembers): GroupMember[] {
  const unpacked = unpackStatements(statements);
  if (sizes === undefined) return unpacked;
  let at = 0;
  return sizes.map((size) => {
    const from = at;
    at += size ?? 1;
    return size === undefined ? (unpacked[from] as ThreadStatement) : unpacked.slice(from, at);
  });
}

/** Whether a member is several statements that succeed or fail together. */
export function isBatch(member: GroupMember): member is readonly ThreadStatement[] {
  return Array.isArray(member);
}
