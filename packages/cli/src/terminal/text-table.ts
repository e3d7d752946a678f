/** Formats rows as aligned columns, two spaces apart. Numbers are aligned to the right. The last column is not padded. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, index) => {
        if (index === row.length - 1) return cell;
        const width = widths[index] ?? 0;
        return /^[\d,]+$/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Formats 1234567 as 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
