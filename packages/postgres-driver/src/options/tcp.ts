import { ConfigurationError } from '@sluice/core';

/** How both sides of a TCP connection notice that the other one is gone. */
export interface TcpOptions {
  /** After how many milliseconds without traffic this side sends keep-alive probes; `undefined` for none. Node then sends one a second, up to ten. */
  readonly keepAliveIdleMs: number | undefined;
  /** The settings of the server's side, by the names of its parameters. */
  readonly serverSettings: Readonly<Record<string, number>>;
}

/** libpq's names, in its units, with the server's names for the same, and our defaults: seconds, seconds, a number, milliseconds. */
const PARAMETERS = {
  keepalives_idle: { setting: 'tcp_keepalives_idle', value: 30 },
  keepalives_interval: { setting: 'tcp_keepalives_interval', value: 10 },
  keepalives_count: { setting: 'tcp_keepalives_count', value: 3 },
  tcp_user_timeout: { setting: 'tcp_user_timeout', value: 60_000 },
} as const;

/** The URL parameters of {@link readTcp}. */
export const TCP_PARAMETERS: readonly string[] = ['keepalives', ...Object.keys(PARAMETERS)];

/**
 * Reads libpq's keep-alive parameters. Node supports neither the interval, the number of probes nor TCP_USER_TIMEOUT, so these are set on the server's side
 * only. On this side the deadline of each call ends the wait for a server that is gone.
 *
 * @throws ConfigurationError.
 */
export function readTcp(parameters: ReadonlyMap<string, string>): TcpOptions {
  const isOn = readSwitch(parameters.get('keepalives'));
  const settings = Object.entries(PARAMETERS).map(([name, { setting, value }]) => {
    const given = parameters.get(name);
    return [setting, given === undefined ? value : readNumber(name, given)] as const;
  });
  const serverSettings = Object.fromEntries(
    settings.filter(([setting]) => isOn || setting === 'tcp_user_timeout'),
  );
  const idleSeconds = serverSettings.tcp_keepalives_idle;
  // 0 stands for the default of the operating system, here as in libpq.
  return { keepAliveIdleMs: isOn ? (idleSeconds ?? 0) * 1000 : undefined, serverSettings };
}

function readSwitch(text = '1'): boolean {
  if (text === '0' || text === '1') return text === '1';
  throw invalid('The URL parameter "keepalives" must be 0 or 1.');
}

function readNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid(`The URL parameter "${name}" must be a whole number.`);
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
