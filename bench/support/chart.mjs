// A chart of rates as SVG, for the README: one bar for each contestant of the same run.
const [WIDTH, LABEL, BAR, GAP, TOP] = [760, 310, 22, 10, 44];

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * In the colours of the demo (www/styles/palette.css), and of docs/data-flow.svg, which stands above it in the README.
 *
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
      `<text x="${LABEL - 10}" y="${text}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${width}" height="${BAR}" rx="3" class="${index === 0 ? 'ours' : 'peer'}"/>`,
      `<text x="${LABEL + width + 8}" y="${text}">${Math.round(value)} MB/s</text>`,
    ].join('\n');
  });
  const height = TOP + rows.length * (BAR + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<style>
text { font: 14px system-ui, sans-serif; fill: #1a2926 }
.title { font-weight: 600 }
.ours { fill: #b23a20 }
.peer { fill: #bdc9c2 }
@media (prefers-color-scheme: dark) { text { fill: #e3ebe6 } .ours { fill: #e2694a } .peer { fill: #35443f } }
</style>
<text x="0" y="22" class="title">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`;
}
