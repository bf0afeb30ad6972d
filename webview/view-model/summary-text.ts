import type { SpectralReport } from '../../src/analysis/report';
import { quantityGroups } from '../../src/words/quantities';
import { verdictModel } from '../../src/words/verdict';

/** The report as plain text to paste into a message: verdict first, then one line per quantity. */
export function summaryText(report: SpectralReport, provisional: boolean): string {
  const verdict = verdictModel(report, provisional);
  const { path, tensor } = report.source;
  const lines = [
    `${verdict.word}: ${tensor === null ? path : `${path}, ${tensor}`}`,
    ...verdict.reasons,
    verdict.sample,
    '',
    ...quantityGroups(report).flatMap(({ rows }) =>
      rows.map(({ label, value, unit, known, remark }) =>
        [`${label}: ${value ?? 'no value'}`, unit, ...known.map(({ text }) => `[${text}]`), remark ?? '']
          .filter((part) => part !== '')
          .join(' '),
      ),
    ),
  ];
  return `${lines.join('\n')}\n`;
}
