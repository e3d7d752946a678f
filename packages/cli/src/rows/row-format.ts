import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inexactNumber } from '@sluice/core';
import { CsvError, parse } from 'csv-parse';
import { CommandError } from '../command/command-error.js';
import { readLines, readText } from './read-text.js';

export type RowFormat = 'csv' | 'json' | 'ndjson';

/** A row of a file and its position: a line number, or an index in a JSON array. */
export interface FileRow {
  readonly position: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A JSON array is read into memory as a whole. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/** Returns the given format, or else the format of the file's extension. */
export function formatOf(path: string, said: string | undefined): RowFormat {
  const name = (said ?? extname(path).slice(1)).toLowerCase();
  if (name === 'csv' || name === 'json') return name;
  if (name === 'ndjson' || name === 'jsonl') return 'ndjson';
  throw new CommandError('Say the format: --format json, ndjson or csv.');
}

/** Reads the rows of a file. */
export function readRows(path: string, format: RowFormat): AsyncIterable<FileRow> {
  if (format === 'csv') return readCsv(path);
  return format === 'json' ? readJson(path) : readNdjson(path);
}

async function* readCsv(path: string): AsyncGenerator<FileRow> {
  const rows = parse({ columns: (names) => distinct(names, path), info: true });
  const fed = pipeline(Readable.from(textOf(path)), rows);
  // The loop throws the same error.
  fed.catch(() => {});
  try {
    for await (const { record, info } of rows as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield { position: info.lines, values: record };
    }
  } catch (error) {
    if (error instanceof CsvError) throw new CommandError(`${path} is no CSV: ${error.message}.`);
    throw error;
  }
}

async function* textOf(path: string): AsyncGenerator<string> {
  for await (const { text } of readLines(path)) yield text;
}

/** @throws CommandError when two columns have one name: the first one's values would be lost. */
function distinct(names: readonly string[], path: string): string[] {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return [...names];
  throw new CommandError(`Line 1 of ${path} names the column "${twice}" twice. Nothing was written.`);
}

async function* readNdjson(path: string): AsyncGenerator<FileRow> {
  for await (const { number, text } of readLines(path)) {
    if (text.trim() !== '')
      yield { position: number, values: toObject(parseJson(text, `line ${number}`), number) };
  }
}

async function* readJson(path: string): AsyncGenerator<FileRow> {
  if ((await stat(path)).size > MAX_JSON_BYTES) {
    throw new CommandError(`${path} is larger than 256 MB. Write it as NDJSON, one object on each line.`);
  }
  const rows = parseJson(await readText(path), path);
  if (!Array.isArray(rows)) throw new CommandError(`${path} holds no array of objects.`);
  for (const [index, row] of rows.entries()) yield { position: index + 1, values: toObject(row, index + 1) };
}

function parseJson(text: string, place: string): unknown {
  const value = parsed(text, place);
  const path = inexactNumber(text);
  if (path === undefined) return value;
  throw new CommandError(
    `${place} has a number at ${path} that JavaScript cannot hold exactly. Write it as a string.`,
  );
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${place} is no JSON: ${(error as Error).message}`);
  }
}

function toObject(row: unknown, position: number): Record<string, unknown> {
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  throw new CommandError(`Row ${position} is no object.`);
}
