import type { ChartModel } from '../view-model/chart';
import { csv, type DataTable, markdownTable, markdownText } from './files';

/** Every number behind the chart. */
export function chartCsv(model: ChartModel): string {
  const { columns, rows } = model.data?.() ?? drawnPoints(model);
  return csv(columns, rows);
}

/** What the chart says, and its table. */
export function chartMarkdown({ title, summary, table }: ChartModel): string {
  return `### ${markdownText(title)}\n\n${markdownText(summary)}\n\n${markdownTable(table.columns, table.rows)}`;
}

/** The series side by side, a row for each place on the x axis. */
function drawnPoints({ x, series }: ChartModel): DataTable {
  const places = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const values = series.map(({ points }) => new Map(points.map((point) => [point.x, point.y])));
  return {
    columns: [x.label, ...series.map(({ name }) => name)],
    rows: places.map((place) => [place, ...values.map((at) => at.get(place) ?? null)]),
  };
}
