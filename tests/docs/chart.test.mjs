// The chart that `npm run bench` draws (bench/charts/).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chart } from '../../bench/support/chart.mjs';

test('bars are as long as the rates, ours is marked, and names are escaped', () => {
  const svg = chart('A <file>', { kmseal: 1000, 'the "other"': 250 });
  const widths = Array.from(svg.matchAll(/<rect .*width="(\d+)" .*class="(\w+)"/g), ([, width, name]) => [name, Number(width)]);
  assert.deepEqual(widths.map(([name]) => name), ['ours', 'peer']);
  assert.ok(Math.abs(widths[0][1] / widths[1][1] - 4) < 0.05);
  assert.match(svg, />1000 MB\/s<[^]*>250 MB\/s</);
  assert.ok(!svg.includes('<file>') && !svg.includes('"other"'));
});
