import type { SpectralReport } from '../../src/analysis/report';
import { toJson } from '../../src/analysis/report-json';
import type { Bounded } from '../../src/spectral/bounded';
import { computeEntries, type Entry, integrityEntries } from '../../src/words/entries';
import { listedQuantities, quantityGroups } from '../../src/words/quantities';
import { verdictModel } from '../../src/words/verdict';
import { csv, type DataCell, type ExportFile, markdownTable, markdownText } from './files';

/** The document that `sigma analyze --json` prints. */
export function reportJson(report: SpectralReport): ExportFile {
  return { name: 'report.json', encoding: 'utf8', content: `${JSON.stringify(toJson(report))}\n` };
}

/** Each quantity with each of its bounds, a row for every one. */
export function reportCsv(report: SpectralReport): ExportFile {
  const rows = listedQuantities(report).flatMap(({ id, alphaOverD, bounded }) => boundRows(id, alphaOverD, bounded));
  const columns = ['quantity', 'alpha_over_d', 'value', 'exact', 'lower', 'upper', 'kind', 'confidence', 'method', 'remark'];
  return { name: 'quantities.csv', encoding: 'utf8', content: csv(columns, rows) };
}

function boundRows(id: string, scale: number | null, { value, exact, bounds, reason }: Bounded): DataCell[][] {
  const start = [id, scale, value, String(exact)];
  if (bounds.length === 0) return [[...start, null, null, null, null, null, reason]];
  return bounds.map(({ lower, upper, kind, confidence, method }) => [...start, lower, upper, kind, confidence, method, reason]);
}

/** The report to paste into an issue or a pull request: verdict first, then the quantities, the data and the computation. */
export function reportMarkdown(report: SpectralReport, provisional: boolean): string {
  const { path, tensor } = report.source;
  const verdict = verdictModel(report, provisional);
  const quantities = quantityGroups(report).flatMap(({ rows }) =>
    rows.map(({ label, value, unit, known, remark }) => [
      label,
      [value ?? 'no value', unit].filter((part) => part !== '').join(' '),
      [...known.map(({ text }) => text), remark ?? ''].filter((part) => part !== '').join('; '),
    ]),
  );
  const entries = (all: readonly Entry[]) =>
    markdownTable(
      ['What', 'Value', 'Note'],
      all.map(({ term, value, note }) => [term, value, note]),
    );
  return [
    `## ${verdict.word}: ${markdownText(tensor === null ? path : `${path}, ${tensor}`)}`,
    verdict.reasons.map((reason) => `- ${markdownText(reason)}`).join('\n'),
    markdownText(verdict.sample),
    markdownTable(['Quantity', 'Value', 'Known'], quantities),
    entries(integrityEntries(report)),
    entries(computeEntries(report)),
  ]
    .map((part) => part.trimEnd())
    .join('\n\n')
    .concat('\n');
}
