// A chart of rates as SVG, for the README: one bar for each of those that were measured in the same run.
const [WIDTH, LABEL, BAR, GAP, TOP] = [760, 310, 22, 10, 44];

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * @param {string} title
 * @param {Record<string, number>} bars names and MB/s; the first is ours
 */
export function chart(title, bars) {
  const most = Math.max(...Object.values(bars));
  const rows = Object.entries(bars).map(([name, value], index) => {
    const y = TOP + index * (BAR + GAP);
    const width = Math.round((value / most) * (WIDTH - LABEL - 110));
    const text = y + BAR / 2 + 5;
    return [
      `<text x="${LABEL - 10}" y="${text}" text-anchor="end">${escape(name)}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${width}" height="${BAR}" rx="3" class="${index === 0 ? 'ours' : 'peer'}"/>`,
      `<text x="${LABEL + width + 8}" y="${text}">${Math.round(value)} MB/s</text>`,
    ].join('\n');
  });
  const height = TOP + rows.length * (BAR + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2933 }
.title { font-weight: 600 }
.ours { fill: #0b6e4f }
.peer { fill: #9aa5b1 }
@media (prefers-color-scheme: dark) { text { fill: #e4e7eb } .ours { fill: #3ebd93 } .peer { fill: #616e7c } }
</style>
<text x="0" y="22" class="title">${escape(title)}</text>
${rows.join('\n')}
</svg>
`;
}
