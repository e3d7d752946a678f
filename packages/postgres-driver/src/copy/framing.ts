/** Begins COPY's binary format: its signature, no flags, no extension (postgresql.org/docs/current/sql-copy.html). */
export const COPY_HEADER: Buffer = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

/** Ends it: a tuple of −1 fields. */
export const COPY_TRAILER: Buffer = Buffer.from([0xff, 0xff]);
