/** The header of COPY's binary format: signature, no flags, no extension (postgresql.org/docs/current/sql-copy.html). */
export const COPY_HEADER: Buffer = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

/** The trailer of the format: a tuple with a field count of −1. */
export const COPY_TRAILER: Buffer = Buffer.from([0xff, 0xff]);
