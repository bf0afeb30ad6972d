import { describe, expect, it } from 'vitest';
import { sparklineImage } from '../../src/editor/sparkline-image';

function svg(values: readonly number[], marked = -1): string {
  const [, data] = /^data:image\/svg\+xml;base64,([\w+/=]+)$/.exec(sparklineImage(values, marked))!;
  return Buffer.from(data!, 'base64').toString('utf8');
}
const line = (image: string) => /<path d="([^"]*)" stroke-width/.exec(image)![1];

describe('sparklineImage', () => {
  it('draws shares of the largest value over the width, with the first as a level', () => {
    const image = svg([40, 20, 0]);
    expect(line(image)).toBe('M4.0 4.0L120.0 24.0L236.0 44.0');
    expect(image).toContain('<path d="M4 4.0H236" stroke-dasharray="2 4"/>');
    expect(image).not.toContain('<circle');
  });

  it('rings a point', () => expect(svg([40, 20, 0], 1)).toContain('<circle cx="120.0" cy="24.0" r="3.5"/>'));

  it('leaves a gap where a value is missing', () => {
    expect(line(svg([40, 40, Number.NaN, 40, 40]))).toBe('M4.0 4.0L62.0 4.0M178.0 4.0L236.0 4.0');
    expect(svg([40, Number.NaN], 1)).not.toContain('<circle');
  });

  it('thins out a long series; ends, a gap and the ringed point stay', () => {
    const values = Array.from({ length: 5000 }, (_, i) => (i === 2500 ? Number.NaN : 1));
    const image = svg(values, 777);
    const points = line(image)!.match(/[ML]/g)!;
    expect(points.length).toBeLessThanOrEqual(121);
    expect(points.filter((point) => point === 'M')).toHaveLength(2);
    expect(image).toContain(`cx="${(4 + (777 / 4999) * 232).toFixed(1)}"`);
    expect(line(image)).toMatch(/^M4\.0 .*L236\.0 4\.0$/);
    expect(sparklineImage(values, 777).length).toBeLessThan(4000);
  });

  it.each([[[]], [[Number.NaN]], [[0]], [[0, 0]], [[5]]])('draws %j without nonsense', (values) => {
    expect(svg(values, 0)).not.toMatch(/NaN|Infinity|undefined/);
  });
});
