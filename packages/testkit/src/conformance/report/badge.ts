/** Average width of a character in Verdana at 11 pixels; exact enough for a badge of digits and lower-case letters. */
const CHARACTER_WIDTH = 6.6;
const PADDING = 10;

/** Draws a flat badge in the style of shields.io as SVG, without a server. */
export function drawBadge(label: string, message: string, isGood: boolean): string {
  const left = widthOf(label);
  const right = widthOf(message);
  const text = (content: string, middle: number): string =>
    `<text x="${middle}" y="14">${escapeXml(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${escapeXml(`${label}: ${message}`)}">`,
    `<rect width="${left}" height="20" fill="#555"/>`,
    `<rect x="${left}" width="${right}" height="20" fill="${isGood ? '#2c7a3f' : '#b3371e'}"/>`,
    '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,sans-serif" font-size="11">',
    text(label, left / 2),
    text(message, left + right / 2),
    '</g></svg>\n',
  ].join('');
}

function widthOf(content: string): number {
  return Math.round(content.length * CHARACTER_WIDTH + PADDING);
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
