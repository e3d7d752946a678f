import { statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';

/**
 * Creates a SQLite file with `accounts` accounts, and ten events and four tags for each: `accounts` × 15 rows. The file is the same every
 * time.
 */
export function generate(path, accounts) {
  const database = new Sqlite(path);
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = off');
  database.exec(`
    create table account (id integer primary key autoincrement, email varchar(80) not null unique, name text, active boolean not null default 1,
      balance decimal(12, 2), created_at datetime not null);
    create table event (id integer primary key, account_id integer not null references account (id), kind varchar(20) not null, payload text,
      score real, at timestamp not null, size bigint);
    create table tag (event_id integer not null references event (id), name text not null, weight integer, primary key (event_id, name)) without rowid;
    create index event_account on event (account_id);
    create index event_at on event (at)`);
  database.transaction(() => fill(database, accounts, randomNumbers(1)))();
  database.pragma('wal_checkpoint(truncate)');
  database.close();
  return { rows: accounts * 15, bytes: statSync(path).size };
}

function fill(database, accounts, random) {
  const account = database.prepare('insert into account values (?, ?, ?, ?, ?, ?)');
  const event = database.prepare('insert into event values (?, ?, ?, ?, ?, ?, ?)');
  const tag = database.prepare('insert into tag values (?, ?, ?)');
  for (let id = 1; id <= accounts; id += 1) {
    account.run(
      id,
      `user${id}@example.org`,
      `Näme ${id % 977} of ${id}`,
      id % 3 ? 1 : 0,
      Math.floor(random() * 1e7) / 100,
      time(id),
    );
  }
  for (let id = 1; id <= accounts * 10; id += 1) {
    const payload = `{"path":"/media/${id}/file-${Math.floor(random() * 1e9)}.jpg","w":${id % 4000},"agent":"Mozilla/5.0 (X11; Linux x86_64)"}`;
    const kind = ['login', 'logout', 'upload', 'view'][id % 4];
    event.run(
      id,
      1 + Math.floor(random() * accounts),
      kind,
      id % 5 ? payload : null,
      random() * 100,
      time(id),
      BigInt(Math.floor(random() * 1e12)),
    );
  }
  for (let id = 1; id <= accounts * 4; id += 1)
    tag.run(1 + Math.floor(id / 2), `tag-${id % 2}-${id % 50}`, id % 100);
}

function time(seconds) {
  return new Date(1.6e12 + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** A linear congruential generator (Numerical Recipes). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}
