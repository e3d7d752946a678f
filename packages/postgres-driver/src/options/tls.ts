import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { ConfigurationError } from '@sluice/core';

/** Whether the login is bound to the TLS connection (SCRAM-SHA-256-PLUS), so that nobody in between can use it. */
export type ChannelBinding = 'disable' | 'prefer' | 'require';

/** The URL parameters of this file. */
export const TLS_PARAMETERS: readonly string[] = [
  'channel_binding',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslpassword',
  'sslrootcert',
];

/** Of these, those that have a meaning only with TLS. */
const NEED_TLS = ['sslrootcert', 'sslcert', 'sslkey', 'sslpassword'];

/**
 * Reads `sslmode`, else PGSSLMODE, and the files that belong to it. Verifies the certificate wherever TLS is requested, also for `require`. Only `no-verify`
 * turns the verification off.
 *
 * @throws ConfigurationError.
 */
export function readTls(parameters: ReadonlyMap<string, string>): boolean | ConnectionOptions | undefined {
  const mode = parameters.get('sslmode') ?? process.env.PGSSLMODE;
  switch (mode) {
    case undefined:
    case 'disable':
      for (const name of NEED_TLS)
        if (parameters.has(name))
          throw invalid(`The URL has "${name}" without TLS. Add "sslmode=verify-full".`);
      return mode === undefined ? undefined : false;
    case 'require':
    case 'verify-full':
      return { ...readFiles(parameters), rejectUnauthorized: true };
    case 'verify-ca':
      return { ...readFiles(parameters), rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'no-verify':
      return { ...readFiles(parameters), rejectUnauthorized: false };
    default:
      throw invalid(
        `sslmode "${mode}" is not supported: it may go on without TLS unnoticed. Use disable, verify-full, verify-ca, require (the same as verify-full) or no-verify.`,
      );
  }
}

/** @throws ConfigurationError, also for `require` without TLS, which could never be honoured. */
export function readChannelBinding(parameters: ReadonlyMap<string, string>, hasTls: boolean): ChannelBinding {
  const text = parameters.get('channel_binding') ?? process.env.PGCHANNELBINDING ?? 'disable';
  if (text === 'disable' || text === 'prefer') return text;
  if (text !== 'require') throw invalid('channel_binding must be disable, prefer or require.');
  if (hasTls) return text;
  throw invalid('channel_binding=require needs TLS. Add "sslmode=verify-full".');
}

function readFiles(parameters: ReadonlyMap<string, string>): ConnectionOptions {
  const rootFile = parameters.get('sslrootcert');
  const [certFile, keyFile] = [parameters.get('sslcert'), parameters.get('sslkey')];
  if ((certFile === undefined) !== (keyFile === undefined))
    throw invalid('"sslcert" and "sslkey" belong together: the URL has only one of them.');
  const passphrase = parameters.get('sslpassword');
  return {
    ...(rootFile !== undefined && rootFile !== 'system' && { ca: readPem('sslrootcert', rootFile) }),
    ...(certFile !== undefined && { cert: readPem('sslcert', certFile) }),
    ...(keyFile !== undefined && { key: readPem('sslkey', keyFile) }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

function readPem(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      'invalid_configuration',
      `The file named by "${parameter}" cannot be read.`,
      { cause },
    );
  }
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
