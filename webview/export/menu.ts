import { element, setText } from '../dom';
import type { ChartModel } from '../view-model/chart';
import { type MenuItem, menu } from '../views/menu';
import { chartPng, chartSvg } from './chart-picture';
import { chartCsv, chartMarkdown } from './chart-tables';
import type { ExportFile } from './files';

export interface ExportChoice {
  readonly label: string;
  make(): ExportFile | Promise<ExportFile>;
}

/** Where exports go. */
export interface ExportTarget {
  save(file: ExportFile): void;
  copy(text: string): void;
}

/**
 * A menu of what can be saved, with "Copy as Markdown" at its end.
 * @param name what is exported: `Export the spectrum`
 * @param other what somebody else makes: it has no file here
 */
export function exportMenu(
  name: string,
  choices: readonly ExportChoice[],
  save: (file: ExportFile) => void,
  copyMarkdown: () => void,
  other: readonly MenuItem[] = [],
): HTMLElement {
  const trouble = element('p', { class: 'trouble', role: 'status' });
  const attempt = async (make: () => void | Promise<void>) => {
    setText(trouble, '');
    try {
      await make();
    } catch (error) {
      setText(trouble, `This could not be made: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const items: MenuItem[] = [
    ...choices.map(({ label, make }) => ({ label, choose: () => void attempt(async () => save(await make())) })),
    ...other,
    { label: 'Copy as Markdown', choose: () => void attempt(copyMarkdown) },
  ];
  return element('div', { class: 'export' }, menu('Export', name, items), trouble);
}

/** The menu of a chart. @param model what is on screen when a choice is made; null while nothing is */
export function chartExportMenu(title: string, model: () => ChartModel | null, target: ExportTarget): HTMLElement {
  const shown = (): ChartModel => {
    const now = model();
    if (now === null) throw new Error('there is nothing to draw.');
    return now;
  };
  const file = (ending: string, encoding: ExportFile['encoding'], content: string): ExportFile => ({
    name: `${fileName(shown().title)}.${ending}`,
    encoding,
    content,
  });
  return exportMenu(
    `Export: ${title}`,
    [
      { label: 'PNG', make: () => file('png', 'base64', chartPng(shown())) },
      { label: 'SVG', make: () => file('svg', 'utf8', chartSvg(shown())) },
      { label: 'CSV', make: () => file('csv', 'utf8', chartCsv(shown())) },
    ],
    target.save,
    () => target.copy(chartMarkdown(shown())),
  );
}

/** `Explained variance` as `explained-variance` */
function fileName(title: string): string {
  return (
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'chart'
  );
}
