import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from './workbench';

/** The spectral panel in the active tab, by its roles and words. */
export class Panel {
  readonly frame: FrameLocator;

  constructor(workbench: Workbench) {
    this.frame = workbench.webview;
  }

  get verdict(): Locator {
    return this.frame.getByRole('region', { name: 'Verdict' });
  }

  get progress(): Locator {
    return this.frame.getByRole('progressbar');
  }

  /** Why the analysis stopped. */
  get failure(): Locator {
    return this.frame.getByRole('alert');
  }

  button(name: string): Locator {
    return this.frame.getByRole('button', { name, exact: true });
  }

  /** Resolves when a report is on screen and no more rows are being read. */
  async finished(): Promise<void> {
    await this.verdict.waitFor();
    await this.progress.waitFor({ state: 'hidden' });
  }

  /** Resolves when what changed has been painted. */
  async drawn(): Promise<void> {
    await this.frame.locator('body').evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }

  /** The number that the table shows for a quantity. */
  async quantity(label: string): Promise<number> {
    const row = this.frame.getByRole('row').filter({ has: this.button(label) });
    return parseNumber((await row.getByRole('cell').first().textContent())!);
  }
}

/** `1,234.5`, `≈ −0.5` and `1.234 × 10⁻⁷` as a number. */
export function parseNumber(text: string): number {
  const [mantissa, power = ''] = text.replace('≈', '').replaceAll(',', '').replaceAll('−', '-').split(' × 10');
  const exponent = [...power].map((digit) => (digit === '⁻' ? '-' : '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(digit))).join('');
  return Number(mantissa) * 10 ** Number(exponent);
}
