// The sum of what several requests report.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { Meter } = await importSource('js/s3/progress.ts');

/** The reports of a Meter, whose clock moves on by a second at each of them. */
function reporting(context, total) {
  let now = 0;
  context.mock.method(performance, 'now', () => (now += 1000));
  const reports = [];
  return { reports, meter: new Meter(total, ({ loaded }) => reports.push(loaded)) };
}

test('bytes in flight and bytes that arrived add up to the total', (context) => {
  const { reports, meter } = reporting(context, 100);
  meter.moved(1, 10);
  meter.moved(2, 20);
  meter.arrived(1, 50);
  meter.arrived(2, 50);
  assert.deepEqual(reports, [10, 30, 70, 100]);
});

test('bytes that are sent again count once', (context) => {
  const { reports, meter } = reporting(context, 100);
  meter.moved(1, 60);
  meter.moved(1, 0);
  meter.moved(1, 60);
  meter.moved(1, 80);
  assert.deepEqual(reports, [60, 80]);
});

test('the last report is made even right after another one', (context) => {
  context.mock.method(performance, 'now', () => 1000);
  const reports = [];
  const meter = new Meter(100, ({ loaded }) => reports.push(loaded));
  for (const loaded of [10, 20, 30]) meter.moved(1, loaded);
  meter.arrived(1, 100);
  assert.deepEqual(reports, [10, 100]);
});

test('a part of a stream that has arrived is reported even right after another report, since nothing may follow for long', (context) => {
  context.mock.method(performance, 'now', () => 1000);
  const reports = [];
  const meter = new Meter(undefined, (report) => reports.push(report));
  for (const loaded of [10, 20, 30]) meter.moved(1, loaded);
  meter.arrived(1, 100);
  assert.deepEqual(reports, [{ loaded: 10 }, { loaded: 100 }]);
});
