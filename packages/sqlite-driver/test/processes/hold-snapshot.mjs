// Reads the file with a plain connection, says so, and keeps its snapshot (with "idle": the connection alone) until its input ends.
import Sqlite from 'better-sqlite3';

const [, , path, mode] = process.argv;
const database = new Sqlite(path, { timeout: 10_000 });
if (mode !== 'idle') database.prepare('begin').run();
database.prepare('select count(*) from sqlite_schema').get();
process.stdout.write('reading\n');
process.stdin.resume();
process.stdin.on('end', () => database.close());
