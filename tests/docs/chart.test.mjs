// The README's pictures: docs/data-flow.svg, and the chart that `npm run bench` draws (bench/charts/).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { chart } from '../../bench/support/chart.mjs';

test('bars are as long as the rates, ours is marked, and names are escaped', () => {
  const svg = chart('A <file>', { kmseal: 1000, 'the "other"': 250 });
  const widths = Array.from(svg.matchAll(/<rect .*width="(\d+)" .*class="(\w+)"/g), ([, width, name]) => [
    name,
    Number(width),
  ]);
  assert.deepEqual(
    widths.map(([name]) => name),
    ['ours', 'peer'],
  );
  assert.ok(Math.abs(widths[0][1] / widths[1][1] - 4) < 0.05);
  assert.match(svg, />1000 MB\/s<[^]*>250 MB\/s</);
  assert.ok(!svg.includes('<file>') && !svg.includes('"other"'));
});

test('the chart, the data flow and the picture of the demo have matching colours, light and dark', async () => {
  const read = (file) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
  const files = ['www/styles/palette.css', 'CONTRIBUTING.md', 'bench/charts/file-stream.svg', 'docs/data-flow.svg'];
  const [palette, contributing, drawn, flow] = await Promise.all(files.map(read));
  const bars = [/text \{[^}]*fill: (#\w+)/, /\.ours \{ fill: (#\w+)/, /\.peer \{ fill: (#\w+)/];
  const boxes = [/text \{[^}]*fill: (#\w+)/, /\.wrap \{ fill: (#\w+)/, /\.sees \{[^}]*stroke: (#\w+)/];
  for (const { svg, rules } of [
    { svg: drawn, rules: bars },
    { svg: chart('Rates', { kmseal: 2, other: 1 }), rules: bars },
    { svg: flow, rules: boxes },
  ]) {
    const schemes = [palette, svg].map((css) => css.split('prefers-color-scheme: dark'));
    for (const scheme of [0, 1]) {
      const [colours, style] = schemes.map((parts) => parts[scheme]);
      const shown = rules.map((rule) => rule.exec(style)[1]);
      assert.deepEqual(
        shown,
        ['ink', 'wax', 'line'].map((name) => new RegExp(`--${name}: (#\\w+)`).exec(colours)[1]),
      );
    }
  }
  assert.match(
    contributing,
    /<source media="\(prefers-color-scheme: dark\)" srcset="[^"]*www\/demo-dark\.png">\n<img src="[^"]*www\/demo\.png"/,
  );
});
