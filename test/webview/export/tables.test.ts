import { describe, expect, test } from 'vitest';
import { reportFromJson } from '../../../src/analysis/report-json';
import { chartCsv, chartMarkdown } from '../../../webview/export/chart-tables';
import { reportCsv, reportJson, reportMarkdown } from '../../../webview/export/report-files';
import type { ChartModel } from '../../../webview/view-model/chart';
import { spectrumModel } from '../../../webview/view-model/spectrum';
import { fixture } from '../fixtures';

const collapsed = reportFromJson(fixture('collapsed'));
const sampled = reportFromJson(fixture('sampled'));

describe('a chart', () => {
  const model: ChartModel = {
    title: 'Two | lines',
    summary: 'One *rises*.',
    x: { label: 'Step', logarithmic: false, min: 0, max: 3, percent: false },
    y: { label: 'Value', logarithmic: false, min: 0, max: 3, percent: false },
    series: [
      { name: '=a', look: 'first', points: [{ x: 2, y: 0.1 + 0.2, marked: false }] },
      {
        name: 'b',
        look: 'second',
        points: [
          { x: 1, y: 5, marked: false },
          { x: 2, y: 6, marked: false },
        ],
      },
    ],
    lines: [],
    band: null,
    areas: [],
    marks: [],
    readings: null,
    table: { caption: 'All', columns: ['Step', 'a'], rows: [['1', '\u2248 2']] },
  };

  test('is the points of its series side by side', () => {
    expect(chartCsv(model)).toBe("Step,'=a,b\r\n1,,5\r\n2,0.30000000000000004,6\r\n");
  });

  test('with numbers of its own is those', () => {
    const { spectrum } = collapsed;
    const lines = chartCsv(spectrumModel(collapsed, { logRank: true, logValue: true })!)
      .trimEnd()
      .split('\r\n');
    expect(lines).toHaveLength(101);
    expect(lines[1]).toBe(`1,${spectrum!.eigenvalues[0]},${(spectrum as { centred: Float64Array }).centred[0]}`);
  });

  test('in Markdown is its words and its table', () => {
    expect(chartMarkdown(model)).toBe('### Two \\| lines\n\nOne \\*rises\\*.\n\n| Step | a |\n| --- | --- |\n| 1 | \u2248 2 |\n');
  });
});

describe('a report', () => {
  test('as JSON is the document itself', () => {
    const { content, name } = reportJson(collapsed);
    expect(name).toBe('report.json');
    expect(JSON.parse(content)).toEqual(fixture('collapsed'));
    expect(reportFromJson(JSON.parse(content))).toEqual(collapsed);
  });

  test('as CSV has each bound of each quantity', () => {
    const lines = reportCsv(sampled).content.split('\r\n');
    expect(lines.filter((line) => line.startsWith('logDetGram'))).toEqual([
      'logDetGram,,371.9470225817142,false,-88.15203228207811,621.4608098422192,deterministic,1,Water-filling of the unseen trace,',
      'logDetGram,,371.9470225817142,false,362.9470225817142,378.9470225817142,stochastic,0.95,Central limit theorem,',
    ]);
    expect(lines.filter((line) => line.startsWith('codingLogDet'))).toHaveLength(4);
    expect(lines).toContain('trace,,1,true,,,,,,');
  });

  test('in Markdown says the verdict first, then each quantity, the data and the computation', () => {
    const text = reportMarkdown(collapsed, false);
    expect(text).toMatch(/^## Collapsed: \/data\/run\/generation-9\.npy\n\n- All rows point the same way/);
    expect(text).toContain('| Numerical rank | 13 of 100 directions | exact |');
    expect(text).toContain('| Uniformity | no value | Needs pairs of rows');
    expect(text).toContain('| Duplicate rows | 400 |');
    expect(text).toContain('| Computed on | the processor (CPU) |');
  });
});
