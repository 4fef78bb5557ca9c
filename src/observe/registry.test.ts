import { describe, expect, test } from 'vitest';
import { createRegistry } from './registry.ts';

describe('What Prometheus reads', () => {
  test('is a head and lines for each metric, in the order in which they were made', async () => {
    const registry = createRegistry();
    const total = registry.counter({ name: 'a_total', help: 'All of them.' }, 'kind', 'end');
    const open = registry.gauge({ name: 'open', help: 'Open ones.' }).at();
    total.at('x', 'y').inc();
    total.at('x', 'z').inc(2.5);
    total.at('x', 'y').inc();
    open.inc();
    open.inc();
    open.dec();
    expect(await registry.text()).toBe(
      [
        '# HELP a_total All of them.',
        '# TYPE a_total counter',
        'a_total{kind="x",end="y"} 2',
        'a_total{kind="x",end="z"} 2.5',
        '# HELP open Open ones.',
        '# TYPE open gauge',
        'open 1',
        '',
      ].join('\n'),
    );
  });

  test('has buckets that count what is in those below them as well, bounds included', async () => {
    const registry = createRegistry();
    const about = { name: 'took_seconds', help: 'How long.', bounds: [0.1, 1] };
    const took = registry.histogram(about, 'route').at('/v1');
    for (const seconds of [0.05, 0.1, 0.5, 2]) took.observe(seconds);
    expect((await registry.text()).split('\n').slice(2)).toEqual([
      'took_seconds_bucket{route="/v1",le="0.1"} 2',
      'took_seconds_bucket{route="/v1",le="1"} 3',
      'took_seconds_bucket{route="/v1",le="+Inf"} 4',
      'took_seconds_sum{route="/v1"} 2.65',
      'took_seconds_count{route="/v1"} 4',
      '',
    ]);
  });

  test('has buckets without labels, and counters that nobody has counted yet', async () => {
    const registry = createRegistry();
    registry.histogram({ name: 'took_seconds', help: 'How long.', bounds: [1] });
    registry.counter({ name: 'b_total', help: 'None yet.' });
    registry.counter({ name: 'c_total', help: 'None known.' }, 'kind');
    const text = await registry.text();
    expect(text).toContain('took_seconds_bucket{le="1"} 0\ntook_seconds_bucket{le="+Inf"} 0\n');
    expect(text).toContain('\nb_total 0\n');
    expect(text).toMatch(/# TYPE c_total counter\n$/);
  });

  test('cannot be broken by what stands in a label or a help', async () => {
    const registry = createRegistry();
    registry.counter({ name: 'a_total', help: 'Two\nlines and a \\.' }, 'model').at('a"b\\c\nd').inc();
    registry.fact({ name: 'info', help: 'Facts.' }, { version: '1.0' });
    expect(await registry.text()).toBe(
      '# HELP a_total Two\\nlines and a \\\\.\n# TYPE a_total counter\na_total{model="a\\"b\\\\c\\nd"} 1\n' +
        '# HELP info Facts.\n# TYPE info gauge\ninfo{version="1.0"} 1\n',
    );
  });

  test('is there although one of the numbers cannot be read', async () => {
    const registry = createRegistry();
    registry.sampled({ type: 'gauge', name: 'gone', help: 'Nobody knows.' }, () =>
      Promise.reject(new Error()),
    );
    registry.sampled({ type: 'gauge', name: 'there', help: 'Known.' }, () => 3);
    expect(await registry.text()).toBe(
      '# HELP gone Nobody knows.\n# TYPE gone gauge\n# HELP there Known.\n# TYPE there gauge\nthere 3\n',
    );
  });

  test('has no name twice', () => {
    const registry = createRegistry();
    registry.gauge({ name: 'open', help: 'Open ones.' });
    expect(() => registry.counter({ name: 'open', help: 'Others.' })).toThrow('two metrics open');
  });
});
