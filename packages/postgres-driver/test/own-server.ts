import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgresServer } from '@sluice/testkit/postgres-server';
import { afterAll } from 'vitest';

const cleanUps: (() => Promise<void> | void)[] = [];

afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts a server for this test file alone, from where the run's own server came, so that its settings may be changed. */
export async function startOwnServer(): Promise<PostgresServer> {
  const server = await startPostgresServer();
  cleanUps.push(() => server.stop());
  return server;
}

/** Certificates for a test. */
export interface Certificates {
  /** Files with the authority's certificate: the one that signed the server's, and another one. */
  readonly authority: string;
  readonly stranger: string;
  /** The server's certificate and key, as PEM, for the names it is made for. */
  serverFor(name: string): { readonly certificate: string; readonly key: string };
}

/** Makes certificates with openssl in a folder that is removed after the test file. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  for (const name of ['authority', 'stranger']) {
    openssl(
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name} -keyout ${path(name)}.key -out ${path(name)}.pem`,
    );
  }
  return {
    authority: path('authority.pem'),
    stranger: path('stranger.pem'),
    serverFor: (name) => {
      writeFileSync(path('names'), `subjectAltName=${name}`);
      openssl(`req -newkey rsa:2048 -nodes -subj /CN=server -keyout ${path('s.key')} -out ${path('s.csr')}`);
      openssl(
        `x509 -req -in ${path('s.csr')} -CA ${path('authority.pem')} -CAkey ${path('authority.key')} -CAcreateserial -days 2 -extfile ${path('names')} -out ${path('s.pem')}`,
      );
      return { certificate: readFileSync(path('s.pem'), 'utf8'), key: readFileSync(path('s.key'), 'utf8') };
    },
  };
}

function openssl(call: string): void {
  const { status, stderr, error } = spawnSync('openssl', call.split(' '), { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`openssl is needed for this test and failed: ${error?.message ?? stderr}`);
}
