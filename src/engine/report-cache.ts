import type { AnalysisOptions, SpectralReport } from '../analysis/report';

/** Everything of a report but its eigenvalues. */
const FIXED_BYTES = 16384;

/** What was analysed, exactly: equal keys mean equal reports. @param options with `normalize` resolved, as in the report */
export function reportKey(fingerprint: string, tensor: string, options: AnalysisOptions): string {
  return JSON.stringify([fingerprint, tensor, Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Finished reports, the least recently used forgotten first. */
export class ReportCache {
  // A Map iterates in order of insertion: the first key is the one not used for longest.
  readonly #reports = new Map<string, SpectralReport>();
  #bytes = 0;

  constructor(
    readonly maxReports: number,
    readonly maxBytes: number,
  ) {}

  get(key: string): SpectralReport | undefined {
    const report = this.#reports.get(key);
    if (report) {
      this.#reports.delete(key);
      this.#reports.set(key, report);
    }
    return report;
  }

  set(key: string, report: SpectralReport): void {
    this.#forget(key);
    this.#reports.set(key, report);
    this.#bytes += approximateBytes(report);
    for (const oldest of this.#reports.keys()) {
      if (this.#reports.size <= this.maxReports && this.#bytes <= this.maxBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const report = this.#reports.get(key);
    if (report && this.#reports.delete(key)) this.#bytes -= approximateBytes(report);
  }
}

function approximateBytes({ spectrum }: SpectralReport): number {
  if (spectrum === null) return FIXED_BYTES;
  const { eigenvalues } = spectrum;
  // A density is bounded by probes and steps: it counts as a part of the rest.
  return FIXED_BYTES + eigenvalues.byteLength + (spectrum.kind === 'exact' ? spectrum.centred.byteLength : 0);
}
