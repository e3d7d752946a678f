import { styleText } from 'node:util';

/** Colours text if standard output is a terminal and NO_COLOR is not set (no-color.org). */
export function coloured(style: 'bold' | 'green' | 'red' | 'yellow', text: string): string {
  const isOff = (process.env.NO_COLOR ?? '') !== '' || process.stdout.isTTY !== true;
  return isOff ? text : styleText(style, text, { validateStream: false });
}
