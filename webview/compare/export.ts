import { toJson } from '../../src/analysis/report-json';
import { csv, type DataCell, type ExportFile, markdownTable, markdownText } from '../export/files';
import type { CompareSession } from './session';
import { basis, compareHeader } from './view-model/basis';
import { pairTable, quantityTable, type SideTable } from './view-model/tables';
import { compareVerdict } from './view-model/verdict';

/** Each comparison with the baseline as `sigma compare --json` prints it, in an array. */
export function compareJson({ sides }: CompareSession): ExportFile {
  const comparisons = sides.flatMap(({ comparison }) => (comparison === null ? [] : [toJson(comparison)]));
  return { name: 'comparison.json', encoding: 'utf8', content: `${JSON.stringify(comparisons)}\n` };
}

/** A row for each side and quantity. */
export function compareCsv({ sides }: CompareSession): ExportFile {
  const rows = sides.flatMap(({ letter, path, report, comparison }): DataCell[][] => {
    const row = (what: string, value: DataCell) => [letter, path, report?.source.tensor ?? null, what, value];
    const quantities = Object.entries(report?.quantities ?? {}).flatMap(([id, bounded]) =>
      'value' in bounded ? [row(id, bounded.value)] : [],
    );
    if (comparison === null) return quantities;
    const { drift, distances, test } = comparison;
    return [
      ...quantities,
      row('drift.logDet', drift.logDet?.total ?? null),
      row('drift.logDet.scale', drift.logDet?.scale ?? null),
      row('drift.logDet.shape', drift.logDet?.shape ?? null),
      row('drift.dU_cov', drift.dU_cov),
      row('drift.dG_KF', drift.dG_KF),
      row('distance.stein', distances.stein),
      row('distance.bures', distances.bures),
      row('distance.meanShift', distances.meanShift),
      row('distance.subspaceOverlap', distances.subspaceOverlap?.value ?? null),
      row('distance.subspaceOverlap.chance', distances.subspaceOverlap?.chance ?? null),
      row('distance.cka', distances.cka),
      row('test.shape', test?.shape.statistic ?? null),
      row('test.shape.adjusted', test?.shape.adjusted ?? null),
      row('test.logScale', test?.logScale.statistic ?? null),
      row('test.logScale.adjusted', test?.logScale.adjusted ?? null),
    ];
  });
  return { name: 'comparison.csv', encoding: 'utf8', content: csv(['side', 'path', 'tensor', 'what', 'value'], rows) };
}

/** The comparison to paste into an issue or a pull request: the verdict first. */
export function compareMarkdown(session: CompareSession): string {
  const { title, facts } = compareHeader(session);
  const verdict = compareVerdict(session);
  const list = (texts: readonly string[]) => texts.map((text) => `- ${markdownText(text)}`).join('\n');
  return [
    `## ${markdownText(verdict === null ? title : `${verdict.word}: ${title}`)}`,
    list(facts),
    verdict === null ? '' : list(verdict.reasons),
    ...[quantityTable(session), pairTable(session)].flatMap((table) => (table === null ? [] : tableMarkdown(table))),
    list(basis(session)),
  ]
    .filter((part) => part !== '')
    .map((part) => part.trimEnd())
    .join('\n\n')
    .concat('\n');
}

function tableMarkdown({ columns, groups }: SideTable): string[] {
  return groups.map(({ heading, rows }) =>
    markdownTable(
      [heading, ...columns.map(({ letter }) => letter)],
      rows.map(({ label, cells }) => [
        label,
        ...cells.map(({ value, note, change }) => [value ?? 'n/a', change, note].filter((part) => part !== '').join('; ')),
      ]),
    ),
  );
}
