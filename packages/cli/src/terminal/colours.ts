import { styleText } from 'node:util';

/** Colours a text on a terminal. The text stays plain if standard output is not a terminal, or if NO_COLOR is set (no-color.org). */
export function coloured(style: 'bold' | 'green' | 'red' | 'yellow', text: string): string {
  const isOff = (process.env.NO_COLOR ?? '') !== '' || process.stdout.isTTY !== true;
  return isOff ? text : styleText(style, text, { validateStream: false });
}
