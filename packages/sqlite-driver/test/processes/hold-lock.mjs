// Takes the write lock of the file with a plain connection, says so, and keeps it until its input ends.
import Sqlite from 'better-sqlite3';

const database = new Sqlite(process.argv[2], { timeout: 10_000 });
database.prepare('begin immediate').run();
process.stdout.write('locked\n');
process.stdin.resume();
process.stdin.on('end', () => {
  database.prepare('commit').run();
  database.close();
});
