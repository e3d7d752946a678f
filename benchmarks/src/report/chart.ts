import { type BenchmarkResults, type ScenarioResults, summarize } from './summary.ts';
import { figure } from './table.ts';

const WIDTH = 860;
const LABEL_WIDTH = 330;
const ROW = 22;
const GAP = 14;
const TOP = 56;
/** The logarithmic scale shows ratios from 1/100 to 100. */
const DECADES = 2;

/** Draws one line for each scenario: the ratios of Sluice and of all other contenders to the reference, on a logarithmic scale. */
export function chartOf({ engine, date, scenarios }: BenchmarkResults): string {
  const rows = scenarios.filter(({ isLowerBetter }) => !isLowerBetter);
  const height = TOP + rows.length * ROW + GAP + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="20" font-size="15" font-weight="600" fill="#1b2733">${NAMES[engine]}: throughput as a ratio to the reference, ${date.slice(0, 10)}</text>`,
    legend(),
    ...gridLines(height),
    ...rows.map((scenario, index) => line(scenario, TOP + index * ROW)),
    '</svg>\n',
  ].join('\n');
}

const NAMES = { postgres: 'PostgreSQL', sqlite: 'SQLite' } as const;

function legend(): string {
  const entries = [
    { colour: '#c8452f', x: 0, text: 'Sluice' },
    { colour: '#8b98a5', x: 70, text: 'others (point at one for its name)' },
    { colour: '#1b2733', x: 290, text: 'what the project asks of Sluice' },
  ];
  return entries
    .map(({ colour, x, text }) => {
      const at = LABEL_WIDTH + x;
      return `<circle cx="${at + 5}" cy="36" r="4.5" fill="${colour}"/><text x="${at + 14}" y="40" fill="#3c4a57">${text}</text>`;
    })
    .join('');
}

function gridLines(height: number): string[] {
  return [-2, -1, 0, 1, 2].map((decade) => {
    const x = xOf(10 ** decade);
    const colour = decade === 0 ? '#1b2733' : '#dfe5ea';
    return `<line x1="${x}" y1="${TOP - 6}" x2="${x}" y2="${height - 24}" stroke="${colour}"/><text x="${x}" y="${height - 8}" text-anchor="middle" fill="#3c4a57">${figure(10 ** decade)}×</text>`;
  });
}

function line(scenario: ScenarioResults, y: number): string {
  const middle = y + ROW / 2;
  const dots = summarize(scenario)
    .filter(({ error, ratio }) => error === undefined && ratio.median > 0)
    .toSorted((a, b) => Number(a.contender === 'sluice') - Number(b.contender === 'sluice'))
    .map(({ contender, ratio }) => {
      const isSluice = contender === 'sluice';
      const title = `<title>${contender}: ${figure(ratio.median)}</title>`;
      return `<circle cx="${xOf(ratio.median)}" cy="${middle}" r="${isSluice ? 6 : 4}" fill="${isSluice ? '#c8452f' : '#8b98a5'}" fill-opacity="${isSluice ? 1 : 0.65}">${title}</circle>`;
    });
  return [
    `<text x="12" y="${middle + 4}" fill="#3c4a57">${escapeXml(short(scenario.title))}</text>`,
    ...floorMark(scenario, middle),
    ...dots,
  ].join('');
}

function floorMark({ floor }: ScenarioResults, middle: number): string[] {
  if (floor === undefined) return [];
  const x = xOf(floor);
  return [
    `<line x1="${x}" y1="${middle - 8}" x2="${x}" y2="${middle + 8}" stroke="#1b2733" stroke-width="2"><title>asked: ${figure(floor)}</title></line>`,
  ];
}

function xOf(ratio: number): number {
  const share = (Math.log10(Math.min(100, Math.max(0.01, ratio))) + DECADES) / (2 * DECADES);
  return Math.round(LABEL_WIDTH + share * (WIDTH - LABEL_WIDTH - 30));
}

function short(title: string): string {
  return title.length > 52 ? `${title.slice(0, 51)}…` : title;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
