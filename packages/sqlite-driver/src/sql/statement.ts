/** The kind of a statement, by its first word. */
export type StatementKind =
  /** May be a read; only SQLite can decide (`sqlite3_stmt_readonly`). */
  | 'query'
  | 'write'
  /** Changes the schema, so prepared statements may be stale afterwards. */
  | 'schema'
  | 'pragma'
  /** Refused by SQLite inside a transaction. */
  | 'solo'
  | 'savepoint'
  /** BEGIN, COMMIT, ROLLBACK. */
  | 'transaction'
  /** ATTACH, DETACH: they change the connection. */
  | 'connection';

const KINDS: Readonly<Record<string, StatementKind>> = {
  alter: 'schema',
  analyze: 'schema',
  attach: 'connection',
  begin: 'transaction',
  commit: 'transaction',
  create: 'schema',
  detach: 'connection',
  drop: 'schema',
  end: 'transaction',
  explain: 'query',
  pragma: 'pragma',
  reindex: 'schema',
  release: 'savepoint',
  rollback: 'transaction',
  savepoint: 'savepoint',
  select: 'query',
  vacuum: 'solo',
  values: 'query',
  with: 'query',
};

/** White space and comments, as SQLite skips them (sqlite.org/lang_comment.html). */
const SKIPPED = /(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*/y;
const ROLLBACK_TO = /^rollback(?:\s+transaction)?\s+to\b/i;

/** Cache of kinds by text: an application repeats a few hundred statements. Long texts are not worth the memory: their first word is found as fast. */
const known = new Map<string, StatementKind>();
const MOST_KNOWN = 1000;
const LONGEST_KNOWN = 4000;

/** The kind of `sql`, by its first word. An unknown word counts as `write`, which is safe for every statement. */
export function statementKind(sql: string): StatementKind {
  let kind = known.get(sql);
  if (kind !== undefined) return kind;
  kind = findKind(sql);
  if (sql.length > LONGEST_KNOWN) return kind;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(sql, kind);
  return kind;
}

function findKind(sql: string): StatementKind {
  const text = withoutLeadingComments(sql);
  if (ROLLBACK_TO.test(text)) return 'savepoint';
  const word = /^[a-z]+/i.exec(text)?.[0].toLowerCase() ?? '';
  return KINDS[word] ?? 'write';
}

/** What a statement does to rows, by its first words. REPLACE and ON CONFLICT count as `update`, since they may also delete or change rows. */
export function statementVerb(sql: string): 'delete' | 'insert' | 'update' {
  const text = withoutLeadingComments(sql);
  if (/^delete\b/i.test(text)) return 'delete';
  return /^insert\s+into\b/i.test(text) && !/\bon\s+conflict\b/i.test(text) ? 'insert' : 'update';
}

/** The table that a statement inserts into, updates or deletes from, by its first words; `undefined` when they do not name one. */
export function targetTable(sql: string): string | undefined {
  const match = TARGET.exec(withoutLeadingComments(sql));
  const name = match?.[1] ?? match?.[2];
  return name?.replaceAll('""', '"');
}

const TARGET =
  /^(?:insert(?:\s+or\s+\w+)?\s+into|replace\s+into|update(?:\s+or\s+\w+)?|delete\s+from)\s+(?:"((?:[^"]|"")+)"|([a-z_]\w*))/i;

/** The statement without the white space, semicolons and comments before its first word. */
export function withoutLeadingComments(sql: string): string {
  SKIPPED.lastIndex = 0;
  return sql.slice(SKIPPED.exec(sql)?.[0].length ?? 0);
}
