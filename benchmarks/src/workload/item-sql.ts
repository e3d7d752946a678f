import { SCAN_PATTERNS } from './item.ts';

/** The statements for contenders that take SQL, in SQLite's syntax. {@link numbered} converts them for PostgreSQL. */
export const CREATE_ITEM = `create table item (
  id integer primary key, owner integer not null, title text not null, body text not null,
  size integer not null, score double precision not null
)`;
export const INSERT = 'insert into item (id, owner, title, body, size, score) values (?, ?, ?, ?, ?, ?)';
export const GET = 'select * from item where id = ?';
export const LIST = 'select * from item where id >= ? order by id limit ?';
export const UPDATE = 'update item set size = ? where id = ?';
export const INCREMENT = 'update item set size = size + 1 where id = ?';
export const SCAN = `select count(*) as rows_found from item where ${SCAN_PATTERNS.map(() => 'body like ?').join(' or ')}`;

/** Replaces `?, ?` by `$1, $2`. */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}
