import { describe, expect, it } from 'vitest';
import { EPOCH_SECONDS, parseDay, parseMoment } from './time-text.js';

describe('parseMoment', () => {
  it.each([
    ['2024-02-29 12:34:56', 'none', 0],
    ['2024-02-29T12:34:56Z', 'utc', 0],
    ['2024-02-29T12:34:56.789Z', 'utc', 789_000],
    ['2024-02-29 12:34', 'none', 0],
    ['1583-01-01 00:00:00', 'none', 0],
    ['0001-01-01T00:00:00', 'none', 0],
    ['9999-12-31 23:59:59.999999', 'none', 999_999],
    ['2024-02-29T12:34:56+00:00', 'utc', 0],
    ['2024-02-29T12:34:56-05:30', 'offset', 0],
  ])('reads %s as JavaScript does', (text, zone, micros) => {
    const moment = parseMoment(text);
    const iso = text.replace(' ', 'T').replace(/\.(\d{3})\d+/, '.$1');
    const ms = Date.parse(zone === 'none' ? `${iso}Z` : iso);
    expect(moment).toMatchObject({ zone, micros, seconds: Math.floor(ms / 1000) - EPOCH_SECONDS });
  });

  it.each([
    '2024-02-30 00:00:00',
    '2023-02-29 00:00:00',
    '2024-13-01 00:00:00',
    '0000-01-01 00:00:00',
    '2024-01-01 24:00:00',
    '2024-01-01 00:60:00',
    '2024-01-01 00:00:60',
    '2024-01-01x00:00:00',
    '2024-01-0a 00:00:00',
    '2024-01-01',
    '1700000000',
    '',
  ])('takes %s for no moment', (text) => {
    expect(parseMoment(text)).toBeUndefined();
  });
});

describe('parseDay', () => {
  it('counts days from 2000-01-01', () => {
    expect(parseDay('2000-01-01')).toBe(0);
    expect(parseDay('1999-12-31')).toBe(-1);
    expect(parseDay('2024-02-31')).toBeUndefined();
  });
});
