// Another tool: opens the file, reads it and closes it.
import Sqlite from 'better-sqlite3';

const database = new Sqlite(process.argv[2], { timeout: 10_000 });
database.prepare('select count(*) from sqlite_schema').get();
database.close();
