// Opens the file with a plain connection in a mode of its own and says so. "locked": holds a lock in rollback-journal mode. "half":
// has written half a transaction to the file. "exclusive": has the file for itself in WAL mode. Ends when its input does.
import Sqlite from 'better-sqlite3';

const [, , path, mode] = process.argv;
const database = new Sqlite(path, { timeout: 10_000 });
if (mode === 'exclusive') {
  database.pragma('locking_mode = exclusive');
  database.pragma('journal_mode = wal');
}
if (mode === 'half') database.pragma('cache_size = 5');
database.prepare(mode === 'exclusive' ? 'begin exclusive' : 'begin immediate').run();
database.prepare(`update item set data = hex(randomblob(500))`).run();
if (mode === 'exclusive') database.prepare('commit').run();
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => database.close());
