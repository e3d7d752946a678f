import { userInfo } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parsePostgresUrl } from './url.js';

afterEach(() => vi.unstubAllEnvs());

describe('parsePostgresUrl', () => {
  it('takes the user of the URL, of the environment, or of the operating system', () => {
    vi.stubEnv('PGUSER', 'other');
    vi.stubEnv('USER', '');
    expect(parsePostgresUrl('postgres://app@localhost/app').user).toBe('app');
    expect(parsePostgresUrl('postgres:///app?host=/run&user=app').user).toBe('app');
    expect(parsePostgresUrl('postgres:///app?host=/run').user).toBe('other');
    vi.stubEnv('PGUSER', '');
    expect(parsePostgresUrl('postgres:///app?host=/run').user).toBe(userInfo().username);
  });
});
