import { existsSync } from 'node:fs';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { describe, expect, it } from 'vitest';
import { runSluice } from './transfer/run-sluice.js';

describe('foreign keys of PostgreSQL that point nowhere', () => {
  it('end the way back with status 1 and nothing written, and go over as a policy says, which the report tells', async () => {
    const url = await temporaryPostgresUrl();
    await queryValues(
      url,
      `create table p (id integer primary key); create table c (id integer primary key, p integer);
       insert into c values (1, null), (2, 9); alter table c add constraint c_p foreign key (p) references p not valid`,
    );
    const back = await temporarySqlitePath();
    const command = ['transfer', 'env:TARGET_URL', `sqlite:${back}`];
    const refused = await runSluice(command, url);
    expect(refused).toMatchObject({
      code: 1,
      out: expect.stringMatching(/problem {2}orphan {2}c\.p\n.*\n {4}rows: id = 2\n/),
    });
    expect(refused.out).toContain('nothing was written');
    expect(existsSync(`${back}.partial`)).toBe(false);
    const kept = await runSluice([...command, '--on', 'orphan=convert:not-valid'], url);
    expect(kept).toMatchObject({
      code: 0,
      out: expect.stringContaining('settled (convert:not-valid)  orphan  c.p'),
    });
    expect(kept.out).toContain('PRAGMA foreign_key_check');
    const left = await runSluice([...command, '--on', 'orphan=quarantine', '--replace'], url);
    expect(left).toMatchObject({ code: 0, out: expect.stringContaining('1 in quarantine') });
  });
});
