import { styleText } from 'node:util';

/** Words in colour on a terminal; plain when standard output is none, or NO_COLOR is set (no-color.org). */
export function coloured(style: 'bold' | 'green' | 'red' | 'yellow', text: string): string {
  const isOff = (process.env.NO_COLOR ?? '') !== '' || process.stdout.isTTY !== true;
  return isOff ? text : styleText(style, text, { validateStream: false });
}
