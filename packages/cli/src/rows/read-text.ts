import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { CommandError } from '../command/command-error.js';

/** The longest line that is read, in bytes. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** One line of a file. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  /** With the end of the line, as it is in the file. */
  readonly text: string;
}

/**
 * Reads the lines of a file in UTF-8, without its byte order mark.
 *
 * @throws CommandError that names the line which is no UTF-8, or longer than 64 MB.
 */
export async function* readLines(path: string): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 1;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const take = (end: Uint8Array): TextLine => {
    const bytes = pending.length === 0 ? end : Buffer.concat([...pending, end]);
    [pending, pendingBytes] = [[], 0];
    const line = { number, text: decode(decoder, bytes, path, number) };
    number += 1;
    return line;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      yield take(chunk.subarray(from, at + 1));
      from = at + 1;
    }
    pending.push(chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > MAX_LINE_BYTES)
      throw new CommandError(`Line ${number} of ${path} is longer than 64 MB. Nothing was written.`);
  }
  if (pendingBytes > 0) yield take(new Uint8Array());
}

/** The whole text of a file. @throws CommandError as {@link readLines}. */
export async function readText(path: string): Promise<string> {
  let text = '';
  for await (const line of readLines(path)) text += line.text;
  return text;
}

function decode(decoder: TextDecoder, bytes: Uint8Array, path: string, line: number): string {
  try {
    const text = decoder.decode(bytes);
    return line === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
  } catch {
    throw new CommandError(`Line ${line} of ${path} is not UTF-8. Convert the file. Nothing was written.`);
  }
}
